// The charts of a report. Each gives its SVG, a legend and the table that says the same in figures.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/parts/svg.h"
#include "reports/parts/table.h"
#include "reports/run/headline.h"
#include "reports/run/months.h"
#include "reports/run/run_report.h"
#include "sim/requirements/watched.h"

namespace backcast::reports {

struct LegendEntry {
  std::string css_class;  // "c0" … "c7", "limit", "band"
  std::string text;
};

// From `from` until `until` the value goes evenly from `first` to `last`.
struct TimeStep {
  Instant from{}, until{};
  double first = 0, last = 0;
};
// Steps may overlap: the worst of them counts.
struct TimeLine {
  std::string name;
  std::vector<TimeStep> steps;
};
enum class TimeUnit : std::uint8_t { kSeconds, kBytes, kCount, kPercent };

struct Chart {
  std::string id;       // unique in a page: "stored"
  std::string title;    // "Stored bytes by month"
  std::string caption;  // how to read it, one sentence
  std::string svg;
  std::size_t marks = 0;  // that can be hovered and stepped through
  std::vector<LegendEntry> legend;
  Table table;
  double y_most = 0;  // what the vertical axis has to reach, in its unit; 0: it has no scale

  // Of a chart over time: what it draws, or, where it draws something else (the average of each
  // month), the line that is drawn beside it.
  std::vector<TimeLine> lines = {};
  TimeUnit unit = TimeUnit::kCount;
  std::optional<double> limit = {};  // in the unit
  std::string limit_name = {};       // "RPO 26h"
  bool is_floor = false;             // the limit is the least that is asked for
  bool draws_lines = false;
};

inline constexpr double kFullWidth = 960;  // pixels; text keeps its size at any width
inline constexpr double kHalfWidth = 520;  // for two charts side by side

// How large, and on which scale: charts that stand side by side share `y_at_least`, the largest
// y_most of them.
struct Canvas {
  double width = kFullWidth;
  double y_at_least = 0;
};

// nullopt where the run has nothing to draw.
std::optional<Chart> stored_chart(const sim::RunResult& run, const Canvas& canvas = {});
std::optional<Chart> cost_chart(const RunReport& report, const Canvas& canvas = {});
// The same by year, of a bill of several; by service, the dearest first, of a bill of several.
std::optional<Chart> cost_by_year_chart(const RunReport& report, const Canvas& canvas = {});
std::optional<Chart> cost_by_service_chart(const RunReport& report, const Canvas& canvas = {});
// Every backup from birth to deletion, one band per schedule, tag or kind and region; beyond
// `max_marks` backups, how many restore points there were instead.
std::optional<Chart> timeline_chart(const RunReport& report, double width = kFullWidth,
                                    std::size_t max_marks = 1500);
// Age of the newest restore point where no requirement asks for one: the worst service of each
// region.
std::optional<Chart> age_chart(const RunReport& report, const Headline& figures,
                               const Canvas& canvas = {});
// What the requirement of this index looks at, with its own limit.
std::optional<Chart> requirement_chart(const RunReport& report, const sim::Watched& seen,
                                       std::size_t index, const Canvas& canvas = {});
std::optional<Chart> quota_chart(const sim::RunResult& run, const Canvas& canvas = {});
// Copies that wait or are on their way.
std::optional<Chart> queue_chart(const sim::RunResult& run, const Canvas& canvas = {});

// A figure per combination of two settings; `values` row by row, NaN where there is none.
struct HeatMap {
  std::string title, x_name, y_name, value_name;
  std::vector<std::string> x_labels, y_labels;
  std::vector<double> values;
  Format format;
};
Chart heat_map_chart(const HeatMap& map, std::string id);

// Candidates by two figures to be kept small; those on the front are not beaten in these and
// whatever else counts together.
struct Candidate {
  std::string name;
  double x = 0, y = 0;
  bool is_on_front = false;
};
Chart pareto_chart(const std::vector<Candidate>& candidates, const std::string& x_name,
                   const std::string& y_name, const Format& x_format, const Format& y_format,
                   std::string id);

// One bar per value of a setting: the mean of a figure over everything else that was varied.
struct Effect {
  std::string name;  // of the setting
  std::vector<std::string> values;
  std::vector<double> means;
};
Chart effect_chart(const Effect& effect, const std::string& measure, const Format& format,
                   std::string id);

// A page about many runs: sweeps, optimizations. What was asked stands in `lead`, then charts, then
// tables in full, then what it was computed from.
struct ChartPage {
  std::string title, lead;
  std::vector<Chart> charts;
  std::vector<std::pair<std::string, Table>> tables;  // by heading
  std::vector<std::string> inputs;
};
std::string to_html(const ChartPage& page);

}  // namespace backcast::reports
