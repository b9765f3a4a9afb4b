// Usage records in, monthly sums per group and price row out.
#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <tuple>
#include <unordered_map>

#include "costmodel/bill/block_references.h"
#include "costmodel/bill/invoice.h"
#include "costmodel/bill/missing.h"
#include "costmodel/bill/rating.h"
#include "costmodel/bill/showback.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

// 15 YB held for a month: beyond any real usage, and sums of four million such still fit 128 bits.
constexpr uint128 kMaxBase = uint128{1} << 105;
constexpr std::size_t kMaxErrors = 100;

// The sum of one price row in one month of one group.
struct Charge {
  std::uint32_t row = 0;
  bool is_early_deletion = false;
  uint128 base = 0;
};

// Row and what it bills of a record.
struct Target {
  std::uint32_t row = 0;
  std::uint64_t overhead_bytes_per_object = 0;  // 0: the record itself
};

struct GroupMonth {
  int month = 0;
  std::vector<Target> targets;
  std::vector<std::uint32_t> missing;  // causes for which part of it, or all, has no price
  std::vector<Charge> charges;
};

struct GroupState {
  UsageGroup group;
  std::vector<GroupMonth> months;  // rising
};

bool same_group(const UsageGroup& group, const UsageRecord& r) {
  return group.kind == r.kind && group.service == r.service && group.region == r.region &&
         group.storage_class == r.storage_class && group.backup_kind == r.backup_kind &&
         group.project == r.project && group.peer_region == r.peer_region &&
         group.operation == r.operation && group.provider == r.provider && group.tags == r.tags;
}

UsageGroup group_of(const UsageRecord& r) {
  return {r.kind,          r.project,     r.service,   r.region,   r.peer_region,
          r.storage_class, r.backup_kind, r.operation, r.provider, r.tags};
}

std::size_t hash_of(const UsageRecord& r) {
  std::size_t hash = static_cast<std::size_t>(r.kind);
  const auto mix = [&](const std::string& text) {
    hash = (hash ^ std::hash<std::string_view>{}(text)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  };
  for (const std::string* text : {&r.service, &r.region, &r.peer_region, &r.storage_class,
                                  &r.backup_kind, &r.project, &r.operation, &r.provider}) {
    mix(*text);
  }
  for (const std::string& tag : r.tags) mix(tag);
  return hash;
}

int index_of(std::chrono::year_month month) {
  return (static_cast<int>(month.year()) - 1970) * 12 +
         static_cast<int>(static_cast<unsigned>(month.month())) - 1;
}

bool is_held(UsageKind kind) {
  return kind == UsageKind::kStorage || kind == UsageKind::kInstance;
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a / b + (a % b > 0);
}

// Seconds of [start, end) that count: all, or the whole of each hour or day that begins in it,
// counted from `born`. Cutting an interval in two never changes the sum.
std::uint64_t counted_seconds(Proration proration, std::int64_t start, std::int64_t end,
                              std::int64_t born) {
  if (proration == Proration::kSecond) return static_cast<std::uint64_t>(end - start);
  const std::int64_t period = proration == Proration::kHour ? 3600 : 86400;
  return static_cast<std::uint64_t>(
      (ceil_div(end - born, period) - ceil_div(start - born, period)) * period);
}

}  // namespace

struct Biller::State {
  std::shared_ptr<const PriceBook> book;
  BillOptions asked;
  const std::set<std::string>& options = asked.options;
  Matcher matcher;
  std::vector<GroupState> groups;
  std::unordered_multimap<std::size_t, std::uint32_t> group_by_hash;
  std::uint32_t last_group = kNone;
  int billed_before = INT_MIN;    // usage of earlier months is billed and gone
  std::optional<int> next_month;  // the first that is not billed; none before any was used
  std::set<std::uint32_t> rows_used;
  SharedBlocks shared_blocks;
  MissingPrices missing;
  // What went wrong so far, once per cause: a bill with an error never becomes an invoice.
  Errors errors;
  std::set<std::string> causes;

