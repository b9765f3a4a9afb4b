// What a choice of restore points stores: the presence table to the byte, the model within what it
// promises.
#include "sim/fit/freed.h"

#include <gtest/gtest.h>

#include "sim/fit/calibrate.h"
#include "tests/policy/retention_support.h"

namespace backcast::sim {
namespace {

using namespace policy::testing;

constexpr const char* kTable =
    "# generations=4 mean_chunk_kib=64\npresent,bytes\n0-3,1000\n0-1,10\n1-2,200\n3-3,30\n2-3,4\n";

TEST(StoredBytes, APresenceTableIsExactForAnyChoice) {
  const auto history = series("2026-01-01T02:00:00Z", 4);
  const auto bytes = StoredBytes::exact(parse_presence_table(kTable, "t").value(), history).value();
  EXPECT_TRUE(bytes.is_exact());
  EXPECT_EQ(bytes.of({true, true, true, true}), 1244u);
  EXPECT_EQ(bytes.of({true, false, false, true}), 1044u);
  EXPECT_EQ(bytes.of({false, false, false, false}), 0u);
  // Whatever the order of the history, generation 0 is its oldest.
  auto reversed = history;
  std::reverse(reversed.begin(), reversed.end());
  const auto again =
      StoredBytes::exact(parse_presence_table(kTable, "t").value(), reversed).value();
  EXPECT_EQ(again.of({true, false, false, true}), 1044u);
  EXPECT_EQ(again.of({true, true, false, false}), 1234u);
  EXPECT_FALSE(StoredBytes::exact(parse_presence_table(kTable, "t").value(),
                                  series("2026-01-01T02:00:00Z", 5))
                   .ok());
}

TEST(StoredBytes, FittedToAHistoryItSaysTheTotalThatItsNewBytesSay) {
  auto history = series("2026-01-01T02:00:00Z", 30);
  for (policy::Snapshot& s : history) s.size_bytes = 1'000'000, s.new_bytes = 20'000;
  history[0].new_bytes = 1'000'000;
  const auto bytes = StoredBytes::fitted(history).value();
  EXPECT_FALSE(bytes.is_exact());
  EXPECT_NE(bytes.basis().find("prior"), std::string::npos);
  std::vector<bool> kept(30, true);
  EXPECT_NEAR(static_cast<double>(bytes.of(kept)), 1'580'000, 2'000);
  // Thinning to every tenth frees more than nothing and less than all but three times new bytes.
  std::vector<bool> few(30, false);
  few[9] = few[19] = few[29] = true;
  EXPECT_LT(bytes.of(few), 1'400'000u);
  EXPECT_GT(bytes.of(few), 1'000'000u);
}

TEST(StoredBytes, SourcesShareNothing) {
  auto history = series("2026-01-01T02:00:00Z", 12);
  auto other = history;
  for (policy::Snapshot& s : history) s.size_bytes = 1000, s.new_bytes = 10, s.host = "a";
  for (policy::Snapshot& s : other) s.size_bytes = 5000, s.new_bytes = 50, s.host = "b";
  history.insert(history.end(), other.begin(), other.end());
  const auto bytes = StoredBytes::fitted(history).value();
  std::vector<bool> only_a(24, false);
  std::fill(only_a.begin(), only_a.begin() + 12, true);
  EXPECT_NEAR(static_cast<double>(bytes.of(only_a)), 1110, 15);
  EXPECT_NEAR(static_cast<double>(bytes.of(std::vector<bool>(24, true))), 1110 + 5550, 60);
}

TEST(StoredBytes, WithoutNewBytesItIsNotKnown) {
  auto history = series("2026-01-01T02:00:00Z", 30);
  for (policy::Snapshot& s : history) s.size_bytes = 1'000'000;
  const auto bytes = StoredBytes::fitted(history);
  ASSERT_FALSE(bytes.ok());
  EXPECT_NE(to_string(bytes.error()).find("--model"), std::string::npos);
}

TEST(StoredBytes, ACurveInBackupsIsTheSameCurveInDays) {
  Calibration calibration;
  calibration.curve = {1, 0.01, 0, 0, 0};
  calibration.seconds_per_backup = 6 * 3600;
  EXPECT_DOUBLE_EQ(delta_of(calibration).curve.rate1, 0.04);
  calibration.seconds_per_backup.reset();
  EXPECT_DOUBLE_EQ(delta_of(calibration).curve.rate1, 0.01);
}

}  // namespace
}  // namespace backcast::sim
