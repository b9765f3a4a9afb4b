// Leases where locks do not reach, and what a backup makes sure of before its snapshot appears.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/repository/lease.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

bool begins_an_index_object(const env::Call& call) {
  return call.kind == env::CallKind::kCreate && call.name.find("/index/") != std::string::npos;
}

// Does `act` once, in the middle of the next backup of `env`: its packs are on the disk, the index
// does not know them yet.
void when_packs_are_written(env::FaultEnv& env, std::function<void()> act) {
  auto done = std::make_shared<bool>(false);
  env.on_call([done, act = std::move(act)](const env::Call& call) {
    if (*done || !begins_an_index_object(call)) return;
    *done = true;
    act();
  });
}

std::vector<std::string> pack_files(env::FaultEnv& env) {
  std::vector<std::string> packs;
  for (const std::string& name : env.files()) {
    if (name.find("/packs/") != std::string::npos) packs.push_back(name);
  }
  return packs;
}

class Leases : public testing::Test {
 protected:
  Leases() {
    first_ = lab_.commit();
    lab_.write_source(1);
  }
  void expect_nothing_deleted(Duration grace, std::uint64_t others) {
    const auto pruned = lab_.prune_all(lab_.env(), grace);
    ASSERT_TRUE(pruned.ok()) << to_string(pruned.error());
    EXPECT_EQ(pruned->orphans, 0u);
    EXPECT_EQ(pruned->deleted_packs, 0u);
    EXPECT_EQ(pruned->others_at_work, others);
  }

