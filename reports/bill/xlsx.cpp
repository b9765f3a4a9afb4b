#include "reports/bill/xlsx.h"

#include <fmt/format.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "costmodel/bill/showback.h"
#include "engine/base/text.h"
#include "reports/bill/invoice_tables.h"
#include "reports/bill/xlsx_formula.h"

namespace backcast::reports {
namespace {

using cost::ChargeCategory;
using cost::Decimal;
using cost::Invoice;
using cost::InvoiceLine;
using cost::kNone;

constexpr std::size_t kMaxRows = 1'048'575;  // of a worksheet, below its heading

// Columns of the sheet Invoice.
enum : lxw_col_t {
  kMonth,
  kCategory,
  kProject,
  kService,
  kRegion,
  kClass,
  kKind,
  kTags,
  kCharge,
  kQuantity,
  kUnit,
  kRate,
  kAmount,
  kCurrency,
  kMeter,
  kPaidIn,
  kPaid,
  kProvider
};
constexpr lxw_col_t kPriceRate = 4;  // column E of the sheet Prices

class Workbook {
 public:
  Workbook(const Invoice& invoice, const std::string& path)
      : invoice_(invoice), book_(*invoice.book) {
    lxw_workbook_options options{};
    options.constant_memory = LXW_TRUE;
    workbook_ = workbook_new_opt(path.c_str(), &options);
    heading_ = add_format([](lxw_format* f) {
      format_set_bold(f);
      format_set_bottom(f, LXW_BORDER_THIN);
    });
    amount_ = add_format([](lxw_format* f) { format_set_num_format(f, "#,##0.00####"); });
    total_ = add_format([](lxw_format* f) {
      format_set_bold(f);
      format_set_num_format(f, "#,##0.00");
    });
    quantity_ = add_format([](lxw_format* f) { format_set_num_format(f, "#,##0.######"); });
    rate_ = add_format([](lxw_format* f) { format_set_num_format(f, "0.00########"); });
    input_ = add_format([](lxw_format* f) {
      format_set_num_format(f, "0.00########");
      format_set_bg_color(f, 0xFFF4CC);  // what is meant to be changed
    });
  }

  Status write() {
    summary_ = sheet("Summary", {34, 18, 12});
    prices_ = sheet("Prices", {48, 14, 18, 20, 14, 48, 60, 12, 12});
    lines_ =
        sheet("Invoice", {10, 12, 16, 20, 26, 22, 12, 20, 40, 16, 18, 14, 16, 10, 22, 10, 16, 16});
    write_prices();
    write_lines();
    write_summary();
    write_cash();
    for (const auto& [title, columns] :
         std::initializer_list<View>{{"By project", {kProject}},
                                     {"By service", {kProject, kService}},
                                     {"By region", {kRegion}},
                                     {"By class", {kClass}},
                                     {"By kind", {kKind}},
                                     {"By tags", {kTags}},
                                     {"By meter", {kMeter}},
                                     {"By provider", {kProvider}}}) {
      write_view(title, columns);
    }
    lxw_doc_properties properties{};
    std::string title = text_for_cell(book_.title);
    properties.title = title.data();
    properties.created = 946'684'800;  // fixed, so that the same invoice gives the same bytes
    workbook_set_properties(workbook_, &properties);
    const lxw_error error = workbook_close(workbook_);
    if (error != LXW_NO_ERROR) return failed(lxw_strerror(error));
    return kOk;
  }

 private:
  using View = std::pair<const char*, std::vector<lxw_col_t>>;

  template <typename Set>
  lxw_format* add_format(Set set) {
    lxw_format* format = workbook_add_format(workbook_);
    set(format);
    return format;
  }

  lxw_worksheet* sheet(const char* name, const std::vector<double>& widths) {
    lxw_worksheet* made = workbook_add_worksheet(workbook_, name);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const auto column = static_cast<lxw_col_t>(i);
      worksheet_set_column(made, column, column, widths[i], nullptr);
    }
    return made;
  }

  void head(lxw_worksheet* on, const std::vector<const char*>& titles) {
    for (std::size_t i = 0; i < titles.size(); ++i) {
      worksheet_write_string(on, 0, static_cast<lxw_col_t>(i), titles[i], heading_);
    }
    worksheet_freeze_panes(on, 1, 0);
  }

  void text(lxw_worksheet* on, std::size_t row, lxw_col_t column, const std::string& value) {
    if (value.empty()) return;
    worksheet_write_string(on, static_cast<lxw_row_t>(row), column, text_for_cell(value).c_str(),
                           nullptr);
  }

