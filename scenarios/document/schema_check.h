// What a document may contain, checked against its published JSON Schema (schema/), with every
// fault in the reader's words.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "engine/base/document.h"
#include "engine/base/error.h"

namespace backcast::scenario {

// Every place where the document departs from a shipped schema ("schema/scenario.schema.json"):
// pointer, line, what was expected there, and the nearest valid name for an unknown field or
// value. Empty if it is valid. The schema itself must be valid (a test holds it to that).
Errors check_schema(const Document& document, std::string_view schema_name);

// The parsed schema, which also feeds the documentation.
const nlohmann::json& shipped_schema(std::string_view schema_name);

}  // namespace backcast::scenario
