#include "engine/kinds/formats/json_fields.h"

#include <nlohmann/json.hpp>

namespace backcast::kinds {
namespace {

using nlohmann::json;

const json& field_of(const json& of, const char* field) {
  static const json kNothing;
  if (!of.is_object()) return kNothing;
  const auto at = of.find(field);
  return at == of.end() ? kNothing : *at;
}

}  // namespace

const json& list_in(const json& of, const char* field) {
  static const json kNone = json::array();
  const json& found = field_of(of, field);
  return found.is_array() ? found : kNone;
}

const json& object_in(const json& of, const char* field) {
  static const json kNone = json::object();
  const json& found = field_of(of, field);
  return found.is_object() ? found : kNone;
}

std::string text_in(const json& of, const char* field) {
  const json& found = field_of(of, field);
  return found.is_string() ? found.get<std::string>() : "";
}

std::int64_t number_in(const json& of, const char* field) {
  const json& found = field_of(of, field);
  return found.is_number_integer() ? found.get<std::int64_t>() : 0;
}

std::uint64_t count_in(const json& of, const char* field) {
  const json& found = field_of(of, field);
  return found.is_number_unsigned() ? found.get<std::uint64_t>() : 0;
}

bool flag_in(const json& of, const char* field) {
  const json& found = field_of(of, field);
  return found.is_boolean() && found.get<bool>();
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace backcast::kinds
