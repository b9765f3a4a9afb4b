// A disk that is full or failing, at each write: nothing half is published, the message names the
// disk, and when the disk is well again so is the repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using env::Fault;
using testing::HasSubstr;

struct DiskFault {
  Fault fault;
  bool sticky;
  const char* name;
};
void PrintTo(const DiskFault& fault, std::ostream* out) {
  *out << fault.name;
}

// Whether a call goes well in spite of the fault, or nothing that matters hangs on it.
bool is_spared(Fault fault, const env::Call& call) {
  using env::CallKind;
  const bool is_sync = call.kind == CallKind::kSync || call.kind == CallKind::kSyncFolder;
  if (fault == Fault::kDropSync && !is_sync) return true;
  // A full disk removes and syncs names.
  const bool frees = call.kind == CallKind::kRemove || call.kind == CallKind::kSyncFolder;
  if (fault == Fault::kNoSpace && frees) return true;
  // The reserve is made if there is room for it.
  if (call.name.ends_with("/reserve")) return true;
  // A lease that cannot be given back is over with its process.
  return call.kind == CallKind::kRemove && call.name.find("/leases/") != std::string::npos;
}

class DiskFaults : public testing::TestWithParam<DiskFault> {};
INSTANTIATE_TEST_SUITE_P(Kinds, DiskFaults,
                         testing::Values(DiskFault{Fault::kNoSpace, false, "NoSpaceOnce"},
                                         DiskFault{Fault::kNoSpace, true, "NoSpace"},
                                         DiskFault{Fault::kIoError, false, "IoErrorOnce"},
                                         DiskFault{Fault::kIoError, true, "IoError"},
                                         DiskFault{Fault::kDropSync, false, "SyncErrorOnce"},
                                         DiskFault{Fault::kDropSync, true, "SyncError"}),
                         [](const auto& param) { return param.param.name; });

TEST_P(DiskFaults, AFailedBackupPublishesNothingAndTheNextOneWorks) {
  const DiskFault& kind = GetParam();
  Lab lab;
  lab.commit();
  lab.write_source(1);
  const auto before = lab.env().save();
  std::uint64_t calls = 0, failures = 0;
  for (;; ++calls) {
    lab.env().load(before);
    lab.env().inject(calls, kind.fault, kind.sticky);
    const auto made = lab.back_up(2);
    const bool fired = lab.env().fault_fired();
    const auto log = lab.env().log();
    lab.env().clear_faults();
    if (!fired || calls > 1000) {
      EXPECT_TRUE(made.ok());
      break;
    }
    const auto& call = log[calls];
    const std::string when = fmt::format("call {}, {} {}", calls, name_of(call.kind), call.name);
    const auto others = lab.verify(when);
    if (made.ok()) {
      EXPECT_EQ(others.size(), 1u) << when;
      const std::size_t last = kind.sticky ? log.size() : calls + 1;
      for (std::size_t i = calls; i < last; ++i) {
        EXPECT_TRUE(is_spared(kind.fault, log[i]))
            << name_of(log[i].kind) << ' ' << log[i].name << " failed without a word";
      }
    } else {
      ++failures;
      // Published all the same only if the very last steps failed; then it is whole (verify).
      EXPECT_LE(others.size(), 1u) << when;
      const std::string message = to_string(made.error());
      EXPECT_THAT(message, HasSubstr(Lab::kPath)) << when;
      if (kind.fault == Fault::kNoSpace) {
        EXPECT_EQ(made.error().code, Errc::kNoSpace) << when << ": " << message;
      } else {
        EXPECT_THAT(message, HasSubstr("Input/output error")) << when;
      }
    }
    const auto again = lab.back_up();
    EXPECT_TRUE(again.ok()) << when << ": " << to_string(again.error());
    if (HasFailure()) return;
  }
  std::printf("%s: at each of %lu calls, %lu failed backups\n", kind.name, calls, failures);
  EXPECT_GT(failures, 2u);
}

