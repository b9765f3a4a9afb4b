// Whole numbers out of JSON. The JSON library converts any number to any type and cuts off what
// does not fit, or leaves undefined what becomes of it (1e30 as an integer). These take only what
// is written as a whole number (1.0 is not) and fits.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>

namespace backcast {

std::optional<std::int64_t> whole_number(const nlohmann::json& value);
// Not negative.
std::optional<std::uint64_t> count_number(
    const nlohmann::json& value, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

}  // namespace backcast
