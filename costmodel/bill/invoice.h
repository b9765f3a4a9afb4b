// From usage records and a price book to an invoice whose lines sum exactly to its totals.
//
// Within a month the usage of a meter is summed in integers (byte-seconds), the sum of a pool is
// put through allowance, started units, tiers and floor, and each tier's share is handed back to
// those who used it in proportion, in integers. A line is quantity × rate, rounded once by the
// book's rule; nothing is rounded before or after.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "costmodel/book/money.h"
#include "costmodel/book/price_book.h"
#include "engine/base/error.h"
#include "engine/base/usage.h"

namespace backcast::cost {

// In the order in which a month's lines are made: each looks at those before it.
enum class ChargeCategory : std::uint8_t {
  kUsage,
  kPurchase,  // commitment fees, floors
  kDiscount,
  kCredit,
  kTax,
  kAdjustment,  // brings the month's total to whole cents
};
std::string_view to_string(ChargeCategory category);

// Who used it: the part of a usage record that stays visible on a line.
struct UsageGroup {
  UsageKind kind = UsageKind::kStorage;
  std::string project, service, region, peer_region, storage_class, backup_kind, operation,
      provider;
  std::vector<std::string> tags;
};

inline constexpr std::uint32_t kNone = UINT32_MAX;

struct InvoiceLine {
  std::chrono::year_month month{};
  ChargeCategory category = ChargeCategory::kUsage;
  std::uint32_t group = kNone;  // index into Invoice::groups; kNone = shared by the whole account
  std::uint32_t account = 0;    // index into PriceBook::accounts: whose bill it is on
  std::uint32_t row = kNone;    // index into PriceBook::rows
  std::uint32_t meter = kNone;  // index into PriceBook::meters
  std::uint32_t commitment =
      kNone;  // index into PriceBook::commitments: its fee, or what it covers
  std::uint32_t adjustment = kNone;  // index into PriceBook::adjustments, of what follows from it
  int tier = -1;                     // index into PriceRow::tiers; -1 where no tier applies
  Quantity quantity;
  Decimal rate;             // per unit, multiplier included
  Decimal amount;           // rounded once
  std::string description;  // "free allowance", "early deletion", "tax 21 %"; "" = plain usage
};

// Usage that is not on the bill because nobody knows its price: one for each cause, whatever the
// months.
struct MissingPrice {
  std::string what;    // "nobody knows the price of …", "no price for egress, region …"
  std::string hint;    // the nearest rows; may be empty
  std::string amount;  // what was used of it: "12.00 GB in 2026-01..2026-03"
  // An entry of "prices" in a scenario or a file of rates that gives the rate; "" where the book
  // has no meter for it.
  std::string lines_to_add;
  Location where;  // of the row, where there is one
  UsageKind kind = UsageKind::kStorage;
  std::uint32_t account = 0;       // into PriceBook::accounts
  std::vector<UsageGroup> groups;  // that used it
  std::chrono::year_month first_month{}, last_month{};
};
// For those who need a whole bill.
Error to_error(const MissingPrice& missing);
Errors to_errors(const std::vector<MissingPrice>& missing);

// What one provider bills for a month in its own currency, where that is not the invoice's: priced
// and rounded as if it were the whole bill, not converted back.
struct OwnTotal {
  std::chrono::year_month month{};
  std::uint32_t account = 0;  // index into PriceBook::accounts
  Decimal amount;
};

struct Invoice {
  std::shared_ptr<const PriceBook> book;
  std::vector<UsageGroup> groups;
  std::vector<InvoiceLine> lines;        // by month, category, group, row, tier
  std::vector<std::string> assumptions;  // options in force, low-certainty rows used
  std::vector<OwnTotal> own_totals;      // by month, account
  // What is not in it. While there is any, its sums are the part that is known, and no more.
  std::vector<MissingPrice> missing;

  bool is_complete() const { return missing.empty(); }
  Decimal sum(const std::function<bool(const InvoiceLine&)>& wanted) const;
  // Nothing where the account's provider bills in the invoice's currency.
  std::optional<Money> own_total(std::uint32_t account) const;
  Money total() const;
};

struct BillOptions {
  std::set<std::string> options = {};  // of PriceBook::options, "started-blocks"
  // The months that are billed whether anything was used in them or not: what was committed is due.
  // Without them a bill reaches from the first month of usage to the last.
  std::optional<std::chrono::year_month> first_month = std::nullopt, last_month = std::nullopt;
};

// Sums usage as it comes and prices it at the end. Memory grows with the number of different
// (group, row, month), not with the records.
class Biller {
 public:
  // `book` is kept alive. Unknown option names are reported by `finish`.
  explicit Biller(std::shared_ptr<const PriceBook> book, BillOptions options = {});
  Biller(Biller&&) noexcept;
  Biller& operator=(Biller&&) noexcept;
  ~Biller();

  // Errors: kBadInput for an interval that ends before it starts, or a record that two rows price
  // equally well. The error is kept, and `finish` returns every cause once. What no row prices, or
  // one whose rate is unknown, is no error: the invoice names it in `missing`.
  Status add(const UsageRecord& record);

  // The same for a snapshot given by its blocks, which it may share with others: `record.quantity`
  // is the size of each block, and `finish` finds out what each snapshot is charged for.
  Status add_blocks(const UsageRecord& record, std::vector<std::uint32_t> blocks);

  // The invoice of every month before that one, whose usage is then forgotten: how usage that comes
  // in order of time is billed without holding all of it. `finish` returns the rest, with the
  // assumptions and what is missing of the whole. Errors: as `finish`; `add` refuses usage of these
  // months from then on.
  Result<Invoice, Errors> bill_before(std::chrono::year_month month);

  // Empties the biller.
  Result<Invoice, Errors> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The bill of a set of records; every record that cannot be billed is reported once per cause.
Result<Invoice, Errors> bill(const PriceBook& book, std::span<const UsageRecord> usage,
                             const BillOptions& options = {});

}  // namespace backcast::cost
