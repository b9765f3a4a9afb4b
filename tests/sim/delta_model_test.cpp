#include "sim/model/delta_model.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "sim/fit/history.h"
#include "sim/model/draws.h"

namespace backcast::sim {
namespace {

using Kind = DeltaModel::Kind;
using Dependents = DeltaModel::Dependents;

constexpr SurvivalCurve kCurve{0.1, 0.9, 0.3, 0.05, 0.001};

DeltaModel model(Kind kind, std::uint32_t full_every = 0) {
  DeltaModel m;
  m.kind = kind;
  m.curve = kCurve;
  m.full_every = full_every;
  return m;
}

Generation day(std::uint32_t ordinal, std::uint64_t size_bytes = 1'000'000) {
  return {ordinal, size_bytes, 3 * size_bytes + 1, static_cast<double>(ordinal)};
}

std::uint64_t shared(std::uint64_t size_bytes, double days) {
  return static_cast<std::uint64_t>(static_cast<double>(size_bytes) * kCurve.alive(days));
}

double part() {
  return *rc::gen::inRange(0, 1001) / 1000.0;
}
SurvivalCurve any_curve() {
  SurvivalCurve curve;
  curve.w1 = part();
  curve.w2 = (1 - curve.w1) * part();
  curve.rate1 = 0.01 + part();
  curve.rate2 = 0.01 * part() + 1e-4;
  curve.rate3 = 1e-3 * part() + 1e-5;
  return curve;
}

RC_GTEST_PROP(SurvivalCurve, advance_is_the_inverse_of_alive, ()) {
  const SurvivalCurve curve = any_curve();
  const double x = 1000 * part();
  const double again = curve.advance(curve.alive(x));
  RC_ASSERT(std::fabs(curve.alive(again) - curve.alive(x)) < 1e-12);
  RC_ASSERT(curve.alive(x) <= curve.alive(x * 0.9));
}

TEST(SurvivalCurve, a_share_never_reached_ends_at_the_greatest_advance) {
  const SurvivalCurve lasting{0.4, 1.0, 0, 0, 0};  // six tenths never die
  EXPECT_EQ(lasting.advance(0.5), SurvivalCurve::kMaxAdvance);
  EXPECT_EQ(lasting.advance(1.0), 0);
  EXPECT_EQ(lasting.advance(std::nan("")), 0);
  EXPECT_NEAR(lasting.advance(0.6 + 0.4 * std::exp(-2.0)), 2, 1e-12);
}

RC_GTEST_PROP(SurvivalCurve, bent_loses_as_much_in_one_unit_and_later_more_the_more_it_is_bent,
              ()) {
  const SurvivalCurve curve = any_curve();
  // Beyond -5 the slow parts may die so slowly that advance() ends before as many are gone.
  const double by = 25 * part() - 5, more = by + part();
  RC_ASSERT(std::fabs(curve.bent(by).alive(1) - curve.alive(1)) < 1e-9);
  RC_ASSERT(curve.bent(more).alive(30) <= curve.bent(by).alive(30) + 1e-12);
  RC_ASSERT(curve.bent(0) == curve);
}

TEST(SurvivalCurve, a_part_without_weight_does_not_take_part_in_a_bend) {
  const SurvivalCurve curve{0, 0.9, 0.001, 1.3e-4, 1.14e-4};
  const SurvivalCurve bent = curve.bent(-20);
  EXPECT_NEAR(bent.alive(1), curve.alive(1), 1e-9);
  EXPECT_GT(bent.alive(1000), curve.alive(1000));
}

TEST(SurvivalCurve, where_one_part_dies_there_is_nothing_to_bend) {
  for (const SurvivalCurve& curve :
       {SurvivalCurve{1, 0.02, 0, 0, 0}, SurvivalCurve{0.4, 1.0, 0, 0, 0}}) {
    EXPECT_EQ(curve.bent(0.7), curve);
  }
}

TEST(DeltaChain, lifetimes_in_closed_form) {
  DeltaChain chain(model(Kind::kLifetimes));
  std::vector<DeltaChain::Handle> handles;
  for (std::uint32_t d = 0; d < 4; ++d) {
    const auto added = chain.add(day(d));
    handles.push_back(added.handle);
    EXPECT_EQ(added.moved_bytes, d == 0 ? 1'000'000 : 1'000'000 - shared(1'000'000, 1));
  }
  const std::int64_t freed = chain.remove(handles[1]);
  const auto s1 = static_cast<std::int64_t>(shared(1'000'000, 1));
  EXPECT_EQ(freed, 1'000'000 - s1 - s1 + static_cast<std::int64_t>(shared(1'000'000, 2)));
  EXPECT_EQ(chain.stored_bytes(), 3'000'000u - shared(1'000'000, 2) - shared(1'000'000, 1));
  EXPECT_EQ(chain.remove(handles[3]), 1'000'000 - s1);
  EXPECT_EQ(chain.remove(handles[0]), 1'000'000 - static_cast<std::int64_t>(shared(1'000'000, 2)));
  EXPECT_EQ(chain.remove(handles[2]), 1'000'000);
  EXPECT_EQ(chain.stored_bytes(), 0u);
}

TEST(DeltaChain, full_copies_and_half_of_the_disk_share_nothing) {
  DeltaChain full(model(Kind::kFull)), half(model(Kind::kHalfOfDisk));
  const auto first = full.add(day(0));
  full.add(day(1));
  EXPECT_EQ(full.stored_bytes(), 2'000'000u);
  EXPECT_EQ(full.remove(first.handle), 1'000'000);
  EXPECT_EQ(half.add(day(0)).moved_bytes, 1'500'001u);  // 3,000,001 on disk, rounded up
}

TEST(DeltaChain, deleting_the_base_of_increments_keeps_it_until_the_last_is_gone) {
  DeltaChain chain(model(Kind::kIncremental, 3));
  std::vector<DeltaChain::Handle> h;
  for (std::uint32_t d = 0; d < 6; ++d) h.push_back(chain.add(day(d)).handle);
  const auto increment = static_cast<std::int64_t>(1'000'000 - shared(1'000'000, 1));
  EXPECT_TRUE(chain.is_full(h[0]) && chain.is_full(h[3]) && !chain.is_full(h[4]));
  EXPECT_EQ(chain.stored_bytes(), static_cast<std::uint64_t>(2'000'000 + 4 * increment));
  EXPECT_EQ(chain.remove(h[0]), 0);
  EXPECT_EQ(chain.remove(h[1]), 0);
  EXPECT_EQ(chain.freed_if_removed(h[2]), 1'000'000 + 2 * increment);
  EXPECT_EQ(chain.remove(h[2]), 1'000'000 + 2 * increment);
  EXPECT_EQ(chain.remove(h[5]), increment);
}

TEST(DeltaChain, merging_moves_the_base_into_the_next_increment) {
  auto merging = model(Kind::kIncremental);
  merging.dependents = Dependents::kMerge;
  DeltaChain chain(merging);
  const auto base = chain.add(day(0)).handle;
  const auto next = chain.add(day(1)).handle;
  chain.add(day(2));
  EXPECT_EQ(chain.remove(base), 1'000'000 - static_cast<std::int64_t>(shared(1'000'000, 1)));
  EXPECT_TRUE(chain.is_full(next));
  EXPECT_EQ(chain.stored_bytes(), 2'000'000 - shared(1'000'000, 1));
}

TEST(DeltaChain, differentials_grow_until_the_next_full_and_hold_only_their_full) {
  DeltaChain chain(model(Kind::kDifferential, 4));
  std::vector<DeltaChain::Handle> h;
  for (std::uint32_t d = 0; d < 5; ++d) h.push_back(chain.add(day(d)).handle);
  for (std::uint32_t d = 1; d < 4; ++d) {
    EXPECT_EQ(chain.own_bytes(h[d]), 1'000'000 - shared(1'000'000, d));
  }
  EXPECT_EQ(chain.remove(h[0]), 0);
  EXPECT_EQ(chain.remove(h[1]), static_cast<std::int64_t>(1'000'000 - shared(1'000'000, 1)));
  EXPECT_EQ(chain.remove(h[3]), static_cast<std::int64_t>(1'000'000 - shared(1'000'000, 3)));
  EXPECT_EQ(chain.remove(h[2]), static_cast<std::int64_t>(2'000'000 - shared(1'000'000, 2)));
  EXPECT_EQ(chain.stored_bytes(), 1'000'000u);
}

TEST(DeltaChain, a_synthetic_full_moves_only_what_changed) {
  auto synthetic = model(Kind::kIncremental, 2);
  synthetic.synthetic_full = true;
  DeltaChain chain(synthetic);
  EXPECT_EQ(chain.add(day(0)).moved_bytes, 1'000'000u);
  chain.add(day(1));
  const auto full = chain.add(day(2));
  EXPECT_EQ(full.moved_bytes, 1'000'000 - shared(1'000'000, 1));
  EXPECT_EQ(full.stored_change, 1'000'000);
}

// Whatever is added and removed, in whatever order: the running total is the formula over what is
// held, deletions free what was promised, and emptying it leaves nothing.
RC_GTEST_PROP(DeltaChain, running_totals_equal_the_formula, ()) {
  const auto kind = *rc::gen::element(Kind::kLifetimes, Kind::kFull, Kind::kHalfOfDisk,
                                      Kind::kIncremental, Kind::kDifferential);
  auto m = model(kind, *rc::gen::inRange(0U, 6U));
  m.dependents = *rc::gen::element(Dependents::kKeep, Dependents::kMerge);
  DeltaChain chain(m);
  std::vector<std::pair<Generation, DeltaChain::Handle>> held;
  const auto steps =
      *rc::gen::container<std::vector<std::uint8_t>>(60, rc::gen::arbitrary<std::uint8_t>());
  std::int64_t total = 0;
  double tau = 0;
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    if (steps[i] % 3 != 0 || held.empty()) {
      tau += steps[i] / 64.0;
      const Generation g{i, 1000 + 37ULL * steps[i], 50'000, tau};
      const auto added = chain.add(g);
      total += added.stored_change;
      held.emplace_back(g, added.handle);
    } else {
      const auto victim = held.begin() + steps[i] / 3 % static_cast<std::ptrdiff_t>(held.size());
      const std::int64_t promised = chain.freed_if_removed(victim->second);
      const std::int64_t freed = chain.remove(victim->second);
      RC_ASSERT(freed == promised);
      RC_ASSERT(freed >= -1);
      total -= freed;
      held.erase(victim);
    }
    RC_ASSERT(chain.stored_bytes() == static_cast<std::uint64_t>(total));
    RC_ASSERT(chain.held() == held.size());
    if (kind == Kind::kLifetimes) {
      std::uint64_t formula = 0;
      for (std::size_t k = 0; k < held.size(); ++k) {
        formula += held[k].first.size_bytes;
        if (k > 0) formula -= m.shared_bytes(held[k - 1].first, held[k].first);
      }
      RC_ASSERT(chain.stored_bytes() == formula);
    }
  }
  for (const auto& [g, handle] : held) chain.remove(handle);
  RC_ASSERT(chain.stored_bytes() == 0u);
}

// Restore points known by a table hold what its rows say, whatever is deleted; what comes after
// them shares with each at most what the newest of them does.
RC_GTEST_PROP(DeltaChain, known_restore_points_are_exact, ()) {
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 12);
  PresenceTable table{count, {}};
  for (std::uint32_t first = 0; first < count; ++first) {
    for (std::uint32_t last = first; last < count; ++last) {
      table.rows.push_back({{{first, last}}, *rc::gen::inRange<std::uint64_t>(0, 1000)});
    }
  }
  const auto trace = std::make_shared<Trace>(table.trace());
  DeltaModel known = model(Kind::kLifetimes);
  known.known = trace;
  known.known_until = count - 1;
  DeltaChain chain(known);
  std::vector<DeltaChain::Handle> handles;
  for (std::uint32_t i = 0; i < count; ++i) {
    handles.push_back(chain.add(day(i, trace->size(i))).handle);
  }
  std::vector<std::uint32_t> left;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (*rc::gen::arbitrary<bool>()) {
      left.push_back(i);
      continue;
    }
    const std::uint64_t before = chain.stored_bytes();
    const auto freed = chain.freed_if_removed(handles[i]);
    chain.remove(handles[i]);
    RC_ASSERT(chain.stored_bytes() + static_cast<std::uint64_t>(freed) == before);
  }
  RC_ASSERT(chain.stored_bytes() == table.stored_bytes(left));
  const Generation next = day(count, trace->size(count - 1));
  for (const std::uint32_t i : left) {
    const Generation old = day(i, trace->size(i));
    RC_ASSERT(known.shared_bytes(old, next) <= trace->shared(i, count - 1));
  }
}

