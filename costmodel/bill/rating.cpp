#include "costmodel/bill/rating.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace backcast::cost {
namespace {

bool in_force(const std::string& option, const std::set<std::string>& options) {
  return option.empty() || options.contains(option);
}

uint128 power_of_ten(int exponent) {
  uint128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// The part of `total` that falls to each weight, in whole units that sum to `total` exactly; no
// part exceeds its weight while total does not exceed the sum of weights.
std::vector<uint128> split(uint128 total, const std::vector<uint128>& weights) {
  uint128 sum = 0;
  for (const uint128 weight : weights) sum = must_add(sum, weight);
  std::vector<uint128> parts;
  uint128 before = 0, cumulated = 0;
  for (const uint128 weight : weights) {
    cumulated += weight;
    const uint128 until = sum == 0 ? 0 : mul_div_floor(total, cumulated, sum);
    parts.push_back(until - before);
    before = until;
  }
  return parts;
}

// What shares one tier table.
struct Pooled {
  std::uint32_t row = 0;
  bool is_early_deletion = false;
  std::vector<const Usage*> usage;
  uint128 base = 0;
  uint128 free_base = 0;                                         // covered by allowances
  std::vector<std::pair<const Commitment*, uint128>> committed;  // covered by commitments
};

// A stretch of a pool's quantity at one rate.
struct Segment {
  uint128 base = 0;
  Decimal rate;
  int tier = -1;
  std::string description;
  const Commitment* commitment = nullptr;  // that covers it
};

class MonthRater {
 public:
  MonthRater(const PriceBook& book, const std::set<std::string>& options, int month,
             const std::vector<UsageGroup>& groups, std::span<const Usage> usage,
             std::vector<InvoiceLine>& lines)
      : book_(book), options_(options), groups_(groups), lines_(lines), month_(month) {
    make_pools(usage);
  }

  Status run() {
    for (const Allowance& allowance : book_.allowances) {
      if (in_force(allowance.option, options_)) allow(allowance);
    }
    for (const Commitment& commitment : book_.commitments) {
      if (in_force(commitment.option, options_)) commit(commitment);
    }
    for (const Pooled& pool : pools_) BACKCAST_CHECK(rate(pool));
    return kOk;
  }

 private:
  uint128 per_unit(std::size_t meter) const { return base_per_unit(book_.meters[meter], month_); }

  // Base of what counts against the same of the other meter: a byte held for a month against a byte
  // moved, whatever the units of their prices; where they measure different things, one unit.
  uint128 per_counterpart(std::size_t meter, std::size_t other) const {
    const Meter& m = book_.meters[meter];
    const bool are_alike = m.measure == book_.meters[other].measure;
    return are_alike ? per_unit(meter) / m.unit_size : per_unit(meter);
  }

  std::uint32_t index_of(const Commitment& commitment) const {
    return static_cast<std::uint32_t>(&commitment - book_.commitments.data());
  }

  void make_pools(std::span<const Usage> usage) {
    std::map<std::tuple<std::uint32_t, bool, std::string, std::string>, std::size_t> index;
    for (const Usage& u : usage) {
      const Pool pool = book_.meters[book_.rows[u.row].meter].pool;
      const UsageGroup& group = groups_[u.group];
      const auto [it, is_new] = index.emplace(
          std::tuple{u.row, u.is_early_deletion,
                     pool == Pool::kService || pool == Pool::kProject ? group.project : "",
                     pool == Pool::kService  ? group.service
                     : pool == Pool::kRegion ? group.region
                                             : ""},
          pools_.size());
      if (is_new) pools_.push_back({u.row, u.is_early_deletion, {}, 0, 0, {}});
      Pooled& p = pools_[it->second];
      p.usage.push_back(&u);
      p.base = must_add(p.base, u.base);
    }
  }

  // Base that neither allowance nor commitment covers yet.
  static uint128 uncovered(const Pooled& pool) {
    uint128 covered = pool.free_base;
    for (const auto& [commitment, base] : pool.committed) covered += base;
    return pool.base - covered;
  }

  const std::string& project_of(const Pooled& pool) const {
    return groups_[pool.usage.front()->group].project;
  }

  // What of each pool of the meter is uncovered; of one project's pools if that is given.
  std::vector<uint128> uncovered_of_meter(std::size_t meter, const std::string* project) const {
    std::vector<uint128> weights;
    for (const Pooled& pool : pools_) {
      const bool counts = book_.rows[pool.row].meter == meter && !pool.is_early_deletion &&
                          (project == nullptr || project_of(pool) == *project);
      weights.push_back(counts ? uncovered(pool) : 0);
    }
    return weights;
  }

  static uint128 sum_of(const std::vector<uint128>& weights) {
    uint128 sum = 0;
    for (const uint128 weight : weights) sum = must_add(sum, weight);
    return sum;
  }

  void allow(const Allowance& allowance) {
    if (book_.meters[allowance.meter].pool != Pool::kProject) return allow(allowance, nullptr);
    std::set<std::string> projects;
    for (const Pooled& pool : pools_) projects.insert(project_of(pool));
    for (const std::string& project : projects) allow(allowance, &project);
  }

  void allow(const Allowance& allowance, const std::string* project) {
    uint128 free_base =
        to_base(allowance.amount, allowance.is_capacity ? held_all_month(allowance.meter)
                                                        : per_unit(allowance.meter));
    if (allowance.of_meter) {
      uint128 source = 0;
      for (const Pooled& pool : pools_) {
        const bool counts = book_.rows[pool.row].meter == *allowance.of_meter &&
                            (project == nullptr || project_of(pool) == *project);
        if (counts) source = must_add(source, pool.base);
      }
      free_base =
          mul_div_floor(mul_div_floor(source, per_counterpart(allowance.meter, *allowance.of_meter),
                                      per_counterpart(*allowance.of_meter, allowance.meter)),
                        static_cast<uint128>(allowance.times.coefficient()),
                        power_of_ten(allowance.times.scale()));
    }
    const auto weights = uncovered_of_meter(allowance.meter, project);
    const auto parts = split(std::min(free_base, sum_of(weights)), weights);
    for (std::size_t i = 0; i < pools_.size(); ++i) pools_[i].free_base += parts[i];
  }

  void commit(const Commitment& commitment) {
    const uint128 amount = to_base(commitment.amount, per_unit(commitment.meter));
    const auto weights = uncovered_of_meter(commitment.meter, nullptr);
    const auto parts = split(std::min(amount, sum_of(weights)), weights);
    for (std::size_t i = 0; i < pools_.size(); ++i) {
      if (weights[i] > 0) pools_[i].committed.emplace_back(&commitment, parts[i]);
    }
    InvoiceLine line;
    line.month = to_year_month(month_);
    line.category = ChargeCategory::kPurchase;
    line.account = book_.meters[commitment.meter].account;
    line.meter = static_cast<std::uint32_t>(commitment.meter);
    line.commitment = index_of(commitment);
    line.quantity = {1, 1};
    line.rate = commitment.fee_per_month;
    line.amount = round(commitment.fee_per_month, book_.line_rounding);
    line.description = "commitment " + commitment.name;
    lines_.push_back(std::move(line));
  }

  // Base of one unit that is held from the first second of the month to the last.
  uint128 held_all_month(std::size_t meter) const {
    const Meter& m = book_.meters[meter];
    const MonthSpan span = span_of_month(month_);
    return must_mul(must_mul(m.unit_size, uint128{m.share_denominator}),
                    static_cast<uint128>(span.end_seconds - span.start_seconds));
  }

  // The tiers of `row` over [from, until), cut by base.
  void add_tiers(const PriceRow& row, uint128 from, uint128 until, uint128 unit,
                 const std::string& description, std::vector<Segment>& segments) const {
    for (std::size_t i = 0; i < row.tiers.size(); ++i) {
      const uint128 begin = std::max(from, to_base(row.tiers[i].from, unit));
      const uint128 end =
          i + 1 < row.tiers.size() ? std::min(until, to_base(row.tiers[i + 1].from, unit)) : until;
      if (begin >= end) continue;
      segments.push_back(
          {end - begin, row.tiers[i].rate * row.multiplier, static_cast<int>(i), description});
    }
  }

  // Index of the tier that `base` reaches; a bound itself still belongs to the tier below.
  static std::size_t tier_reached(const PriceRow& row, uint128 base, uint128 unit) {
    std::size_t tier = 0;
    while (tier + 1 < row.tiers.size() && base > to_base(row.tiers[tier + 1].from, unit)) ++tier;
    return tier;
  }

  Status rate(const Pooled& pool) {
    const PriceRow& row = book_.rows[pool.row];
    const Meter& meter = book_.meters[row.meter];
    const uint128 unit = per_unit(row.meter);
    if (row.tier_mode == TierMode::kStep) return rate_step(pool, row, unit);

    std::vector<Segment> used;
    const bool says_so_itself = meter.kind == UsageKind::kDeletion;
    const std::string plain = pool.is_early_deletion && !says_so_itself ? "early deletion" : "";
    if (pool.free_base > 0)
      used.push_back({pool.free_base, Decimal(), -1, "free allowance", nullptr});
    uint128 covered = pool.free_base;
    std::optional<Decimal> overage_rate;
    for (const auto& [commitment, base] : pool.committed) {
      if (base > 0)
        used.push_back({base, Decimal(), -1, "covered by " + commitment->name, commitment});
      covered += base;
      overage_rate = commitment->overage_rate;
    }
    const auto add_paid = [&](uint128 from, uint128 until, const std::string& description,
                              std::vector<Segment>& segments) {
      if (from >= until) return;
      if (overage_rate) {
        segments.push_back({until - from, *overage_rate, -1, "overage", nullptr});
      } else if (row.tier_mode == TierMode::kVolume) {
        const std::size_t tier = tier_reached(row, pool.base, unit);
        segments.push_back({until - from, row.tiers[tier].rate * row.multiplier,
                            static_cast<int>(tier), description});
      } else {
        add_tiers(row, from, until, unit, description, segments);
      }
    };
    add_paid(covered, pool.base, plain, used);
    BACKCAST_CHECK(distribute(pool, unit, used));
    if (pool.is_early_deletion) return kOk;

    std::vector<Segment> shared;
    uint128 billed = pool.base;
    if (meter.started_units && pool.base > covered) {
      const uint128 paid = pool.base - covered;
      billed = must_add(covered, must_mul((paid + unit - 1) / unit, unit));
      add_paid(pool.base, billed, "rest of a started unit", shared);
    }
    add_paid(billed, to_base(row.minimum, unit), "minimum charge", shared);
    for (const Segment& segment : shared) {
      BACKCAST_CHECK(add_line(pool, kNone, {segment.base, unit}, segment));
    }
    return kOk;
  }

  Status rate_step(const Pooled& pool, const PriceRow& row, uint128 unit) {
    const std::size_t tier = tier_reached(row, pool.base, unit);
    Segment step{pool.base, row.tiers[tier].rate, static_cast<int>(tier), "size step"};
    if (row.then_every) {
      const uint128 from = to_base(row.then_every->from, unit);
      const uint128 size = to_base(row.then_every->size, unit);
      if (pool.base > from && size > 0) {
        const uint128 more = (pool.base - from + size - 1) / size;
        if (more > 1'000'000'000) return bad_input("more than 10^9 size steps in one month");
        step.rate += row.then_every->rate * Decimal(static_cast<int128>(more), 0);
      }
    }
    step.rate = step.rate * row.multiplier;
    // One fee for the whole, shared by the groups of the pool.
    for (const Usage* usage : pool.usage) {
      const Quantity part =
          pool.usage.size() == 1 ? Quantity{1, 1} : Quantity{usage->base, pool.base};
      BACKCAST_CHECK(add_line(pool, usage->group, part, step));
    }
    return kOk;
  }

  // Hands every segment back to the groups in proportion to what each has left.
  Status distribute(const Pooled& pool, uint128 unit, const std::vector<Segment>& segments) {
    std::vector<uint128> left;
    for (const Usage* usage : pool.usage) left.push_back(usage->base);
    for (const Segment& segment : segments) {
      const auto parts = split(segment.base, left);
      for (std::size_t i = 0; i < left.size(); ++i) {
        left[i] -= parts[i];
        if (parts[i] == 0) continue;
        BACKCAST_CHECK(add_line(pool, pool.usage[i]->group, {parts[i], unit}, segment));
      }
    }
    return kOk;
  }

  Status add_line(const Pooled& pool, std::uint32_t group, Quantity quantity,
                  const Segment& segment) {
    InvoiceLine line;
    line.month = to_year_month(month_);
    line.group = group;
    line.account = book_.meters[book_.rows[pool.row].meter].account;
    line.row = pool.row;
    line.meter = static_cast<std::uint32_t>(book_.rows[pool.row].meter);
    line.tier = segment.tier;
    line.quantity = quantity;
    line.rate = segment.rate.trimmed();
    BACKCAST_TRY(line.amount, price(quantity, line.rate, book_.line_rounding));
    line.description = segment.description;
    if (segment.commitment != nullptr) line.commitment = index_of(*segment.commitment);
    lines_.push_back(std::move(line));
    return kOk;
  }

  const PriceBook& book_;
  const std::set<std::string>& options_;
  const std::vector<UsageGroup>& groups_;
  std::vector<InvoiceLine>& lines_;
  const int month_;
  std::vector<Pooled> pools_;
};

}  // namespace

uint128 base_per_unit(const Meter& meter, int month) {
  const MonthSpan span = span_of_month(month);
  const uint128 seconds = meter.month == Month::kCalendar
                              ? static_cast<uint128>(span.end_seconds - span.start_seconds)
                          : meter.month == Month::kFixed ? meter.period_seconds
                                                         : 1;
  return must_mul(must_mul(meter.unit_size, seconds), uint128{meter.share_denominator});
}

uint128 to_base(const Decimal& units, uint128 per_unit) {
  return mul_div_floor(static_cast<uint128>(units.coefficient()), per_unit,
                       power_of_ten(units.scale()));
}

Status rate_month(const PriceBook& book, const std::set<std::string>& options, int month,
                  const std::vector<UsageGroup>& groups, std::span<const Usage> usage,
                  std::vector<InvoiceLine>& lines) {
  const std::size_t first = lines.size();
  BACKCAST_CHECK(MonthRater(book, options, month, groups, usage, lines).run());
  std::stable_sort(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end(),
                   [](const InvoiceLine& a, const InvoiceLine& b) {
                     return std::tie(a.category, a.row, a.group) <
                            std::tie(b.category, b.row, b.group);
                   });
  return kOk;
}

}  // namespace backcast::cost
