#include "study/run/changed_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/document/node.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"

namespace backcast::study {
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

bool is_within(std::string_view pointer, std::string_view around) {
  return pointer == around ||
         (pointer.starts_with(around) && pointer.substr(around.size()).starts_with('/'));
}

// A value that somebody gives is no longer one that nobody stated.
void take_marks_off(nlohmann::json& changed, const std::vector<FieldValue>& changes) {
  const auto marks = changed.find("chosen");
  if (marks == changed.end() || !marks->is_object()) return;
  for (auto mark = marks->begin(); mark != marks->end();) {
    const bool is_given =
        std::any_of(changes.begin(), changes.end(), [&](const FieldValue& change) {
          const std::string marked = pointer_by_place(changed, mark.key());
          return is_within(marked, change.pointer) || is_within(change.pointer, marked);
        });
    mark = is_given ? marks->erase(mark) : std::next(mark);
  }
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

std::string json_string(std::string_view text) {
  // What is not UTF-8 stays: it is no JSON value, and whoever reads it says so.
  if (!is_valid_utf8(text)) return '"' + std::string(text) + '"';
  return nlohmann::json(text).dump();
}

std::string json_text(std::string_view level) {
  // What begins like JSON is meant as such, and refused where it is none.
  const bool is_meant = level.starts_with('"') || level.starts_with('{') || level.starts_with('[');
  return is_meant || nlohmann::json::accept(level) ? std::string(level) : json_string(level);
}

Result<FieldValue> parse_field_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (!text.starts_with('/') || equals == text.npos) {
    return bad_input(printable(text) + " is not POINTER=VALUE",
                     "such as '/services/0/size=50 GB' or '/services/0/growth/per_year=60%'");
  }
  const std::string_view pointer = text.substr(0, equals), value = text.substr(equals + 1);
  // A version is a text: 2.10 is not 2.1.
  const bool is_bare_version = pointer.ends_with("_version") && !value.starts_with('"');
  return FieldValue{std::string(pointer), is_bare_version ? json_string(value) : json_text(value),
                    std::string(value)};
}

Result<std::vector<FieldValue>> parse_field_values(const std::vector<std::string>& texts) {
  std::vector<FieldValue> fields;
  for (const std::string& text : texts) {
    BACKCAST_TRY(FieldValue field, parse_field_value(text));
    fields.push_back(std::move(field));
  }
  return fields;
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
    const nlohmann::json::json_pointer at(pointer_by_place(written.root(), field.pointer));
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
  std::vector<FieldValue> placed = changes;
  for (FieldValue& field : placed) {
    field.pointer = pointer_by_place(changed, field.pointer);
    BACKCAST_CHECK(all_errors(replace(written, changed, field)));
  }
  take_marks_off(changed, placed);
  std::string text = changed.dump(2);
  BACKCAST_TRY(const Document document, all_errors(Document::parse(text, written.name())));
  auto loaded = scenario::load(document, given);
  if (!loaded.ok()) return with_places_of(written, changes, std::move(loaded).error());
  loaded->text = std::move(text);
  return std::move(*loaded);
}

}  // namespace backcast::study
