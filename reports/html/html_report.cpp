#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "engine/base/bytes.h"
#include "reports/bill/invoice_tables.h"
#include "reports/html/html_parts.h"
#include "reports/html/html_sections.h"
#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kMaxCompareRows = 500;
constexpr std::size_t kMaxRequirementCharts = 24;

// The policies side by side, and by how much each differs from the first.
Table comparison_table(const std::vector<Told>& reports) {
  Table table{"comparison", {{"figure", ""}}, {}};
  std::vector<std::vector<Cell>> rows(6);
  for (const char* name : {"Verdict", "Cost", "Difference", "Newest restore point, at worst",
                           "Restore points at the end", "Stored at the end"}) {
    rows[table.rows.size()].push_back({name, {}});
    table.rows.push_back({});
  }
  for (const Told& told : reports) {
    const RunReport& report = told.report;
    const Headline& figures = told.figures;
    table.columns.push_back({"policy", label_of(report)});
    std::string difference = "-";
    const auto* first = reports.front().report.invoice;
    if (report.invoice != nullptr && first != nullptr && &told != &reports.front() &&
        report.invoice->is_complete() && first->is_complete() &&
        report.invoice->total().currency == first->total().currency) {
      const cost::Decimal change = report.invoice->total().amount - first->total().amount;
      difference = (change.is_negative() ? "" : "+") + cost::to_string(change, 2);
    }
    std::string ages;
    for (const auto& worst : figures.worst_ages) {
      ages += fmt::format("{}{} {}", ages.empty() ? "" : "; ", worst.region,
                          format_duration(worst.age));
    }
    const std::string cells[] = {
        fmt::format("{}: {}", sim::shown(figures.verdict), verdict_sentence(*report.run)),
        report.invoice != nullptr ? cost_text(report) : "no bill",
        difference,
        ages.empty() ? "none" : ages,
        grouped(figures.backups.available),
        format_bytes(figures.stored_last_bytes)};
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back({cells[i], {}});
  }
  table.rows = std::move(rows);
  return table;
}

using Scales = std::map<std::string, double>;  // the largest y_most, by id of chart

// Names differ where ids of elements may not: "db-1" and "db 1".
std::string unused(const std::string& id, const std::vector<Chart>& charts) {
  const auto is_used = [&](const std::string& other) {
    return std::any_of(charts.begin(), charts.end(),
                       [&](const Chart& chart) { return chart.id == other; });
  };
  std::string free = id;
  for (int n = 2; is_used(free); ++n) free = fmt::format("{}-{}", id, n);
  return free;
}

std::vector<Chart> charts_of(const Told& told, double width, const Scales& scales) {
  const RunReport& report = told.report;
  const auto canvas = [&](const char* id) {
    const auto scale = scales.find(id);
    return Canvas{width, scale == scales.end() ? 0 : scale->second};
  };
  std::vector<Chart> charts;
  const auto add = [&](std::optional<Chart> chart) {
    if (chart) charts.push_back(std::move(*chart));
  };
  add(timeline_chart(report, width));
  const std::size_t drawn = std::min(told.watched.size(), kMaxRequirementCharts);
  for (std::size_t i = 0; i < drawn; ++i) {
    auto chart = requirement_chart(report, told.watched[i], i, {width, 0});
    if (chart && scales.contains(chart->id)) {
      chart = requirement_chart(report, told.watched[i], i, canvas(chart->id.c_str()));
    }
    if (chart) chart->id = unused(chart->id, charts);
    add(std::move(chart));
  }
  add(age_chart(report, told.figures, canvas("age")));
  add(stored_chart(*report.run, canvas("stored")));
  add(cost_chart(report, canvas("cost")));
  add(cost_by_year_chart(report, canvas("cost-by-year")));
  add(cost_by_service_chart(report, canvas("cost-by-service")));
  add(quota_chart(*report.run, canvas("quota")));
  add(queue_chart(*report.run, canvas("queue")));
  return charts;
}

// What is compared stands on one scale: each report is drawn as high as the highest of them.
std::vector<std::vector<Chart>> charts_of(const std::vector<Told>& reports) {
  std::vector<std::vector<Chart>> all;
  if (reports.size() == 1) return {charts_of(reports[0], kFullWidth, {})};
  Scales scales;
  for (const Told& told : reports) {
    for (const Chart& chart : charts_of(told, kHalfWidth, {})) {
      scales[chart.id] = std::max(scales[chart.id], chart.y_most);
    }
  }
  for (const Told& told : reports) all.push_back(charts_of(told, kHalfWidth, scales));
  return all;
}

// The same for the lines that can be zoomed: "r0-stored" and "r1-stored" are as high.
void share_scale(std::vector<ZoomSeries>& zoom) {
  const auto kind = [](const ZoomSeries& one) { return one.id.substr(one.id.find('-') + 1); };
  Scales scales;
  for (const ZoomSeries& one : zoom) {
    scales[kind(one)] = std::max(scales[kind(one)], one.highest());
  }
  for (ZoomSeries& one : zoom) one.y_most = scales[kind(one)];
}

