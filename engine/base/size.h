// Sizes where people write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/error.h"

namespace backcast {

// As parse_bytes, but with a unit: people mean different ones by a bare number. Only 0 needs none.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace backcast
