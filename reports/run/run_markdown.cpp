#include <fmt/format.h>

#include "engine/base/bytes.h"
#include "reports/bill/budget_table.h"
#include "reports/parts/escape.h"
#include "reports/run/headline.h"
#include "reports/run/run_report.h"

namespace backcast::reports {
namespace {

// Every requirement that does not hold, with what is known of it.
void add_reasons(std::string& out, const sim::RunResult& run) {
  for (const auto& outcome : run.requirements) {
    if (outcome.verdict == sim::Verdict::kHolds) continue;
    out += fmt::format("\n### Why {} {}\n\n", markdown_text(outcome.name),
                       outcome.verdict == sim::Verdict::kFails ? "fails" : "is unknown");
    for (const std::string& line : outcome_lines(outcome)) {
      out += "- " + markdown_text(line) + "\n";
    }
    if (!outcome.trace.empty()) out += "\n";
    for (const auto& step : outcome.trace) {
      out += fmt::format("1. {}: {}\n", format_instant(step.at), markdown_text(step.text));
    }
  }
}

void add_list(std::string& out, std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out += fmt::format("\n### {}\n\n", title);
  for (const std::string& item : items) out += "- " + markdown_text(item) + "\n";
}

void add_missing(std::string& out, const cost::Invoice& invoice) {
  if (invoice.is_complete()) return;
  out += "\n### Without a price, so not on the bill\n\n";
  for (const cost::MissingPrice& missing : invoice.missing) {
    out += "- " + markdown_text(missing.what + ": " + missing.amount) + "\n";
  }
}

}  // namespace

std::string to_markdown(const RunReport& report) {
  const sim::RunResult& run = *report.run;
  const Headline figures = headline(run);
  std::string out =
      fmt::format("## {}: {}\n\n", markdown_text(label_of(report)), sim::shown(figures.verdict));
  if (!run.title.empty()) out += markdown_text(run.title) + "\n\n";
  out += fmt::format("- Verdict: {}\n", markdown_text(verdict_sentence(run)));
  if (report.invoice != nullptr) out += fmt::format("- Cost: **{}**\n", cost_text(report));
  out += fmt::format("- Backups: {}\n", backups_text(figures));
  for (const auto& worst : figures.worst_ages) {
    out += fmt::format("- Newest restore point in {}: at worst {} old\n",
                       markdown_text(worst.region), format_duration(worst.age));
  }
  out += fmt::format("- Simulated: {} to {}, seed {}, backcast {}\n", format_instant(run.start),
                     format_instant(run.end), run.seed, BACKCAST_VERSION);
  if (!run.requirements.empty()) {
    out += "\n### Requirements\n\n" + to_markdown(requirements_table(run));
  }
  for (const std::string& line : grounds(run)) out += "\n" + markdown_text(line) + "\n";
  add_reasons(out, run);
  if (report.invoice != nullptr) {
    out += "\n### Invoice\n\n" + to_markdown(invoice_summary(*report.invoice));
    if (has_several_providers(*report.invoice)) {
      out += "\n" + to_markdown(provider_totals(*report.invoice));
    }
    const cost::Invoice& invoice = *report.invoice;
    out += fmt::format("\n{} **{}**\n", invoice.is_complete() ? "Total" : "Incomplete: known part",
                       cost::to_string(invoice.total()));
    add_missing(out, invoice);
  }
  if (report.budget) {
    const std::string currency(report.invoice->total().currency.code());
    out += fmt::format("\n### Budget: {}\n\n", budget_sentence(*report.budget));
    out += to_markdown(budget_table(*report.budget, currency));
  }
  add_list(out, "Repositories at the end", repository_lines(run));
  add_list(out, "Full on", filling_lines(report));
  if (!report.chosen.empty()) {
    out += fmt::format("\n### {}\n\n", markdown_text(chosen_sentence(report)));
    out += to_markdown(chosen_table(report));
    if (const auto rest = not_doubled_sentence(report); !rest.empty()) out += "\n" + rest + "\n";
  }
  add_list(out, "Not on the bill", not_on_the_bill(run));
  add_list(out, "Warnings", run.warnings);
  add_list(out, "Assumptions", run.assumptions);
  return out;
}

}  // namespace backcast::reports
