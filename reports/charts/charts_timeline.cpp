#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/base/bytes.h"
#include "reports/charts/chart_parts.h"
#include "reports/run/headline.h"
#include "sim/words/words.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kMaxLanes = 160;
constexpr std::size_t kCountColumns = 120;
constexpr std::size_t kServicesByName = 4;  // more are drawn together

// What a backup is called in the timeline: its first tag, or its schedule, or its kind.
const std::string& family(const sim::BackupRecord& backup) {
  if (!backup.tags.empty()) return backup.tags.front();
  return backup.schedule.empty() ? backup.kind : backup.schedule;
}

bool has_life(const sim::BackupRecord& backup) {
  return backup.available != sim::kNever;
}

bool is_trouble(const sim::BackupRecord& backup) {
  return backup.state == sim::BackupState::kFailed || backup.state == sim::BackupState::kRefused;
}

// A band of lanes: backups that belong together, no two in a lane at the same time.
struct Band {
  std::string name;
  std::vector<std::size_t> backups;
  std::vector<std::size_t> lane_of;  // parallel to backups
  std::size_t lanes = 1;
};

void assign_lanes(const sim::RunResult& run, Band& band) {
  std::vector<Instant> free_from;
  for (const std::size_t index : band.backups) {
    const auto& backup = run.backups[index];
    const Instant begin = has_life(backup) ? backup.available : backup.born;
    const Instant end = has_life(backup) ? backup.deleted : backup.born + Duration(1);
    std::size_t lane = 0;
    while (lane < free_from.size() && free_from[lane] > begin) ++lane;
    if (lane == free_from.size()) free_from.push_back(begin);
    free_from[lane] = end;
    band.lane_of.push_back(lane);
  }
  band.lanes = std::max<std::size_t>(free_from.size(), 1);
}

std::vector<Band> bands_of(const sim::RunResult& run) {
  std::map<std::tuple<std::string, std::string, std::string>, Band> bands;
  const bool by_service = run.services.size() > 1 && run.services.size() <= kServicesByName;
  for (std::size_t i = 0; i < run.backups.size(); ++i) {
    const auto& backup = run.backups[i];
    if (!has_life(backup) && !is_trouble(backup)) continue;
    const std::string service = by_service ? run.services[backup.service].name : std::string();
    Band& band = bands[{service, backup.region, family(backup)}];
    if (band.name.empty()) {
      band.name = fmt::format("{}{}{}{}{}", service, service.empty() ? "" : " · ", family(backup),
                              backup.region.empty() ? "" : " · ", backup.region);
    }
    band.backups.push_back(i);
  }
  std::vector<Band> result;
  for (auto& [key, band] : bands) {
    std::stable_sort(band.backups.begin(), band.backups.end(), [&](auto a, auto b) {
      return run.backups[a].available < run.backups[b].available;
    });
    assign_lanes(run, band);
    result.push_back(std::move(band));
  }
  return result;
}

std::string hint(const RunReport& report, const sim::BackupRecord& backup) {
  const bool alive = has_life(backup) && backup.deleted == sim::kNever;
  return fmt::format("{} ({}): {}, {} to {}. {}", backup.id, family(backup),
                     sim::name(backup.state), short_moment(backup.born),
                     alive              ? "the end"
                     : has_life(backup) ? short_moment(backup.deleted)
                                        : "nothing",
                     sim::reason_text(*report.scenario, backup));
}

std::map<std::string, std::size_t> color_by_family(const sim::RunResult& run) {
  std::map<std::string, std::size_t> colors;
  for (const auto& backup : run.backups) colors.try_emplace(family(backup), colors.size());
  return colors;
}

Table timeline_table(const RunReport& report, std::size_t max_rows) {
  Table table = backups_table(report);
  if (table.rows.size() > max_rows) table.rows.resize(max_rows);
  return table;
}

void draw_lanes(const RunReport& report, const std::vector<Band>& bands, std::size_t lanes,
                const std::map<std::string, std::size_t>& colors, double width, Chart& chart) {
  const sim::RunResult& run = *report.run;
  const Frame frame{.left = 12, .right = 12, .top = 6, .bottom = 30};
  const double lane_height = lanes <= 30 ? 12 : lanes <= 80 ? 7 : 4;
  constexpr double kBandTitle = 20;
  const double height = frame.top + frame.bottom + lane_height * static_cast<double>(lanes) +
                        kBandTitle * static_cast<double>(bands.size());
  Svg svg(width, height, chart.title, chart.caption);
  const Scale x{static_cast<double>(unix_seconds(run.start)),
                static_cast<double>(unix_seconds(run.end)), frame.left, width - frame.right};
  const auto at = [&](Instant t) {
    return x(static_cast<double>(unix_seconds(std::clamp(t, run.start, run.end))));
  };
  for (const TimeTick& tick : time_ticks(run.start, run.end, tick_count(width))) {
    svg.line(at(tick.at), frame.top, at(tick.at), height - frame.bottom, "grid");
  }
  double top = frame.top;
  for (const Band& band : bands) {
    svg.text(frame.left, top + 14, band.name);
    top += kBandTitle;
    for (std::size_t i = 0; i < band.backups.size(); ++i) {
      const auto& backup = run.backups[band.backups[i]];
      const double y = top + lane_height * static_cast<double>(band.lane_of[i]);
      if (is_trouble(backup)) {
        svg.circle_mark(at(backup.born), y + lane_height / 2, 4, "bad", hint(report, backup));
        continue;
      }
      const double from = at(backup.available), to = at(backup.deleted);
      svg.rect_mark(from, y + 1, std::max(to - from - 1, 1.5), lane_height - 2,
                    palette_class(colors.at(family(backup))), hint(report, backup));
    }
    top += lane_height * static_cast<double>(band.lanes);
  }
  draw_time_axis(svg, frame, x, run.start, run.end);
  chart.marks = svg.marks();
  chart.svg = std::move(svg).finish();
}

