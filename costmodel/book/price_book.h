// A price book: a dated document with every rate a bill may use. Rules of measuring (what a GB is,
// how long a month is, what is rounded up) belong to the meter; rates, tiers and minimums to the
// price row, and every row carries source, date and certainty. A rate that nobody knows is written
// as null and stops the bill that needs it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/book/money.h"
#include "engine/base/document.h"
#include "engine/base/usage.h"

namespace backcast::cost {

enum class Measure : std::uint8_t { kBytes, kObjects, kCount };  // what of a record is counted
enum class Month : std::uint8_t {
  kNone,      // not per time: bytes moved, requests
  kFixed,     // Meter::period_seconds: "30 days", "730 hours", "1 hour", "1 day"
  kCalendar,  // the seconds of the calendar month (UTC) in which the usage lies
};
// Every started second, hour or day of a holding counts in full, counted from UsageRecord::born.
enum class Proration : std::uint8_t { kSecond, kHour, kDay };
// What shares one tier table, one started unit and one floor within a month.
enum class Pool : std::uint8_t { kBook, kRegion, kProject, kService };
enum class Aggregate : std::uint8_t { kSum, kPeak };  // peak: the largest single record counts
enum class TierMode : std::uint8_t {
  kGraduated,  // each part of the quantity at the rate of its own tier
  kVolume,     // the whole quantity at the rate of the tier that it reaches
  kStep,       // the rate of the tier that it reaches is the price of the whole, once
};

struct Meter {
  std::string name;
  std::uint32_t account = 0;  // into PriceBook::accounts
  UsageKind kind = UsageKind::kStorage;
  std::string unit;  // for people and FOCUS: "GB-Month"
  Measure measure = Measure::kBytes;
  uint128 unit_size = 1;  // bytes, objects or things in one unit: 10^9, 2^30, 5 × 2^30, 1000
  Month month = Month::kNone;
  std::uint64_t period_seconds = 0;  // of Month::kFixed
  Proration proration = Proration::kSecond;
  Pool pool = Pool::kBook;
  Aggregate aggregate = Aggregate::kSum;
  bool started_units = false;  // the pooled monthly quantity is rounded up to whole units
  bool is_surcharge = false;   // comes on top; does not by itself make a record priced
  std::uint32_t share_numerator = 1, share_denominator = 1;  // billable share of the quantity
  bool is_paid_in_advance = false;  // on the 1st of its month, or when it begins; see payment_of
  std::string instead_of;  // name of the meter that it takes the place of: started blocks or linear
};

struct Tier {
  Decimal from;  // in the meter's units, within a month
  Decimal rate;  // per unit
};

// Extra bytes billed per object beside its own size, at the class named ("" = the object's own):
// S3 archive classes bill 32 KiB there and 8 KiB at Standard.
struct Overhead {
  std::uint64_t bytes_per_object = 0;
  std::string storage_class;
};

// Beyond `from` units, every started `size` units cost `rate` more.
struct ThenEvery {
  Decimal from, size, rate;
};

struct PriceRow {
  std::string id;        // "S3 Standard/us-east-1/storage", unique in the book
  std::string provider;  // "AWS"
  std::string service;   // the provider's product: "S3 Standard-IA"
  std::size_t meter = 0;
  // What the row applies to; empty means any. A region may be a name of PriceBook::regions;
  // peer_region may be "same".
  std::string region, peer_region, storage_class, operation, backup_kind;
  std::string option;

  bool is_known = false;    // false: the document says null, and billing it is an error
  std::vector<Tier> tiers;  // rising from 0 without gap or overlap
  TierMode tier_mode = TierMode::kGraduated;
  std::optional<ThenEvery> then_every;  // of kStep only
  Decimal multiplier{1, 0};             // redundancy: 1.25 for zone-redundant storage
  std::uint64_t min_seconds = 0;        // minimum storage duration
  std::uint64_t min_object_bytes = 0;
  std::vector<Overhead> overheads;
  bool full_copies = false;  // snapshots share no blocks here: what is moved in is copied in full
  Decimal minimum;           // floor of the pool per month, in units; 0 = none

