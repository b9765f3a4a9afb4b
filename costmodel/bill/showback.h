// Who pays what, and when: an invoice seen by project, service, region, tag or kind, with costs
// that the whole account shares split in the open; and by the month of payment.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/bill/invoice.h"

namespace backcast::cost {

struct Dimension {
  enum class Kind : std::uint8_t {
    kMonth,
    kProject,
    kService,
    kRegion,
    kStorageClass,
    kBackupKind,
    kTag,
    kMeter,
    kCategory,
    kProvider,
    kQuarter,
    kYear
  } kind = Kind::kMonth;
  std::string tag_key;  // of kTag: the value after "KEY:" or "KEY="; "" = all tags of the line
};

// Reads "month,service,tag:team". Errors: kBadInput for an unknown name.
Result<std::vector<Dimension>> parse_dimensions(std::string_view text);
std::string to_string(const Dimension& dimension);  // "month", "tag:team"

// What one line says in that dimension; "" where it says nothing.
std::string value_of(const Invoice& invoice, const InvoiceLine& line, const Dimension& dimension);

struct ShowbackRow {
  std::vector<std::string> values;  // one per dimension
  Decimal direct;                   // lines that name their user
  Decimal shared;  // its part of floors, fees, discounts, credits, taxes and rounding
  Decimal total() const { return direct + shared; }
};

// Rows sorted by values; their totals sum exactly to the invoice. A shared line is split in
// proportion to the direct cost of its month (of its meter, if it has one), in units of the last
// decimal; where there is no direct cost it stays in a row of its own with empty values.
std::vector<ShowbackRow> showback(const Invoice& invoice, std::span<const Dimension> dimensions);

// Showbacks by the same dimensions added up: of a bill that is made month by month.
class ShowbackSum {
 public:
  void add(std::vector<ShowbackRow> rows);
  std::vector<ShowbackRow> rows() const;  // sorted by values

 private:
  std::map<std::vector<std::string>, ShowbackRow> rows_;
};

// The dearest first, and all beyond `count` as one row: "other (37)". Their sum is the same.
std::vector<ShowbackRow> dearest(std::vector<ShowbackRow> rows, std::size_t count);

// When a line is paid, and how many times its amount: Account::payment_days after its month, in
// it where the meter is paid in advance; a prepaid fee once for its whole term at the start of it,
// and then not again (0).
struct Payment {
  std::chrono::year_month month{};
  int times = 1;
};
Payment payment_of(const Invoice& invoice, const InvoiceLine& line);

// The same lines in the months in which they are paid: Account::payment_days after the end of
// their month, prepaid fees at the start of their term for the whole of it.
Invoice cash_view(const Invoice& invoice);

std::string format_month(std::chrono::year_month month);  // "2026-01"

}  // namespace backcast::cost
