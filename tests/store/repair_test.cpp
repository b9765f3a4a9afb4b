// Repair: what is bad goes aside, what is whole stays, and a backup heals the rest.
#include "engine/store/upkeep/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/damage.h"
#include "engine/store/upkeep/prune.h"
#include "engine/store/work/forget.h"
#include "tests/store/damaged.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct RepairLab : DamagedLab {
  RepairResult repair(RepairOptions options = {}, bool with_keys = true) {
    const auto repository = with_keys ? *open() : *open_to_write();
    RepairProgress progress;
    auto done = store::repair(*repository, options, progress);
    EXPECT_TRUE(done.ok()) << to_string(done.error());
    return done.ok() ? *std::move(done) : RepairResult();
  }
  std::vector<std::string> aside() {
    std::vector<std::string> found;
    for (const std::string& name : env().files()) {
      if (name.find("/damaged-") != std::string::npos) found.push_back(name);
    }
    return found;
  }
  void expect_whole(const std::string& when) {
    const CheckResult checked = check(true);
    EXPECT_TRUE(checked.ok()) << when << ": "
                              << (checked.damage.empty()
                                      ? checked.affected[0].what
                                      : checked.damage[0].object + ' ' + checked.damage[0].what);
    for (const auto& [id, expected] : committed()) {
      const auto content = content_of(id);
      EXPECT_TRUE(content.ok() && *content == expected) << when;
    }
    EXPECT_TRUE(load_damage(**open())->empty()) << when;
  }
};

// Whatever happens to a pack whose content the source still has: backup and repair, in any order,
// and all is as it was.
TEST(Repair, BackupAndRepairInAnyOrderHealAPack) {
  RepairLab lab;
  lab.commit();
  lab.commit();
  const auto intact = lab.env().save();
  const std::string pack = lab.packs().at(0);
  for (const char* how : {"lost", "cut", "flipped"}) {
    for (const bool backup_first : {true, false}) {
      const std::string when = std::string(how) + (backup_first ? " backup first" : "");
      lab.env().load(intact);
      const std::string bytes = lab.env().bytes(pack);
      if (*how == 'l') {
        lab.env().erase(pack);
      } else if (*how == 'c') {
        lab.env().set_bytes(pack, bytes.substr(0, bytes.size() / 2));
      } else {
        lab.flip(pack, 300);
      }
      EXPECT_FALSE(lab.check(true).affected.empty()) << when;
      RepairOptions dry;
      dry.dry_run = true;
      const auto packs_before = lab.packs();
      EXPECT_EQ(lab.repair(dry).missing_packs, *how == 'l' ? 1u : 0u) << when;
      EXPECT_EQ(lab.packs(), packs_before) << when;
      if (!backup_first) {
        EXPECT_FALSE(lab.repair().is_whole()) << when;
      }
      ASSERT_TRUE(lab.back_up().ok()) << when;
      const RepairResult done = lab.repair();
      EXPECT_THAT(done.left, IsEmpty()) << when;
      EXPECT_THAT(done.snapshots, IsEmpty()) << when;
      EXPECT_TRUE(done.is_whole()) << when;
      EXPECT_EQ(lab.aside().empty(), *how == 'l') << when;
      lab.expect_whole(when);
      EXPECT_TRUE(lab.prune_all().ok());
      lab.expect_whole(when + ", pruned");
      if (testing::Test::HasFailure()) return;
    }
  }
}

// Without the passphrase nobody knows which chunks of a damaged pack are whole: it stays, until
// another copy of all that is needed makes it superfluous.
TEST(Repair, WithoutThePassphraseADamagedPackStaysUntilItIsNotNeeded) {
  RepairLab lab;
  const Id id = lab.commit();
  lab.flip_a_data_chunk(id);
  EXPECT_FALSE(lab.check(false).ok());
  const RepairResult first = lab.repair({}, false);
  ASSERT_EQ(first.left.size(), 1u);
  EXPECT_THAT(first.left[0].what, HasSubstr("with the passphrase"));
  EXPECT_FALSE(first.is_whole());
  EXPECT_THAT(lab.aside(), IsEmpty());
  EXPECT_FALSE(lab.check(false, false).ok()) << "recorded, and still there";
  ASSERT_TRUE(lab.back_up().ok());
  const RepairResult second = lab.repair({}, false);
  EXPECT_TRUE(second.is_whole());
  EXPECT_EQ(second.damaged_packs, 1u);
  EXPECT_EQ(lab.aside().size(), 1u);
  lab.expect_whole("healed without the passphrase");
}

