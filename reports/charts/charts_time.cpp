#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/base/bytes.h"
#include "reports/charts/chart_parts.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kColumns = 430;  // two pixels each

// The largest value in each of kColumns equal slices of the run; NaN where there was none.
struct Envelope {
  std::string name;
  std::string css_class;
  std::vector<double> most = std::vector<double>(kColumns, std::nan(""));
};

// What every chart over time has in common.
class TimeChart {
 public:
  TimeChart(const sim::RunResult& run, double width, double most, std::vector<double> ticks,
            Format format)
      : run_(run), width_(width), ticks_(std::move(ticks)), format_(std::move(format)) {
    y_ = {0, std::max(most, ticks_.back()), kHeight - frame_.bottom, frame_.top};
    x_ = {static_cast<double>(unix_seconds(run.start)), static_cast<double>(unix_seconds(run.end)),
          frame_.left, width_ - frame_.right};
  }

  void draw(Chart& chart, const std::vector<Envelope>& lines,
            const std::map<std::string, double>& limits) {
    Svg svg(width_, kHeight, chart.title, chart.caption);
    draw_y_axis(svg, frame_, y_, ticks_, format_);
    draw_time_axis(svg, frame_, x_, run_.start, run_.end);
    for (const auto& [name, limit] : limits) {
      svg.line(frame_.left, y_(limit), width_ - frame_.right, y_(limit), "limit");
      svg.text(width_ - frame_.right, y_(limit) - 5, name, "end", "label limit-label");
      chart.legend.push_back({"limit", name});
    }
    for (const Envelope& line : lines) {
      draw_line(svg, line);
      chart.legend.push_back({line.css_class, line.name});
    }
    chart.marks = svg.marks();
    chart.svg = std::move(svg).finish();
  }

 private:
  static constexpr double kHeight = 260;

  // A step per column, and a mark at the highest one, which is what the reader looks for.
  void draw_line(Svg& svg, const Envelope& line) {
    const double step = (x_.high - x_.low) / kColumns;
    std::vector<std::pair<double, double>> points;
    std::size_t worst = kColumns;
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (std::isnan(line.most[i])) {
        svg.polyline(points, "line " + line.css_class);
        points.clear();
        continue;
      }
      if (worst == kColumns || line.most[i] > line.most[worst]) worst = i;
      points.emplace_back(x_.low + step * static_cast<double>(i), y_(line.most[i]));
      points.emplace_back(x_.low + step * static_cast<double>(i + 1), y_(line.most[i]));
    }
    svg.polyline(points, "line " + line.css_class);
    if (worst == kColumns) return;
    const Instant at = run_.start + (run_.end - run_.start) / static_cast<std::int64_t>(kColumns) *
                                        static_cast<std::int64_t>(worst);
    svg.circle_mark(x_.low + step * (static_cast<double>(worst) + 0.5), y_(line.most[worst]), 4,
                    line.css_class,
                    fmt::format("{}: at most {}, about {}", line.name, format_(line.most[worst]),
                                short_moment(at)));
  }

  const sim::RunResult& run_;
  double width_;
  std::vector<double> ticks_;
  Format format_;
  Frame frame_;
  Scale x_, y_;
};

// Raises the envelope to what `value` says at the end of each slice within [from, until).
template <typename Value>
void raise(Envelope& envelope, const sim::RunResult& run, Instant from, Instant until,
           const Value& value) {
  if (until <= from || from >= run.end) return;
  const auto slice = std::max<std::int64_t>((run.end - run.start).count() / kColumns, 1);
  const auto column = [&](Instant t) {
    return std::clamp<std::int64_t>((t - run.start).count() / slice, 0, kColumns - 1);
  };
  for (auto c = column(from); c <= column(until - Duration(1)); ++c) {
    const double now = value(std::min(until, run.start + Duration(slice * (c + 1))));
    double& most = envelope.most[static_cast<std::size_t>(c)];
    if (std::isnan(most) || now > most) most = now;
  }
}

void raise(Envelope& envelope, const sim::RunResult& run, const sim::Series& series,
           double factor) {
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const auto& point = series.points[i];
    const Instant until = i + 1 < series.points.size() ? series.points[i + 1].at : run.end;
    raise(envelope, run, point.at, until,
          [&](Instant) { return static_cast<double>(point.value) * factor; });
  }
}

double highest(const std::vector<Envelope>& lines) {
  double most = 0;
  for (const Envelope& line : lines) {
    for (const double value : line.most) {
      if (value > most) most = value;  // false for NaN
    }
  }
  return most;
}

