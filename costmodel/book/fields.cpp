#include "costmodel/book/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast::cost {

using nlohmann::json;

namespace {

std::string known_here(std::string_view wrong, std::initializer_list<std::string_view> names) {
  return did_you_mean(wrong, std::span<const std::string_view>(names.begin(), names.size()));
}

}  // namespace

Fields::Fields(const json& object, std::string pointer,
               std::initializer_list<std::string_view> known, Faults& faults)
    : Node(object, std::move(pointer), faults) {
  if (!object.is_object()) {
    fault("expected an object");
    return;
  }
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    fault_at(key, fmt::format("unknown field {}", printable(key)), known_here(key, known));
  }
}

bool Fields::is_null(std::string_view key) const {
  const json* value = find(key);
  return value != nullptr && value->is_null();
}

std::string Fields::text(std::string_view key, std::string fallback) const {
  return Node::text(key).value_or(std::move(fallback));
}

bool Fields::boolean(std::string_view key, bool fallback) const {
  return Node::boolean(key).value_or(fallback);
}

std::string Fields::required_text(std::string_view key) const {
  const auto value = Node::text(key);
  if (!has(key)) fault_at(key, fmt::format("missing field \"{}\"", key));
  if (value && value->empty()) fault_at(key, "must not be empty");
  return value.value_or("");
}

std::optional<Decimal> Fields::decimal(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (const auto whole = whole_number(*value)) return Decimal(*whole, 0);
  if (!value->is_string()) {
    fault_at(key, "expected a decimal in quotes, so that it stays exact", "write \"0.02\"");
    return std::nullopt;
  }
  auto parsed = Decimal::parse(value->get_ref<const std::string&>());
  if (parsed.ok()) return *parsed;
  fault_at(key, std::move(parsed).error());
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t min,
                                            std::int64_t max) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto whole = whole_number(*value); whole && *whole >= min && *whole <= max)
    return whole;
  fault_at(key, fmt::format("expected a whole number from {} to {}", min, max));
  return std::nullopt;
}

std::size_t Fields::choice(std::string_view key,
                           std::initializer_list<std::string_view> names) const {
  const auto value = Node::text(key);
  if (!value) return 0;
  const auto it = std::find(names.begin(), names.end(), *value);
  if (it != names.end()) return static_cast<std::size_t>(it - names.begin());
  fault_at(key, fmt::format("unknown value {}", printable(*value)), known_here(*value, names));
  return 0;
}

const json* Fields::array(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr || value->is_array()) return value;
  wrong_type(key, "a list");
  return nullptr;
}

const json* Fields::object(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr || value->is_object()) return value;
  wrong_type(key, "an object");
  return nullptr;
}

}  // namespace backcast::cost