// Restore points that exist at each of some evenly spaced moments, by family.
void draw_counts(const sim::RunResult& run, const std::map<std::string, std::size_t>& colors,
                 double width, Chart& chart) {
  const std::size_t parts = std::min<std::size_t>(colors.size(), kPaletteSize);
  const auto span = (run.end - run.start) / static_cast<std::int64_t>(kCountColumns);
  std::vector<std::vector<std::int64_t>> change(parts,
                                                std::vector<std::int64_t>(kCountColumns + 1, 0));
  const auto column_after = [&](Instant t) {
    if (t >= run.end) return kCountColumns;
    return static_cast<std::size_t>(std::max<std::int64_t>((t - run.start) / span, 0));
  };
  for (const auto& backup : run.backups) {
    if (!has_life(backup)) continue;
    auto& row = change[std::min(colors.at(family(backup)), parts - 1)];
    ++row[column_after(backup.available)];
    if (backup.deleted != sim::kNever) --row[column_after(backup.deleted)];
  }
  StackedBars bars;
  bars.canvas.width = width;
  bars.title = chart.title;
  bars.description = chart.caption;
  bars.format = axis_number;
  std::vector<Instant> ends;
  for (std::size_t i = 0; i < kCountColumns; ++i) {
    ends.push_back(run.start + span * static_cast<std::int64_t>(i + 1));
  }
  bars.column_ticks.resize(kCountColumns);
  for (const TimeTick& tick : time_ticks(run.start, run.end, tick_count(width))) {
    const std::size_t column = column_after(tick.at);
    if (column < kCountColumns) bars.column_ticks[column] = tick.text;
  }
  chart.table = {"restore_points", {{"at", "At"}}, {}};
  for (const Instant end : ends) chart.table.rows.push_back({{format_instant(end), {}}});
  std::vector<std::string> names(parts);
  for (const auto& [name, color] : colors) {
    const std::size_t part = std::min(color, parts - 1);
    names[part] = color < parts - 1 || colors.size() == parts ? name : "other";
  }
  for (std::size_t p = 0; p < parts; ++p) {
    Part<double> part{names[p], {}};
    std::vector<std::string> hints;
    std::int64_t now = 0;
    chart.table.columns.push_back({fmt::format("part_{}", p), names[p], true});
    for (std::size_t i = 0; i < kCountColumns; ++i) {
      now += change[p][i];
      part.values.push_back(static_cast<double>(now));
      hints.push_back(
          fmt::format("{}: {} {} restore points", short_moment(ends[i]), now, names[p]));
      chart.table.rows[i].push_back({std::to_string(now), {}});
    }
    bars.parts.push_back(std::move(part));
    bars.hints.push_back(std::move(hints));
  }
  draw_stacked_bars(bars, chart);
}

}  // namespace

std::optional<Chart> timeline_chart(const RunReport& report, double width, std::size_t max_marks) {
  const sim::RunResult& run = *report.run;
  if (run.backups.empty() || run.end <= run.start) return std::nullopt;
  Chart chart{.id = "timeline",
              .title = "Restore points",
              .caption = "Each backup from the moment it can be restored to its deletion.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {}};
  const auto colors = color_by_family(run);
  std::vector<Band> bands;
  std::size_t lanes = 0;
  if (run.backups.size() <= max_marks) {
    bands = bands_of(run);
    for (const Band& band : bands) lanes += band.lanes;
  }
  if (run.backups.size() <= max_marks && lanes <= kMaxLanes) {
    draw_lanes(report, bands, lanes, colors, width, chart);
    chart.table = timeline_table(report, max_marks);
  } else {
    chart.caption = fmt::format(
        "{} backups are too many to draw one by one: how many can be restored at each moment.",
        grouped(run.backups.size()));
    draw_counts(run, colors, width, chart);
  }
  std::vector<std::pair<std::size_t, std::string>> order;
  for (const auto& [name, color] : colors) order.emplace_back(color, name);
  std::sort(order.begin(), order.end());
  for (const auto& [color, name] : order) {
    if (color >= kPaletteSize) break;
    const bool shared = color + 1 == kPaletteSize && order.size() > kPaletteSize;
    chart.legend.push_back({palette_class(color), shared ? "other" : name});
  }
  const bool trouble = std::any_of(run.backups.begin(), run.backups.end(), is_trouble);
  if (trouble) chart.legend.push_back({"bad", "failed or refused"});
  return chart;
}

}  // namespace backcast::reports
