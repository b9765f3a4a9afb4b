#include "reports/run/measure_tables.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/bytes.h"
#include "engine/base/instant.h"

namespace backcast::reports {

std::string exact(double value) {
  return fmt::format("{:.12g}", value);
}

std::string shown(const std::string& measure, double value) {
  const std::string sign = value < 0 ? "-" : "";
  const double size = std::fabs(value);
  if (measure.find("bytes") != measure.npos) {
    if (size >= 0x1p64) return fmt::format("{}{:.2f} EB", sign, size / 1e18);
    return sign + format_bytes(static_cast<std::uint64_t>(size));
  }
  if (measure.find("seconds") != measure.npos) {
    return sign + format_duration(std::chrono::seconds(static_cast<std::int64_t>(size)));
  }
  return fmt::format("{:.2f}", value);
}

Cell measure_cell(const std::string& measure, double value) {
  return {exact(value), shown(measure, value)};
}

Table summary_table(const std::vector<sim::Summary>& summaries, const std::string& name) {
  Table table{name,
              {{"measure", "Measure"},
               {"mean", "Mean", true},
               {"mean_low", "from", true},
               {"mean_high", "to", true},
               {"p05", "5 %", true},
               {"p50", "Median", true},
               {"p95", "95 %", true},
               {"p95_low", "from", true},
               {"p95_high", "to", true}},
              {}};
  for (const sim::Summary& s : summaries) {
    const auto edge = [&](const sim::Estimate& e, bool high) {
      if (!e.interval) return Cell{"", "-"};
      return measure_cell(s.name, high ? e.interval->high : e.interval->low);
    };
    table.rows.push_back({{s.name, ""},
                          measure_cell(s.name, s.mean.value),
                          edge(s.mean, false),
                          edge(s.mean, true),
                          measure_cell(s.name, s.p05.value),
                          measure_cell(s.name, s.p50.value),
                          measure_cell(s.name, s.p95.value),
                          edge(s.p95, false),
                          edge(s.p95, true)});
  }
  return table;
}

}  // namespace backcast::reports
