#include "engine/base/json_number.h"

#include <nlohmann/json.hpp>

namespace backcast {

std::optional<std::int64_t> whole_number(const nlohmann::json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return value.get<std::int64_t>();
}

std::optional<std::uint64_t> count_number(const nlohmann::json& value, std::uint64_t most) {
  if (!value.is_number_integer()) return std::nullopt;
  if (!value.is_number_unsigned() && value.get<std::int64_t>() < 0) return std::nullopt;
  const auto count = value.get<std::uint64_t>();
  if (count > most) return std::nullopt;
  return count;
}

}  // namespace backcast