  State(std::shared_ptr<const PriceBook> b, BillOptions o)
      : book(std::move(b)), asked(std::move(o)), matcher(*book, options), missing(*book, matcher) {
    if (asked.first_month) next_month = index_of(*asked.first_month);
  }

  GroupState& find_group(const UsageRecord& record) {
    if (last_group != kNone && same_group(groups[last_group].group, record)) {
      return groups[last_group];
    }
    const std::size_t hash = hash_of(record);
    const auto [begin, end] = group_by_hash.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (!same_group(groups[it->second].group, record)) continue;
      last_group = it->second;
      return groups[last_group];
    }
    last_group = static_cast<std::uint32_t>(groups.size());
    group_by_hash.emplace(hash, last_group);
    groups.push_back({group_of(record), {}});
    return groups.back();
  }

  Result<GroupMonth*> find_month(GroupState& state, int month) {
    if (!state.months.empty() && state.months.back().month == month) return &state.months.back();
    const auto it =
        std::lower_bound(state.months.begin(), state.months.end(), month,
                         [](const GroupMonth& m, int wanted) { return m.month < wanted; });
    if (it != state.months.end() && it->month == month) return &*it;
    if (month < billed_before) {
      return bad_input(fmt::format("usage of {} comes after that month was billed",
                                   format_month(to_year_month(month))));
    }
    GroupMonth made{month, {}, {}, {}};
    BACKCAST_CHECK(find_targets(state.group, month, made));
    return &*state.months.insert(it, std::move(made));
  }

  Status find_targets(const UsageGroup& group, int month, GroupMonth& made) {
    BACKCAST_TRY(const auto rows, matcher.rows(group, month));
    bool is_priced = group.kind == UsageKind::kDeletion;  // fees follow from the storage row
    for (const std::uint32_t row : rows) {
      is_priced |= !book->meters[book->rows[row].meter].is_surcharge;
      if (!book->rows[row].is_known) {
        made.missing.push_back(missing.unknown(row));
        continue;
      }
      made.targets.push_back({row, 0});
      for (const Overhead& overhead : book->rows[row].overheads) {
        if (overhead.storage_class.empty()) continue;
        BACKCAST_CHECK(add_overhead(group, month, overhead, made));
      }
    }
    if (!is_priced) made.missing.push_back(missing.no_row(group, month));
    return kOk;
  }

  // Overhead that is billed in another storage class than the object itself.
  Status add_overhead(UsageGroup group, int month, const Overhead& overhead, GroupMonth& made) {
    group.storage_class = overhead.storage_class;
    BACKCAST_TRY(const auto rows, matcher.rows(group, month));
    bool is_priced = false;
    for (const std::uint32_t row : rows) {
      const Meter& meter = book->meters[book->rows[row].meter];
      if (meter.is_surcharge) continue;
      is_priced = true;
      if (book->rows[row].is_known) {
        made.targets.push_back({row, overhead.bytes_per_object});
      } else {
        made.missing.push_back(missing.unknown(row));
      }
    }
    if (!is_priced) made.missing.push_back(missing.no_row(group, month));
    return kOk;
  }

  std::uint32_t group_number(const GroupState& state) const {
    return static_cast<std::uint32_t>(&state - groups.data());
  }

  // Notes what of a record has no price; `seconds` is 1 of what is not held.
  void use_missing(const GroupState& state, const GroupMonth& month, const UsageRecord& record,
                   std::uint64_t seconds) {
    const std::uint32_t group = group_number(state);
    const uint128 quantity = std::max(record.quantity, record.objects);
    for (const std::uint32_t cause : month.missing) {
      missing.use(cause, group, month.month, quantity * seconds);
    }
  }

  static uint128 billable(const PriceRow& row, const Meter& meter, const Target& target,
                          const UsageRecord& record) {
    const uint128 objects = record.objects;
    if (target.overhead_bytes_per_object > 0) return objects * target.overhead_bytes_per_object;
    if (meter.measure == Measure::kObjects) return objects;
    uint128 bytes = record.quantity;
    if (meter.measure == Measure::kCount) return bytes;
    bytes = std::max(bytes, objects * row.min_object_bytes);
    for (const Overhead& overhead : row.overheads) {
      if (overhead.storage_class.empty()) bytes += objects * overhead.bytes_per_object;
    }
    return bytes;
  }

  static Status add_charge(GroupMonth& month, const Meter& meter, std::uint32_t row,
                           bool is_early_deletion, uint128 quantity, uint128 seconds) {
    uint128 base = 0, scaled = 0;
    const bool overflow = __builtin_mul_overflow(quantity, seconds, &base) ||
                          __builtin_mul_overflow(base, uint128{meter.share_numerator}, &scaled);
    if (overflow || scaled > kMaxBase) return bad_input("more usage than can be counted");
    if (scaled == 0) return kOk;
    for (Charge& charge : month.charges) {
      if (charge.row != row || charge.is_early_deletion != is_early_deletion) continue;
      charge.base = meter.aggregate == Aggregate::kPeak ? std::max(charge.base, scaled)
                                                        : charge.base + scaled;
      if (charge.base > kMaxBase) return bad_input("more usage than can be counted");
      return kOk;
    }
    month.charges.push_back({row, is_early_deletion, scaled});
    return kOk;
  }

  // Whether its storage class keeps each snapshot whole.
  Result<bool> is_full_copy(const UsageRecord& record) const {
    UsageGroup group = group_of(record);
    group.kind = UsageKind::kStorage;
    BACKCAST_TRY(const auto rows, matcher.rows(group, month_at(unix_seconds(record.start))));
    return std::any_of(rows.begin(), rows.end(),
                       [&](std::uint32_t row) { return book->rows[row].full_copies; });
  }

  Status add_held(GroupState& state, const UsageRecord& record) {
    const std::int64_t start = unix_seconds(record.start), end = unix_seconds(record.end);
    const std::int64_t born = record.born             ? unix_seconds(*record.born)
                              : record.backup.empty() ? 0
                                                      : start;
    for (std::int64_t from = start; from < end;) {
      const int index = month_at(from);
      const std::int64_t until = std::min(end, span_of_month(index).end_seconds);
      BACKCAST_TRY(GroupMonth* const month, find_month(state, index));
      for (const Target& target : month->targets) {
        const PriceRow& row = book->rows[target.row];
        const Meter& meter = book->meters[row.meter];
        const std::uint64_t seconds = meter.aggregate == Aggregate::kPeak
                                          ? 1
                                          : counted_seconds(meter.proration, from, until, born);
        BACKCAST_CHECK(add_charge(*month, meter, target.row, false,
                                  billable(row, meter, target, record), seconds));
      }
      use_missing(state, *month, record, static_cast<std::uint64_t>(until - from));
      from = until;
    }
    return kOk;
  }

  Status add_moment(GroupState& state, const UsageRecord& record) {
    BACKCAST_TRY(GroupMonth* const month, find_month(state, month_at(unix_seconds(record.start))));
    for (const Target& target : month->targets) {
      const PriceRow& row = book->rows[target.row];
      const Meter& meter = book->meters[row.meter];
      BACKCAST_CHECK(
          add_charge(*month, meter, target.row, false, billable(row, meter, target, record), 1));
    }
    use_missing(state, *month, record, 1);
    return kOk;
  }

  // What deletion before the minimum duration still costs, at its own price where there is one.
  Status add_deletion(GroupState& state, const UsageRecord& record) {
    const std::int64_t born = unix_seconds(record.born.value_or(record.start));
    const std::int64_t end = unix_seconds(record.end);
    BACKCAST_TRY(GroupMonth* const month, find_month(state, month_at(end)));
    UsageGroup stored = state.group;
    stored.kind = UsageKind::kStorage;
    BACKCAST_TRY(const auto rows, matcher.rows(stored, month->month));
    for (const std::uint32_t index : rows) {
      const PriceRow& row = book->rows[index];
      const Meter& meter = book->meters[row.meter];
      const std::uint64_t kept = counted_seconds(meter.proration, born, end, born);
      if (kept >= row.min_seconds || meter.measure != Measure::kBytes) continue;
      use_missing(state, *month, record, row.min_seconds - kept);
      const bool has_own_price = !month->targets.empty();
      if (!has_own_price && !month->missing.empty()) continue;
      const std::uint32_t charged = has_own_price ? month->targets.front().row : index;
      if (!book->rows[charged].is_known) {
        missing.use(missing.unknown(charged), group_number(state), month->month,
                    uint128{record.quantity} * (row.min_seconds - kept));
        continue;
      }
      BACKCAST_CHECK(add_charge(*month, book->meters[book->rows[charged].meter], charged, true,
                                billable(row, meter, {index, 0}, record), row.min_seconds - kept));
    }
    return kOk;
  }

  Status add(const UsageRecord& record) {
    if (record.end < record.start) {
      return bad_input(fmt::format("usage ends at {}, before it starts at {}",
                                   format_instant(record.end), format_instant(record.start)));
    }
    if (record.born && *record.born > record.start) {
      return bad_input(fmt::format("usage starts at {}, before the thing was born at {}",
                                   format_instant(record.start), format_instant(*record.born)));
    }
    GroupState& group = find_group(record);
    if (is_held(record.kind)) return add_held(group, record);
    if (record.kind == UsageKind::kDeletion) return add_deletion(group, record);
    return add_moment(group, record);
  }

  // Takes out the usage before that month, sorted by month, row and group, with groups in the
  // order of their names, so that the invoice does not depend on the order of the records.
  std::vector<Usage> take_before(int month, std::vector<UsageGroup>& named) {
    const auto key = [this](std::uint32_t index) {
      const UsageGroup& g = groups[index].group;
      return std::tie(g.project, g.service, g.region, g.kind, g.peer_region, g.storage_class,
                      g.backup_kind, g.operation, g.tags, g.provider);
    };
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
      const auto& months = groups[i].months;
      if (!months.empty() && months.front().month < month) order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
    std::vector<Usage> usage;
    for (const std::uint32_t index : order) {
      GroupState& state = groups[index];
      const auto group = static_cast<std::uint32_t>(named.size());
      named.push_back(state.group);
      const auto end = std::find_if(state.months.begin(), state.months.end(),
                                    [&](const GroupMonth& m) { return m.month >= month; });
      for (auto it = state.months.begin(); it != end; ++it) {
        for (const Charge& charge : it->charges) {
          usage.push_back({it->month, charge.row, group, charge.is_early_deletion, charge.base});
        }
      }
      state.months.erase(state.months.begin(), end);
    }
    std::sort(usage.begin(), usage.end(), [](const Usage& a, const Usage& b) {
      return std::tie(a.month, a.row, a.is_early_deletion, a.group) <
             std::tie(b.month, b.row, b.is_early_deletion, b.group);
    });
    return usage;
  }

  // Exclusive. All months up to one that is used are known; the last bill ends with the usage, or
  // with the months that were asked for.
  int end_of_bill(int month, const std::vector<Usage>& usage) const {
    if (month != INT_MAX) return month;
    const int used = usage.empty() ? INT_MIN : usage.back().month + 1;
    return asked.last_month ? std::max(used, index_of(*asked.last_month) + 1) : used;
  }

  // The same month at the prices as they are written.
  Status add_own_totals(int month, std::span<const Usage> usage, Invoice& invoice) const {
    if (book->as_written == nullptr) return kOk;
    std::vector<InvoiceLine> lines;
    BACKCAST_CHECK(rate_month(*book->as_written, options, month, invoice.groups, usage, lines));
    BACKCAST_CHECK(adjust_month(*book->as_written, options, month, 0, lines));
    for (std::uint32_t account = 0; account < book->accounts.size(); ++account) {
      if (book->accounts[account].currency == book->currency) continue;
      OwnTotal own{to_year_month(month), account, {}};
      for (const InvoiceLine& line : lines) {
        if (line.account == account) own.amount += line.amount;
      }
      invoice.own_totals.push_back(own);
    }
    return kOk;
  }

  Result<Invoice, Errors> bill_before(int month) {
    if (!errors.empty()) return errors;
    billed_before = std::max(billed_before, month);
    Invoice invoice;
    invoice.book = book;
    const std::vector<Usage> usage = take_before(month, invoice.groups);
    // Usage before the months that were asked for is billed as well.
    if (!usage.empty()) {
      next_month = std::min(next_month.value_or(usage.front().month), usage.front().month);
    }
    auto begin = usage.begin();
    for (const int end = end_of_bill(month, usage); next_month && *next_month < end;
         ++*next_month) {
      const int current = *next_month;
      const auto next =
          std::find_if(begin, usage.end(), [&](const Usage& u) { return u.month != current; });
      const std::size_t first = invoice.lines.size();
      auto status =
          rate_month(*book, options, current, invoice.groups, {begin, next}, invoice.lines);
      if (status.ok()) status = adjust_month(*book, options, current, first, invoice.lines);
      if (status.ok()) status = add_own_totals(current, {begin, next}, invoice);
      if (!status.ok()) return Errors{status.error()};
      for (; begin != next; ++begin) rows_used.insert(begin->row);
    }
    return invoice;
  }

  std::vector<std::string> assumptions() const {
    std::vector<std::string> all = book->stated;
    for (const std::string& option : options) {
      all.push_back("price option \"" + option + "\" is in force");
    }
    for (const std::uint32_t index : rows_used) {
      const PriceRow& row = book->rows[index];
      if (row.certainty == "high") continue;
      all.push_back(fmt::format("the price of {} is of {} certainty ({}, {})", row.id,
                                row.certainty, row.source, row.as_of));
    }
    return all;
  }

  Errors check_options() const {
    Errors unknown;
    const std::vector<std::string_view> names(book->options.begin(), book->options.end());
    for (const std::string& option : options) {
      if (book->options.contains(option)) continue;
      const std::string_view near = nearest_name(option, names);
      unknown.push_back(bad_input(
          fmt::format("price book {} has no option {}", printable(book->name), printable(option)),
          near.empty() ? fmt::format("it has: {}", fmt::join(names, ", "))
                       : fmt::format("did you mean \"{}\"?", near)));
    }
    return unknown;
  }
};