// Charts of one kind stand beside each other, in the order of the first report that has them.
std::string charts_section(const std::vector<Told>& reports, std::vector<ZoomSeries>& zoom) {
  std::vector<std::vector<Chart>> all = charts_of(reports);
  std::vector<std::string> order;
  for (std::size_t r = 0; r < reports.size(); ++r) {
    for (const Chart& chart : all[r]) {
      if (std::find(order.begin(), order.end(), chart.id) == order.end()) order.push_back(chart.id);
    }
    const sim::RunResult& run = *reports[r].report.run;
    for (const Chart& chart : all[r]) {
      if (chart.lines.empty() || run.end <= run.start) continue;
      zoom.push_back(zoom_series(run, chart, fmt::format("r{}-", r)));
    }
  }
  if (reports.size() > 1) share_scale(zoom);
  std::string out;
  for (const Told& told : reports) {
    const std::size_t asked = told.report.run->requirements.size();
    if (asked <= kMaxRequirementCharts) continue;
    out += fmt::format(
        "<p class=\"quiet\">Of {} the first {} requirements are drawn; the table above has all "
        "{}.</p>\n",
        xml_text(label_of(told.report)), kMaxRequirementCharts, asked);
  }
  for (const std::string& id : order) {
    out += fmt::format("<div class=\"pair{}\">\n", reports.size() > 1 ? " two" : "");
    for (std::size_t r = 0; r < reports.size(); ++r) {
      const auto chart =
          std::find_if(all[r].begin(), all[r].end(), [&](const Chart& c) { return c.id == id; });
      out += "<div>\n";
      if (chart != all[r].end()) {
        const std::string prefix = fmt::format("r{}-", r);
        const bool has_zoom = std::any_of(zoom.begin(), zoom.end(),
                                          [&](const ZoomSeries& s) { return s.id == prefix + id; });
        if (reports.size() > 1) chart->title = label_of(reports[r].report) + ": " + chart->title;
        out += html_figure(*chart, prefix, has_zoom);
      }
      out += "</div>\n";
    }
    out += "</div>\n";
  }
  return out;
}

// Two bills line by line: what each charge costs under the one policy and under the other.
std::string invoices_section(const std::vector<Told>& reports) {
  const cost::Invoice *left = reports[0].report.invoice, *right = reports[1].report.invoice;
  if (left == nullptr || right == nullptr) return {};
  const auto rows = cost::compare(*left, *right);
  if (!rows.ok()) return "<p>" + xml_text(rows.error().message) + "</p>\n";
  const std::string currency(left->total().currency.code());
  const SideNames names{label_of(reports[0].report), label_of(reports[1].report)};
  std::string out = "<h3>The two bills, by charge</h3>\n";
  out += html_table(compare_summary(*rows, currency, names));
  if (rows->size() <= kMaxCompareRows) {
    out += fmt::format("<details><summary>Line by line ({})</summary>\n{}</details>\n",
                       grouped(rows->size()),
                       html_table(without_empty_columns(compare_table(*rows, currency, names))));
  } else {
    out += fmt::format(
        "<p class=\"quiet\">Summed up from {} lines; compare --lines has every one.</p>\n",
        grouped(rows->size()));
  }
  return out;
}

std::string section(std::string_view id, std::string_view title, const std::vector<Told>& reports,
                    const std::function<std::string(const Told&)>& content) {
  std::string out = fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", id, title);
  for (const Told& told : reports) {
    if (reports.size() > 1) out += fmt::format("<h3>{}</h3>\n", xml_text(label_of(told.report)));
    out += content(told);
  }
  return out + "</section>\n";
}

}  // namespace

std::string to_html(std::span<const RunReport> given) {
  BACKCAST_ASSERT(!given.empty());
  Page page;
  std::vector<Told> reports;
  for (const RunReport& report : given) {
    page.title += (page.title.empty() ? "" : " or ") + label_of(report);
    reports.emplace_back(report);
  }
  std::string& body = page.body;
  body = "<a class=\"skip\" href=\"#verdict\">To the verdict</a>\n<header>\n";
  body += fmt::format("<h1>{}</h1>\n", xml_text(page.title));
  if (reports.size() == 1) {
    body += fmt::format("<p>{}</p>\n", xml_text(given.front().run->title));
  }
  body += "</header>\n<main>\n";
  if (reports.size() > 1) {
    body += "<section id=\"comparison\">\n<h2>Side by side</h2>\n" +
            html_table(comparison_table(reports));
    if (reports.size() == 2) body += invoices_section(reports);
    body += "</section>\n";
  }
  body += section("verdict", "Verdict", reports, verdict_section);
  body += section("why", "Why", reports, why_section);
  std::vector<ZoomSeries> zoom;
  body += "<section id=\"charts\">\n<h2>Over time</h2>\n" + charts_section(reports, zoom) +
          "</section>\n";
  body += section("inputs", "Computed from", reports, inputs_section);
  body += fmt::format("</main>\n<footer>backcast {}. This file needs no network.</footer>\n",
                      BACKCAST_VERSION);
  page.title += ": backup policy report";
  page.series_json = to_json(zoom);
  return html_page(page);
}

std::string to_html(const ChartPage& told) {
  Page page;
  page.title = told.title;
  page.series_json = "{}";
  std::string& body = page.body;
  body = "<a class=\"skip\" href=\"#answer\">To the answer</a>\n<header>\n";
  body += fmt::format("<h1>{}</h1>\n<p>{}</p>\n</header>\n<main>\n<section id=\"answer\">\n",
                      xml_text(told.title), xml_text(told.lead));
  for (const Chart& chart : told.charts) body += html_figure(chart, "", false);
  for (const auto& [heading, table] : told.tables) {
    body += fmt::format("<h2>{}</h2>\n{}", xml_text(heading), html_table(table));
  }
  body += "</section>\n<section id=\"inputs\">\n<h2>Computed from</h2>\n<ul>\n";
  for (const std::string& input : told.inputs) body += "<li>" + xml_text(input) + "</li>\n";
  body += fmt::format(
      "</ul>\n</section>\n</main>\n<footer>backcast {}. This file needs no "
      "network.</footer>\n",
      BACKCAST_VERSION);
  return html_page(page);
}

}  // namespace backcast::reports
