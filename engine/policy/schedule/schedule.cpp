#include "engine/policy/schedule/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "engine/base/text.h"
#include "engine/policy/schedule/qdrant_schedule.h"
#include "engine/policy/schedule/zerops_schedule.h"

namespace backcast::policy {
namespace {

constexpr std::string_view kZonePrefix = "CRON_TZ=";
constexpr std::string_view kShortZonePrefix = "TZ=";  // robfig reads both

constexpr Instant kLastRun = Instant::max() - kDay;

bool has_zone_prefix(std::string_view text) {
  return text.starts_with(kZonePrefix) || text.starts_with(kShortZonePrefix);
}

// Lets any cron dialect carry a zone: "CRON_TZ=Europe/Berlin 30 2 * * *".
template <Result<CalendarSchedule> (*parse)(std::string_view)>
Result<Schedule> parse_zoned(std::string_view text) {
  std::optional<Zone> zone;
  if (has_zone_prefix(text)) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::size_t begin = text.find('=') + 1;
    const std::string_view name = text.substr(begin, blank - begin);
    BACKCAST_TRY(zone, Zone::find(name));
    text = trim(text.substr(blank));
  }
  BACKCAST_TRY(CalendarSchedule schedule, parse(text));
  if (zone) schedule.zone = zone;
  return Schedule(std::move(schedule));
}

template <typename T>
Result<Schedule> widen(Result<T> result) {
  if (!result.ok()) return std::move(result).error();
  return Schedule(std::move(result).value());
}

Result<Schedule> parse_every(std::string_view text) {
  const SpecPart duration{text.substr(7), 8};
  BACKCAST_TRY(const std::int64_t seconds, parse_elapsed_seconds(text, duration));
  return Schedule(EverySchedule{seconds});
}

Result<Schedule> parse_aws(std::string_view text) {
  if (text.starts_with("rate")) return widen(parse_aws_rate(text));
  return parse_zoned<parse_aws_cron>(text);
}

// The Go libraries know "@every" beside their fields.
template <Result<CalendarSchedule> (*parse)(std::string_view)>
Result<Schedule> parse_go(std::string_view text) {
  return text.starts_with("@every ") ? parse_every(text) : parse_zoned<parse>(text);
}

struct Kind {
  std::string_view name;
  Result<Schedule> (*parse)(std::string_view);
};
constexpr Kind kKinds[] = {
    {"cron", parse_zoned<parse_cronie>},
    {"cronie", parse_zoned<parse_cronie>},
    {"robfig", parse_go<parse_robfig>},
    {"cronexpr", parse_go<parse_cronexpr>},
    {"qdrant", parse_qdrant_schedule},
    {"zerops", parse_zerops_schedule},
    {"oncalendar", [](std::string_view t) { return widen(parse_on_calendar(t)); }},
    {"aws", parse_aws},
    {"kopia", [](std::string_view t) { return widen(parse_kopia_schedule(t)); }},
    {"zilliz", [](std::string_view t) { return widen(parse_window_schedule(t)); }},
};

// "daily [at] 02:30", "weekly [on] mon [at] 02:30", "monthly [on] 15 [at] 02:30", "hourly".
Result<Schedule> parse_shorthand(std::string_view text) {
  std::vector<SpecPart> parts = split_blanks(text);
  std::erase_if(parts, [](const SpecPart& p) { return p.text == "at" || p.text == "on"; });
  const std::string_view period = parts[0].text;
  std::string_view day = period == "weekly" ? "1" : period == "monthly" ? "1" : "*";
  std::string_view hour = "0", minute = "0";
  std::size_t i = 1;
  if (i < parts.size() && day != "*" && parts[i].text.find(':') == std::string_view::npos) {
    day = parts[i++].text;
  }
  if (i < parts.size() && period != "hourly") {
    const std::size_t colon = parts[i].text.find(':');
    if (colon == std::string_view::npos || colon > 2 || parts[i].text.size() != colon + 3) {
      return bad_spec(text, parts[i].column, "a time of day is missing", "write HH:MM");
    }
    hour = parts[i].text.substr(0, colon);
    minute = parts[i++].text.substr(colon + 1);
  }
  if (i < parts.size()) return bad_spec(text, parts[i].column, "text after the schedule");
  if (period == "hourly") hour = "*";
  const std::string cron =
      fmt::format("{} {} {} * {}", minute, hour, period == "monthly" ? day : "*",
                  period == "weekly" ? day : "*");
  return widen(parse_cronie(cron));
}

bool is_shorthand(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  return word == "hourly" || word == "daily" || word == "weekly" || word == "monthly";
}

Result<Schedule> parse_named(std::string_view text, std::string_view name, std::string_view rest) {
  std::string_view names[std::size(kKinds)];
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    if (kKinds[i].name == name) return kKinds[i].parse(rest);
    names[i] = kKinds[i].name;
  }
  const std::string_view nearest = nearest_name(name, names);
  return bad_spec(text, 1, fmt::format("unknown kind of schedule {}", printable(name)),
                  nearest.empty() ? fmt::format("the kinds are {}", fmt::join(names, ", "))
                                  : fmt::format("did you mean \"{}:\"?", nearest));
}

