#include "costmodel/bill/usage_bill.h"

#include <climits>

#include "costmodel/bill/match.h"
#include "costmodel/bill/showback.h"
#include "costmodel/bill/usage_file.h"
#include "engine/base/instant.h"
#include "engine/base/text.h"

namespace backcast::cost {

std::optional<std::chrono::year_month> parse_month(const std::string& text) {
  const auto first = parse_instant(text + "-01");
  if (text.size() != std::string_view("2026-01").size() || !first.ok()) return std::nullopt;
  return to_year_month(month_at(unix_seconds(first->instant)));
}

Result<Period> parse_period(const std::string& text) {
  const auto dots = text.find("..");
  const auto first = parse_month(text.substr(0, dots));
  const auto last = dots == std::string::npos ? first : parse_month(text.substr(dots + 2));
  if (!first || !last || *last < *first) {
    return bad_input(printable(text) + " is no period of months",
                     "give the first and the last, such as 2026-01..2026-12");
  }
  return Period{*first, *last};
}

void keep_month(Invoice& invoice, const std::string& month) {
  std::erase_if(invoice.lines,
                [&](const InvoiceLine& line) { return format_month(line.month) != month; });
  std::erase_if(invoice.own_totals,
                [&](const OwnTotal& own) { return format_month(own.month) != month; });
  std::erase_if(invoice.missing, [&](const MissingPrice& missing) {
    return month < format_month(missing.first_month) || format_month(missing.last_month) < month;
  });
}

Result<Invoice, Errors> bill_usage(std::istream& usage, const std::string& name,
                                   std::shared_ptr<const PriceBook> book,
                                   const BillOptions& options) {
  Biller biller(std::move(book), options);
  BACKCAST_CHECK(read_usage(
      usage, name, [&](const UsageRecord& record) { return biller.add(record); }, {},
      [&](const UsageRecord& record, std::vector<std::uint32_t> blocks) {
        return biller.add_blocks(record, std::move(blocks));
      }));
  return biller.finish();
}

Result<bool, Errors> bill_by_month(std::istream& usage, const std::string& name,
                                   std::shared_ptr<const PriceBook> book,
                                   const BillOptions& options,
                                   const std::function<Status(Invoice&)>& sink) {
  Biller biller(std::move(book), options);
  const auto hand_on = [&](Result<Invoice, Errors> invoice) -> Result<Ok, Errors> {
    if (!invoice.ok()) return invoice.error();
    if (auto taken = sink(*invoice); !taken.ok()) return Errors{taken.error()};
    return kOk;
  };
  Errors errors;
  int current = INT_MIN;
  const auto add = [&](const UsageRecord& record) -> Status {
    const int month = month_at(unix_seconds(record.start));
    if (month > current && errors.empty()) {
      current = month;
      auto done = hand_on(biller.bill_before(to_year_month(month)));
      if (!done.ok()) errors = done.error();
    }
    return biller.add(record);
  };
  const auto read = read_usage(usage, name, add, {.by_month = true});
  if (!read.ok()) {
    if (read.error().front().code == Errc::kInterrupted) return false;
    return read.error();
  }
  if (!errors.empty()) return errors;
  BACKCAST_CHECK(hand_on(biller.finish()));
  return true;
}

}  // namespace backcast::cost
