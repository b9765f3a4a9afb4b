#include <fmt/format.h>

#include "engine/base/bytes.h"
#include "reports/bill/budget_table.h"
#include "reports/parts/escape.h"
#include "reports/run/headline.h"
#include "reports/run/run_report.h"
#include "sim/words/words.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kInvoiceRowsShown = 30;

enum class Ink { kPlain, kBold, kGood, kBad, kDoubt };

class Writer {
 public:
  explicit Writer(const Style& style) : style_(style) {}

  std::string ink(Ink ink, std::string_view text) const {
    if (!style_.color || ink == Ink::kPlain) return std::string(text);
    constexpr const char* kCodes[] = {"0", "1", "1;32", "1;31", "1;33"};
    return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(ink)], text);
  }
  void line(std::string_view text = {}) { out_ += fmt::format("{}\n", text); }
  void indented(const std::string& text, std::string_view indent) {
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      out_ += fmt::format("{}{}\n", indent, text.substr(begin, end - begin));
    }
  }
  std::string take() { return std::move(out_); }

 private:
  const Style& style_;
  std::string out_;
};

Ink ink_of(sim::Verdict verdict) {
  return verdict == sim::Verdict::kHolds   ? Ink::kGood
         : verdict == sim::Verdict::kFails ? Ink::kBad
                                           : Ink::kDoubt;
}

void write_requirement(Writer& out, const sim::RequirementOutcome& outcome, bool explain) {
  out.line(fmt::format(
      "  {}  {}: {}",
      out.ink(ink_of(outcome.verdict), fmt::format("{:7}", sim::shown(outcome.verdict))),
      terminal_text(outcome.name), terminal_text(outcome.statement)));
  const std::string indent(11, ' ');
  for (const std::string& line : outcome_lines(outcome)) out.line(indent + terminal_text(line));
  if (outcome.verdict == sim::Verdict::kHolds && !explain) return;
  for (const auto& step : outcome.trace) {
    out.line(fmt::format("{}  {}  {}", indent, format_instant(step.at), terminal_text(step.text)));
  }
}

void write_restore_points(Writer& out, const RunReport& report, const Headline& figures) {
  const sim::RunResult& run = *report.run;
  out.line(out.ink(Ink::kBold, "Restore points"));
  out.line("  " + backups_text(figures));
  for (const auto& fleet : run.fleets) {
    const auto& service = run.services[fleet.service];
    out.line(fmt::format("  {} stands for {} services: {} of data at the start, {} at the end",
                         terminal_text(service.name), grouped(fleet.members),
                         format_bytes(service.size_first_bytes),
                         format_bytes(service.size_last_bytes)));
  }
  if (figures.stored_peak_bytes > 0) {
    out.line(fmt::format("  stored at the end {}, at most {}",
                         format_bytes(figures.stored_last_bytes),
                         format_bytes(figures.stored_peak_bytes)));
  }
  for (const auto& worst : figures.worst_ages) {
    out.line(fmt::format("  newest in {} was at worst {} old{} ({})", terminal_text(worst.region),
                         format_duration(worst.age),
                         run.services.size() > 1 ? " for " + terminal_text(worst.service) : "",
                         format_instant(worst.at)));
  }
  for (const auto& restore : run.restores) {
    out.line(fmt::format("  restore of {} at {}: {}",
                         terminal_text(run.services[restore.service].name),
                         format_instant(restore.started),
                         terminal_text(sim::outcome_text(*report.scenario, restore))));
  }
}

void write_invoice(Writer& out, const RunReport& report, bool explain) {
  const cost::Invoice& invoice = *report.invoice;
  out.line();
  out.line(out.ink(Ink::kBold, "Invoice") +
           (invoice.book ? fmt::format(" ({}, prices as of {})", terminal_text(invoice.book->name),
                                       terminal_text(invoice.book->as_of))
                         : ""));
  Table table = explain ? invoice_table(invoice) : invoice_summary(invoice);
  const std::size_t count = table.rows.size();
  if (!explain && count > kInvoiceRowsShown) table.rows.resize(kInvoiceRowsShown);
  if (count > 0 || invoice.is_complete()) out.indented(to_terminal(table), "  ");
  if (count > table.rows.size()) {
    out.line(fmt::format("  … and {} more lines (--explain shows all)", count - table.rows.size()));
  }
  if (has_several_providers(invoice)) {
    for (const auto& row : provider_totals(invoice).rows) {
      const bool is_converted = row.size() > 4 && !row[4].value.empty();
      out.line(fmt::format(
          "  total of {} ({}) {} {}{}", terminal_text(row[0].value), terminal_text(row[1].value),
          row[2].value, row[3].value,
          is_converted ? fmt::format(", billed as {} {}", row[4].value, row[5].value) : ""));
    }
  }
  out.line("  " + out.ink(Ink::kBold, total_text(invoice)));
  if (report.spread) {
    out.line(
        fmt::format("  over {} replications: {}", report.spread->replications, cost_text(report)));
  }
}

