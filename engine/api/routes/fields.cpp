#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/routes/api.h"
#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast::api {
namespace {

using nlohmann::json;

bool is_of_type(const json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return whole_number(value).has_value();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  return value.is_object();
}

std::optional<Failure> fault_in(const Field& field, const json& value, const std::string& name) {
  if (value.is_null() && (field.may_be_null || !field.required)) return std::nullopt;
  if (!is_of_type(value, field.type)) {
    return Failure{400, fmt::format("\"{}\" must be of type {}", name, field.type), {}, field.code};
  }
  if (!field.values.empty() &&
      std::find(field.values.begin(), field.values.end(), value) == field.values.end()) {
    return Failure{400,
                   fmt::format("\"{}\" is none of {}", name, fmt::join(field.values, ", ")),
                   {},
                   field.code};
  }
  if (field.type == "object") return field_fault(field.fields, value);
  if (field.type != "array") return std::nullopt;
  for (const json& entry : value) {
    if (field.fields.empty()) {
      if (entry.is_string()) continue;
      return Failure{400, fmt::format("\"{}\" must hold text alone", name), {}, field.code};
    }
    if (!entry.is_object()) {
      return Failure{400, fmt::format("\"{}\" must hold objects", name), {}, field.code};
    }
    if (auto fault = field_fault(field.fields, entry)) return fault;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> field_fault(const std::vector<Field>& fields, const json& value) {
  for (const Field& field : fields) {
    const auto found = value.find(field.name);
    if (found == value.end()) {
      if (!field.required) continue;
      return Failure{400, fmt::format("\"{}\" is missing", field.name), {}, field.code};
    }
    if (auto fault = fault_in(field, *found, field.name)) return fault;
  }
  return std::nullopt;
}

}  // namespace backcast::api
