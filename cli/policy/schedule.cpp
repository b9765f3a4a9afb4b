// backcast schedule: when would it run, and what happens when clocks change?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/shared/verbs.h"
#include "engine/env/env.h"
#include "engine/policy/schedule/diagnose.h"
#include "engine/policy/time/moment.h"

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

constexpr const char* kDayNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr Duration kShortestDiagnosis = std::chrono::hours(24 * 366);

// The zone in which people read the times: the one the schedule names, else the one asked for.
Zone shown_zone(const Schedule& schedule, const Zone& zone) {
  const auto* calendar = std::get_if<policy::CalendarSchedule>(&schedule);
  return calendar != nullptr && calendar->zone ? *calendar->zone : zone;
}

reports::Table to_table(const std::vector<policy::Upcoming>& runs, const Options& options,
                        const std::vector<Schedule>& schedules, const Zone& zone) {
  reports::Table table{"schedule", {{"utc", "UTC"}, {"day", "Day"}, {"local", "Local time"}}, {}};
  if (schedules.size() > 1) table.columns.push_back({"schedule", "Schedule"});
  for (const policy::Upcoming& run : runs) {
    const Zone shown = shown_zone(schedules[run.schedule], zone);
    const auto date = to_civil(run.when, shown).date;
    std::vector<reports::Cell> row = {{format_instant(run.when), {}},
                                      {kDayNames[policy::weekday_monday1(date) - 1], {}},
                                      {policy::format_local(run.when, shown), {}}};
    if (schedules.size() > 1) row.push_back({options.specs[run.schedule], {}});
    table.rows.push_back(std::move(row));
  }
  return table;
}

void warn(const Context& context, const std::string& text, const Schedule& schedule,
          const Zone& zone, Instant from, Instant until) {
  for (const policy::Finding& finding : diagnose(schedule, zone, from, until)) {
    note(context, fmt::format("warning: {}: {}", text, finding.text));
  }
  if (policy::start_window_seconds(schedule) > 0) {
    note(context, fmt::format("note: {}: the vendor starts the job somewhere in the two hours; "
                              "say +45m behind the window for a start 45 minutes in",
                              text));
  }
}

Status run(const Options& options, Context& context) {
  BACKCAST_TRY(const Zone zone, Zone::find(options.zone));
  std::vector<Schedule> schedules;
  for (const std::string& text : options.specs) {
    BACKCAST_TRY(Schedule schedule, policy::parse_schedule(text));
    schedules.push_back(std::move(schedule));
  }
  Instant after = env::posix_env().now(), until = Instant::max();
  if (!options.after.empty()) {
    BACKCAST_TRY(after, policy::parse_moment(options.after, after));
  }
  if (!options.until.empty()) {
    BACKCAST_TRY(until, policy::parse_moment(options.until, after));
  }
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    if (std::holds_alternative<policy::NoSchedule>(schedules[i])) continue;
    if (!next(schedules[i], after, zone)) {
      return bad_input(fmt::format("schedule \"{}\" never runs after {}", options.specs[i],
                                   format_instant(after)),
                       "check the day of the month against the months, and ranges that run "
                       "backwards");
    }
  }
  const auto count = static_cast<std::size_t>(options.count);
  const auto runs = policy::upcoming(schedules, after, until, count, zone);
  print(context, to_table(runs, options, schedules, zone));
  const Instant end = runs.empty() ? after : runs.back().when;
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    const std::string& text = options.specs[i];
    if (options.explain) {
      note(context, fmt::format("{}: read as {}", text, print(schedules[i])));
    }
    warn(context, text, schedules[i], zone, after,
         std::max(end, std::min(until, after + kShortestDiagnosis)));
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
  verb->add_option("--after", options->after,
                   "Runs after this instant, or this long after now: +1y (default: now)");
  verb->add_option("--until", options->until,
                   "Runs up to this instant, or this long after --after: +1y");
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
