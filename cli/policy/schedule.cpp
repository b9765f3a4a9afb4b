// backcast schedule: when would it run, and what happens when clocks change?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/shared/verbs.h"
#include "engine/env/env.h"
#include "engine/policy/schedule/diagnose.h"

namespace backcast::cli {
namespace {

using policy::Schedule;
using policy::Zone;

struct Options {
  std::vector<std::string> specs;
  std::string zone = "UTC";
  std::string after;
  std::string until;
  int count = 10;
  bool explain = false;
};

struct Line {
  std::string text;
  Schedule schedule;
};

struct Fire {
  Instant when;
  std::size_t line;
};

constexpr const char* kDayNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr Duration kShortestDiagnosis = std::chrono::hours(24 * 366);

// The zone in which people read the times: the one the schedule names, else the one asked for.
Zone shown_zone(const Schedule& schedule, const Zone& zone) {
  const auto* calendar = std::get_if<policy::CalendarSchedule>(&schedule);
  return calendar != nullptr && calendar->zone ? *calendar->zone : zone;
}

// The next runs of all lines together, in order of time.
std::vector<Fire> next_fires(const std::vector<Line>& lines, Instant after, Instant until,
                             std::size_t count, const Zone& zone) {
  std::vector<std::optional<Instant>> upcoming;
  for (const Line& line : lines) upcoming.push_back(next(line.schedule, after, zone));
  std::vector<Fire> fires;
  while (fires.size() < count) {
    std::size_t first = lines.size();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (upcoming[i] && (first == lines.size() || *upcoming[i] < *upcoming[first])) first = i;
    }
    if (first == lines.size() || *upcoming[first] > until) break;
    fires.push_back({*upcoming[first], first});
    upcoming[first] = next(lines[first].schedule, *upcoming[first], zone);
  }
  return fires;
}

reports::Table to_table(const std::vector<Fire>& fires, const std::vector<Line>& lines,
                        const Zone& zone) {
  reports::Table table{"schedule", {{"utc", "UTC"}, {"day", "Day"}, {"local", "Local time"}}, {}};
  if (lines.size() > 1) table.columns.push_back({"schedule", "Schedule"});
  for (const Fire& fire : fires) {
    const Zone shown = shown_zone(lines[fire.line].schedule, zone);
    const auto date = to_civil(fire.when, shown).date;
    std::vector<reports::Cell> row = {{format_instant(fire.when), {}},
                                      {kDayNames[policy::weekday_monday1(date) - 1], {}},
                                      {policy::format_local(fire.when, shown), {}}};
    if (lines.size() > 1) row.push_back({lines[fire.line].text, {}});
    table.rows.push_back(std::move(row));
  }
  return table;
}

void warn(const Context& context, const Line& line, const Zone& zone, Instant from, Instant until) {
  for (const policy::Finding& finding : diagnose(line.schedule, zone, from, until)) {
    note(context, fmt::format("warning: {}: {}", line.text, finding.text));
  }
  if (policy::start_window_seconds(line.schedule) > 0) {
    note(context, fmt::format("note: {}: the vendor starts the job somewhere in the two hours; "
                              "say +45m behind the window for a start 45 minutes in",
                              line.text));
  }
}

Result<std::vector<Line>> read_lines(const std::vector<std::string>& specs) {
  std::vector<Line> lines;
  for (const std::string& text : specs) {
    BACKCAST_TRY(Schedule schedule, policy::parse_schedule(text));
    lines.push_back({text, std::move(schedule)});
  }
  return lines;
}

Status run(const Options& options, Context& context) {
  BACKCAST_TRY(const Zone zone, Zone::find(options.zone));
  BACKCAST_TRY(const std::vector<Line> lines, read_lines(options.specs));
  Instant after = env::posix_env().now(), until = Instant::max();
  if (!options.after.empty()) {
    BACKCAST_TRY(const StampedInstant given, parse_instant(options.after));
    after = given.instant;
  }
  if (!options.until.empty()) {
    BACKCAST_TRY(const StampedInstant given, parse_instant(options.until));
    until = given.instant;
  }
  for (const Line& line : lines) {
    if (std::holds_alternative<policy::NoSchedule>(line.schedule)) continue;
    if (!next(line.schedule, after, zone)) {
      return bad_input(
          fmt::format("schedule \"{}\" never runs after {}", line.text, format_instant(after)),
          "check the day of the month against the months, and ranges that run "
          "backwards");
    }
  }
  const auto count = static_cast<std::size_t>(options.count);
  const std::vector<Fire> fires = next_fires(lines, after, until, count, zone);
  print(context, to_table(fires, lines, zone));
  const Instant end = fires.empty() ? after : fires.back().when;
  for (const Line& line : lines) {
    if (options.explain) {
      note(context, fmt::format("{}: read as {}", line.text, print(line.schedule)));
    }
    warn(context, line, zone, after, std::max(end, std::min(until, after + kShortestDiagnosis)));
  }
  return kOk;
}

}  // namespace

void add_schedule(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb =
      app.add_subcommand("schedule",
                         "Next runs of any schedule, and what clock changes do to it\n\n"
                         "  backcast schedule '30 2 * * *' --zone Europe/Berlin\n"
                         "  backcast schedule 'zilliz: 1,2,3,5 02:00-04:00' --count 4\n"
                         "  backcast schedule 'oncalendar: Mon..Fri 02:30' '@every 12h'\n");
  verb->add_option("SPEC", options->specs,
                   "cron line, daily/weekly/monthly [DAY] HH:MM, @every 12h, or after a kind: "
                   "zilliz:, qdrant:, zerops:, robfig:, cronexpr:, oncalendar:, aws:, kopia:")
      ->required();
  verb->add_option("--zone", options->zone, "Time zone of the schedule: Europe/Berlin, +02:00")
      ->capture_default_str();
  verb->add_option("--after", options->after, "Runs after this instant (default: now)");
  verb->add_option("--until", options->until, "Runs up to this instant");
  verb->add_option("--count", options->count, "Show at most this many runs")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  verb->add_flag("--explain", options->explain, "Say how each schedule was read");
  verb->callback([options, &context] {
    const Status status = run(*options, context);
    if (!status.ok()) report(context, status.error());
  });
}

}  // namespace backcast::cli