  Lab lab_{30'000};
  Id first_;
  const std::unique_ptr<env::FaultEnv> elsewhere_ = lab_.env().another_machine();
};

// Its lease is refreshed, whatever it does meanwhile.
TEST_F(Leases, ABackupOf31MinutesOnAnotherMachineIsNotDead) {
  bool was_asked = false;
  when_packs_are_written(*elsewhere_, [&] {
    was_asked = true;
    for (int minute = 0; minute < 31; ++minute) lab_.env().advance(kMinute);
    expect_nothing_deleted(kDay, 1);
    expect_nothing_deleted(kHour, 1);
    expect_nothing_deleted(Duration(0), 1);
  });
  const auto made = lab_.back_up(*elsewhere_);
  EXPECT_TRUE(was_asked);
  ASSERT_TRUE(made.ok()) << to_string(made.error());
  EXPECT_THAT(lab_.verify("afterwards"), testing::ElementsAre(made->id));
}

// Whoever holds one, to read, to write or to maintain, says by it alone that he is alive.
TEST_F(Leases, EveryLeaseIsRefreshedAsLongAsItsProcessRuns) {
  const auto there = *lab_.open(*elsewhere_);
  const auto here = *lab_.open();
  const auto own = *Lease::take(*here, LeaseKind::kWork);
  for (int kind = 0; kind < 3; ++kind) {
    auto lease = kind == 0   ? Lease::take(*there, LeaseKind::kWork)
                 : kind == 1 ? Lease::take(*there, LeaseKind::kMaintenance)
                             : Lease::take_to_read(*there);
    ASSERT_TRUE(lease.ok() && *lease);
    for (int i = 0; i < 100; ++i) lab_.env().advance(kMinute);
    EXPECT_EQ(live_leases(*here, *own)->size(), 1u) << kind;
    elsewhere_->suspend(true);
    lab_.env().advance(kLeaseLife + kMinute);
    EXPECT_EQ(live_leases(*here, *own)->size(), 0u) << kind;
    EXPECT_EQ(live_leases(*here, *own, Death::kByLock)->size(), 1u) << kind;
    elsewhere_->suspend(false);
  }
}

// A machine that slept is dead by the age of its lease. Its packs are younger than the grace; and
// where there is none, age proves nothing.
TEST_F(Leases, ABackupThatWasStoppedForLongGoesOn) {
  when_packs_are_written(*elsewhere_, [&] {
    elsewhere_->suspend(true);
    lab_.env().advance(2 * kHour);
    expect_nothing_deleted(Duration(0), 1);
    expect_nothing_deleted(kDay, 0);
    expect_nothing_deleted(Duration(0), 1);
    elsewhere_->suspend(false);
  });
  const auto made = lab_.back_up(*elsewhere_);
  ASSERT_TRUE(made.ok()) << to_string(made.error());
  EXPECT_THAT(lab_.verify("afterwards"), testing::ElementsAre(made->id));
  EXPECT_EQ(lab_.prune_all()->others_at_work, 0u) << "it took its lease along";
}

// The clocks of the machines do not matter: age is by the store's.
TEST_F(Leases, AClockThatRunsAheadProvesNothing) {
  // Another time of the last change would be what `touch` gave.
  when_packs_are_written(*elsewhere_, [&] {
    for (const std::string& name : lab_.env().files()) {
      if (name.find("/leases/") == std::string::npos) continue;
      const auto folder = *elsewhere_->open_folder("/", false);
      ASSERT_TRUE(folder->touch(name, lab_.env().now() - 5 * kDay).ok());
    }
    expect_nothing_deleted(kDay, 1);
  });
  ASSERT_TRUE(lab_.back_up(*elsewhere_).ok());
}

TEST_F(Leases, OfADeadMachineIsOverWithTimeButNotForAPruneWithoutGrace) {
  when_packs_are_written(*elsewhere_, [&] { elsewhere_->inject(0, env::Fault::kKill, true); });
  EXPECT_FALSE(lab_.back_up(*elsewhere_).ok());
  lab_.env().advance(kLeaseLife + kMinute);
  EXPECT_EQ(lab_.prune_all()->others_at_work, 1u);
  EXPECT_EQ(lab_.prune_all(lab_.env(), kHour)->others_at_work, 0u);
  lab_.env().advance(2 * kDay);
  EXPECT_EQ(lab_.prune_all(lab_.env(), kHour)->orphans, 1u);
  EXPECT_EQ(lab_.prune_all()->others_at_work, 0u);
  lab_.verify("afterwards");
}

// --- what a snapshot relies on ---------------------------------------------------------------

class Reliance : public Leases {
 protected:
  void expect_no_snapshot() {
    const auto made = lab_.back_up();
    ASSERT_FALSE(made.ok());
    EXPECT_THAT(made.error().message, testing::HasSubstr("no snapshot was made"));
    EXPECT_EQ(load_snapshots(**lab_.open())->size(), 1u);
  }
  // The next backup stores what is missing, and is whole.
  void expect_healed() {
    lab_.env().on_call(nullptr);
    const auto made = lab_.back_up();
    ASSERT_TRUE(made.ok()) << to_string(made.error());
    const auto content = lab_.content_of(made->id);
    EXPECT_TRUE(content.ok()) << to_string(content.error());
  }
};

TEST_F(Reliance, ABackupWhoseOwnPackVanishedMakesNoSnapshot) {
  const auto before = pack_files(lab_.env());
  when_packs_are_written(lab_.env(), [&] {
    for (const std::string& name : pack_files(lab_.env())) {
      if (std::find(before.begin(), before.end(), name) == before.end()) lab_.env().erase(name);
    }
  });
  expect_no_snapshot();
  expect_healed();
}

TEST_F(Reliance, ABackupWhoseOwnPackIsCutShortMakesNoSnapshot) {
  const auto before = pack_files(lab_.env());
  when_packs_are_written(lab_.env(), [&] {
    for (const std::string& name : pack_files(lab_.env())) {
      if (std::find(before.begin(), before.end(), name) != before.end()) continue;
      lab_.env().set_bytes(name, lab_.env().bytes(name).substr(1));
    }
  });
  expect_no_snapshot();
  expect_healed();
}

TEST_F(Reliance, APackThatVanishesAfterItWasReferredToIsNoticed) {
  const auto before = pack_files(lab_.env());
  when_packs_are_written(lab_.env(), [&] { lab_.env().erase(before[0]); });
  expect_no_snapshot();
  expect_healed();
}

TEST_F(Reliance, NothingRefersToAPackThatIsMissingOrCutShort) {
  const std::string pack = pack_files(lab_.env())[0];
  const std::string bytes = lab_.env().bytes(pack);
  const auto intact = lab_.env().save();
  for (const bool missing : {true, false}) {
    lab_.env().load(intact);
    if (missing) {
      lab_.env().erase(pack);
    } else {
      lab_.env().set_bytes(pack, bytes.substr(0, bytes.size() - 1));
    }
    const auto repository = *lab_.open();
    BackupOptions options;
    options.walk.roots = {lab_.source().path()};
    BackupProgress progress;
    const auto made = backup(*repository, options, progress);
    ASSERT_TRUE(made.ok()) << to_string(made.error());
    EXPECT_EQ(made->notes.size(), 1u);
    const auto content = lab_.content_of(made->snapshot.id);
    EXPECT_TRUE(content.ok()) << to_string(content.error());
  }
}

// --- what was stored counts ------------------------------------------------------------------

class Interrupted : public testing::Test {
 protected:
  static constexpr std::uint64_t kBytes = 80'000'000;