// What no source has any more is lost; the rest of its snapshot is kept.
TEST(Repair, KeepsOfASnapshotWhatIsWhole) {
  RepairLab lab;
  lab.source().write("lost/file", random_bytes(3, 90'000));
  lab.source().write("lost/other", "stays");
  const Id id = lab.commit();
  const Id next = lab.commit();
  // Find the one chunk that only this file has.
  const std::string whole = lab.committed()[id];
  Id chunk;
  {
    const auto repository = *lab.open();
    const Index index = *load_index(*repository);
    PackFiles files(*repository, index);
    const auto entry = [&](const std::string& path, source::Node&, Content& content) -> Status {
      if (path.ends_with("lost/file")) chunk = content.take(1)->front();
      return kOk;
    };
    ASSERT_TRUE(browse(files, *load_snapshot(*repository, id), {nullptr, entry, nullptr}).ok());
  }
  lab.flip_chunk(chunk);
  std::filesystem::remove(lab.source().path("lost/file"));
  EXPECT_FALSE(lab.check(true).ok());
  ASSERT_TRUE(lab.back_up().ok());
  const RepairResult told = lab.repair();
  ASSERT_EQ(told.snapshots.size(), 2u);
  ASSERT_EQ(told.snapshots[0].files.size(), 1u);
  EXPECT_THAT(told.snapshots[0].files[0].object, HasSubstr("lost/file"));
  EXPECT_FALSE(told.snapshots[0].rewritten);
  EXPECT_FALSE(told.is_whole());
  EXPECT_EQ(told.lost_chunks, 1u);
  RepairOptions options;
  options.rewrite_snapshots = true;
  const RepairResult done = lab.repair(options);
  ASSERT_EQ(done.snapshots.size(), 2u);
  ASSERT_TRUE(done.snapshots[0].rewritten && done.snapshots[1].rewritten);
  EXPECT_TRUE(done.is_whole());
  lab.committed().clear();
  lab.expect_whole("rewritten");
  const auto repository = *lab.open();
  const auto snapshots = *load_snapshots(*repository);
  ASSERT_EQ(snapshots.size(), 3u);
  const Snapshot& fresh = snapshots[0];
  EXPECT_EQ(fresh.id, *done.snapshots[0].rewritten);
  EXPECT_EQ(fresh.sequence, 1u);
  EXPECT_THAT(fresh.tags, testing::Contains("repaired"));
  const std::string content = *Lab::content_of(*repository, fresh);
  EXPECT_THAT(content, HasSubstr("lost/other"));
  EXPECT_THAT(content, Not(HasSubstr("lost/file")));
  // Everything but that file is byte for byte what it was.
  EXPECT_LT(content.size(), whole.size());
  EXPECT_GT(content.size(), whole.size() - 100'000);
  EXPECT_EQ(lab.files("snapshots").size(), 5u) << "the old ones are set aside";
  EXPECT_TRUE(lab.repair(options).snapshots.empty());
  (void)next;
}

TEST(Repair, SetsAsideWhatDoesNotOpenAndThenPruneGoesOn) {
  RepairLab lab;
  lab.commit();
  const Id bad = lab.back_up()->id;
  lab.source().write("third", random_bytes(9, 50'000));
  lab.commit();
  for (const char* folder : {"snapshots", "index", "journal", "heads"}) {
    ASSERT_TRUE(lab.forget(lab.back_up()->id).ok());
    const auto intact = lab.env().save();
    for (const std::string& name : lab.files(folder)) {
      if (std::string(folder) == "snapshots" && !name.ends_with(to_hex(bad))) continue;
      lab.env().load(intact);
      lab.flip(name, 41);
      EXPECT_FALSE(lab.check(true).ok()) << name;
      const RepairResult done = lab.repair();
      ASSERT_EQ(done.set_aside.size(), 1u) << name;
      EXPECT_THAT(done.set_aside[0].object, HasSubstr("/damaged-"));
      EXPECT_EQ(lab.aside().size(), 1u);
      lab.expect_whole(name);
      EXPECT_TRUE(lab.prune_all().ok());
      lab.expect_whole(name + ", pruned");
      EXPECT_EQ(lab.aside().size(), 1u) << "nothing that was set aside is deleted";
    }
    lab.env().load(intact);
  }
}

TEST(Repair, ListsAgainWhatALostIndexHeld) {
  RepairLab lab;
  lab.commit();
  lab.write_source(1);
  lab.commit();
  for (const std::string& name : lab.files("index")) lab.env().erase(name);
  EXPECT_EQ(lab.repair().listed_packs, lab.packs().size());
  lab.expect_whole("index lost");
}

// A vanished snapshot is told once more by repair, and then no longer.
TEST(Repair, NotesSnapshotsThatVanished) {
  RepairLab lab;
  std::vector<Id> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(lab.commit());
  for (const Id& id : {ids[1], ids[3]}) {
    lab.env().erase(std::string(Lab::kPath) + '/' + name_of(ObjectType::kSnapshot, id));
    lab.committed().erase(id);
  }
  EXPECT_FALSE(lab.check(true).ok());
  EXPECT_EQ(lab.repair().vanished_snapshots, 1u) << "of the other one nothing tells any more";
  lab.expect_whole("noted");
}

// Its head stays until somebody knows: the next backup does not take its place.
TEST(Repair, TheNewestThatVanishedIsNamedAfterTheNextBackup) {
  RepairLab lab;
  lab.commit();
  const Id newest = lab.commit();
  const std::string name = name_of(ObjectType::kSnapshot, newest);
  lab.env().erase(std::string(Lab::kPath) + '/' + name);
  lab.committed().erase(newest);
  lab.commit();
  const CheckResult checked = lab.check(true);
  ASSERT_EQ(checked.damage.size(), 1u);
  EXPECT_EQ(checked.damage[0].object, name);
  EXPECT_EQ(lab.repair().vanished_snapshots, 1u);
  lab.expect_whole("noted");
}

// Numbers never start again: else as many as were deleted could vanish unseen.
TEST(Repair, OneThatVanishesAfterAllOthersWereDeletedIsMissed) {
  RepairLab lab;
  const Id first = lab.commit();
  ForgetRequest request;
  request.snapshots = {to_hex(first)};
  const auto repository = *lab.open();
  ASSERT_TRUE(apply_forget(*repository, *plan_forget(*repository, request)).ok());
  PruneProgress progress;
  const PruneOptions options{.grace = Duration{0}, .max_unused_percent = 0};
  for (int phase = 0; phase < 2; ++phase) {
    ASSERT_TRUE(prune(*repository, options, progress).ok());
  }
  lab.committed().erase(first);
  const Id lost = lab.commit();
  lab.commit();
  EXPECT_TRUE(lab.check(true).ok());
  lab.env().erase(std::string(Lab::kPath) + '/' + name_of(ObjectType::kSnapshot, lost));
  EXPECT_FALSE(lab.check(true).ok());
}

// Killed anywhere, nothing is lost that was there, and the next repair ends what was begun.
TEST(Repair, KilledAnywhereGoesOn) {
  RepairLab lab;
  lab.source().write("lost", random_bytes(3, 90'000));
  const Id id = lab.commit();
  lab.source().write("later", random_bytes(4, 60'000));
  lab.commit();
  lab.flip_a_data_chunk(id);
  EXPECT_FALSE(lab.check(true).ok());
  ASSERT_TRUE(lab.back_up().ok());
  const auto before = lab.env().save();
  RepairOptions options;
  options.rewrite_snapshots = true;
  std::uint64_t call = 0;
  for (;; ++call) {
    lab.env().load(before);
    lab.env().inject(call, env::Fault::kKillHalfway);
    {
      const auto repository = lab.open();
      RepairProgress progress;
      if (repository.ok()) (void)store::repair(**repository, options, progress);
    }
    const bool fired = lab.env().fault_fired();
    lab.env().restart_process();
    lab.env().clear_faults();
    EXPECT_TRUE(lab.repair(options).is_whole()) << call;
    lab.expect_whole(fmt::format("killed at call {}", call));
    if (!fired || testing::Test::HasFailure()) break;
  }
  std::printf("repair: killed at each of %lu mutating calls\n", call);
  EXPECT_GT(call, 10u);
}

}  // namespace
}  // namespace backcast::store
