#include <nlohmann/json.hpp>

#include "engine/api/routes/api.h"

namespace backcast::api {
namespace {

using nlohmann::json;

json schema_of(const std::vector<Field>& fields);

json schema_of(const Field& field) {
  json schema{{"type", field.type}};
  if (!field.text.empty()) schema["description"] = field.text;
  if (!field.values.empty()) schema["enum"] = field.values;
  if (field.may_be_null) schema["nullable"] = true;
  if (field.type == "array") {
    schema["items"] = field.fields.empty() ? json{{"type", "string"}} : schema_of(field.fields);
  } else if (field.type == "object" && !field.fields.empty()) {
    schema.update(schema_of(field.fields));
  }
  return schema;
}

json schema_of(const std::vector<Field>& fields) {
  json properties = json::object(), required = json::array();
  for (const Field& field : fields) {
    properties[field.name] = schema_of(field);
    if (field.required) required.push_back(field.name);
  }
  json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json content(std::string_view type, json schema) {
  return {{std::string(type), {{"schema", std::move(schema)}}}};
}

json parameters_of(const Route& route) {
  json parameters = json::array();
  const std::string& pattern = route.pattern;
  for (std::size_t open = pattern.find('{'); open != std::string::npos;
       open = pattern.find('{', open + 1)) {
    const std::size_t close = pattern.find('}', open);
    parameters.push_back({{"name", pattern.substr(open + 1, close - open - 1)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  for (const Field& field : route.query) {
    json schema = schema_of(field);
    schema.erase("description");
    parameters.push_back({{"name", field.name},
                          {"in", "query"},
                          {"required", field.required},
                          {"description", field.text},
                          {"schema", std::move(schema)}});
  }
  return parameters;
}

json operation_of(const Route& route) {
  json operation{{"operationId", route.id},
                 {"summary", route.summary},
                 {"tags", {route.dialect->name}},
                 {"description", "Privilege: " + std::string(name_of(route.needs))}};
  operation["parameters"] = parameters_of(route);
  if (route.takes == Takes::kJson) {
    operation["requestBody"] = {{"content", content("application/json", schema_of(route.body))}};
  } else if (route.takes == Takes::kUpload) {
    const json file{{"type", "object"},
                    {"properties", {{"snapshot", {{"type", "string"}, {"format", "binary"}}}}}};
    operation["requestBody"] = {{"content", content("multipart/form-data", file)}};
  }
  json answered{{"description", "Done"}};
  if (route.gives == Gives::kJson) {
    answered["content"] = content("application/json", schema_of(route.answer));
  } else if (route.gives == Gives::kText) {
    answered["content"] = content("text/plain", {{"type", "string"}});
  } else {
    answered["content"] =
        content("application/octet-stream", {{"type", "string"}, {"format", "binary"}});
  }
  operation["responses"] = {
      {"200", std::move(answered)},
      {"default",
       {{"description", "Refused"},
        {"content", content("application/json", schema_of(route.dialect->refusal_fields()))}}}};
  if (route.needs == Privilege::kNone) {
    operation["security"] = json::array();
  }
  return operation;
}

std::string lower_method(const Route& route) {
  std::string method = route.method;
  for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return method;
}

}  // namespace

json openapi_of(const std::vector<Route>& routes) {
  json paths = json::object();
  for (const Route& route : routes) paths[route.pattern][lower_method(route)] = operation_of(route);
  return {
      {"openapi", "3.0.3"},
      {"info",
       {{"title", "Backcast"},
        {"version", BACKCAST_VERSION},
        {"description", "Backups of clusters: policies, backups, restores and what they cost."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes",
         {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"apiKey", {{"type", "apiKey"}, {"in", "header"}, {"name", "api-key"}}}}}}},
      {"security", {{{"bearer", json::array()}}, {{"apiKey", json::array()}}}}};
}

}  // namespace backcast::api
