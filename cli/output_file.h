// Files that a verb writes beside its answer: whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast::cli {

// Replaces the file at `path`; after any failure the old one is still there.
Status write_output(const std::string& path, std::string_view text);

}  // namespace backcast::cli