std::vector<Envelope> listed(std::map<std::string, Envelope> by_name) {
  std::vector<Envelope> lines;
  for (auto& [name, line] : by_name) {
    if (lines.size() == kPaletteSize) break;  // the table has the rest
    line.name = name;
    line.css_class = palette_class(lines.size());
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

namespace {

// The limits on the age of one service's newest restore point, as its line in the chart says them.
// Services under unlike limits have lines of their own, so that none is held against a limit that
// is not its.
std::string limits_of(const sim::RunResult& run, std::uint32_t service) {
  std::string text;
  for (const auto& outcome : run.requirements) {
    const auto& named = outcome.services;
    if (outcome.kind != "rpo" || std::find(named.begin(), named.end(), service) == named.end()) {
      continue;
    }
    text += (text.empty() ? "RPO " : ", ") + outcome.limit;
  }
  return text;
}

}  // namespace

std::optional<Chart> age_chart(const sim::RunResult& run, const Headline& figures,
                               const Canvas& canvas) {
  std::map<std::string, Envelope> by_region;
  std::set<std::string> groups;
  for (const sim::AgeLine& line : figures.ages) groups.insert(limits_of(run, line.service));
  for (const sim::AgeLine& line : figures.ages) {
    std::string name = line.region.empty() ? "all" : line.region;
    if (groups.size() > 1) {
      const std::string limit = limits_of(run, line.service);
      name += limit.empty() ? " (no RPO)" : " (" + limit + ")";
    }
    Envelope& envelope = by_region[name];
    for (const sim::AgeStep& step : line.steps) {
      raise(envelope, run, step.from, step.until, [&](Instant at) {
        return static_cast<double>(unix_seconds(at) - unix_seconds(step.born));
      });
    }
  }
  if (by_region.empty()) return std::nullopt;
  Chart chart{.id = "age",
              .title = "Age of the newest restore point",
              .caption = run.services.size() > 1
                             ? "The service that is worst off at each moment, per region."
                             : "What a loss at each moment would cost, per region.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {}};
  const auto lines = listed(std::move(by_region));
  std::map<std::string, double> limits;
  double most = highest(lines);
  for (const auto& outcome : run.requirements) {
    if (outcome.kind != "rpo") continue;
    const double limit = static_cast<double>(outcome.at_most.count()) / 1e9;
    limits["RPO " + outcome.limit] = limit;
    most = std::max(most, limit * 1.08);
  }
  chart.y_most = most;
  most = std::max(most, canvas.y_at_least);
  TimeChart(run, canvas.width, most, duration_ticks(most, 5), axis_duration)
      .draw(chart, lines, limits);
  chart.table = {"worst_ages",
                 {{"region", "Region"},
                  {"service", "Worst service"},
                  {"age_seconds", "Oldest", true},
                  {"at", "At"}},
                 {}};
  for (const auto& worst : figures.worst_ages) {
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
  std::map<std::string, Envelope> by_project;
  Chart chart{.id = "quota",
              .title = "Quota fill",
              .caption = "What counts against each project's quota, in percent of it.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {"quota",
                        {{"project", "Project"},
                         {"quota_bytes", "Quota", true},
                         {"peak_bytes", "Most used", true},
                         {"at", "At"}},
                        {}}};
  for (const auto& series : run.series) {
    if (series.kind != sim::SeriesKind::kQuotaBytes || !series.limit || *series.limit == 0)
      continue;
    raise(by_project[series.project], run, series, 100 / static_cast<double>(*series.limit));
    const auto peak =
        std::max_element(series.points.begin(), series.points.end(),
                         [](const auto& a, const auto& b) { return a.value < b.value; });
    if (peak == series.points.end()) continue;
    chart.table.rows.push_back({{series.project, {}},
                                {std::to_string(*series.limit), format_bytes(*series.limit)},
                                {std::to_string(peak->value), format_bytes(peak->value)},
                                {format_instant(peak->at), {}}});
  }
  if (by_project.empty()) return std::nullopt;
  const auto lines = listed(std::move(by_project));
  chart.y_most = std::max(highest(lines), 108.0);
  const double most = std::max(chart.y_most, canvas.y_at_least);
  const auto percent = [](double v) { return axis_number(std::round(v * 10) / 10) + " %"; };
  TimeChart(run, canvas.width, most, round_ticks(most > 108 ? most : 100, 5), percent)
      .draw(chart, lines, {{"quota", 100}});
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
  Chart chart{.id = "queue",
              .title = "Copies under way",
              .caption = "Copies that wait for a link or are on it, by destination.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {"copies_under_way",
                        {{"region", "To"}, {"most", "Most at once", true}, {"at", "At"}},
                        {}}};
  std::map<std::string, Envelope> by_region;
  for (const auto& [region, steps] : changes) {
    sim::Series series;
    std::int64_t now = 0, most = 0;
    Instant at{};
    for (const auto& [moment, change] : steps) {
      now += change;
      if (now > most) {
        most = now;
        at = moment;
      }
      series.points.push_back({moment, static_cast<std::uint64_t>(now)});
    }
    raise(by_region[region], run, series, 1);
    chart.table.rows.push_back(
        {{region, {}}, {std::to_string(most), {}}, {format_instant(at), {}}});
  }
  const auto lines = listed(std::move(by_region));
  chart.y_most = highest(lines);
  const double most = std::max(chart.y_most, canvas.y_at_least);
  auto ticks = round_ticks(most, 4);
  std::erase_if(ticks, [](double tick) { return tick != std::floor(tick); });
  TimeChart(run, canvas.width, most, ticks, axis_number).draw(chart, lines, {});
  return chart;
}

}  // namespace backcast::reports
