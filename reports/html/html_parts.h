// Pieces of the HTML report. Whatever they are given is escaped here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/charts/charts.h"
#include "reports/parts/table.h"

namespace backcast::reports {

std::string html_table(const Table& table);
// The chart with caption, legend, hint line, and its table behind a fold. Lines that can be zoomed
// take the place of a drawing of the same.
std::string html_figure(const Chart& chart, std::string_view id_prefix, bool has_zoom);

// Lines over time that the page lets people zoom: a value per name and even step of time.
struct ZoomSeries {
  std::string id;    // of its chart, with prefix
  std::string unit;  // "bytes", "seconds", "percent" or "count"
  std::vector<std::string> names;
  std::int64_t first_seconds = 0, step_seconds = 0;  // since 1970
  std::vector<std::vector<double>> values;           // [name][step]; NaN = unknown
  double y_most = 0;  // what the vertical axis has to reach; 0: the largest value in sight
  std::optional<double> limit;
  std::string limit_name;

  double highest() const;
};
// Of a chart that has lines, at most about 2,000 points each.
ZoomSeries zoom_series(const sim::RunResult& run, const Chart& chart, std::string_view id_prefix);
// JSON that may stand in a <script> element.
std::string to_json(const std::vector<ZoomSeries>& series);

struct Page {
  std::string title;
  std::string body;         // HTML, complete
  std::string series_json;  // for the zoomable lines
};
// The whole document: head with content security policy, style, body, data, script.
std::string html_page(const Page& page);

}  // namespace backcast::reports
