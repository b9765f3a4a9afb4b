// Files that travel inside the program: schemas, provider profiles, and the scenarios themselves,
// so that `backcast simulate zilliz-cross-region` works from any folder.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/embedded.h"

namespace backcast::scenario {

std::span<const EmbeddedFile> shipped_files();

// The text of a shipped file, by its path below scenarios/: "profiles/zilliz.json".
std::optional<std::string_view> shipped_text(std::string_view path);

// The names in one folder without ".json": shipped_names("profiles") is qdrant, zerops, zilliz.
std::vector<std::string_view> shipped_names(std::string_view folder);

}  // namespace backcast::scenario
