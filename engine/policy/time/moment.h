// Moments and lengths of time as people write them, in options and scenarios alike.
#pragma once

#include <string_view>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast::policy {

// The instant a length of time after `start`: "90s", "1d12h", "2 weeks" (parse_duration), or months
// and years of the UTC calendar before those: "6 months", "1y", "1y 10d". 31 January + 1 month is
// the last of February. Errors: kBadInput for anything else, or an end after 2261.
Result<Instant> after(Instant start, std::string_view length);

// An instant (parse_instant), or one after `start`: "+10d", "+1 year". Errors: kBadInput.
Result<Instant> parse_moment(std::string_view text, Instant start);

}  // namespace backcast::policy
