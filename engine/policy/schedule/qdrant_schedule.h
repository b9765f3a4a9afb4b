// Qdrant Cloud's schedule field: a pattern of the API, and what lies behind it. Always UTC.
#pragma once

#include <string_view>

#include "engine/base/error.h"
#include "engine/policy/schedule/schedule.h"

namespace backcast::policy {

// Whether the vendor's API accepts the text. Its pattern is not anchored as a whole: a macro with
// anything after it passes, anything before an @every or before fields that end the text passes,
// and no field is checked for its range.
bool passes_qdrant_pattern(std::string_view text);

// The pattern first, then a real parse: what the pattern lets through but nothing could run is an
// error that says so.
Result<Schedule> parse_qdrant_schedule(std::string_view text);

}  // namespace backcast::policy
