// When freed bytes were written, against following every byte of a recorded history.
#include "sim/model/byte_ages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "sim/fit/history.h"
#include "sim/world/vault.h"
#include "tests/sim/world_stage.h"

namespace backcast::sim {
namespace {

// What is due for freed bytes: their bytes times the time that is missing to a minimum duration, in
// seconds, started hours or started days.
using Fees = std::map<std::pair<std::int64_t, std::int64_t>, uint128>;

void charge(Fees& fees, const AgeScale& scale, Duration age, std::uint64_t bytes) {
  for (const std::int64_t step : {std::int64_t{1}, scale.step_seconds}) {
    if (step == 0) continue;
    const std::int64_t seconds = age / kSecond;
    const std::int64_t kept = (seconds + step - 1) / step * step;
    for (const std::int64_t edge : scale.edges_seconds) {
      if (kept >= edge) continue;
      fees[{step, edge}] += uint128{bytes} * static_cast<std::uint64_t>(edge - kept);
    }
  }
}

AgeScale some_scale() {
  AgeScale scale{.edges_seconds = {}, .step_seconds = 0};
  scale.step_seconds = *rc::gen::element(0, 3600, 86'400);
  for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
    scale.edges_seconds.push_back(86'400 * *rc::gen::element(1, 14, 30, 45, 90, 100, 365, 400));
  }
  std::sort(scale.edges_seconds.begin(), scale.edges_seconds.end());
  return scale;
}

PresenceTable some_table(std::uint32_t generations) {
  PresenceTable table;
  table.generations = generations;
  const int rows = *rc::gen::inRange(1, 12);
  for (int r = 0; r < rows; ++r) {
    const auto first = *rc::gen::inRange<std::uint32_t>(0, generations);
    const auto last = *rc::gen::inRange<std::uint32_t>(first, generations);
    table.rows.push_back({{{first, last}}, *rc::gen::inRange<std::uint64_t>(1, 100'000)});
  }
  return table;
}

// A new restore point that is there at that time.
void arrive(Stage& stage, Vault& vault, const Generation& generation, Instant at) {
  move_to(stage, at);
  BackupRecord record;
  record.id = std::to_string(generation.ordinal);
  record.available = at;
  const std::uint32_t backup = stage.journal.add(std::move(record));
  vault.reserve(backup, generation);
  vault.arrive(backup, {}, {});
}

RC_GTEST_PROP(ByteAges, AreThoseOfEveryByte, ()) {
  const auto generations = *rc::gen::inRange<std::uint32_t>(2, 14);
  const PresenceTable table = some_table(generations);
  Scenario scenario;
  scenario.start = from_unix_seconds(1'767'225'600);
  scenario.end = scenario.start + 4000 * kDay;
  scenario.projects.emplace_back();
  scenario.ages = some_scale();
  Service service;
  service.region = "here";
  service.delta.kind = DeltaModel::Kind::kTrace;
  service.delta.trace = std::make_shared<const Trace>(table.trace());
  scenario.services.push_back(service);
  Stage stage(scenario, {0}, Draws(1, 0));
  std::vector<UsageRecord>& usage = stage.journal.result().usage;
  Vault vault(stage, 0, "here");

  std::set<std::uint32_t> held;
  std::vector<std::optional<Instant>> stored_since(table.rows.size());
  const auto has = [&](std::size_t row, std::uint32_t g) {
    return g >= table.rows[row].runs[0].first && g <= table.rows[row].runs[0].last;
  };
  Instant now = scenario.start;
  for (std::uint32_t g = 0; g < generations; ++g) {
    now += *rc::gen::inRange(1, 60) * kDay + *rc::gen::element(0, 1, 3600, 5000) * kSecond;
    arrive(stage, vault, service.delta.numbered({g, 0, 0, static_cast<double>(g)}, g), now);
    held.insert(g);
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      if (has(row, g) && !stored_since[row]) stored_since[row] = now;
    }
    while (!held.empty() && *rc::gen::inRange(0, 3) == 0) {
      const auto gone = std::next(held.begin(), *rc::gen::inRange<int>(0, int(held.size())));
      const std::uint32_t number = *gone;
      held.erase(gone);
      Fees expected, told;
      std::uint64_t freed = 0, dated = 0;
      for (std::size_t row = 0; row < table.rows.size(); ++row) {
        const bool stays = std::any_of(held.begin(), held.end(),
                                       [&](std::uint32_t other) { return has(row, other); });
        if (stays || !stored_since[row]) continue;
        charge(expected, *scenario.ages, now - *stored_since[row], table.rows[row].bytes);
        freed += table.rows[row].bytes;
        stored_since[row].reset();
      }
      usage.clear();
      vault.remove(number);
      for (const UsageRecord& record : usage) {
        if (record.kind != UsageKind::kDeletion) continue;
        RC_ASSERT(record.start == *record.born);
        charge(told, *scenario.ages, record.end - record.start, record.quantity);
        dated += record.quantity;
      }
      RC_ASSERT(dated == freed);
      RC_ASSERT(told == expected);
    }
  }
}

TEST(ByteAges, AnIncrementThatOthersNeedIsFreedWithItsOwnDate) {
  Scenario scenario;
  scenario.start = from_unix_seconds(1'767'225'600);
  scenario.end = scenario.start + 100 * kDay;
  scenario.projects.emplace_back();
  Service service;
  service.region = "here";
  service.delta.kind = DeltaModel::Kind::kIncremental;
  service.delta.curve = {1, 0.1, 0, 0, 0};
  scenario.services.push_back(service);
  Stage stage(scenario, {0}, Draws(1, 0));
  std::vector<UsageRecord>& usage = stage.journal.result().usage;
  Vault vault(stage, 0, "here");
  for (std::uint32_t g = 0; g < 3; ++g) {
    arrive(stage, vault, {g, 1000, 1000, static_cast<double>(g)}, scenario.start + g * kDay);
  }
  move_to(stage, scenario.start + 5 * kDay);
  vault.remove(1);
  EXPECT_EQ(stage.journal.backup(1).freed_bytes, 0U);
  usage.clear();
  move_to(stage, scenario.start + 6 * kDay);
  vault.remove(2);
  std::vector<Instant> dates;
  for (const UsageRecord& record : usage) {
    if (record.kind == UsageKind::kDeletion) dates.push_back(record.start);
  }
  EXPECT_EQ(dates, (std::vector<Instant>{scenario.start + 2 * kDay, scenario.start + kDay}));
}

}  // namespace
}  // namespace backcast::sim