// Bytes may be in any of them, and come and go in any order; what any set of them stores is what
// the table says of the set, and what each holds as its own adds up to it.
RC_GTEST_PROP(DeltaChain, a_presence_table_is_exact_also_where_bytes_come_back, ()) {
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 9);
  PresenceTable table{count, {}};
  for (std::uint32_t pattern = 1; pattern < 1u << count; ++pattern) {
    if (*rc::gen::inRange(0, 4) > 0) continue;
    PresenceRow row{{}, *rc::gen::inRange<std::uint64_t>(0, 1000)};
    for (std::uint32_t g = 0; g < count; ++g) {
      if ((pattern >> g & 1) == 0) continue;
      if (row.runs.empty() || row.runs.back().last + 1 != g) row.runs.push_back({g, g});
      row.runs.back().last = g;
    }
    table.rows.push_back(row);
  }
  const auto trace = std::make_shared<Trace>(table.trace());
  DeltaModel known = model(Kind::kLifetimes);
  known.known = trace;
  known.known_until = count - 1;
  known.presence = std::make_shared<PresenceTable>(table);
  DeltaChain chain(known);
  std::map<std::uint32_t, DeltaChain::Handle> here;
  for (int step = 0; step < 40; ++step) {
    const auto g = *rc::gen::inRange<std::uint32_t>(0, count);
    const std::uint64_t before = chain.stored_bytes();
    if (const auto found = here.find(g); found != here.end()) {
      const auto freed = chain.freed_if_removed(found->second);
      RC_ASSERT(chain.remove(found->second) == freed);
      RC_ASSERT(chain.stored_bytes() + static_cast<std::uint64_t>(freed) == before);
      here.erase(found);
    } else {
      const std::uint64_t moved = chain.moved_if_added(day(g, trace->size(g)));
      const DeltaChain::Added added = chain.add(day(g, trace->size(g)));
      RC_ASSERT(added.moved_bytes == moved);
      RC_ASSERT(before + moved == chain.stored_bytes());
      here[g] = added.handle;
    }
    std::vector<std::uint32_t> kept;
    std::uint64_t own = 0;
    for (const auto& [ordinal, handle] : here) {
      kept.push_back(ordinal);
      own += chain.own_bytes(handle);
    }
    RC_ASSERT(chain.stored_bytes() == table.stored_bytes(kept));
    RC_ASSERT(own == chain.stored_bytes());
    RC_ASSERT(chain.leftover_bytes() == 0u);
    std::vector<std::uint32_t> some, places;
    for (std::uint32_t place = 0; place < kept.size(); place += 2) {
      some.push_back(kept[place]), places.push_back(place);
    }
    RC_ASSERT(table.of(kept).stored_bytes(places) == table.stored_bytes(some));
  }
}

