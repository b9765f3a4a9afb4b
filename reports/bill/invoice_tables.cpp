#include "reports/bill/invoice_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace backcast::reports {
namespace {

using cost::Decimal;
using cost::Invoice;
using cost::InvoiceLine;
using cost::kNone;

std::string charge_of(const Invoice& invoice, const InvoiceLine& line) {
  if (line.group == kNone && line.row == kNone) return line.description;
  std::string charge = invoice.book->meters[line.meter].name;
  if (line.group != kNone && !invoice.groups[line.group].operation.empty()) {
    charge += ": " + invoice.groups[line.group].operation;
  }
  return line.description.empty() ? charge : charge + ", " + line.description;
}

std::string region_of(const cost::UsageGroup& group) {
  return group.peer_region.empty() ? group.region : group.region + " -> " + group.peer_region;
}

std::string quantity_text(const cost::Quantity& quantity) {
  const auto exact = exact_decimal(quantity, 12);
  return exact ? to_string(*exact) : to_string(quantity, 12);
}

std::vector<Column> columns_of(std::span<const cost::Dimension> dimensions) {
  std::vector<Column> columns;
  for (const cost::Dimension& dimension : dimensions) {
    std::string name = to_string(dimension);
    std::string title = name;
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    for (char& c : name) c = c == ':' ? '_' : c;
    columns.push_back({name, title, false});
  }
  return columns;
}

Cell money(const Decimal& amount) {
  return {to_string(amount, 2), ""};
}

}  // namespace

Table causes_table(std::span<const study::Cause> causes, const std::string& currency) {
  Table table{"causes",
              {{"project", "Project"},
               {"service", "Service"},
               {"cause", "Why"},
               {"detail", "Backups"},
               {"amount", "Difference", true},
               {"currency", "Currency"}},
              {}};
  Decimal sum;
  for (const study::Cause& cause : causes) {
    table.rows.push_back({{cause.project, ""},
                          {cause.service, ""},
                          {cause.what, ""},
                          {cause.detail, ""},
                          money(cause.amount),
                          {currency, ""}});
    sum += cause.amount;
  }
  table.rows.push_back({{"total", ""}, {}, {}, {}, money(sum), {currency, ""}});
  return table;
}

std::string tier_range(const cost::PriceRow& row, int tier) {
  if (tier < 0 || row.tiers.size() < 2) return "";
  const auto i = static_cast<std::size_t>(tier);
  const std::string from = to_string(row.tiers[i].from);
  if (i + 1 == row.tiers.size()) return "above " + from;
  return from + " to " + to_string(row.tiers[i + 1].from);
}

Table invoice_table(const Invoice& invoice, bool explain) {
  Table table{"invoice", {}, {}};
  table.columns = {{"month", "Month"},         {"category", "Category"},
                   {"project", "Project"},     {"service", "Service"},
                   {"region", "Region"},       {"storage_class", "Class"},
                   {"backup_kind", "Kind"},    {"tags", "Tags"},
                   {"charge", "Charge"},       {"quantity", "Quantity", true},
                   {"unit", "Unit"},           {"rate", "Rate", true},
                   {"amount", "Amount", true}, {"currency", "Currency"}};
  if (explain) {
    for (const Column& column : {Column{"tier", "Tier"}, Column{"convention", "Convention"},
                                 Column{"price_row", "Price row"}, Column{"source", "Source"},
                                 Column{"as_of", "As of"}, Column{"certainty", "Certainty"}}) {
      table.columns.push_back(column);
    }
  }
  const std::string currency(invoice.book->currency.code());
  static const cost::UsageGroup kNobody;
  for (const InvoiceLine& line : invoice.lines) {
    const cost::UsageGroup& group = line.group == kNone ? kNobody : invoice.groups[line.group];
    const bool has_unit = line.row != kNone;
    auto& row = table.rows.emplace_back();
    row = {{cost::format_month(line.month), ""},
           {std::string(to_string(line.category)), ""},
           {group.project, ""},
           {group.service, ""},
           {region_of(group), ""},
           {group.storage_class, ""},
           {group.backup_kind, ""},
           {fmt::format("{}", fmt::join(group.tags, " ")), ""},
           {charge_of(invoice, line), ""},
           {quantity_text(line.quantity), to_string(line.quantity, 6)},
           {has_unit ? invoice.book->meters[line.meter].unit : "", ""},
           {to_string(line.rate), ""},
           money(line.amount),
           {currency, ""}};
    if (!explain) continue;
    const cost::PriceRow* price = has_unit ? &invoice.book->rows[line.row] : nullptr;
    row.push_back({price ? tier_range(*price, line.tier) : "", ""});
    row.push_back({price ? describe_convention(invoice.book->meters[line.meter]) : "", ""});
    row.push_back({price ? price->provider + ": " + price->id : "", ""});
    row.push_back({price ? price->source : "", ""});
    row.push_back({price ? price->as_of : "", ""});
    row.push_back({price ? price->certainty : "", ""});
  }
  return table;
}

