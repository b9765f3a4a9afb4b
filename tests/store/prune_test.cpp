// Prune never deletes the last good copy, goes past what is damaged, and works on a full disk.
#include "engine/store/upkeep/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/repository/mark.h"
#include "engine/store/upkeep/repair.h"
#include "tests/store/damaged.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PruneResult prune_by(Lab& lab, Duration grace) {
  auto pruned = lab.prune_all(lab.env(), grace);
  EXPECT_TRUE(pruned.ok()) << to_string(pruned.error());
  return pruned.ok() ? *std::move(pruned) : PruneResult();
}

// Two snapshots, the first forgotten, so that prune moves what the second needs into a new pack.
struct MovedLab : DamagedLab {
  MovedLab() {
    const Id first = commit();
    write_source(1);
    kept = commit();
    EXPECT_TRUE(forget(first).ok());
    committed().erase(first);
    old_packs = packs();
    moved = prune_by(*this, kDay);
    for (const std::string& name : packs()) {
      if (std::find(old_packs.begin(), old_packs.end(), name) == old_packs.end()) {
        new_packs.push_back(name);
      }
    }
    EXPECT_GT(moved.copied_bytes, 0u);
    EXPECT_THAT(new_packs, Not(IsEmpty()));
  }

  Id kept;
  PruneResult moved;
  std::vector<std::string> old_packs, new_packs;
};

TEST(Prune, WhatTookOverChunksIsReadBackBeforeTheLastGoodCopyGoes) {
  MovedLab lab;
  const auto marked = lab.env().save();
  for (const std::string& pack : lab.new_packs) {
    for (const char* how : {"lost", "cut", "flipped"}) {
      lab.env().load(marked);
      const std::string bytes = lab.env().bytes(pack);
      if (*how == 'l') {
        lab.env().erase(pack);
      } else if (*how == 'c') {
        lab.env().set_bytes(pack, bytes.substr(0, bytes.size() - 4096));
      } else {
        lab.flip(pack, 100);
      }
      const PruneResult result = prune_by(lab, Duration(0));
      EXPECT_EQ(result.deleted_packs, 0u) << how;
      EXPECT_EQ(result.rescued_packs, lab.moved.marked_packs) << how;
      EXPECT_EQ(result.marked_packs, 0u) << how;
      EXPECT_THAT(result.held_back, HasSubstr(pack.substr(pack.find("packs/")))) << how;
      ASSERT_THAT(result.damage, Not(IsEmpty())) << how;
      EXPECT_TRUE(load_marks(**lab.open())->empty()) << how;
      for (const std::string& old : lab.old_packs) EXPECT_FALSE(lab.env().bytes(old).empty());
      const auto content = lab.content_of(lab.kept);
      EXPECT_TRUE(content.ok() && *content == lab.committed()[lab.kept]) << how;
      // Whoever prunes again does no harm, either.
      prune_by(lab, Duration(0));
      prune_by(lab, Duration(0));
      const auto again = lab.content_of(lab.kept);
      EXPECT_TRUE(again.ok() && *again == lab.committed()[lab.kept]) << how;
    }
  }
  lab.env().load(marked);
  EXPECT_EQ(prune_by(lab, Duration(0)).deleted_packs, lab.moved.marked_packs);
  lab.verify("nothing is damaged");
}