RC_GTEST_PROP(DeltaChain, a_late_copy_is_put_in_its_place, (std::vector<std::uint8_t> order)) {
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  DeltaChain in_order(model(Kind::kLifetimes)), shuffled(model(Kind::kLifetimes));
  for (const std::uint8_t d : order) in_order.add(day(d));
  for (std::size_t i = 0; i < order.size(); i += 2) shuffled.add(day(order[i]));
  for (std::size_t i = 1; i < order.size(); i += 2) shuffled.add(day(order[i]));
  RC_ASSERT(in_order.stored_bytes() == shuffled.stored_bytes());
}

// Blocks of three classes die at the three rates; births replace deaths class by class, so that of
// the blocks alive on any day the share R(n) is alive n days later. Every block is followed.
class Blocks {
 public:
  Blocks(std::uint32_t blocks, std::uint32_t days) : days_(days) {
    const Draws draws(2026, 0);
    const double weights[] = {kCurve.w1, kCurve.w2, 1 - kCurve.w1 - kCurve.w2};
    const double rates[] = {kCurve.rate1, kCurve.rate2, kCurve.rate3};
    std::uint64_t index = 0;
    for (int c = 0; c < 3; ++c) {
      const auto places = static_cast<std::uint32_t>(std::lround(blocks * weights[c]));
      for (std::uint32_t place = 0; place < places; ++place) {
        double birth = 0;
        while (birth < days) {
          const double life = -std::log(draws.uniform(0, Purpose::kTest, index++)) / rates[c];
          lives_.emplace_back(std::ceil(birth), std::ceil(birth + life));
          birth += life;
        }
      }
    }
  }
  // Blocks in any of the given days; lives are [first, last) in days.
  std::uint64_t stored(const std::vector<std::uint32_t>& kept) const {
    return count([&](double first, double last) {
      const auto seen = std::lower_bound(kept.begin(), kept.end(), first);
      return seen != kept.end() && *seen < last;
    });
  }
  std::uint64_t shared(std::uint32_t a, std::uint32_t b) const {
    return count([&](double first, double last) { return first <= a && b < last; });
  }
  Trace trace() const {
    Trace t;
    for (std::uint32_t b = 0; b < days_; ++b) {
      t.size_bytes.push_back(shared(b, b));
      for (std::uint32_t a = 0; a < b; ++a) t.shared_bytes.push_back(shared(a, b));
    }
    return t;
  }

