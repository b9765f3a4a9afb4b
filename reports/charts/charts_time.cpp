#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/bytes.h"
#include "reports/charts/chart_parts.h"
#include "reports/charts/time_chart.h"

namespace backcast::reports {
namespace {

Chart chart_of(std::string id, std::string title, std::string caption, TimeUnit unit) {
  Chart chart;
  chart.id = std::move(id);
  chart.title = std::move(title);
  chart.caption = std::move(caption);
  chart.unit = unit;
  chart.draws_lines = true;
  return chart;
}

std::vector<TimeLine> named(std::map<std::string, TimeLine> by_name) {
  std::vector<TimeLine> lines;
  for (auto& [name, line] : by_name) {
    line.name = name;
    lines.push_back(std::move(line));
  }
  return listed(std::move(lines));
}

// (service, region) whose age some requirement looks at: its chart has the line.
using Places = std::set<std::pair<std::uint32_t, std::string>>;
Places asked_for(const RunReport& report) {
  Places places;
  const auto& requirements = report.scenario->requirements;
  const auto& outcomes = report.run->requirements;
  for (std::size_t i = 0; i < std::min(requirements.size(), outcomes.size()); ++i) {
    if (requirements[i].kind != sim::RequirementKind::kRpo) continue;
    for (const std::uint32_t service : outcomes[i].services) {
      const std::string& region = requirements[i].region;
      places.insert({service, region.empty() ? report.run->services[service].region : region});
    }
  }
  return places;
}

TimeLine quota_line(const sim::RunResult& run, const sim::Series& series, double factor) {
  TimeLine line{series.project, {}};
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const Instant until = i + 1 < series.points.size() ? series.points[i + 1].at : run.end;
    const double value = static_cast<double>(series.points[i].value) * factor;
    line.steps.push_back({series.points[i].at, until, value, value});
  }
  return line;
}

}  // namespace

std::optional<Chart> age_chart(const RunReport& report, const Headline& figures,
                               const Canvas& canvas) {
  const sim::RunResult& run = *report.run;
  const Places asked = asked_for(report);
  std::map<std::string, TimeLine> by_region;
  std::map<std::string, WorstAge> worst_ages;  // of what is drawn
  for (const sim::AgeLine& age : figures.ages) {
    if (asked.contains({age.service, age.region}) || asked.contains({age.service, "any"})) continue;
    TimeLine& line = by_region[age.region.empty() ? "all" : age.region];
    for (const sim::AgeStep& step : age.steps) {
      const auto seconds = [&](Instant t) {
        return static_cast<double>(unix_seconds(t) - unix_seconds(step.born));
      };
      line.steps.push_back({step.from, step.until, seconds(step.from), seconds(step.until)});
    }
    const sim::AgeStep* oldest = sim::worst(age.steps);
    if (oldest == nullptr) continue;
    const Duration reached = oldest->until - oldest->born;
    const auto [worst, is_new] = worst_ages.try_emplace(age.region);
    if (!is_new && reached <= worst->second.age) continue;
    worst->second = {age.region, run.services[age.service].name, reached, oldest->until};
  }
  if (by_region.empty()) return std::nullopt;
  Chart chart =
      chart_of("age", "Age of the newest restore point",
               run.services.size() > 1 ? "The service that is worst off at each moment, per region"
                                       : "What a loss at each moment would cost, per region",
               TimeUnit::kSeconds);
  chart.caption += asked.empty() ? "." : ", where no requirement asks for it.";
  chart.lines = named(std::move(by_region));
  draw_lines(run, canvas, chart);
  chart.table = {"worst_ages",
                 {{"region", "Region"},
                  {"service", "Worst service"},
                  {"age_seconds", "Oldest", true},
                  {"at", "At"}},
                 {}};
  for (const auto& [region, worst] : worst_ages) {
    chart.table.rows.push_back(
        {{worst.region, {}},
         {worst.service, {}},
         {std::to_string(std::chrono::floor<std::chrono::seconds>(worst.age).count()),
          format_duration(worst.age)},
         {format_instant(worst.at), {}}});
  }
  return chart;
}

std::optional<Chart> quota_chart(const sim::RunResult& run, const Canvas& canvas) {
  Chart chart =
      chart_of("quota", "Quota fill", "What counts against each project's quota, in percent of it.",
               TimeUnit::kPercent);
  chart.table = {"quota",
                 {{"project", "Project"},
                  {"quota_bytes", "Quota", true},
                  {"peak_bytes", "Most used", true},
                  {"at", "At"}},
                 {}};
  for (const auto& series : run.series) {
    if (series.kind != sim::SeriesKind::kQuotaBytes || !series.limit || *series.limit == 0)
      continue;
    chart.lines.push_back(quota_line(run, series, 100 / static_cast<double>(*series.limit)));
    const auto peak =
        std::max_element(series.points.begin(), series.points.end(),
                         [](const auto& a, const auto& b) { return a.value < b.value; });
    if (peak == series.points.end()) continue;
    chart.table.rows.push_back({{series.project, {}},
                                {std::to_string(*series.limit), format_bytes(*series.limit)},
                                {std::to_string(peak->value), format_bytes(peak->value)},
                                {format_instant(peak->at), {}}});
  }
  if (chart.lines.empty()) return std::nullopt;
  chart.lines = listed(std::move(chart.lines));
  chart.limit = 100;
  chart.limit_name = "quota";
  draw_lines(run, canvas, chart);
  return chart;
}

std::optional<Chart> queue_chart(const sim::RunResult& run, const Canvas& canvas) {
  // A copy waits from the moment its original is complete until it is complete itself.
  std::map<std::string, std::map<Instant, std::int64_t>> changes;
  for (const auto& backup : run.backups) {
    if (backup.original >= run.backups.size()) continue;
    const Instant from = run.backups[backup.original].available;
    if (from >= run.end || backup.available <= from) continue;
    const bool gave_up =
        backup.available == sim::kNever && backup.state != sim::BackupState::kRunning;
    if (gave_up) continue;
    ++changes[backup.region][from];
    --changes[backup.region][backup.available];
  }
  if (changes.empty()) return std::nullopt;
  Chart chart =
      chart_of("queue", "Copies under way",
               "Copies that wait for a link or are on it, by destination.", TimeUnit::kCount);
  chart.table = {
      "copies_under_way", {{"region", "To"}, {"most", "Most at once", true}, {"at", "At"}}, {}};
  for (const auto& [region, steps] : changes) {
    TimeLine line{region, {}};
    std::int64_t now = 0, most = 0;
    Instant at{};
    for (auto step = steps.begin(); step != steps.end(); ++step) {
      now += step->second;
      if (now > most) {
        most = now;
        at = step->first;
      }
      const Instant until = std::next(step) == steps.end() ? run.end : std::next(step)->first;
      const auto value = static_cast<double>(now);
      line.steps.push_back({step->first, std::min(until, run.end), value, value});
    }
    chart.lines.push_back(std::move(line));
    chart.table.rows.push_back(
        {{region, {}}, {std::to_string(most), {}}, {format_instant(at), {}}});
  }
  chart.lines = listed(std::move(chart.lines));
  draw_lines(run, canvas, chart);
  return chart;
}

}  // namespace backcast::reports