// A byte that flips in what prune is about to copy is not laundered into a new pack, and the other
// packs are pruned all the same.
TEST(Prune, OneFlippedByteDoesNotStopIt) {
  DamagedLab lab;
  const Id first = lab.commit();
  lab.write_source(1);
  lab.commit();
  lab.source().write("more", random_bytes(99, 100'000));
  const Id third = lab.commit();
  ASSERT_TRUE(lab.forget(first).ok());
  ASSERT_TRUE(lab.forget(third).ok());
  const auto before = lab.env().save();
  const auto packs = lab.packs();
  for (const std::string& pack : packs) {
    lab.env().load(before);
    lab.flip(pack, 200);
    const PruneResult result = prune_by(lab, Duration(0));
    ASSERT_FALSE(lab.env().bytes(pack).empty() && result.deleted_packs == 0) << pack;
    EXPECT_GT(result.deleted_packs, 0u);
    const CheckResult checked = lab.check(true);
    std::set<std::string> damaged;
    for (const Damage& damage : checked.damage) damaged.insert(damage.object + damage.what);
    for (const std::string& text : damaged) {
      EXPECT_THAT(text, HasSubstr(pack.substr(pack.find("packs/")))) << "damage has spread";
    }
  }
}

// Packs that a lost index listed look like leftovers of a backup; but snapshots lack something.
TEST(Prune, TakesNoPackForALeftoverWhileASnapshotLacksSomething) {
  DamagedLab lab;
  lab.commit();
  lab.source().write("more", random_bytes(99, 100'000));
  lab.commit();
  const auto intact = lab.env().save();
  for (const std::string& index : lab.files("index")) {
    lab.env().load(intact);
    const auto packs = lab.packs();
    lab.env().erase(index);
    const PruneResult result = prune_by(lab, Duration(0));
    EXPECT_EQ(result.orphans + result.deleted_packs, 0u);
    EXPECT_THAT(result.damage, Not(IsEmpty()));
    EXPECT_EQ(lab.packs(), packs);
    RepairProgress progress;
    const auto repaired = repair(**lab.open(), {}, progress);
    ASSERT_TRUE(repaired.ok()) << to_string(repaired.error());
    EXPECT_TRUE(repaired->is_whole());
    lab.verify("listed again");
  }
}

TEST(Prune, ABadSnapshotObjectBlocksOnlyTheDeletion) {
  MovedLab lab;
  const Id extra = lab.back_up()->id;
  const auto before = lab.env().save();
  const std::string name = std::string(Lab::kPath) + '/' + name_of(ObjectType::kSnapshot, extra);
  lab.flip(name, 40);
  const PruneResult result = prune_by(lab, Duration(0));
  EXPECT_EQ(result.deleted_packs, 0u);
  EXPECT_THAT(result.held_back, HasSubstr("cannot be read"));
  ASSERT_THAT(result.damage, Not(IsEmpty()));
  EXPECT_THAT(result.damage[0].what, HasSubstr(to_hex(extra)));
  lab.env().load(before);
  const auto content = lab.content_of(extra);
  EXPECT_TRUE(content.ok()) << "what an unreadable snapshot needs was deleted";
}

TEST(Prune, ADamagedMarkCondemnsNothingAndStopsNobody) {
  MovedLab lab;
  const auto marks = lab.files("marks");
  ASSERT_EQ(marks.size(), 1u);
  lab.flip(marks[0], 40);
  const PruneResult result = prune_by(lab, Duration(0));
  ASSERT_THAT(result.damage, Not(IsEmpty()));
  EXPECT_THAT(result.damage[0].object, HasSubstr("marks/"));
  const auto content = lab.content_of(lab.kept);
  EXPECT_TRUE(content.ok() && *content == lab.committed()[lab.kept]);
}

TEST(Prune, LeavesWhatABackupBeganAfterItLooked) {
  Lab lab;
  lab.commit();
  const auto other = lab.env().another_process();
  const std::string fresh = "repository/snapshots/.tmp-00112233445566778899";
  const std::string old = "repository/index/.tmp-00112233445566778899";
  lab.env().set_bytes(old, "left by a crash");
  bool came = false;
  lab.env().on_call([&](const env::Call& call) {
    // The first thing prune does after it looked is to take away what was left.
    if (came || call.kind != env::CallKind::kRemove) return;
    came = true;
    lab.env().set_bytes(fresh, "half a snapshot");
  });
  prune_by(lab, Duration(0));
  lab.env().on_call(nullptr);
  ASSERT_TRUE(came);
  const auto files = lab.env().files();
  EXPECT_THAT(files, testing::Contains(fresh));
  EXPECT_THAT(files, Not(testing::Contains(old)));
}

// Full from each of its calls on until something is removed: the reserve is.
TEST(Prune, MakesRoomOnAFullDisk) {
  DamagedLab lab;
  const Id first = lab.commit();
  lab.source().write("only-in-first", random_bytes(5, 50'000));
  const Id second = lab.commit();
  std::filesystem::remove(lab.source().path("only-in-first"));
  lab.commit();
  ASSERT_TRUE(lab.forget(first).ok());
  ASSERT_TRUE(lab.forget(second).ok());
  lab.committed().erase(first);
  lab.committed().erase(second);
  const auto before = lab.env().save();
  const std::uint64_t expected = prune_by(lab, Duration(0)).deleted_packs;
  ASSERT_GT(expected, 0u);
  std::uint64_t call = 0;
  for (;; ++call) {
    lab.env().load(before);
    lab.env().inject(call, env::Fault::kFull);
    const auto repository = *lab.open();
    PruneOptions options;
    options.grace = Duration(0);
    options.max_unused_percent = 100;  // nothing is to be copied
    PruneProgress progress;
    const auto done = prune(*repository, options, progress);
    const bool fired = lab.env().fault_fired();
    const auto log = lab.env().log();
    lab.env().clear_faults();
    ASSERT_TRUE(done.ok()) << "full from call " << call << ", " << name_of(log[call].kind) << ' '
                           << log[call].name << ": " << to_string(done.error());
    EXPECT_GT(done->deleted_packs, 0u) << call;
    lab.verify(fmt::format("full from call {}", call));
    if (!fired || HasFailure()) break;
  }
  std::printf("prune on a full disk: full from each of %lu calls on\n", call);
  EXPECT_GT(call, 10u);
}

}  // namespace
}  // namespace backcast::store
