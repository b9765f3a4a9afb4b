#include "reports/html/html_sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "reports/bill/budget_table.h"
#include "reports/html/html_parts.h"
#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kMaxInvoiceRows = 500;
constexpr std::size_t kMaxTraceSteps = 40;

std::string moment(Instant t) {
  return fmt::format("<time datetime=\"{}\">{}</time>", format_instant(t), format_instant(t));
}

std::string card(std::string_view name, std::string_view figure, std::string_view detail) {
  return fmt::format(
      "<div class=\"card\"><div class=\"name\">{}</div><div class=\"figure\">{}</div>"
      "<div class=\"detail\">{}</div></div>\n",
      xml_text(name), xml_text(figure), xml_text(detail));
}

std::string cost_card(const RunReport& report) {
  if (report.invoice == nullptr) return card("Cost", "no bill", "the scenario has no price book");
  const std::string currency(report.invoice->total().currency.code());
  if (report.spread) {
    const cost::MonthSpend& range = report.spread->total;
    return card(
        "Cost, median", cost::to_string(range.p50, 2) + ' ' + currency,
        fmt::format("5 % to 95 %: {} to {} over {} replications", cost::to_string(range.p05, 2),
                    cost::to_string(range.p95, 2), report.spread->replications));
  }
  if (!report.invoice->is_complete()) {
    return card("Cost, known part", cost::to_string(report.invoice->total()),
                "the bill is incomplete: prices are missing");
  }
  return card("Cost", cost::to_string(report.invoice->total()), "of this one run, to the cent");
}

std::string age_card(const Headline& figures) {
  if (figures.worst_ages.empty()) return card("Newest restore point", "none", "nothing completed");
  std::string detail;
  Duration best = figures.worst_ages.front().age;
  for (const auto& worst : figures.worst_ages) {
    best = std::min(best, worst.age);
    detail += fmt::format("{}{} {}", detail.empty() ? "" : "; ",
                          worst.region.empty() ? "all" : worst.region, format_duration(worst.age));
  }
  return card("Newest restore point, at worst", format_duration(best) + " old", detail);
}

std::string cards(const RunReport& report, const Headline& figures) {
  std::string out = "<div class=\"cards\">\n" + cost_card(report) + age_card(figures);
  out += card("Restore points at the end", grouped(figures.backups.available),
              figures.oldest_kept
                  ? fmt::format("oldest from {}; {}", format_instant(*figures.oldest_kept),
                                backups_text(figures))
                  : backups_text(figures));
  out += card("Stored at the end", format_bytes(figures.stored_last_bytes),
              "at most " + format_bytes(figures.stored_peak_bytes));
  return out + "</div>\n";
}

std::string list(std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = fmt::format("<h3>{}</h3>\n<ul>\n", title);
  for (const std::string& item : items) out += "<li>" + xml_text(item) + "</li>\n";
  return out + "</ul>\n";
}

// Why requirements fail or are unknown.
std::string reasons(const sim::RunResult& run) {
  std::string out;
  for (const auto& outcome : run.requirements) {
    if (outcome.verdict == sim::Verdict::kHolds) continue;
    out += fmt::format("<h3><span class=\"{}\">Why {} {}</span></h3>\n<p>{}</p>\n",
                       sim::name(outcome.verdict), xml_text(outcome.name),
                       outcome.verdict == sim::Verdict::kFails ? "fails" : "is unknown",
                       xml_text(outcome.statement));
    for (const std::string& line : outcome_lines(outcome)) {
      out += "<p>" + xml_text(line) + "</p>\n";
    }
    if (outcome.trace.empty()) continue;
    out += "<ol class=\"trace\">\n";
    const std::size_t shown = std::min(outcome.trace.size(), kMaxTraceSteps);
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& step = outcome.trace[i];
      out += fmt::format("<li>{} {}</li>\n", moment(step.at), xml_text(step.text));
    }
    out += "</ol>\n";
    if (shown < outcome.trace.size()) {
      out +=
          fmt::format("<p class=\"quiet\">and {} later steps</p>\n", outcome.trace.size() - shown);
    }
  }
  return out;
}

}  // namespace