Biller::Biller(std::shared_ptr<const PriceBook> book, BillOptions options)
    : state_(std::make_unique<State>(std::move(book), std::move(options))) {}
Biller::Biller(Biller&&) noexcept = default;
Biller& Biller::operator=(Biller&&) noexcept = default;
Biller::~Biller() = default;

Status Biller::add(const UsageRecord& record) {
  Status added = state_->add(record);
  if (!added.ok() && state_->errors.size() < kMaxErrors &&
      state_->causes.insert(added.error().message).second) {
    state_->errors.push_back(added.error());
  }
  return added;
}

Status Biller::add_blocks(const UsageRecord& record, std::vector<std::uint32_t> blocks) {
  return state_->shared_blocks.add(record, std::move(blocks));
}

Result<Invoice, Errors> Biller::bill_before(std::chrono::year_month month) {
  return state_->bill_before(index_of(month));
}

Result<Invoice, Errors> Biller::finish() {
  auto charged = state_->shared_blocks.records(
      [&](const UsageRecord& record) { return state_->is_full_copy(record); });
  if (!charged.ok()) return Errors{charged.error()};
  for (const UsageRecord& record : *charged) (void)add(record);  // its errors are kept
  Errors errors = state_->check_options();
  errors.insert(errors.end(), state_->errors.begin(), state_->errors.end());
  if (!errors.empty()) return errors;
  auto invoice = state_->bill_before(INT_MAX);
  if (invoice.ok()) {
    invoice->assumptions = state_->assumptions();
    invoice->missing =
        state_->missing.told([&](std::uint32_t group) { return state_->groups[group].group; });
  }
  state_ = std::make_unique<State>(state_->book, BillOptions());
  return invoice;
}

Result<Invoice, Errors> bill(const PriceBook& book, std::span<const UsageRecord> usage,
                             const BillOptions& options) {
  Biller biller(std::make_shared<PriceBook>(book), options);
  for (const UsageRecord& record : usage) {
    if (!biller.add(record).ok()) continue;  // `finish` reports it
  }
  return biller.finish();
}

}  // namespace backcast::cost