// A disk that says "written" to a sync it did not do is beyond help; one that says so is not.
TEST(DiskFaultsThenPowerLoss, ASyncThatFailedIsNeverReportedAsDone) {
  Lab lab;
  lab.commit();
  lab.write_source(1);
  const auto before = lab.env().save();
  for (std::uint64_t call = 0;; ++call) {
    lab.env().load(before);
    lab.env().inject(call, Fault::kDropSync);
    const auto made = lab.back_up();
    if (!lab.env().fault_fired()) break;
    const auto known = lab.committed();
    if (made.ok()) lab.committed()[made->id] = *lab.content_of(made->id);
    lab.env().power_cycle(0);
    lab.verify(fmt::format("sync failed at call {}", call));
    lab.committed() = known;
    if (HasFailure()) return;
  }
}

// Forgets the older and the newest of three, from a disk that is full from `call` on.
struct ForgetOnAFullDisk {
  Lab lab;
  Id first = lab.commit(), second = lab.commit(), third = lab.commit();
  std::shared_ptr<const env::Disk> before = lab.env().save();

  Result<ForgetResult> forget(std::uint64_t call, Fault fault) {
    lab.env().load(before);
    lab.env().inject(call, fault, true);
    BACKCAST_TRY(const auto repository, lab.open());
    ForgetRequest request;
    request.snapshots = {to_hex(first), to_hex(third)};
    BACKCAST_TRY(const ForgetPlan plan, plan_forget(*repository, request));
    return apply_forget(*repository, plan);
  }
};

TEST(FullDisk, WhatIsForgottenOnItIsNotMissing) {
  ForgetOnAFullDisk full;
  full.lab.committed().erase(full.first);
  full.lab.committed().erase(full.third);
  std::uint64_t call = 0;
  for (;; ++call) {
    const auto done = full.forget(call, Fault::kFull);
    ASSERT_TRUE(done.ok()) << call << ": " << to_string(done.error());
    const bool fired = full.lab.env().fault_fired();
    full.lab.env().clear_faults();
    EXPECT_TRUE(full.lab.verify(fmt::format("full from call {}", call)).empty());
    if (!fired || HasFailure()) break;
  }
  std::printf("forget on a full disk: full from each of %lu calls on\n", call);
  EXPECT_GT(call, 6u);
}

TEST(FullDisk, ThatStaysFullIsMadeRoomOnAllTheSameAndSaysWhatIsNotNoted) {
  ForgetOnAFullDisk full;
  const auto done = full.forget(0, Fault::kNoSpace);
  full.lab.env().clear_faults();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Errc::kNoSpace);
  EXPECT_THAT(to_string(done.error()), HasSubstr("2 snapshots are deleted"));
  const auto left = load_snapshots(**full.lab.open());
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().id, full.second);
}

RestoreResult restore_newest(Lab& lab, const std::string& target) {
  const auto repository = *lab.open();
  RestoreRequest request;
  request.target = target;
  RestoreProgress progress;
  return *restore(*repository, load_snapshots(*repository)->back(), request, progress);
}

TEST(RestoredFiles, AreSyncedLastAndAFailureOfThatIsToldAlthoughTheyAreThere) {
  Lab lab;
  lab.commit();
  const source::Scratch target(true);
  lab.env().clear_faults();
  EXPECT_TRUE(restore_newest(lab, target.path()).synced.ok());
  std::uint64_t syncs = 0, call = 0;
  const auto log = lab.env().log();
  for (std::uint64_t i = 0; i < log.size(); ++i) {
    if (log[i].name != target.path()) continue;
    EXPECT_EQ(log[i].kind, env::CallKind::kSync);
    ++syncs;
    call = i;
  }
  EXPECT_EQ(syncs, 1u);

  const source::Scratch again(true);
  lab.env().inject(call, Fault::kDropSync);
  const RestoreResult result = restore_newest(lab, again.path());
  ASSERT_TRUE(lab.env().fault_fired());
  ASSERT_FALSE(result.synced.ok());
  EXPECT_THAT(to_string(result.synced.error()),
              testing::AllOf(HasSubstr(again.path()), HasSubstr("Input/output error")));
  EXPECT_TRUE(result.failures.empty());
  EXPECT_TRUE(std::filesystem::exists(again.path() + lab.source().path("text")));
}

}  // namespace
}  // namespace backcast::store