 private:
  template <typename Test>
  std::uint64_t count(Test&& test) const {
    return static_cast<std::uint64_t>(
        std::count_if(lives_.begin(), lives_.end(),
                      [&](const auto& life) { return test(life.first, life.second); }));
  }
  std::uint32_t days_;
  std::vector<std::pair<double, double>> lives_;
};

std::vector<std::uint32_t> thinned(std::uint32_t days, std::uint32_t every, std::uint32_t recent) {
  std::vector<std::uint32_t> kept;
  for (std::uint32_t d = 0; d < days; ++d) {
    if (d % every == 0 || d + recent >= days) kept.push_back(d);
  }
  return kept;
}

std::uint64_t chain_total(const DeltaModel& m, const std::vector<std::uint32_t>& kept,
                          std::uint64_t size_bytes) {
  DeltaChain chain(m);
  for (const std::uint32_t d : kept) chain.add(day(d, size_bytes));
  return chain.stored_bytes();
}

TEST(DeltaModel, lifetimes_equal_blocks_that_die_by_the_same_law) {
  constexpr std::uint32_t kBlocks = 60'000, kDays = 50;
  const Blocks blocks(kBlocks, kDays);
  DeltaModel recorded = model(Kind::kTrace);
  recorded.trace = std::make_shared<Trace>(blocks.trace());
  for (const auto& kept : {thinned(kDays, 7, 5), thinned(kDays, 3, 1), thinned(kDays, 49, 14),
                           std::vector<std::uint32_t>{2, 3, 19, 44}}) {
    const std::uint64_t truth = blocks.stored(kept);
    // With the true overlaps the chain sum is exact, for every block lives once.
    DeltaChain chain(recorded);
    for (const std::uint32_t d : kept) chain.add({d, recorded.trace->size_bytes[d], 0, 0});
    EXPECT_EQ(chain.stored_bytes(), truth);
    // By the curve: the sum is of binomial counts, so its standard error is below sqrt(truth).
    const double expected =
        static_cast<double>(chain_total(model(Kind::kLifetimes), kept, kBlocks));
    EXPECT_NEAR(expected, static_cast<double>(truth), 3 * std::sqrt(static_cast<double>(truth)));
  }
}

}  // namespace
}  // namespace backcast::sim
