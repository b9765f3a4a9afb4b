#include "costmodel/book/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast::cost {

using nlohmann::json;

std::string suggest(std::string_view text, std::initializer_list<std::string_view> names) {
  const std::string_view near = nearest_name(text, {names.begin(), names.size()});
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  return fmt::format("use one of \"{}\"", fmt::join(names, "\", \""));
}

Fields::Fields(const Document& document, const json& object, std::string pointer,
               std::initializer_list<std::string_view> known, Errors& errors)
    : document_(document), object_(object), pointer_(std::move(pointer)), errors_(errors) {
  if (!object_.is_object()) {
    errors_.push_back(Error{Errc::kBadInput, "expected an object", document_.locate(pointer_), {}});
    return;
  }
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    fail(key, fmt::format("unknown field {}", printable(key)), suggest(key, known));
  }
}

void Fields::fail(std::string_view key, std::string message, std::string hint) const {
  const std::string where = key.empty() ? pointer_ : pointer_child(pointer_, key);
  errors_.push_back(
      Error{Errc::kBadInput, std::move(message), document_.locate(where), std::move(hint)});
}

const json* Fields::find(std::string_view key) const {
  if (!object_.is_object()) return nullptr;
  const auto it = object_.find(key);
  return it == object_.end() ? nullptr : &*it;
}

bool Fields::has(std::string_view key) const {
  return find(key) != nullptr;
}

bool Fields::is_null(std::string_view key) const {
  const json* value = find(key);
  return value != nullptr && value->is_null();
}

std::string Fields::text(std::string_view key, std::string fallback) const {
  const json* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_string()) return value->get<std::string>();
  fail(key, "expected text in quotes");
  return fallback;
}

std::string Fields::required_text(std::string_view key) const {
  std::string value = text(key);
  if (!has(key)) {
    fail(key, fmt::format("missing field \"{}\"", key));
  } else if (value.empty() && find(key)->is_string()) {
    fail(key, "must not be empty");
  }
  return value;
}

std::optional<Decimal> Fields::decimal(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (const auto whole = whole_number(*value)) return Decimal(*whole, 0);
  if (!value->is_string()) {
    fail(key, "expected a decimal in quotes, so that it stays exact", "write \"0.02\"");
    return std::nullopt;
  }
  auto parsed = Decimal::parse(value->get_ref<const std::string&>());
  if (parsed.ok()) return *parsed;
  fail(key, parsed.error().message, parsed.error().hint);
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t min,
                                            std::int64_t max) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto whole = whole_number(*value); whole && *whole >= min && *whole <= max)
    return whole;
  fail(key, fmt::format("expected a whole number from {} to {}", min, max));
  return std::nullopt;
}

std::optional<std::uint64_t> Fields::bytes(std::string_view key) const {
  if (!has(key)) return std::nullopt;
  auto parsed = parse_bytes(text(key));
  if (parsed.ok()) return *parsed;
  fail(key, parsed.error().message, parsed.error().hint);
  return std::nullopt;
}

bool Fields::boolean(std::string_view key, bool fallback) const {
  const json* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  fail(key, "expected true or false");
  return fallback;
}

std::size_t Fields::choice(std::string_view key,
                           std::initializer_list<std::string_view> names) const {
  if (!has(key)) return 0;
  const std::string value = text(key);
  const auto it = std::find(names.begin(), names.end(), value);
  if (it != names.end()) return static_cast<std::size_t>(it - names.begin());
  fail(key, fmt::format("unknown value {}", printable(value)), suggest(value, names));
  return 0;
}

const json* Fields::array(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr || value->is_array()) return value;
  fail(key, "expected a list");
  return nullptr;
}

const json* Fields::object(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr || value->is_object()) return value;
  fail(key, "expected an object");
  return nullptr;
}

}  // namespace backcast::cost