std::string verdict_section(const Told& told) {
  const RunReport& report = told.report;
  const Headline& figures = told.figures;
  const sim::RunResult& run = *report.run;
  std::string out = fmt::format("<p class=\"verdict\"><span class=\"badge {}\">{}</span> {}.</p>\n",
                                sim::name(figures.verdict), sim::shown(figures.verdict),
                                xml_text(verdict_sentence(run)));
  if (run.partial) {
    out += "<p class=\"fails\">The run was interrupted; nothing is known beyond its end.</p>\n";
  }
  out += cards(report, figures);
  if (!run.requirements.empty()) {
    out += "<h3>Requirements</h3>\n" + html_table(requirements_table(run));
  }
  for (const std::string& line : grounds(run)) {
    out += "<p class=\"quiet\">" + xml_text(line) + "</p>\n";
  }
  return out;
}

std::string why_section(const Told& told) {
  const RunReport& report = told.report;
  const sim::RunResult& run = *report.run;
  std::string out = reasons(run);
  if (report.invoice != nullptr) {
    const bool all_lines = report.invoice->lines.size() <= kMaxInvoiceRows;
    out += fmt::format("<h3>Invoice: {}</h3>\n", report.invoice->is_complete()
                                                     ? cost::to_string(report.invoice->total())
                                                     : total_text(*report.invoice));
    if (has_several_providers(*report.invoice)) {
      out += html_table(provider_totals(*report.invoice));
    }
    out += html_table(invoice_summary(*report.invoice));
    if (all_lines) {
      out += fmt::format("<details><summary>Every line ({})</summary>\n{}</details>\n",
                         grouped(report.invoice->lines.size()),
                         html_table(invoice_table(*report.invoice)));
    } else {
      out += fmt::format("<p class=\"quiet\">Summed up from {} lines; --csv has every one.</p>\n",
                         grouped(report.invoice->lines.size()));
    }
  }
  if (report.budget) {
    const std::string currency(report.invoice->total().currency.code());
    out += fmt::format("<h3>Budget: {}</h3>\n", xml_text(budget_sentence(*report.budget)));
    out += html_table(budget_table(*report.budget, currency));
  }
  if (report.invoice != nullptr) {
    std::vector<std::string> missing;
    for (const cost::MissingPrice& one : report.invoice->missing) {
      missing.push_back(one.what + ": " + one.amount);
    }
    out += list("Without a price, so not on the bill", missing);
  }
  out += list("Repositories at the end", repository_lines(*report.run));
  out += list("Full on", filling_lines(report));
  if (!report.chosen.empty()) {
    out +=
        fmt::format("<h3>{}</h3>\n{}<p class=\"quiet\">{}</p>\n", xml_text(chosen_sentence(report)),
                    html_table(chosen_table(report)), xml_text(not_doubled_sentence(report)));
  }
  return out + list("Not on the bill", not_on_the_bill(run)) + list("Warnings", run.warnings);
}

std::string inputs_section(const Told& told) {
  const RunReport& report = told.report;
  const sim::RunResult& run = *report.run;
  std::string out = "<p>";
  out += fmt::format(
      "Scenario {}{}{}, simulated from {} to {} with seed {}, {} events, by "
      "backcast {}. The same inputs give the same report, byte by byte.</p>\n",
      xml_text(run.scenario), report.scenario_file.empty() ? "" : " from ",
      xml_text(report.scenario_file), moment(run.start), moment(run.end), run.seed, run.events,
      BACKCAST_VERSION);
  if (report.invoice != nullptr && report.invoice->book) {
    out += fmt::format("<p>Prices: {}, as of {}.</p>\n", xml_text(report.invoice->book->name),
                       xml_text(report.invoice->book->as_of));
  }
  out += list("Assumptions", run.assumptions);
  if (report.invoice != nullptr)
    out += list("Assumptions of the bill", report.invoice->assumptions);
  if (!report.scenario_text.empty()) {
    out += fmt::format("<details><summary>The scenario document</summary><pre>{}</pre></details>\n",
                       xml_text(report.scenario_text));
  }
  return out;
}

}  // namespace backcast::reports
