// A scenario whose document has some fields replaced: what if?
#pragma once

#include <string>
#include <vector>

#include "engine/base/document.h"
#include "engine/base/error.h"
#include "scenarios/load/load.h"

namespace backcast::study {

// Text as a JSON string.
std::string json_string(std::string_view text);
// A typed value as JSON text: numbers, true, false, null, quoted text, objects and lists as they
// are, anything else as text.
std::string json_text(std::string_view value);

struct FieldValue {
  std::string pointer;    // JSON pointer, such as /services/0/size, or /services/shop/size
  std::string value;      // JSON text
  std::string text = {};  // as it was typed
};

// "/services/0/size=20 GB": what is no JSON value is a string.
Result<FieldValue> parse_field_value(std::string_view text);
// All of them, or the first fault.
Result<std::vector<FieldValue>> parse_field_values(const std::vector<std::string>& texts);

// Whether the field may be assumed: the document does not state it, and it is nothing that is
// required. Errors: kBadInput.
Status check_assumed(const Document& written, const FieldValue& field);

// Sets fields that exist, or new ones with the objects around them, and takes off the mark of what
// `backcast new` chose. `written` is the document as
// the user has it: faults stand at its lines and say what was put there. Errors: a pointer to
// nothing; every fault of the changed document.
Result<scenario::Loaded, Errors> load_changed(const Document& written,
                                              const std::vector<FieldValue>& changes,
                                              const scenario::Given& given);

}  // namespace backcast::study
