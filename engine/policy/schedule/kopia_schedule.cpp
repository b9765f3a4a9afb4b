#include "engine/policy/schedule/kopia_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/schedule/cron_fields.h"
#include "engine/policy/schedule/elapsed.h"

namespace backcast::policy {
namespace {

// Seconds from 1 January of year 1, Go's zero time, to 1970: intervals are counted from there.
constexpr std::int64_t kGoZeroToUnixSeconds = 62'135'596'800;
constexpr Duration kNearNext = std::chrono::minutes(30);

// Go's time.Date: a skipped time moves by the length of the gap, a repeated one is the second.
Instant go_date(const CivilTime& local, const Zone& zone) {
  const std::int64_t wall = local_seconds(local);
  Zone::Span span = zone.span_at(wall);
  const std::int64_t utc = wall - span.offset_seconds;
  if (utc < span.begin_second || utc >= span.end_second) span = zone.span_at(utc);
  return instant_at_second(wall - span.offset_seconds);
}

// The earliest time of day at or after t; a time that is over for today is 24 hours later. (kopia
// adds them once and so names a time that is past in the 25th hour of a day; we never do.)
std::optional<Instant> next_time_of_day(const KopiaSchedule& s, Instant t, const Zone& zone) {
  std::optional<Instant> earliest;
  const CivilDate today = to_civil(t, zone).date;
  for (const int minute : s.minutes_of_day) {
    Instant candidate = go_date({today, minute / 60, minute % 60, 0}, zone);
    while (t > candidate && candidate <= Instant::max() - kDay) candidate += kDay;
    if (t > candidate) continue;
    if (!earliest || candidate < *earliest) earliest = candidate;
  }
  return earliest;
}

std::optional<Instant> next_cron(const KopiaSchedule& s, Instant t, const Zone& zone) {
  std::optional<Instant> earliest;
  for (const CalendarSchedule& cron : s.crons) {
    const auto candidate = next(cron, t, zone);
    if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
  }
  return earliest;
}

Instant next_interval(std::int64_t interval_seconds, Instant previous, Instant now) {
  const auto since_zero = [](Instant t) { return unix_seconds(t) + kGoZeroToUnixSeconds; };
  const std::int64_t due = since_zero(previous) + interval_seconds;
  const Instant whole = instant_at_second(due - due % interval_seconds - kGoZeroToUnixSeconds);
  return std::max(whole, now);
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

bool missed(const KopiaSchedule& s, std::optional<Instant> previous, Instant now, Instant upcoming,
            const Zone& zone) {
  if (!s.run_missed || upcoming - now <= kNearNext) return false;
  if (s.minutes_of_day.empty() && s.crons.empty()) return false;
  if (!previous) return true;
  if (*previous > now) return false;
  const Instant after = *previous + kSecond;
  const auto due = earlier(next_time_of_day(s, after, zone), next_cron(s, after, zone));
  return due && *due < now;
}

Result<int> parse_minute_of_day(std::string_view spec, SpecPart part) {
  const auto digit = [&](std::size_t i) {
    return i < part.text.size() && part.text[i] >= '0' && part.text[i] <= '9' ? part.text[i] - '0'
                                                                              : 100;
  };
  const std::size_t colon = part.text.find(':');
  const int hour = colon == 1 ? digit(0) : colon == 2 ? digit(0) * 10 + digit(1) : 100;
  const int minute = part.text.size() == colon + 3 ? digit(colon + 1) * 10 + digit(colon + 2) : 100;
  if (hour > 23 || minute > 59) {
    return bad_spec(spec, part.column, fmt::format("{} is not a time of day", printable(part.text)),
                    "write HH:MM");
  }
  return hour * 60 + minute;
}

}  // namespace

std::optional<Instant> kopia_next(const KopiaSchedule& s, std::optional<Instant> previous,
                                  Instant now, const Zone& zone) {
  if (s.manual) return std::nullopt;
  std::optional<Instant> upcoming;
  if (s.interval_seconds > 0) {
    upcoming = previous ? next_interval(s.interval_seconds, *previous, now) : now;
  }
  upcoming = earlier(upcoming, next_time_of_day(s, now, zone));
  upcoming = earlier(upcoming, next_cron(s, now, zone));
  if (upcoming && missed(s, previous, now, *upcoming, zone)) return now;
  return upcoming;
}

Result<KopiaSchedule> parse_kopia_schedule(std::string_view text) {
  KopiaSchedule s;
  const std::vector<SpecPart> parts = split_blanks(text);
  const auto missing = [&](const SpecPart& word) {
    return bad_spec(text, word.column, fmt::format("nothing follows \"{}\"", word.text));
  };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const SpecPart& word = parts[i];
    const bool is_last = i + 1 == parts.size();
    if (word.text == "manual") {
      s.manual = true;
    } else if (word.text == "run-missed") {
      s.run_missed = true;
    } else if (word.text == "every") {
      if (is_last) return missing(word);
      BACKCAST_TRY(s.interval_seconds, parse_elapsed_seconds(text, parts[++i]));
    } else if (word.text == "at") {
      if (is_last) return missing(word);
      for (const SpecPart& time : split_commas(parts[++i])) {
        BACKCAST_TRY(const int minute, parse_minute_of_day(text, time));
        s.minutes_of_day.push_back(minute);
      }
    } else if (word.text == "cron") {
      if (is_last) return missing(word);
      std::string_view lines = text.substr(static_cast<std::size_t>(parts[i + 1].column) - 1);
      while (!lines.empty()) {
        const std::size_t end = std::min(lines.find(';'), lines.size());
        BACKCAST_TRY(CalendarSchedule cron, parse_cronexpr(trim(lines.substr(0, end))));
        s.crons.push_back(std::move(cron));
        lines.remove_prefix(std::min(end + 1, lines.size()));
      }
      break;
    } else {
      return bad_spec(text, word.column, fmt::format("unknown word {}", printable(word.text)),
                      "write \"every 1h\", \"at 09:00,18:00\", \"run-missed\", \"manual\" or "
                      "\"cron 0 23 * * *\"");
    }
  }
  std::sort(s.minutes_of_day.begin(), s.minutes_of_day.end());
  s.minutes_of_day.erase(std::unique(s.minutes_of_day.begin(), s.minutes_of_day.end()),
                         s.minutes_of_day.end());
  const bool has_times = s.interval_seconds > 0 || !s.minutes_of_day.empty() || !s.crons.empty();
  if (s.manual && (has_times || s.run_missed)) {
    return bad_spec(text, 1, "manual stands alone", "leave the other words out");
  }
  if (!s.manual && !has_times) {
    return bad_spec(text, 1, "no time is given", "write, for example, every 1h at 09:00,18:00");
  }
  return s;
}

std::string print(const KopiaSchedule& s) {
  if (s.manual) return "manual";
  std::vector<std::string> words;
  if (s.interval_seconds > 0) words.push_back("every " + print_elapsed_seconds(s.interval_seconds));
  if (!s.minutes_of_day.empty()) {
    std::string times;
    for (const int m : s.minutes_of_day) {
      times += fmt::format("{}{:02}:{:02}", times.empty() ? "" : ",", m / 60, m % 60);
    }
    words.push_back("at " + times);
  }
  if (s.run_missed) words.emplace_back("run-missed");
  std::string lines;
  for (const CalendarSchedule& cron : s.crons) lines += (lines.empty() ? "" : "; ") + print(cron);
  if (!lines.empty()) words.push_back("cron " + lines);
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace backcast::policy
