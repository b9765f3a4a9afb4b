#include "engine/policy/time/moment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "engine/base/text.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {
namespace {

constexpr int kLastYear = 2261;  // of what an Instant can say

// Takes "6 months" or "1y" off the front, in months; 0 where something else stands there.
int take_months(std::string_view& rest) {
  int count = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  if (error != std::errc() || count <= 0 || count > 12 * kLastYear) return 0;
  const std::string_view behind = trim(rest.substr(static_cast<std::size_t>(end - rest.data())));
  const auto letters = std::find_if_not(behind.begin(), behind.end(),
                                        [](unsigned char c) { return std::isalpha(c) != 0; });
  const auto unit = behind.substr(0, static_cast<std::size_t>(letters - behind.begin()));
  const bool months = unit == "month" || unit == "months" || unit == "mo";
  const bool years = unit == "year" || unit == "years" || unit == "y";
  if (!months && !years) return 0;
  rest = trim(behind.substr(unit.size()));
  return years ? 12 * count : count;
}

}  // namespace

Result<Instant> after(Instant start, std::string_view length) {
  const auto too_far = [&] {
    return bad_input(fmt::format("{} ends after the year {}", printable(length), kLastYear));
  };
  std::string_view rest = trim(length);
  std::int64_t months = 0;
  while (const int more = take_months(rest)) months += more;
  if (months > 12 * kLastYear) return too_far();
  Instant end = start;
  if (months > 0) {
    CivilTime local = to_civil(start, Zone::utc());
    local.date = add_months_clamped(local.date, static_cast<int>(months));
    if (local.date.year > kLastYear) return too_far();
    end = to_instants(local, Zone::utc()).first;
    if (rest.empty()) return end;
  }
  auto duration = parse_duration(rest);
  if (!duration.ok()) {
    return bad_input(fmt::format("{} is not a length of time", printable(length)),
                     "write one such as \"90s\", \"12h\", \"30d\", \"6 months\" or \"1y\"");
  }
  if (*duration > Instant::max() - end) return too_far();
  return end + *duration;
}

Result<Instant> parse_moment(std::string_view text, Instant start) {
  const std::string_view written = trim(text);
  if (written.starts_with('+')) return after(start, written.substr(1));
  BACKCAST_TRY(const StampedInstant stamped, parse_instant(written));
  return stamped.instant;
}

}  // namespace backcast::policy
