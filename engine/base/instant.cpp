#include "engine/base/instant.h"

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "engine/base/checked.h"
#include "engine/base/text.h"

namespace backcast {
namespace {

using namespace std::chrono;

Error bad_instant(std::string_view text, std::string_view why) {
  return bad_input(fmt::format("{}: {}", printable(text), why),
                   "write an instant such as 2026-01-31T08:00:00Z");
}

// Takes fixed-width digits off the front; -1 if they are not all digits.
int take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!std::isdigit(static_cast<unsigned char>(text[i]))) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

struct DurationUnit {
  std::string_view name;
  std::int64_t seconds;
};
constexpr std::array<DurationUnit, 21> kDurationUnits{
    {{"s", 1},         {"sec", 1},     {"secs", 1},     {"second", 1},  {"seconds", 1},
     {"m", 60},        {"min", 60},    {"mins", 60},    {"minute", 60}, {"minutes", 60},
     {"h", 3600},      {"hr", 3600},   {"hrs", 3600},   {"hour", 3600}, {"hours", 3600},
     {"d", 86400},     {"day", 86400}, {"days", 86400}, {"w", 604800},  {"week", 604800},
     {"weeks", 604800}}};

}  // namespace

Result<StampedInstant> parse_instant(std::string_view text) {
  std::string_view rest = trim(text);
  const int y = take_digits(rest, 4);
  if (y < 0 || !take(rest, '-')) return bad_instant(text, "not an instant");
  const int mon = take_digits(rest, 2);
  if (mon < 0 || !take(rest, '-')) return bad_instant(text, "not an instant");
  const int d = take_digits(rest, 2);
  const year_month_day date{year(y), month(static_cast<unsigned>(mon < 0 ? 0 : mon)),
                            day(static_cast<unsigned>(d < 0 ? 0 : d))};
  if (d < 0 || !date.ok()) return bad_instant(text, "no such date");
  if (y < 1678 || y > 2261) return bad_instant(text, "year outside 1678..2261");
  StampedInstant result{Instant(sys_days(date)), seconds(0)};
  if (rest.empty()) return result;
  if (!take(rest, 'T') && !take(rest, 't') && !take(rest, ' '))
    return bad_instant(text, "not an instant");
  const int h = take_digits(rest, 2);
  if (h < 0 || h > 23 || !take(rest, ':')) return bad_instant(text, "no such time of day");
  const int min = take_digits(rest, 2);
  if (min < 0 || min > 59) return bad_instant(text, "no such time of day");
  int sec = 0;
  if (take(rest, ':')) {
    sec = take_digits(rest, 2);
    // A leap second is the second after :59, as POSIX time has it.
    if (sec < 0 || sec > 60) return bad_instant(text, "no such time of day");
  }
  std::int64_t nanos = 0;
  if (take(rest, '.')) {
    std::int64_t unit = 100'000'000;
    bool any = false;
    while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest[0]))) {
      nanos += unit * (rest[0] - '0');
      unit /= 10;
      any = true;
      rest.remove_prefix(1);
    }
    if (!any) return bad_instant(text, "no digits after the decimal point");
  }
  if (take(rest, 'Z') || take(rest, 'z') || rest.empty()) {
  } else {
    const int sign = take(rest, '-') ? -1 : take(rest, '+') ? 1 : 0;
    const int oh = sign == 0 ? -1 : take_digits(rest, 2);
    take(rest, ':');
    const int om = oh < 0 ? -1 : take_digits(rest, 2);
    if (om < 0 || om > 59 || oh > 24) return bad_instant(text, "bad UTC offset");
    result.offset = sign * (hours(oh) + minutes(om));
  }
  if (!rest.empty()) return bad_instant(text, "text after the instant");
  result.instant += hours(h) + minutes(min) + seconds(sec) + nanoseconds(nanos) - result.offset;
  return result;
}

std::string format_instant(Instant t) {
  const auto day_start = floor<days>(t);
  const year_month_day date{day_start};
  const hh_mm_ss time{t - day_start};
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()),
                                 unsigned(date.month()), unsigned(date.day()), time.hours().count(),
                                 time.minutes().count(), time.seconds().count());
  const std::int64_t nanos = time.subseconds().count();
  if (nanos % 1'000'000 == 0 && nanos != 0) {
    text += fmt::format(".{:03}", nanos / 1'000'000);
  } else if (nanos % 1'000 == 0 && nanos != 0) {
    text += fmt::format(".{:06}", nanos / 1'000);
  } else if (nanos != 0) {
    text += fmt::format(".{:09}", nanos);
  }
  return text + 'Z';
}

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return bad_input(fmt::format("{}: {}", printable(text), why),
                     "write a duration such as \"90s\", \"15m\", \"2h\", \"7d\" or \"1d12h\"");
  };
  std::string_view rest = trim(text);
  if (rest.starts_with('-')) return bad("a duration cannot be negative");
  if (rest.empty()) return bad("empty duration");
  std::int64_t total = 0;
  while (!rest.empty()) {
    std::int64_t count = 0;
    std::size_t i = 0;
    for (; i < rest.size() && std::isdigit(static_cast<unsigned char>(rest[i])); ++i) {
      if (count > 100'000'000'000) return bad("too long");
      count = count * 10 + (rest[i] - '0');
    }
    if (i == 0) return bad("not a duration");
    rest = trim(rest.substr(i));
    std::size_t j = 0;
    while (j < rest.size() && std::isalpha(static_cast<unsigned char>(rest[j]))) ++j;
    const std::string_view name = rest.substr(0, j);
    rest = trim(rest.substr(j));
    std::int64_t unit = 0;
    for (const DurationUnit& u : kDurationUnits) {
      if (u.name == name) unit = u.seconds;
    }
    if (unit == 0) return bad("unknown unit of time");
    const auto product = checked_mul(count, unit);
    const auto sum = product ? checked_add(total, *product) : std::nullopt;
    if (!sum || *sum > 9'200'000'000) return bad("more than 292 years");
    total = *sum;
  }
  return Duration(seconds(total));
}

std::string format_duration(Duration d) {
  if (d < Duration(0)) return "-" + format_duration(d == Duration::min() ? Duration::max() : -d);
  if (d == Duration::max()) return "more than 292 years";
  std::int64_t s = duration_cast<seconds>(d).count();
  std::string text;
  constexpr std::array<std::pair<std::int64_t, char>, 4> kParts{
      {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  for (const auto& [unit, letter] : kParts) {
    if (s < unit) continue;
    if (!text.empty()) text += ' ';
    text += fmt::format("{}{}", s / unit, letter);
    s %= unit;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace backcast