  Interrupted() { lab_.source().write("big", random_bytes(9, kBytes)); }
  Result<BackupResult> back_up() {
    const auto repository = *lab_.open();
    BackupOptions options;
    options.walk.roots = {lab_.source().path()};
    options.threads = 1;
    return backup(*repository, options, progress_);
  }
  static bool fills_a_pack(const env::Call& call) {
    return call.kind == env::CallKind::kAppend && call.name.find("/packs/") != std::string::npos;
  }

  Lab lab_{1000};
  BackupProgress progress_;
};

TEST_F(Interrupted, WhatCtrlCLeftIsNotStoredAgain) {
  lab_.env().on_call([&](const env::Call& call) { progress_.stop = fills_a_pack(call); });
  const auto stopped = back_up();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Errc::kInterrupted);
  EXPECT_THAT(stopped.error().hint, testing::HasSubstr("only what this one did not"));
  const std::uint64_t stored = progress_.added_stored_bytes;
  lab_.env().on_call(nullptr);
  const Snapshot snapshot = *lab_.back_up();
  EXPECT_GT(snapshot.added_stored_bytes, 0u);
  EXPECT_LT(snapshot.added_stored_bytes, kBytes - 1'000'000) << stored;
  lab_.verify("afterwards");
}

// It was at work for longer than it takes until the index is written.
TEST_F(Interrupted, WhatAKilledBackupStoredForMinutesIsNotStoredAgain) {
  lab_.env().on_call([&](const env::Call& call) {
    if (fills_a_pack(call)) lab_.env().advance(kMinute);
    if (lab_.env().files().size() > 0 && pack_files(lab_.env()).size() == 3) {
      lab_.env().on_call(nullptr);
      lab_.env().inject(0, env::Fault::kKill);
    }
  });
  ASSERT_FALSE(back_up().ok());
  lab_.env().restart_process();
  const Snapshot snapshot = *lab_.back_up();
  EXPECT_LT(snapshot.added_stored_bytes, kBytes - 2 * kTargetPackBytes + 1'000'000);
  lab_.verify("afterwards");
}

// A prune beside it takes what the index lists already, but no snapshot needs yet, for no one's.
TEST_F(Interrupted, APruneBesidesLeavesWhatIsListedAlone) {
  bool pruned = false;
  const auto other = lab_.env().another_process();
  lab_.env().on_call([&](const env::Call& call) {
    if (fills_a_pack(call)) lab_.env().advance(kMinute);
    if (pruned || pack_files(lab_.env()).size() < 3) return;
    pruned = true;
    for (const Duration grace : {kDay, Duration(0)}) {
      const auto result = lab_.prune_all(*other, grace);
      ASSERT_TRUE(result.ok()) << to_string(result.error());
      EXPECT_EQ(result->deleted_packs + result->orphans + result->marked_packs, 0u);
    }
  });
  const auto made = back_up();
  ASSERT_TRUE(made.ok()) << to_string(made.error());
  EXPECT_TRUE(pruned);
  lab_.env().on_call(nullptr);
  EXPECT_EQ(lab_.verify("afterwards").size(), 1u);
}

}  // namespace
}  // namespace backcast::store
