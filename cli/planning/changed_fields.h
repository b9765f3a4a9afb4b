// A scenario whose document has some fields replaced: what --set and --vary do.
#pragma once

#include <string>
#include <vector>

#include "engine/base/document.h"
#include "engine/base/error.h"
#include "scenarios/load/load.h"

namespace backcast::cli {

struct FieldValue {
  std::string pointer;  // JSON pointer, such as /services/0/size
  std::string value;    // JSON text
};

// "/services/0/size=20 GB": what is no JSON value is a string.
Result<FieldValue> parse_field_value(std::string_view text);

// Whether the field may be assumed: the document does not state it, and it is nothing that is
// required. Errors: kBadInput.
Status check_assumed(const Document& written, const FieldValue& field);

// Sets fields that exist, or new ones with the objects around them. `written` is the document as
// the user has it: faults stand at its lines and say what was put there. Errors: a pointer to
// nothing; every fault of the changed document.
Result<scenario::Loaded, Errors> load_changed(const Document& written,
                                              const std::vector<FieldValue>& changes,
                                              const scenario::Given& given);

}  // namespace backcast::cli
