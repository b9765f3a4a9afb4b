#include "engine/policy/schedule/elapsed.h"

#include <fmt/format.h>

#include "engine/base/checked.h"
#include "engine/base/text.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {
namespace {

constexpr std::int64_t kMaxSeconds = 100LL * 366 * 86'400;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},
                           {"us", 1'000},
                           {"\u00b5s", 1'000},
                           {"ms", 1'000'000},
                           {"s", kNanosPerSecond},
                           {"m", 60 * kNanosPerSecond},
                           {"h", 3600 * kNanosPerSecond},
                           {"d", 86'400 * kNanosPerSecond},
                           {"w", 604'800 * kNanosPerSecond}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes a number of up to 12 digits off the front; -1 if there is none.
std::int64_t take_number(std::string_view& text) {
  std::size_t digits = 0;
  std::int64_t value = 0;
  for (; digits < text.size() && is_digit(text[digits]) && digits < 12; ++digits) {
    value = value * 10 + (text[digits] - '0');
  }
  text.remove_prefix(digits);
  return digits == 0 ? -1 : value;
}

}  // namespace

Instant next(const EverySchedule& schedule, Instant after) {
  return instant_at_second(unix_seconds(after) + schedule.period_seconds);
}

Result<std::int64_t> parse_elapsed_seconds(std::string_view spec, SpecPart part) {
  const auto bad = [&](std::string_view why) {
    return bad_spec(spec, part.column, fmt::format("{}: {}", printable(part.text), why),
                    "write a duration such as 90s, 15m or 1h30m");
  };
  int128 nanoseconds = 0;
  for (std::string_view rest = part.text; !rest.empty();) {
    const std::int64_t count = take_number(rest);
    std::size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    std::int64_t unit = 0;
    for (const Unit& u : kUnits) {
      if (u.name == name) unit = u.nanoseconds;
    }
    if (count < 0 || unit == 0) return bad("not a duration");
    nanoseconds += static_cast<int128>(count) * unit;
    if (nanoseconds > static_cast<int128>(kMaxSeconds) * kNanosPerSecond) {
      return bad("more than 100 years");
    }
  }
  if (nanoseconds == 0) return bad("no time at all");
  const auto seconds = static_cast<std::int64_t>(nanoseconds / kNanosPerSecond);
  return seconds == 0 ? 1 : seconds;
}

std::string print_elapsed_seconds(std::int64_t seconds) {
  std::string text;
  if (seconds >= 3600) text += fmt::format("{}h", seconds / 3600);
  if (seconds / 60 % 60 != 0) text += fmt::format("{}m", seconds / 60 % 60);
  if (seconds % 60 != 0) text += fmt::format("{}s", seconds % 60);
  return text;
}

Result<EverySchedule> parse_aws_rate(std::string_view text) {
  constexpr std::string_view kHead = "rate(";
  const auto bad = [&](std::string_view why) {
    return bad_spec(text, 1, why, "write rate(5 minutes), rate(1 hour) or rate(7 days)");
  };
  if (!text.starts_with(kHead) || !text.ends_with(')')) return bad("not an AWS rate expression");
  const std::vector<SpecPart> parts =
      split_blanks(text.substr(0, text.size() - 1).substr(kHead.size()));
  if (parts.size() != 2) return bad("a rate is a number and a unit");
  std::string_view digits = parts[0].text;
  const std::int64_t count = take_number(digits);
  if (count < 1 || !digits.empty()) return bad("a rate is a whole number from 1 up");
  std::int64_t unit = 0;
  if (parts[1].text == "minute" || parts[1].text == "minutes") unit = 60;
  if (parts[1].text == "hour" || parts[1].text == "hours") unit = 3600;
  if (parts[1].text == "day" || parts[1].text == "days") unit = 86'400;
  if (unit == 0) return bad("the unit is minutes, hours or days");
  const auto seconds = checked_mul(count, unit);
  if (!seconds || *seconds > kMaxSeconds) return bad("more than 100 years");
  return EverySchedule{*seconds};
}

}  // namespace backcast::policy