Table showback_table(std::span<const cost::ShowbackRow> rows,
                     std::span<const cost::Dimension> dimensions, const std::string& currency,
                     bool is_complete) {
  Table table{"showback", columns_of(dimensions), {}};
  for (const Column& column : {Column{"direct", "Direct", true}, Column{"shared", "Shared", true},
                               Column{"total", "Total", true}, Column{"currency", "Currency"}}) {
    table.columns.push_back(column);
  }
  Decimal direct, shared;
  const auto add_row = [&](std::vector<std::string> values, const Decimal& d, const Decimal& s) {
    auto& row = table.rows.emplace_back();
    for (std::string& value : values) row.push_back({std::move(value), ""});
    row.insert(row.end(), {money(d), money(s), money(d + s), {currency, ""}});
  };
  for (const cost::ShowbackRow& r : rows) {
    add_row(r.values, r.direct, r.shared);
    direct += r.direct;
    shared += r.shared;
  }
  std::vector<std::string> last(dimensions.size());
  if (!last.empty()) last[0] = is_complete ? "total" : "known part";
  add_row(std::move(last), direct, shared);
  return table;
}

Table compare_table(std::span<const cost::CompareRow> rows, const std::string& currency,
                    const SideNames& names) {
  Table table{"compare", {}, {}};
  table.columns = {{"month", "Month"},
                   {"project", "Project"},
                   {"service", "Service"},
                   {"region", "Region"},
                   {"storage_class", "Class"},
                   {"backup_kind", "Kind"},
                   {"charge", "Charge"},
                   {"left_quantity", "Quantity, " + names.left, true},
                   {"right_quantity", names.right, true},
                   {"unit", "Unit"},
                   {"left", names.left, true},
                   {"right", names.right, true},
                   {"difference", "Difference", true},
                   {"currency", "Currency"}};
  Decimal left, right;
  for (const cost::CompareRow& r : rows) {
    table.rows.push_back({{cost::format_month(r.month), ""},
                          {r.group.project, ""},
                          {r.group.service, ""},
                          {region_of(r.group), ""},
                          {r.group.storage_class, ""},
                          {r.group.backup_kind, ""},
                          {r.charge, ""},
                          {quantity_text(r.left_quantity), to_string(r.left_quantity, 6)},
                          {quantity_text(r.right_quantity), to_string(r.right_quantity, 6)},
                          {r.unit, ""},
                          money(r.left),
                          money(r.right),
                          money(r.difference()),
                          {currency, ""}});
    left += r.left;
    right += r.right;
  }
  auto& last = table.rows.emplace_back(table.columns.size());
  last[0].value = "total";
  last[10] = money(left);
  last[11] = money(right);
  last[12] = money(right - left);
  last[13].value = currency;
  return table;
}

Table variance_table(std::span<const cost::VarianceRow> rows,
                     std::span<const cost::Dimension> dimensions, const std::string& currency,
                     const SideNames& names) {
  Table table{"variance", columns_of(dimensions), {}};
  for (const Column& column :
       {Column{"left", names.left, true}, Column{"right", names.right, true},
        Column{"difference", "Difference", true}, Column{"currency", "Currency"}}) {
    table.columns.push_back(column);
  }
  const auto add_row = [&](const std::vector<std::string>& values, const Decimal& left,
                           const Decimal& right) {
    auto& row = table.rows.emplace_back();
    for (const std::string& value : values) row.push_back({value, ""});
    row.insert(row.end(), {money(left), money(right), money(right - left), {currency, ""}});
  };
  Decimal left, right;
  for (const cost::VarianceRow& row : rows) {
    add_row(row.values, row.left, row.right);
    left += row.left;
    right += row.right;
  }
  std::vector<std::string> last(dimensions.size());
  if (!last.empty()) last[0] = "total";
  add_row(last, left, right);
  return table;
}

Table compare_summary(std::span<const cost::CompareRow> rows, const std::string& currency,
                      const SideNames& names) {
  Table table{"compare_summary",
              {{"charge", "Charge"},
               {"left", names.left, true},
               {"right", names.right, true},
               {"difference", "Difference", true},
               {"currency", "Currency"}},
              {}};
  std::map<std::string, std::pair<Decimal, Decimal>> charges;
  Decimal left, right;
  for (const cost::CompareRow& r : rows) {
    auto& [l, g] = charges[r.charge];
    l += r.left;
    g += r.right;
    left += r.left;
    right += r.right;
  }
  const auto add_row = [&](const std::string& name, const Decimal& l, const Decimal& r) {
    table.rows.push_back({{name, ""}, money(l), money(r), money(r - l), {currency, ""}});
  };
  for (const auto& [charge, sides] : charges) add_row(charge, sides.first, sides.second);
  add_row("total", left, right);
  return table;
}

Table without_empty_columns(Table table) {
  for (std::size_t c = table.columns.size(); c-- > 0;) {
    const bool says_something = std::any_of(
        table.rows.begin(), table.rows.end(),
        [&](const auto& row) { return !row[c].value.empty() && row[c].value != "0.00"; });
    const std::string& key = table.columns[c].key;
    if (says_something || key == "total" || key == "left" || key == "right") continue;
    const auto at = static_cast<std::ptrdiff_t>(c);
    table.columns.erase(table.columns.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
  }
  return table;
}

}  // namespace backcast::reports
