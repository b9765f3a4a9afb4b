#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/base/bytes.h"
#include "reports/bill/invoice_tables.h"
#include "reports/run/headline.h"
#include "reports/run/months.h"
#include "reports/run/run_report.h"
#include "sim/words/words.h"

namespace backcast::reports {
namespace {

std::string moment(Instant t) {
  return t == sim::kNever ? std::string() : format_instant(t);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string service_name(const sim::RunResult& run, std::uint32_t index) {
  return index < run.services.size() ? run.services[index].name : std::string();
}

Cell bytes(std::uint64_t size_bytes) {
  return {std::to_string(size_bytes), format_bytes(size_bytes)};
}

std::string unit_of(const cost::Invoice& invoice, std::uint32_t meter) {
  return invoice.book && meter < invoice.book->meters.size() ? invoice.book->meters[meter].unit
                                                             : std::string();
}

Cell money(const cost::Decimal& amount) {
  return {cost::to_string(amount.trimmed()), cost::to_string(amount, 2)};
}

// "0.023", or of rates that change "0.021–0.023"; nothing of what has no unit, such as rounding.
std::string range_text(const cost::Decimal& least, const cost::Decimal& most, bool has_unit) {
  const std::string from = cost::to_string(least.trimmed());
  if (least == most) return from;
  return has_unit ? from + "–" + cost::to_string(most.trimmed()) : "";
}

}  // namespace

Table requirements_table(const sim::RunResult& run) {
  Table table{"requirements",
              {{"result", "Result"},
               {"name", "Requirement"},
               {"statement", "Statement"},
               {"limit", "Limit"},
               {"worst", "Worst seen"},
               {"first_failure", "First failure"},
               {"failing_seconds", "Failing", true}},
              {}};
  const bool replicated =
      std::any_of(run.requirements.begin(), run.requirements.end(),
                  [](const auto& outcome) { return outcome.replicated.has_value(); });
  if (replicated) table.columns.push_back({"replicated", "In replications"});
  for (const auto& outcome : run.requirements) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(outcome.failing_time).count();
    table.rows.push_back(
        {{sim::name(outcome.verdict), sim::shown(outcome.verdict)},
         {outcome.name, {}},
         {outcome.statement, {}},
         {outcome.limit, {}},
         {outcome.observed.empty() ? outcome.unknown_because : outcome.observed, {}},
         {moment(outcome.first_failure), {}},
         {std::to_string(seconds), seconds > 0 ? format_duration(outcome.failing_time) : "-"}});
    if (replicated) {
      table.rows.back().push_back(
          {outcome.replicated ? replicated_text(*outcome.replicated) : "", {}});
    }
  }
  return table;
}

const std::string& label_of(const RunReport& report) {
  return report.label.empty() ? report.run->scenario : report.label;
}

Table requirements_table(std::span<const RunReport> reports) {
  Table all;
  for (const RunReport& report : reports) {
    Table one = requirements_table(*report.run);
    if (one.columns.size() > all.columns.size()) all.columns = one.columns;
    for (auto& row : one.rows) {
      row.insert(row.begin(), {label_of(report), {}});
      all.rows.push_back(std::move(row));
    }
  }
  all.name = "requirements";
  all.columns.insert(all.columns.begin(), {"scenario", "Scenario"});
  for (auto& row : all.rows) row.resize(all.columns.size());
  return all;
}

Table backups_table(const RunReport& report) {
  const sim::RunResult& run = *report.run;
  Table table{"backups",
              {{"id", "Backup"},
               {"service", "Service"},
               {"region", "Region"},
               {"kind", "Kind"},
               {"schedule", "Schedule"},
               {"tags", "Tags"},
               {"state", "State"},
               {"born", "Born"},
               {"available", "Available"},
               {"deleted", "Deleted"},
               {"expires", "Expires"},
               {"size_bytes", "Size", true},
               {"added_bytes", "Added", true},
               {"freed_bytes", "Freed", true},
               {"reason", "Reason"}},
              {}};
  for (const auto& backup : run.backups) {
    table.rows.push_back({{backup.id, {}},
                          {service_name(run, backup.service), {}},
                          {backup.region, {}},
                          {backup.kind, {}},
                          {backup.schedule, {}},
                          {joined(backup.tags), {}},
                          {sim::name(backup.state), {}},
                          {moment(backup.born), {}},
                          {moment(backup.available), {}},
                          {moment(backup.deleted), {}},
                          {moment(backup.expires), {}},
                          bytes(backup.size_bytes),
                          bytes(backup.added_bytes),
                          bytes(backup.freed_bytes),
                          {sim::reason_text(*report.scenario, backup), {}}});
  }
  return table;
}

Table invoice_table(const cost::Invoice& invoice) {
  Table table{"invoice",
              {{"month", "Month"},
               {"item", "Item"},
               {"place", "Where"},
               {"project", "Project"},
               {"service", "Service"},
               {"quantity", "Quantity", true},
               {"unit", "Unit"},
               {"rate", "Rate", true},
               {"amount", "Amount", true},
               {"currency", "Currency"},
               {"price_row", "Price"}},
              {}};
  const bool is_of_several = has_several_providers(invoice);
  if (is_of_several) table.columns.push_back({"price_book", "Price book"});
  const auto tier_of = [&](const cost::InvoiceLine& line) {
    const bool has_row = invoice.book && line.row < invoice.book->rows.size();
    return has_row ? tier_range(invoice.book->rows[line.row], line.tier) : std::string();
  };
  const bool has_tiers =
      std::any_of(invoice.lines.begin(), invoice.lines.end(),
                  [&](const cost::InvoiceLine& line) { return !tier_of(line).empty(); });
  if (has_tiers) table.columns.push_back({"tier", "Of the quantity"});
  const std::string currency =
      invoice.book ? std::string(invoice.book->currency.code()) : std::string();
  for (const auto& line : invoice.lines) {
    const bool has_group = line.group < invoice.groups.size();
    const bool has_row = invoice.book && line.row < invoice.book->rows.size();
    table.rows.push_back({{to_string(line.month), {}},
                          {item_name(invoice, line), {}},
                          {place_name(invoice, line), {}},
                          {has_group ? invoice.groups[line.group].project : "", {}},
                          {has_group ? invoice.groups[line.group].service : "", {}},
                          {cost::to_string(line.quantity), {}},
                          {unit_of(invoice, line.meter), {}},
                          {cost::to_string(line.rate.trimmed()), {}},
                          money(line.amount),
                          {currency, {}},
                          {has_row ? invoice.book->rows[line.row].id : "", {}}});
    if (is_of_several) {
      table.rows.back().push_back({invoice.book->accounts[line.account].name, {}});
    }
    if (has_tiers) table.rows.back().push_back({tier_of(line), {}});
  }
  return table;
}

Table invoice_summary(const cost::Invoice& invoice) {
  struct Sum {
    cost::Quantity quantity;
    cost::Decimal least_rate, most_rate, amount;
    std::string unit;
  };
  std::map<std::tuple<std::uint32_t, cost::ChargeCategory, std::string, std::string>, Sum> sums;
  for (const auto& line : invoice.lines) {
    const auto key = std::tuple(line.account, line.category, item_name(invoice, line),
                                place_name(invoice, line));
    const auto [at, is_new] = sums.try_emplace(key);
    Sum& sum = at->second;
    if (is_new) {
      sum = {line.quantity, line.rate, line.rate, line.amount, unit_of(invoice, line.meter)};
      continue;
    }
    sum.quantity = sum.quantity + line.quantity;
    sum.least_rate = std::min(sum.least_rate, line.rate);
    sum.most_rate = std::max(sum.most_rate, line.rate);
    sum.amount += line.amount;
  }
  Table table{"invoice_summary",
              {{"item", "Item"},
               {"place", "Where"},
               {"quantity", "Quantity", true},
               {"unit", "Unit"},
               {"rate", "Rate", true},
               {"amount", "Amount", true}},
              {}};
  for (const auto& [key, sum] : sums) {
    const bool has_quantity = sum.quantity.base != 0;
    table.rows.push_back({{std::get<2>(key), {}},
                          {std::get<3>(key), {}},
                          {has_quantity ? cost::to_string(sum.quantity, 3) : "", {}},
                          {has_quantity ? sum.unit : "", {}},
                          {range_text(sum.least_rate, sum.most_rate, !sum.unit.empty()), {}},
                          money(sum.amount)});
  }
  return table;
}

bool has_several_providers(const cost::Invoice& invoice) {
  return invoice.book && (invoice.book->accounts.size() > 1 || !invoice.own_totals.empty());
}

Table provider_totals(const cost::Invoice& invoice) {
  Table table{"provider_totals",
              {{"provider", "Provider"},
               {"price_book", "Price book"},
               {"total", "Total", true},
               {"currency", "Currency"}},
              {}};
  if (!invoice.book) return table;
  if (!invoice.own_totals.empty()) {
    table.columns.push_back({"own_total", "As it bills", true});
    table.columns.push_back({"own_currency", ""});
  }
  const std::string currency(invoice.book->currency.code());
  for (std::uint32_t a = 0; a < invoice.book->accounts.size(); ++a) {
    const cost::Decimal total =
        invoice.sum([&](const cost::InvoiceLine& line) { return line.account == a; });
    const cost::Account& account = invoice.book->accounts[a];
    table.rows.push_back({{account.provider, {}},
                          {account.name, {}},
                          {cost::to_string(total, 2), {}},
                          {currency, {}}});
    if (invoice.own_totals.empty()) continue;
    const auto own = invoice.own_total(a);
    table.rows.back().push_back({own ? cost::to_string(own->amount, 2) : "", {}});
    table.rows.back().push_back({own ? std::string(own->currency.code()) : "", {}});
  }
  return table;
}

}  // namespace backcast::reports