  // A formula with the value it has now, for readers that do not calculate.
  void formula(lxw_worksheet* on, std::size_t row, lxw_col_t column, const std::string& expression,
               const Decimal& value, lxw_format* format) {
    worksheet_write_formula_num(on, static_cast<lxw_row_t>(row), column, expression.c_str(), format,
                                to_double(value));
  }

  // With the name of the price book where two have one provider: formulas tell them apart by it.
  std::string provider_of(const InvoiceLine& line) const {
    const cost::Account& own = book_.accounts[line.account];
    const auto count = std::count_if(
        book_.accounts.begin(), book_.accounts.end(),
        [&](const cost::Account& account) { return account.provider == own.provider; });
    return count > 1 ? fmt::format("{} ({})", own.provider, own.name) : own.provider;
  }

  using RateKey = std::tuple<std::uint32_t, int, std::string>;
  static RateKey rate_key(const InvoiceLine& line) {
    return {line.row, line.tier, to_string(line.rate)};
  }

  void write_prices() {
    head(prices_, {"Price row", "Provider", "Unit", "Tier", "Rate", "Convention", "Source", "As of",
                   "Certainty"});
    std::map<RateKey, const InvoiceLine*> rates;
    std::map<std::uint32_t, const InvoiceLine*> adjustments, fees;
    for (const InvoiceLine& line : invoice_.lines) {
      if (line.row != kNone) rates.emplace(rate_key(line), &line);
      if (line.adjustment != kNone) adjustments.emplace(line.adjustment, &line);
      if (line.row == kNone && line.commitment != kNone) fees.emplace(line.commitment, &line);
    }
    std::size_t at = 1;
    for (const auto& [key, line] : rates) {
      write_rate(at, *line);
      rate_rows_[key] = at++;
    }
    for (const auto& [index, line] : fees) {
      write_setting(at, line->description, "per month", line->rate,
                    book_.commitments[index].source);
      fee_rows_[index] = at++;
    }
    for (const auto& [index, line] : adjustments) {
      const cost::Adjustment& adjustment = book_.adjustments[index];
      const bool is_credit = adjustment.kind == cost::Adjustment::Kind::kCredit;
      write_setting(at, line->description, is_credit ? "per month" : "percent",
                    is_credit ? adjustment.amount_per_month : adjustment.percent,
                    adjustment.source);
      adjustment_rows_[index] = at++;
    }
  }

  void write_rate(std::size_t at, const InvoiceLine& line) {
    const cost::PriceRow& row = book_.rows[line.row];
    const cost::Meter& meter = book_.meters[row.meter];
    text(prices_, at, 0, row.id);
    text(prices_, at, 1, row.provider);
    text(prices_, at, 2, meter.unit);
    text(prices_, at, 3, line.tier < 0 ? line.description : tier_range(row, line.tier));
    number(prices_, at, kPriceRate, line.rate, input_);
    text(prices_, at, 5, describe_convention(meter));
    text(prices_, at, 6, row.source);
    text(prices_, at, 7, row.as_of);
    text(prices_, at, 8, row.certainty);
  }

  void write_setting(std::size_t at, const std::string& name, const char* unit,
                     const Decimal& value, const std::string& source) {
    text(prices_, at, 0, name);
    text(prices_, at, 2, unit);
    number(prices_, at, kPriceRate, value, input_);
    text(prices_, at, 6, source);
  }

  void number(lxw_worksheet* on, std::size_t row, lxw_col_t column, const Decimal& value,
              lxw_format* format) {
    worksheet_write_number(on, static_cast<lxw_row_t>(row), column, to_double(value), format);
  }

  void write_lines() {
    head(lines_, {"Month", "Category", "Project", "Service", "Region", "Class", "Kind", "Tags",
                  "Charge", "Quantity", "Unit", "Rate", "Amount", "Currency", "Meter", "Paid in",
                  "Paid", "Provider"});
    const Table table = invoice_table(invoice_);
    std::size_t first_of_month = 1, first_of_category = 1;
    for (std::size_t i = 0; i < invoice_.lines.size(); ++i) {
      const InvoiceLine& line = invoice_.lines[i];
      const std::size_t at = i + 1;
      if (i > 0 && line.month != invoice_.lines[i - 1].month) first_of_month = at;
      if (i > 0 && (line.category != invoice_.lines[i - 1].category || first_of_month == at)) {
        first_of_category = at;
      }
      for (lxw_col_t column = kMonth; column <= kCharge; ++column) {
        text(lines_, at, column, table.rows[i][column].value);
      }
      worksheet_write_number(lines_, static_cast<lxw_row_t>(at), kQuantity,
                             to_double(line.quantity), quantity_);
      text(lines_, at, kUnit, table.rows[i][kUnit].value);
      write_amount(line, at, first_of_month, first_of_category);
      text(lines_, at, kCurrency, std::string(book_.currency.code()));
      text(lines_, at, kMeter, meter_of(book_, line));
      text(lines_, at, kProvider, provider_of(line));
      const cost::Payment payment = payment_of(invoice_, line);
      text(lines_, at, kPaidIn, cost::format_month(payment.month));
      formula(lines_, at, kPaid, fmt::format("={}*{}", cell_name(kAmount, at), payment.times),
              line.amount * Decimal(payment.times, 0), amount_);
    }
  }