Result<Schedule> parse_bare(std::string_view text) {
  if (text == "none") return Schedule(NoSchedule{});
  if (text.starts_with("@every ")) return parse_every(text);
  if (text.starts_with("cron(") || text.starts_with("rate(")) return parse_aws(text);
  if (is_shorthand(text)) return parse_shorthand(text);
  const std::size_t fields = split_blanks(text).size() - (has_zone_prefix(text) ? 1 : 0);
  if (fields == 6 || fields == 7) {
    return bad_spec(text, 1,
                    fmt::format("{} fields mean different things to different tools", fields),
                    "write \"robfig: \" before them if seconds come first, \"qdrant: \" or "
                    "\"cronexpr: \" if a year comes last, \"aws: cron(...)\" for AWS");
  }
  return parse_zoned<parse_cronie>(text);
}

}  // namespace

Result<Schedule> parse_schedule(std::string_view text) {
  if (text.size() > kMaxSpecBytes) {
    return bad_input(
        fmt::format("a schedule of {} bytes; at most {} are read", text.size(), kMaxSpecBytes));
  }
  if (text.find_first_of("\n\r") != std::string_view::npos || !is_valid_utf8(text)) {
    return bad_input(fmt::format("schedule {}: not one line of text", printable(text)));
  }
  text = trim(text);
  if (text.empty()) return bad_input("an empty schedule", "write, for example, 30 2 * * *");
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, std::min(colon, text.size()));
  const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
  });
  if (colon != std::string_view::npos && is_word) {
    return parse_named(text, name, trim(text.substr(colon + 1)));
  }
  return parse_bare(text);
}

std::string print(const Schedule& schedule) {
  struct Printer {
    std::string operator()(const NoSchedule&) const { return "none"; }
    std::string operator()(const EverySchedule& s) const {
      return "@every " + print_elapsed_seconds(s.period_seconds);
    }
    std::string operator()(const WindowSchedule& s) const { return "zilliz: " + print(s); }
    std::string operator()(const KopiaSchedule& s) const { return "kopia: " + print(s); }
    std::string operator()(const CalendarSchedule& s) const {
      constexpr std::string_view kNames[] = {"cron", "robfig", "cronexpr", "oncalendar", "aws"};
      std::string text(kNames[static_cast<std::size_t>(s.dialect)]);
      text += ": ";
      if (s.zone && s.dialect != Dialect::kOnCalendar) {
        text += fmt::format("{}{} ", kZonePrefix, s.zone->name());
      }
      return text + print(s);
    }
  };
  return std::visit(Printer{}, schedule);
}

std::optional<Instant> next(const Schedule& schedule, Instant after, const Zone& zone) {
  struct Next {
    Instant after;
    const Zone& zone;
    std::optional<Instant> operator()(const NoSchedule&) const { return std::nullopt; }
    std::optional<Instant> operator()(const CalendarSchedule& s) const {
      return next(s, after, zone);
    }
    std::optional<Instant> operator()(const EverySchedule& s) const { return next(s, after); }
    std::optional<Instant> operator()(const WindowSchedule& s) const { return next(s, after); }
    std::optional<Instant> operator()(const KopiaSchedule& s) const {
      return kopia_next(s, after, after + Duration(1), zone);
    }
  };
  // The last instants belong to nobody: what would run there does not run.
  if (after >= kLastRun) return std::nullopt;
  const auto run = std::visit(Next{after, zone}, schedule);
  return run && *run <= kLastRun ? run : std::nullopt;
}

int start_window_seconds(const Schedule& schedule) {
  const auto* window = std::get_if<WindowSchedule>(&schedule);
  return window != nullptr && window->slot_seconds == 0 ? kWindowMinutes * 60 : 0;
}

bool catches_up(const Schedule& schedule) {
  const auto* kopia = std::get_if<KopiaSchedule>(&schedule);
  return kopia != nullptr && kopia->run_missed;
}

std::vector<Upcoming> upcoming(std::span<const Schedule> schedules, Instant after, Instant until,
                               std::size_t count, const Zone& zone) {
  std::vector<std::optional<Instant>> ahead;
  for (const Schedule& schedule : schedules) ahead.push_back(next(schedule, after, zone));
  std::vector<Upcoming> runs;
  while (runs.size() < count) {
    std::size_t first = schedules.size();
    for (std::size_t i = 0; i < schedules.size(); ++i) {
      if (ahead[i] && (first == schedules.size() || *ahead[i] < *ahead[first])) first = i;
    }
    if (first == schedules.size() || *ahead[first] > until) break;
    runs.push_back({*ahead[first], first});
    ahead[first] = next(schedules[first], *ahead[first], zone);
  }
  return runs;
}

}  // namespace backcast::policy
