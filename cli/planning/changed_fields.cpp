#include "cli/planning/changed_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/text.h"
#include "study/design.h"

namespace backcast::cli {
namespace {

// The JSON library throws on what is no pointer; none of that leaves this function.
Status replace(const Document& written, nlohmann::json& changed, const FieldValue& field) {
  const auto fault = [&](std::string message) {
    return Error{Errc::kBadInput, std::move(message), written.locate(field.pointer),
                 "give the JSON pointer of a field, such as /services/0/size"};
  };
  auto parsed = nlohmann::json::parse(field.value, nullptr, false);
  if (parsed.is_discarded()) return fault(printable(field.value) + " is not a JSON value");
  try {
    const nlohmann::json::json_pointer at(field.pointer);
    // A new field, and the objects around it, go where an object is.
    nlohmann::json::json_pointer around = at;
    while (!changed.contains(around)) around.pop_back();
    if (around != at && !changed.at(around).is_object())
      return fault(printable(field.pointer) + " is not in the document");
    changed[at] = std::move(parsed);
  } catch (const nlohmann::json::exception&) {
    return fault(printable(field.pointer) + " is not a JSON pointer into the document");
  }
  return kOk;
}

Errors with_places_of(const Document& written, const std::vector<FieldValue>& changes,
                      Errors errors) {
  std::string changed;
  for (const FieldValue& c : changes) {
    changed += fmt::format("{}{} = {}", changed.empty() ? "" : ", ", c.pointer, c.value);
  }
  for (Error& error : errors) {
    if (error.where.file != written.name()) continue;
    error.where = written.locate(error.where.pointer);
    error.message += fmt::format(" (with {})", changed);
  }
  return errors;
}

}  // namespace

Result<FieldValue> parse_field_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (!text.starts_with('/') || equals == text.npos) {
    return bad_input(printable(text) + " is not POINTER=VALUE",
                     "such as '/services/0/size=50 GB' or '/services/0/growth/per_year=60%'");
  }
  const std::string_view pointer = text.substr(0, equals), value = text.substr(equals + 1);
  // A version is a text: 2.10 is not 2.1.
  const bool is_bare_version = pointer.ends_with("_version") && !value.starts_with('"');
  return FieldValue{std::string(pointer),
                    is_bare_version ? nlohmann::json(value).dump() : sim::json_text(value)};
}

Status check_assumed(const Document& written, const FieldValue& field) {
  const auto refuse = [&](std::string message, std::string hint) {
    return Error{Errc::kBadInput, std::move(message), written.locate(field.pointer),
                 std::move(hint)};
  };
  if (field.pointer.starts_with("/requirements") || field.pointer == "/quantile") {
    return refuse("a value can be assumed, what is required of it cannot",
                  "--set asks what if something else were required");
  }
  try {
    const nlohmann::json::json_pointer at(field.pointer);
    if (!written.root().contains(at)) return kOk;
  } catch (const nlohmann::json::exception&) {
    return refuse(printable(field.pointer) + " is not a JSON pointer into the document",
                  "give the JSON pointer of a field, such as /services/0/job/rate");
  }
  return refuse(printable(field.pointer) + " is stated", "--set gives it another value");
}

Result<scenario::Loaded, Errors> load_changed(const Document& written,
                                              const std::vector<FieldValue>& changes,
                                              const scenario::Given& given) {
  nlohmann::json changed = written.root();
  for (const FieldValue& field : changes) {
    if (auto status = replace(written, changed, field); !status.ok()) {
      return Errors{std::move(status).error()};
    }
  }
  std::string text = changed.dump(2);
  auto document = Document::parse(text, written.name());
  if (!document.ok()) return Errors{std::move(document).error()};
  auto loaded = scenario::load(*document, given);
  if (!loaded.ok()) return with_places_of(written, changes, std::move(loaded).error());
  loaded->text = std::move(text);
  return std::move(*loaded);
}

}  // namespace backcast::cli
