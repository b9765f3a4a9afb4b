// Times in case files: RFC 3339, or wall-clock time without an offset.
#pragma once

#include <string>

#include "engine/base/instant.h"
#include "engine/policy/time/calendar.h"

namespace backcast::conformance {

// An instant; where the text has no offset it is wall-clock time in `zone`.
inline Result<Instant> read_time(const std::string& text, const policy::Zone& zone) {
  BACKCAST_TRY(const StampedInstant stamped, parse_instant(text));
  const bool has_offset =
      text.find_first_of("Zz+", 10) != std::string::npos ||
      text.find('-', std::min<std::size_t>(text.size(), 11)) != std::string::npos;
  if (has_offset) return stamped.instant;
  const Instant whole = from_unix_seconds(unix_seconds(stamped.instant));
  const policy::CivilTime local = to_civil(whole, policy::Zone::utc());
  return to_instants(local, zone).first + (stamped.instant - whole);
}

}  // namespace backcast::conformance
