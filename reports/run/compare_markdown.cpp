#include "reports/run/compare_markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "costmodel/bill/compare.h"
#include "engine/base/bytes.h"
#include "reports/bill/invoice_tables.h"
#include "reports/parts/escape.h"
#include "reports/run/headline.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kFieldsShown = 60;

// "+0.20 USD" where both bills are whole and in one currency.
std::string change_text(const RunReport& a, const RunReport& b) {
  const bool can_tell = a.invoice != nullptr && b.invoice != nullptr && a.invoice->is_complete() &&
                        b.invoice->is_complete() &&
                        a.invoice->total().currency == b.invoice->total().currency;
  if (!can_tell) return "-";
  cost::Money change = b.invoice->total();
  if (a.spread && b.spread) {
    change.amount = b.spread->total.p50 - a.spread->total.p50;
  } else {
    change.amount = change.amount - a.invoice->total().amount;
  }
  return (change.amount.is_negative() ? "" : "+") + cost::to_string(change);
}

std::string signed_count(std::uint64_t a, std::uint64_t b) {
  return a <= b ? "+" + grouped(b - a) : "-" + grouped(a - b);
}

std::string signed_bytes(std::uint64_t a, std::uint64_t b) {
  return a <= b ? "+" + format_bytes(b - a) : "-" + format_bytes(a - b);
}

std::string cost_of(const RunReport& report) {
  return report.invoice == nullptr ? "no bill" : cost_text(report);
}

Table sides_table(const RunReport& a, const RunReport& b) {
  const Headline left = headline(*a.run), right = headline(*b.run);
  Table table{
      "comparison", {{"figure", ""}, {"a", a.label}, {"b", b.label}, {"change", "Change"}}, {}};
  const auto add = [&](const std::string& name, const std::string& x, const std::string& y,
                       const std::string& change) {
    table.rows.push_back({{name, {}}, {x, {}}, {y, {}}, {change, {}}});
  };
  const auto verdict = [](const Headline& figures, const RunReport& report) {
    return fmt::format("{}: {}", sim::shown(figures.verdict), verdict_sentence(*report.run));
  };
  add("Verdict", verdict(left, a), verdict(right, b), "");
  add("Cost", cost_of(a), cost_of(b), change_text(a, b));
  add("Restore points at the end", grouped(left.backups.available),
      grouped(right.backups.available),
      signed_count(left.backups.available, right.backups.available));
  add("Stored at the end", format_bytes(left.stored_last_bytes),
      format_bytes(right.stored_last_bytes),
      signed_bytes(left.stored_last_bytes, right.stored_last_bytes));
  add("Stored at most", format_bytes(left.stored_peak_bytes), format_bytes(right.stored_peak_bytes),
      signed_bytes(left.stored_peak_bytes, right.stored_peak_bytes));
  std::map<std::string, std::pair<std::string, std::string>> ages;
  for (const WorstAge& age : left.worst_ages) ages[age.region].first = format_duration(age.age);
  for (const WorstAge& age : right.worst_ages) ages[age.region].second = format_duration(age.age);
  for (const auto& [region, sides] : ages) {
    add("Newest restore point in " + region + ", at worst",
        sides.first.empty() ? "none" : sides.first, sides.second.empty() ? "none" : sides.second,
        "");
  }
  return table;
}

// Requirements are matched by their names.
Table verdicts_table(const RunReport& a, const RunReport& b) {
  Table table{"verdicts",
              {{"name", "Requirement"},
               {"a", a.label},
               {"b", b.label},
               {"statement", "Statement"},
               {"a_worst", "Worst, " + a.label},
               {"b_worst", "Worst, " + b.label}},
              {}};
  const auto find = [](const sim::RunResult& run, const std::string& name) {
    const auto found = std::find_if(run.requirements.begin(), run.requirements.end(),
                                    [&](const auto& one) { return one.name == name; });
    return found == run.requirements.end() ? nullptr : &*found;
  };
  const auto add = [&](const sim::RequirementOutcome* left, const sim::RequirementOutcome* right) {
    const sim::RequirementOutcome& any = right != nullptr ? *right : *left;
    const auto verdict = [](const sim::RequirementOutcome* one) {
      return one == nullptr ? std::string("not asked for") : std::string(sim::shown(one->verdict));
    };
    table.rows.push_back({{any.name, {}},
                          {verdict(left), {}},
                          {verdict(right), {}},
                          {any.statement, {}},
                          {left == nullptr ? "" : left->observed, {}},
                          {right == nullptr ? "" : right->observed, {}}});
  };
  for (const auto& one : a.run->requirements) add(&one, find(*b.run, one.name));
  for (const auto& one : b.run->requirements) {
    if (find(*a.run, one.name) == nullptr) add(nullptr, &one);
  }
  return table;
}

Table fields_table(std::span<const study::FieldChange> changes, const std::string& a,
                   const std::string& b) {
  Table table{"fields", {{"field", "Field"}, {"before", a}, {"after", b}}, {}};
  for (const study::FieldChange& change : changes.first(std::min(changes.size(), kFieldsShown))) {
    const auto side = [](const std::string& text) { return text.empty() ? "-" : text; };
    table.rows.push_back({{change.field, {}}, {side(change.before), {}}, {side(change.after), {}}});
  }
  return table;
}

std::string bill_part(const RunReport& a, const RunReport& b) {
  if (a.invoice == nullptr || b.invoice == nullptr) return "";
  const auto rows = cost::compare(*a.invoice, *b.invoice);
  if (!rows.ok()) return "\n" + markdown_text(to_string(rows.error())) + "\n";
  const std::string currency(a.invoice->total().currency.code());
  std::string out = "\n### Bill\n\n";
  out += to_markdown(compare_summary(*rows, currency, {a.label, b.label}));
  for (const RunReport* side : {&a, &b}) {
    for (const cost::MissingPrice& missing : side->invoice->missing) {
      out += fmt::format("\nIncomplete, {}: {}\n", markdown_text(side->label),
                         markdown_text(missing.what));
    }
  }
  return out;
}

}  // namespace

std::string compare_markdown(const RunReport& a, const RunReport& b,
                             std::span<const study::FieldChange> changes, const Table& measures) {
  std::string out = fmt::format("## {} → {}: {}\n\n", markdown_text(a.label),
                                markdown_text(b.label), sim::shown(headline(*b.run).verdict));
  out += to_markdown(sides_table(a, b));
  if (!a.run->requirements.empty() || !b.run->requirements.empty()) {
    out += "\n### Requirements\n\n" + to_markdown(verdicts_table(a, b));
  }
  out += fmt::format("\n### Changed fields: {}\n", changes.size());
  if (!changes.empty()) out += "\n" + to_markdown(fields_table(changes, a.label, b.label));
  if (changes.size() > kFieldsShown) {
    out += fmt::format("\n… and {} more.\n", changes.size() - kFieldsShown);
  }
  out += bill_part(a, b);
  if (!measures.rows.empty()) out += "\n### Over replications\n\n" + to_markdown(measures);
  return out;
}

}  // namespace backcast::reports