// What the bill lacks for want of a price, and how to give it.
void write_missing(Writer& out, const cost::Invoice& invoice) {
  if (invoice.is_complete()) return;
  out.line();
  out.line(out.ink(Ink::kDoubt, "Without a price, so not on the bill"));
  for (const cost::MissingPrice& missing : invoice.missing) {
    out.line("  - " + terminal_text(missing.what + ": " + missing.amount));
    if (!missing.hint.empty()) out.line("    " + terminal_text(missing.hint));
    if (missing.lines_to_add.empty()) continue;
    out.line("    to be given in \"prices\":");
    out.indented(missing.lines_to_add + "\n", "      ");
  }
}

void write_budget(Writer& out, const RunReport& report) {
  if (!report.budget) return;
  out.line();
  const Ink ink = report.budget->first_over         ? Ink::kBad
                  : report.budget->first_maybe_over ? Ink::kDoubt
                                                    : Ink::kGood;
  out.line(out.ink(Ink::kBold, "Budget: ") + out.ink(ink, budget_sentence(*report.budget)));
  const std::string currency(report.invoice->total().currency.code());
  out.indented(to_terminal(budget_table(*report.budget, currency)), "  ");
}

void write_chosen(Writer& out, const RunReport& report) {
  if (report.chosen.empty()) return;
  out.line();
  out.line(out.ink(Ink::kBold, chosen_sentence(report)));
  out.indented(to_terminal(chosen_table(report)), "  ");
  if (const auto rest = not_doubled_sentence(report); !rest.empty()) out.line("  " + rest);
}

void write_list(Writer& out, std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out.line();
  out.line(out.ink(Ink::kBold, title));
  for (const std::string& item : items) out.line("  - " + terminal_text(item));
}

}  // namespace

std::string to_terminal(const RunReport& report, const Style& style) {
  const sim::RunResult& run = *report.run;
  const Headline figures = headline(run);
  Writer out(style);
  out.line(out.ink(Ink::kBold, terminal_text(label_of(report))) +
           (run.title.empty() ? "" : ": " + terminal_text(run.title)));
  const std::string replication =
      run.replication > 0 ? fmt::format(", replication {}", run.replication) : "";
  out.line(fmt::format("{} to {}, seed {}{}{}", format_instant(run.start), format_instant(run.end),
                       run.seed, replication,
                       run.partial ? "; interrupted, the rest was not simulated" : ""));
  out.line();
  out.line(out.ink(ink_of(figures.verdict), sim::shown(figures.verdict)) + ": " +
           terminal_text(verdict_sentence(run)));
  for (const auto& outcome : run.requirements) write_requirement(out, outcome, style.explain);
  for (const std::string& line : grounds(run)) out.line("  " + terminal_text(line));
  if (!report.chosen.empty()) out.line("  " + chosen_sentence(report) + ": listed below");
  out.line();
  write_restore_points(out, report, figures);
  if (report.invoice != nullptr) {
    write_invoice(out, report, style.explain);
    write_missing(out, *report.invoice);
  }
  write_budget(out, report);
  write_list(out, "Repositories at the end", repository_lines(run));
  write_list(out, "Full on", filling_lines(report));
  write_chosen(out, report);
  write_list(out, "Not on the bill", not_on_the_bill(run));
  write_list(out, "Warnings", run.warnings);
  write_list(out, "Assumptions", run.assumptions);
  if (report.invoice != nullptr) {
    write_list(out, "Assumptions of the bill", report.invoice->assumptions);
  }
  return out.take();
}

}  // namespace backcast::reports