  // The lines [first, end) of the same provider, and of the same meters where the line is for some.
  // EXACT, for "=" and SUMIFS take names that differ only in case for one.
  std::string sum_above(const InvoiceLine& line, std::size_t at, std::size_t first,
                        std::size_t end) const {
    const auto range = [&](lxw_col_t column) {
      return cell_name(column, first) + ":" + cell_name(column, end - 1);
    };
    std::string conditions;
    if (book_.accounts.size() > 1) {
      conditions += fmt::format("*EXACT({},{})", range(kProvider), cell_name(kProvider, at));
    }
    const bool is_of_some =
        line.adjustment != kNone && !book_.adjustments[line.adjustment].meters.empty();
    if (is_of_some) {
      std::string any;
      for (const std::string& name :
           names_within(book_, book_.adjustments[line.adjustment].meters)) {
        any += fmt::format("{}EXACT({},{})", any.empty() ? "" : "+", range(kMeter),
                           quoted_for_formula(name));
      }
      conditions += "*(" + any + ")";
    }
    if (conditions.empty()) return fmt::format("SUM({})", range(kAmount));
    return fmt::format("SUMPRODUCT({}{})", range(kAmount), conditions);
  }

  void write_amount(const InvoiceLine& line, std::size_t at, std::size_t first_of_month,
                    std::size_t first_of_category) {
    std::size_t price_row = 0;
    if (line.row != kNone) price_row = rate_rows_.at(rate_key(line));
    if (line.row == kNone && line.commitment != kNone) price_row = fee_rows_.at(line.commitment);
    if (price_row > 0) {
      formula(lines_, at, kRate, "=Prices!" + cell_name(kPriceRate, price_row), line.rate, rate_);
      formula(
          lines_, at, kAmount,
          '=' + rounded(book_.line_rounding, cell_name(kQuantity, at) + "*" + cell_name(kRate, at)),
          line.amount, amount_);
      return;
    }
    const auto sum_until = [&](std::size_t end) {
      return end <= first_of_month ? std::string("0") : sum_above(line, at, first_of_month, end);
    };
    std::string expression;
    if (line.adjustment == kNone) {
      const std::string sum = sum_until(at);
      expression = fmt::format("=ROUND({0},{1})-{0}", sum, book_.invoice_decimals);
    } else {
      const std::string setting =
          "Prices!" + cell_name(kPriceRate, adjustment_rows_.at(line.adjustment));
      if (line.category == ChargeCategory::kCredit) {
        expression = fmt::format("=-MIN({},MAX(0,{}))", setting, sum_until(at));
      } else {
        const char* const sign = line.category == ChargeCategory::kDiscount ? "-" : "";
        expression = fmt::format(
            "={}{}", sign,
            rounded(book_.line_rounding, sum_until(first_of_category) + "*" + setting + "/100"));
      }
    }
    formula(lines_, at, kAmount, expression, line.amount, amount_);
  }

  std::string column_of_lines(lxw_col_t column) const {
    const char letter = static_cast<char>('A' + column);
    return fmt::format("Invoice!${0}$2:${0}${1}", letter,
                       std::max<std::size_t>(2, invoice_.lines.size() + 1));
  }

  // A row for each month, from row `at`; returns the row after the last.
  std::size_t write_months(lxw_worksheet* to, std::size_t at,
                           const std::map<std::string, Decimal>& months, lxw_col_t amounts,
                           lxw_col_t by) {
    for (const auto& [month, amount] : months) {
      text(to, at, 0, month);
      formula(to, at, 1,
              fmt::format("=SUMIFS({},{},{})", column_of_lines(amounts), column_of_lines(by),
                          cell_name(0, at)),
              amount, amount_);
      ++at;
    }
    return at;
  }

