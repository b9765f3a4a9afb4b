// Verbs that exclude one another wait for each other.
#include "engine/store/repository/wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

TEST(Wait, EndsWhenTheOtherIsDoneOrTheTimeIsUp) {
  Lab lab(20'000);
  const auto other = lab.env().another_process();
  const auto theirs = *lab.open(*other);
  const auto ours = *lab.open();
  auto held = *Lease::take(*theirs, LeaseKind::kMaintenance);
  EXPECT_EQ(take_lease(*ours, LeaseKind::kMaintenance, {}).error().code, Errc::kLocked);
  int told = 0;
  Waiting waiting;
  waiting.limit = std::chrono::minutes(1);
  waiting.on_wait = [&](const std::string& holder) {
    ++told;
    EXPECT_THAT(holder, testing::HasSubstr("maintenance"));
  };
  const Duration began = lab.env().monotonic();
  EXPECT_EQ(take_lease(*ours, LeaseKind::kMaintenance, waiting).error().code, Errc::kLocked);
  EXPECT_EQ(told, 1);
  EXPECT_GE(lab.env().monotonic() - began, waiting.limit);
  waiting.on_wait = [&](const std::string&) { held.reset(); };
  EXPECT_TRUE(take_lease(*ours, LeaseKind::kMaintenance, waiting).ok());
  held = *Lease::take(*theirs, LeaseKind::kMaintenance);
  const std::atomic<bool> stop = true;
  waiting.stop = &stop;
  EXPECT_EQ(take_lease(*ours, LeaseKind::kMaintenance, waiting).error().code, Errc::kInterrupted);
}

}  // namespace
}  // namespace backcast::store
