#include "scenarios/document/schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "engine/base/document/node.h"
#include "engine/base/text.h"
#include "scenarios/document/shipped.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

// Follows local references such as "#/definitions/size".
const json& resolve(const json& root, const json& schema) {
  const auto ref = schema.find("$ref");
  if (ref == schema.end()) return schema;
  return resolve(root, root.at(json::json_pointer(ref->get<std::string>().substr(1))));
}

// One step of valijson's path: "[services]" or "[0]".
std::string step_name(const std::string& step) {
  return step.substr(1, step.size() - 2);
}

// The part of the schema that describes one place of the document, or null.
const json* describe(const json& root, const std::vector<std::string>& path) {
  const json* schema = &root;
  for (std::size_t i = 1; i < path.size(); ++i) {  // path[0] is "<root>"
    schema = &resolve(root, *schema);
    const std::string name = step_name(path[i]);
    if (const auto properties = schema->find("properties");
        properties != schema->end() && properties->contains(name)) {
      schema = &properties->at(name);
    } else if (schema->contains("items")) {
      schema = &schema->at("items");
    } else {
      return nullptr;
    }
  }
  return &resolve(root, *schema);
}

std::string list_of(const json& values) {
  std::string text;
  for (const json& value : values) {
    if (!text.empty()) text += ", ";
    text += value.dump();
  }
  return text;
}

// What a schema asks for, in words: its description, else its type or values.
std::string expected(const json& schema) {
  if (schema.contains("enum")) return "one of " + list_of(schema.at("enum"));
  if (schema.contains("description")) return schema.at("description").get<std::string>();
  if (!schema.contains("type")) return "another value";
  const json& type = schema.at("type");
  return "a value of type " + (type.is_string() ? type.get<std::string>() : list_of(type));
}

std::string shown(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return printable(value.get_ref<const std::string&>(), 60);
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<std::string> property_names(const json& schema) {
  std::vector<std::string> names;
  if (const auto properties = schema.find("properties"); properties != schema.end()) {
    for (const auto& [name, unused] : properties->items()) names.push_back(name);
  }
  return names;
}

class Explainer {
 public:
  Explainer(const Document& document, const json& root, Errors& errors)
      : document_(document), root_(root), errors_(errors) {}

  void explain(const valijson::ValidationResults::Error& fault) {
    const std::string pointer = to_pointer(fault.context);
    const json* schema = describe(root_, fault.context);
    const json* value = find(pointer);
    if (schema == nullptr || value == nullptr) return;
    if (fault.description.starts_with("Object contains a property")) {
      unknown_fields(pointer, *schema, *value);
    } else if (fault.description.starts_with("Missing required property")) {
      const auto quoted = fault.description.substr(fault.description.find('\'') + 1);
      missing_field(pointer, *schema, quoted.substr(0, quoted.find('\'')));
    } else if (!is_echo_of_child(fault.description)) {
      wrong_value(pointer, *schema, *value);
    }
  }

 private:
  // valijson repeats a fault at every parent of the place where it lies.
  static bool is_echo_of_child(const std::string& description) {
    return description.starts_with("Failed to validate item") ||
           description.starts_with("Failed to validate against schema associated with") ||
           description.starts_with("Failed to validate against child schema");
  }

  static std::string to_pointer(const std::vector<std::string>& path) {
    std::string pointer;
    for (std::size_t i = 1; i < path.size(); ++i) {
      pointer = pointer_child(pointer, step_name(path[i]));
    }
    return pointer;
  }

  const json* find(const std::string& pointer) const {
    const json::json_pointer path(pointer);
    return document_.root().contains(path) ? &document_.root().at(path) : nullptr;
  }

  void add(const std::string& pointer, std::string message, std::string hint) {
    errors_.push_back(
        Error{Errc::kBadInput, std::move(message), document_.locate(pointer), std::move(hint)});
    errors_.back().where.pointer = pointer;
  }

  void unknown_fields(const std::string& pointer, const json& schema, const json& value) {
    const auto known = property_names(schema);
    for (const auto& [name, unused] : value.items()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      add(pointer_child(pointer, name), fmt::format("unknown field {}", printable(name, 60)),
          did_you_mean(name, known));
    }
  }

  void missing_field(const std::string& pointer, const json& schema, const std::string& name) {
    std::string hint;
    if (const auto properties = schema.find("properties");
        properties != schema.end() && properties->contains(name)) {
      hint = "give " + expected(resolve(root_, properties->at(name)));
    }
    add(pointer, fmt::format("the field \"{}\" is missing", name), std::move(hint));
  }

  void wrong_value(const std::string& pointer, const json& schema, const json& value) {
    std::string hint;
    if (schema.contains("enum") && value.is_string()) {
      std::vector<std::string> names;
      for (const json& name : schema.at("enum")) names.push_back(name.get<std::string>());
      const std::vector<std::string_view> views(names.begin(), names.end());
      if (const auto near = nearest_name(value.get<std::string>(), views); !near.empty()) {
        hint = fmt::format("did you mean \"{}\"?", near);
      }
    }
    if (pointer.empty()) {
      return add(pointer,
                 fmt::format("{} is not a document of this kind: expected an object", shown(value)),
                 "it begins with {; docs/scenarios.md explains every field");
    }
    add(pointer, fmt::format("{} is not allowed here: expected {}", shown(value), expected(schema)),
        std::move(hint));
  }

  const Document& document_;
  const json& root_;
  Errors& errors_;
};

struct ParsedSchema {
  json text;
  valijson::Schema rules;
};

const ParsedSchema& parsed(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, ParsedSchema, std::less<>> cache;
  const std::lock_guard lock(mutex);
  if (const auto found = cache.find(name); found != cache.end()) return found->second;
  const auto text = shipped_text(name);
  BACKCAST_ASSERT(text.has_value());
  ParsedSchema& entry = cache[std::string(name)];
  entry.text = json::parse(*text);
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(entry.text), entry.rules);
  return entry;
}

}  // namespace

const json& shipped_schema(std::string_view schema_name) {
  return parsed(schema_name).text;
}

Errors check_schema(const Document& document, std::string_view schema_name) {
  const ParsedSchema& schema = parsed(schema_name);
  valijson::Validator validator;
  valijson::ValidationResults results;
  Errors errors;
  const valijson::adapters::NlohmannJsonAdapter target(document.root());
  if (validator.validate(schema.rules, target, &results)) return errors;
  Explainer explainer(document, schema.text, errors);
  valijson::ValidationResults::Error fault;
  while (results.popError(fault)) explainer.explain(fault);
  return errors;
}

}  // namespace backcast::scenario