  void write_summary() {
    text(summary_, 0, 0, book_.title);
    text(summary_, 1, 0, "Total");
    formula(summary_, 1, 1, fmt::format("=SUM({})", column_of_lines(kAmount)),
            invoice_.total().amount, total_);
    text(summary_, 1, 2, std::string(book_.currency.code()));
    text(summary_, 2, 0, "Prices as of");
    text(summary_, 2, 1, book_.as_of);
    worksheet_write_string(summary_, 4, 0, "Month", heading_);
    worksheet_write_string(summary_, 4, 1, "Amount", heading_);
    worksheet_freeze_panes(summary_, 5, 0);
    std::map<std::string, Decimal> months;
    for (const InvoiceLine& line : invoice_.lines) {
      months[cost::format_month(line.month)] += line.amount;
    }
    std::size_t at = write_months(summary_, 5, months, kAmount, kMonth) + 1;
    for (const std::string& assumption : invoice_.assumptions) {
      text(summary_, at++, 0, assumption);
    }
  }

  // What leaves the account in each month: later than it is used, or for a whole term in advance.
  void write_cash() {
    lxw_worksheet* cash = sheet("Cash", {14, 18, 12});
    head(cash, {"Paid in", "Amount"});
    std::map<std::string, Decimal> months;
    Decimal total;
    for (const InvoiceLine& line : cash_view(invoice_).lines) {
      months[cost::format_month(line.month)] += line.amount;
      total += line.amount;
    }
    const std::size_t at = write_months(cash, 1, months, kPaid, kPaidIn);
    text(cash, at, 0, "Total");
    formula(cash, at, 1, fmt::format("=SUM({})", column_of_lines(kPaid)), total, total_);
  }

  // Sums over lines that have the same text in these columns; what names nobody is shared.
  void write_view(const char* title, const std::vector<lxw_col_t>& columns) {
    lxw_worksheet* view = sheet(title, {30, 24, 18});
    static constexpr const char* kTitles[] = {"Month",  "Category", "Project", "Service",
                                              "Region", "Class",    "Kind",    "Tags"};
    std::map<std::vector<std::string>, Decimal> sums;
    const Table table = invoice_table(invoice_);
    for (std::size_t i = 0; i < invoice_.lines.size(); ++i) {
      const InvoiceLine& line = invoice_.lines[i];
      std::vector<std::string> key;
      for (const lxw_col_t column : columns) {
        key.push_back(column == kMeter      ? meter_of(book_, line)
                      : column == kProvider ? provider_of(line)
                                            : table.rows[i][column].value);
      }
      sums[key] += line.amount;
    }
    std::vector<const char*> titles;
    for (const lxw_col_t column : columns) {
      titles.push_back(column == kMeter      ? "Meter"
                       : column == kProvider ? "Provider"
                                             : kTitles[column]);
    }
    titles.push_back("Amount");
    head(view, titles);
    const auto amount_column = static_cast<lxw_col_t>(columns.size());
    std::size_t at = 1;
    for (const auto& [key, amount] : sums) {
      std::string conditions;
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const auto column = static_cast<lxw_col_t>(c);
        text(view, at, column, key[c].empty() ? "(shared or unnamed)" : key[c]);
        // "=" would take names that differ only in case for one.
        conditions += fmt::format("*EXACT({},{})", column_of_lines(columns[c]),
                                  key[c].empty() ? "\"\"" : "$" + cell_name(column, at));
      }
      formula(view, at, amount_column,
              fmt::format("=SUMPRODUCT({}{})", column_of_lines(kAmount), conditions), amount,
              amount_);
      ++at;
    }
    text(view, at, 0, "Total");
    formula(view, at, amount_column,
            fmt::format("=SUM({}:{})", cell_name(amount_column, 1),
                        cell_name(amount_column, std::max<std::size_t>(at, 2) - 1)),
            invoice_.total().amount, total_);
  }

  const Invoice& invoice_;
  const cost::PriceBook& book_;
  lxw_workbook* workbook_ = nullptr;
  lxw_format *heading_, *amount_, *total_, *quantity_, *rate_, *input_;
  lxw_worksheet *summary_ = nullptr, *prices_ = nullptr, *lines_ = nullptr;
  std::map<RateKey, std::size_t> rate_rows_;
  std::map<std::uint32_t, std::size_t> fee_rows_, adjustment_rows_;
};

}  // namespace

Status write_xlsx(const Invoice& invoice, const std::string& path) {
  if (invoice.lines.size() > kMaxRows) {
    return bad_input(fmt::format("{} lines do not fit a worksheet", invoice.lines.size()),
                     "write one month at a time with --month, or FOCUS with --focus");
  }
  const std::string part = path + ".part";
  if (const Status written = Workbook(invoice, part).write(); !written.ok()) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    return failed(fmt::format("cannot write {}: {}", printable(path), written.error().message));
  }
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) return failed(fmt::format("cannot write {}: {}", printable(path), error.message()));
  return kOk;
}

}  // namespace backcast::reports