  std::string source;
  std::string as_of;      // "2026-08-01", "2026-Q2": as precise as the source
  std::string certainty;  // "high", "medium", "low", "hole"
  std::string note;
  // First days of months, since invoices are by month; until is exclusive.
  std::optional<std::chrono::sys_days> valid_from, valid_until;
  std::string pointer;  // in the document
  int line = 0;
};

// A free amount per month, pooled over every row of the meter; each project has its own where the
// meter is pooled per project. It covers the first units, so it
// shortens the first tier. With of_meter it is `times` the month's quantity on that meter: egress
// free up to three times the storage, backups free up to the provisioned size.
struct Allowance {
  std::string name;
  std::size_t meter = 0;
  Decimal amount;  // in units
  // Space that is free for as long as it is held, however long the month: 5 GB on each of 31 days,
  // and not 5 GB-months of 30 days.
  bool is_capacity = false;
  std::optional<std::size_t> of_meter;
  Decimal times{1, 0};
  std::string option, source;
};

// Charges and reliefs that follow from a month's usage lines: percent of them, or a fixed amount.
struct Adjustment {
  enum class Kind : std::uint8_t { kDiscount, kCredit, kTax } kind = Kind::kDiscount;
  std::string name;
  std::uint32_t account = 0;        // into PriceBook::accounts: it looks at no other's lines
  std::vector<std::size_t> meters;  // of these alone; empty: of every line of the account
  Decimal percent;                  // discount and tax
  Decimal amount_per_month;         // credit; never more than what it relieves
  std::string option, source;
};

// Capacity bought for a fixed fee per month; usage beyond it is overage.
struct Commitment {
  std::string name;
  std::size_t meter = 0;
  Decimal amount;  // units covered per month
  Decimal fee_per_month;
  std::optional<Decimal> overage_rate;  // per unit; none: the row's own rates
  int prepaid_months = 0;               // paid at the start for that many months; 0 = monthly
  std::string option, source;
};

// What one provider's bill has of its own, in a book that covers several.
struct Account {
  std::string name, provider, as_of;  // of the book it came from
  Currency currency;                  // of that book as written; set where any is converted
  int payment_days = 0;               // after the end of the month: the cash view
  std::string default_storage_class;
  std::map<std::string, std::vector<std::string>, std::less<>> regions;  // group → "gcp-us-*", …

  // Whether a usage record that names its provider so is on this bill: the name of the book or of
  // the provider, whatever the case.
  bool is_called(std::string_view provider) const;
};

// Settings with an `option` name hold only if that option is asked for, and then outrank those
// without: where published figures contradict each other, both are in the book.
struct PriceBook {
  std::string name, provider, title, as_of;
  Currency currency;
  Rounding line_rounding{6, RoundingMode::kHalfUp};
  int invoice_decimals = 2;       // a month's total is brought to these by a line of its own
  std::vector<Account> accounts;  // one, or one for each merged book in the order of their names
  std::vector<Meter> meters;
  std::vector<PriceRow> rows;
  std::vector<Allowance> allowances;
  std::vector<Adjustment> adjustments;
  std::vector<Commitment> commitments;
  std::set<std::string> options;  // every option name that occurs
  std::vector<std::string> notes;
  // What a bill is computed with beside the book as published: exchange rates at which prices were
  // converted, rates that a user gave.
  std::vector<std::string> stated;
  // Where prices were converted: the same rows and meters, each account's in its own currency, for
  // the part of a bill that its provider sends. `currency` of it says nothing.
  std::shared_ptr<const PriceBook> as_written;
};

// Reads and checks a book; all faults at once, each with pointer and line. Errors: kBadInput for
// an unknown field or meter, a tier table with a gap or an overlap, a negative rate, a second
// currency, a row dated after the book, a row without source, date or certainty.
Result<PriceBook, Errors> load_price_book(const Document& document);

// "S3 Standard/us-east-1/storage": what a row is called in its book, before that is merged.
std::string row_id(const PriceRow& row, const Meter& meter);

// One book out of several for usage that crosses providers; the order in which they come does not
// matter. Errors: kBadInput for two books of one name, different currencies or roundings.
Result<PriceBook, Errors> merge(std::vector<PriceBook> books);

// "GB = 10^9 bytes; month = 30 days; started days, per backup; first units shared by all"
std::string describe_convention(const Meter& meter);

}  // namespace backcast::cost
