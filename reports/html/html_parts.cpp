#include "reports/html/html_parts.h"

#include <fmt/format.h>

#include "reports/parts/escape.h"

namespace backcast::reports {

std::string html_table(const Table& table) {
  std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">\n";
  constexpr std::size_t kManyColumns = 10;  // more than fit on paper as they are
  out += table.columns.size() > kManyColumns ? "<table class=\"wide\">\n" : "<table>\n";
  out += "<thead><tr>";
  for (const Column& column : table.columns) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>", column.is_number ? " class=\"num\"" : "",
                       xml_text(column.title));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Cell& cell = row[i];
      const std::string& text = cell.shown.empty() ? cell.value : cell.shown;
      constexpr std::size_t kKeptOnOneLine = 24;  // a moment, a size
      const char* css_class = table.columns[i].is_number      ? " class=\"num\""
                              : text.size() <= kKeptOnOneLine ? " class=\"short\""
                                                              : "";
      out += fmt::format("<td{}>{}</td>", css_class, xml_text(text));
    }
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table>\n</div>\n";
}

std::string html_figure(const Chart& chart, std::string_view id_prefix, bool has_zoom) {
  const std::string id = fmt::format("{}{}", id_prefix, chart.id);
  std::string out = fmt::format("<figure id=\"{}\" data-marks=\"{}\">\n<h3>{}</h3>\n", xml_text(id),
                                chart.marks, xml_text(chart.title));
  out += fmt::format("<figcaption>{}</figcaption>\n", xml_text(chart.caption));
  if (!chart.legend.empty()) {
    out += "<ul class=\"legend\">";
    for (const LegendEntry& entry : chart.legend) {
      const bool is_line = entry.css_class == "limit" || entry.css_class == "band";
      out += fmt::format(
          "<li><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">{}</svg>{}</li>",
          is_line ? fmt::format("<line class=\"{}\" x1=\"0\" y1=\"7\" x2=\"14\" y2=\"7\"/>",
                                entry.css_class)
                  : fmt::format("<rect class=\"{}\" width=\"14\" height=\"14\" rx=\"2\"/>",
                                entry.css_class),
          xml_text(entry.text));
    }
    out += "</ul>\n";
  }
  out += "<div class=\"drawing\">\n" + chart.svg + "</div>\n";
  out += fmt::format(
      "<output class=\"hint quiet\" aria-live=\"polite\">{}</output>\n",
      chart.marks > 0 ? "Point at a mark, or focus the chart and use the arrow keys." : "");
  if (has_zoom) {
    out += fmt::format(
        "<div class=\"zoom\" data-series=\"{}\"{} hidden><div class=\"bar\">"
        "<span class=\"quiet\">Drag to zoom, or:</span>"
        "<button type=\"button\" data-key=\"+\" aria-label=\"Zoom in\">+</button>"
        "<button type=\"button\" data-key=\"-\" aria-label=\"Zoom out\">−</button>"
        "<button type=\"button\" data-key=\"ArrowLeft\" aria-label=\"Earlier\">←</button>"
        "<button type=\"button\" data-key=\"ArrowRight\" aria-label=\"Later\">→</button>"
        "<button type=\"button\" data-key=\"0\">All</button></div>"
        "<div class=\"plot\" tabindex=\"0\" role=\"img\" aria-label=\"{}, "
        "zoomable\"></div></div>\n",
        xml_text(id), chart.draws_lines ? " data-instead" : "", xml_text(chart.title));
  }
  out += fmt::format("<details><summary>The figures as a table ({} {})</summary>\n{}</details>\n",
                     chart.table.rows.size(), chart.table.rows.size() == 1 ? "row" : "rows",
                     html_table(chart.table));
  return out + "</figure>\n";
}

}  // namespace backcast::reports
