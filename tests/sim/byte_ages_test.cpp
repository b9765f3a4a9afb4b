// When freed bytes were written, against following every byte of a recorded history.
#include "sim/byte_ages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "sim/history.h"
#include "sim/vault.h"

namespace backcast::sim {
namespace {

constexpr std::int64_t kEdges[] = {30, 90, 180, 365};

std::size_t stretch_of(Duration age) {
  std::size_t stretch = 0;
  while (stretch < 4 && age >= kEdges[stretch] * kDay) ++stretch;
  return stretch;
}

struct Told {
  std::uint64_t bytes = 0;
  long double byte_seconds = 0;  // times the age of each
};
using ByStretch = std::map<std::size_t, Told>;

void tell(ByStretch& told, Duration age, std::uint64_t bytes) {
  if (bytes == 0) return;
  Told& part = told[stretch_of(age)];
  part.bytes += bytes;
  part.byte_seconds += static_cast<long double>(bytes) * static_cast<long double>(age / kSecond);
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

RC_GTEST_PROP(ByteAges, AreThoseOfEveryByte, ()) {
  const auto generations = *rc::gen::inRange<std::uint32_t>(2, 14);
  const PresenceTable table = some_table(generations);
  Scenario scenario;
  scenario.start = from_unix_seconds(1'767'225'600);
  scenario.end = scenario.start + 4000 * kDay;
  scenario.projects.emplace_back();
  Service service;
  service.region = "here";
  service.delta.kind = DeltaModel::Kind::kTrace;
  service.delta.trace = std::make_shared<const Trace>(table.trace());
  scenario.services.push_back(service);
  std::vector<UsageRecord> usage;
  Vault vault(scenario, 0, "here", usage);
  std::vector<BackupRecord> records(generations);

  std::set<std::uint32_t> held;
  std::vector<std::optional<Instant>> stored_since(table.rows.size());
  const auto has = [&](std::size_t row, std::uint32_t g) {
    return g >= table.rows[row].runs[0].first && g <= table.rows[row].runs[0].last;
  };
  Instant now = scenario.start;
  for (std::uint32_t g = 0; g < generations; ++g) {
    now += *rc::gen::inRange(1, 60) * kDay;
    const Generation generation = service.delta.numbered({g, 0, 0, static_cast<double>(g)}, g);
    records[g].id = std::to_string(g);
    vault.reserve(g, generation);
    vault.arrive(g, records[g], {}, nullptr, now);
    held.insert(g);
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      if (has(row, g) && !stored_since[row]) stored_since[row] = now;
    }
    while (!held.empty() && *rc::gen::inRange(0, 3) == 0) {
      const auto gone = std::next(held.begin(), *rc::gen::inRange<int>(0, int(held.size())));
      const std::uint32_t number = *gone;
      held.erase(gone);
      ByStretch expected, told;
      for (std::size_t row = 0; row < table.rows.size(); ++row) {
        const bool stays = std::any_of(held.begin(), held.end(),
                                       [&](std::uint32_t other) { return has(row, other); });
        if (stays || !stored_since[row]) continue;
        tell(expected, now - *stored_since[row], table.rows[row].bytes);
        stored_since[row].reset();
      }
      usage.clear();
      vault.remove(number, records[number], now);
      for (const UsageRecord& record : usage) {
        if (record.kind != UsageKind::kDeletion) continue;
        RC_ASSERT(record.start == *record.born);
        tell(told, record.end - record.start, record.quantity);
      }
      RC_ASSERT(told.size() == expected.size());
      for (const auto& [stretch, part] : expected) {
        RC_ASSERT(told[stretch].bytes == part.bytes);
        if (stretch == 4) continue;  // no fee asks how much older
        const long double off = told[stretch].byte_seconds - part.byte_seconds;
        RC_ASSERT(std::abs(off) <= static_cast<long double>(part.bytes));  // a second
      }
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
  std::vector<UsageRecord> usage;
  Vault vault(scenario, 0, "here", usage);
  std::vector<BackupRecord> records(3);
  for (std::uint32_t g = 0; g < 3; ++g) {
    vault.reserve(g, {g, 1000, 1000, static_cast<double>(g)});
    vault.arrive(g, records[g], {}, nullptr, scenario.start + g * kDay);
  }
  vault.remove(1, records[1], scenario.start + 5 * kDay);
  EXPECT_EQ(records[1].freed_bytes, 0U);
  usage.clear();
  vault.remove(2, records[2], scenario.start + 6 * kDay);
  std::vector<Instant> dates;
  for (const UsageRecord& record : usage) {
    if (record.kind == UsageKind::kDeletion) dates.push_back(record.start);
  }
  EXPECT_EQ(dates, (std::vector<Instant>{scenario.start + 2 * kDay, scenario.start + kDay}));
}

}  // namespace
}  // namespace backcast::sim
