// What forget sets aside waits for prune and can come back; nothing else's damage is in its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/repository/journal.h"
#include "engine/store/repository/lease.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/snapshots/usage.h"
#include "engine/store/upkeep/check.h"
#include "engine/store/work/copy.h"
#include "engine/store/work/forget.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Forgetting {
  Lab lab{100'000};
  Id first = lab.commit(), second = next(1), third = next(2);

  Id next(std::uint64_t generation) {
    lab.write_source(generation);
    lab.env().advance(kDay);
    return lab.commit();
  }
  std::unique_ptr<Repository> open() { return *lab.open(); }
  std::vector<Id> listed() {
    std::vector<Id> ids;
    for (const Snapshot& snapshot : *load_snapshots(*open())) ids.push_back(snapshot.id);
    return ids;
  }
  std::size_t waiting() { return list_snapshot_names(*open())->forgotten.size(); }
  Result<UnforgetResult> bring_back(const Id& id) { return unforget(*open(), {to_hex(id)}); }
  bool is_sound() {
    CheckOptions options;
    options.read_data = true;
    CheckProgress progress;
    const auto result = check(*open(), options, progress);
    if (!result.ok()) return false;
    for (const auto& damage : result->damage) ADD_FAILURE() << damage.object << ": " << damage.what;
    return result->ok();
  }
};

TEST(Forgotten, ComesBackAsItWasUntilPruneDeletedIt) {
  Forgetting f;
  const auto before = f.lab.env().save();
  ASSERT_TRUE(f.lab.forget(f.first).ok());
  EXPECT_THAT(f.listed(), ElementsAre(f.second, f.third));
  EXPECT_EQ(f.waiting(), 1u);
  EXPECT_TRUE(f.is_sound()) << "what is forgotten is not missing";
  const auto again = f.lab.forget(f.first);
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(to_string(again.error()), HasSubstr("is forgotten since 2026-03-03T12:00:00Z"));
  // A prune within the grace period marks what only it needs; it still comes back.
  ASSERT_TRUE(f.lab.prune_all(f.lab.env(), kDay).ok());
  EXPECT_EQ(f.waiting(), 1u);
  const auto back = f.bring_back(f.first);
  ASSERT_TRUE(back.ok()) << to_string(back.error());
  EXPECT_THAT(back->back, ElementsAre(f.first));
  EXPECT_TRUE(f.lab.verify("brought back").empty());
  EXPECT_TRUE(f.is_sound());
  // And what was marked is taken back.
  f.lab.env().advance(2 * kDay);
  ASSERT_TRUE(f.lab.prune_all(f.lab.env(), kDay).ok());
  EXPECT_TRUE(f.lab.verify("pruned").empty());

  ASSERT_TRUE(f.lab.forget(f.first).ok());
  f.lab.committed().erase(f.first);
  f.lab.env().advance(2 * kDay);
  const auto pruned = f.lab.prune_all(f.lab.env(), kDay);
  ASSERT_TRUE(pruned.ok());
  EXPECT_EQ(pruned->deleted_snapshots, 1u);
  EXPECT_EQ(f.waiting(), 0u);
  const auto gone = f.bring_back(f.first);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Errc::kNotFound);
  EXPECT_THAT(to_string(gone.error()), HasSubstr("was deleted at 2026-03-07T12:00:00Z"));
  EXPECT_TRUE(f.lab.verify("gone").empty());
  EXPECT_TRUE(f.is_sound());
}

// An old mark may be over its grace when a snapshot is forgotten a second time: it still waits.
TEST(Forgotten, WaitsItsOwnGraceWhateverMarksSay) {
  Forgetting f;
  ASSERT_TRUE(f.lab.forget(f.first).ok());
  ASSERT_TRUE(f.lab.prune_all(f.lab.env(), kDay).ok());
  ASSERT_TRUE(f.bring_back(f.first).ok());
  f.lab.env().advance(2 * kDay);
  ASSERT_TRUE(f.lab.forget(f.first).ok());
  ASSERT_TRUE(f.lab.prune_all(f.lab.env(), kDay).ok());
  ASSERT_TRUE(f.bring_back(f.first).ok());
  EXPECT_TRUE(f.lab.verify("forgotten twice").empty());
}

TEST(Forgotten, DoesNotComeBackWithoutItsDataAndSaysWhy) {
  Forgetting f;
  ASSERT_TRUE(f.lab.forget(f.first).ok());
  const auto repository = f.open();
  const auto packs = *repository->objects().list(ObjectType::kPack);
  for (const Id& pack : packs) {
    ASSERT_TRUE(repository->folder().remove(name_of(ObjectType::kPack, pack)).ok());
  }
  const auto back = f.bring_back(f.first);
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().code, Errc::kCorrupt);
  EXPECT_EQ(f.waiting(), 1u);
}

TEST(Forgotten, ComesBackOnlyWhileNoPruneIsAtWork) {
  Forgetting f;
  ASSERT_TRUE(f.lab.forget(f.first).ok());
  const auto repository = f.open();
  {
    const auto pruning = Lease::take(*repository, LeaseKind::kMaintenance);
    ASSERT_TRUE(pruning.ok());
    const auto back = f.bring_back(f.first);
    ASSERT_FALSE(back.ok());
    EXPECT_EQ(back.error().code, Errc::kLocked);
  }
  EXPECT_TRUE(f.bring_back(f.first).ok());
}

TEST(Forgotten, CannotBeMadeUpByTheStorageAlone) {
  Forgetting f;
  const auto repository = f.open();
  const std::string name = name_of(ObjectType::kSnapshot, f.first);
  ASSERT_TRUE(
      repository->folder().rename(name, name + "-17b5a1c2d3e4f506-" + std::string(32, '0')).ok());
  const auto names = list_snapshot_names(*repository);
  EXPECT_TRUE(names->forgotten.empty());
  EXPECT_EQ(names->foreign.size(), 1u);
  CheckOptions options;
  CheckProgress progress;
  EXPECT_FALSE(check(*repository, options, progress)->ok());
}

TEST(Forgotten, IsBilledUntilItIsDeleted) {
  Forgetting f;
  const auto repository = f.open();
  const auto deletions = [&] {
    std::uint64_t count = 0;
    for (const auto& record : *usage(*repository, {"p", "r", "c"}, f.lab.env().now())) {
      if (record.kind == UsageKind::kDeletion && record.backup == to_hex(f.first)) ++count;
    }
    return count;
  };
  const auto before = usage(*repository, {"p", "r", "c"}, f.lab.env().now())->size();
  ASSERT_TRUE(f.lab.forget(f.first).ok());
  EXPECT_EQ(usage(*repository, {"p", "r", "c"}, f.lab.env().now())->size(), before);
  EXPECT_EQ(deletions(), 0u);
  ASSERT_TRUE(f.lab.prune_all().ok());
  EXPECT_EQ(deletions(), 1u);
}

TEST(Forget, NeedsFourDigitsThatMeanOneSnapshotForgottenOnesIncluded) {
  Forgetting f;
  const auto repository = f.open();
  const auto snapshots = *load_snapshots(*repository);
  const std::string id = to_hex(f.third);
  for (const std::string& bad :
       {std::string(), id.substr(0, 1), id.substr(0, 3), std::string("xyzw"), id + "0"}) {
    const auto found = find_snapshot(*repository, snapshots, bad);
    ASSERT_FALSE(found.ok()) << bad;
    EXPECT_EQ(found.error().code, Errc::kBadInput) << bad;
    ForgetRequest request;
    request.snapshots = {bad};
    EXPECT_FALSE(plan_forget(*repository, request).ok()) << bad;
    EXPECT_FALSE(unforget(*repository, {bad}).ok()) << bad;
  }
  EXPECT_EQ(find_snapshot(*repository, snapshots, id.substr(0, 4))->id, f.third);
  EXPECT_EQ(find_snapshot(*repository, snapshots, "latest")->id, f.third);
  // Another that begins alike, forgotten: its object is not looked at for its name alone.
  Id twin = f.third;
  twin.bytes[10] ^= 1;
  ASSERT_TRUE(
      repository->folder()
          .link(name_of(ObjectType::kSnapshot, f.third), name_of(ObjectType::kSnapshot, twin))
          .ok());
  EXPECT_EQ(find_snapshot(*repository, snapshots, id.substr(0, 8)).error().code, Errc::kBadInput);
  ASSERT_TRUE(set_aside(*repository, twin, f.lab.env().now()).ok());
  EXPECT_EQ(find_snapshot(*repository, snapshots, id.substr(0, 8)).error().code, Errc::kBadInput);
  EXPECT_EQ(find_snapshot(*repository, snapshots, id)->id, f.third);
  EXPECT_EQ(unforget(*repository, {id.substr(0, 8)}).error().code, Errc::kBadInput);
}

// A damaged snapshot object and one that lacks its data block nobody, themselves included.
TEST(Forget, GoesOnPastDamage) {
  Forgetting f;
  const auto repository = f.open();
  const std::string name = name_of(ObjectType::kSnapshot, f.second);
  ASSERT_TRUE(repository->folder().remove(name).ok());
  auto file = *repository->folder().create(name);
  ASSERT_TRUE(file->append(as_bytes(std::string("BKCS\x01\0\0\0 and not more", 22))).ok());
  f.lab.committed().erase(f.second);
  ForgetRequest request;
  request.policy = *policy::parse_policy("restic: --keep-last 1");
  const auto plan = plan_forget(*repository, request);
  ASSERT_TRUE(plan.ok()) << to_string(plan.error());
  ASSERT_EQ(plan->verdicts.size(), 3u);
  EXPECT_EQ(plan->deletions, 1u);
  EXPECT_TRUE(plan->verdicts[2].is_damaged);
  EXPECT_TRUE(plan->verdicts[2].keep);
  ASSERT_EQ(plan->warnings.size(), 1u);
  EXPECT_THAT(plan->warnings[0], HasSubstr(name));
  ASSERT_TRUE(apply_forget(*repository, *plan).ok());
  f.lab.committed().erase(f.first);
  const auto itself = f.lab.forget(f.second);
  EXPECT_TRUE(itself.ok()) << to_string(itself.error());
  EXPECT_THAT(f.listed(), ElementsAre(f.third));
  EXPECT_EQ(f.bring_back(f.second).error().code, Errc::kCorrupt);
  EXPECT_TRUE(f.lab.prune_all().ok());
  EXPECT_EQ(f.waiting(), 0u);
  EXPECT_TRUE(f.is_sound());
}

TEST(Forget, OfASnapshotThatLacksDataWorks) {
  Forgetting f;
  const auto repository = f.open();
  for (const Id& pack : *repository->objects().list(ObjectType::kPack)) {
    ASSERT_TRUE(repository->folder().remove(name_of(ObjectType::kPack, pack)).ok());
  }
  ForgetRequest request;
  request.snapshots = {to_hex(f.first)};
  const auto plan = plan_forget(*repository, request);
  ASSERT_TRUE(plan.ok()) << to_string(plan.error());
  EXPECT_EQ(plan->warnings.size(), 3u);
  EXPECT_TRUE(apply_forget(*repository, *plan).ok());
}

// A backup that ends between the two readings is in the second one.
TEST(Forget, IsNotMisledByABackupThatEndsMeanwhile) {
  Forgetting f;
  const auto other = f.lab.env().another_process();
  bool done = false;
  f.lab.env().on_call([&](const env::Call& call) {
    // Its own lease is there; the snapshots are listed next.
    if (done || call.kind != env::CallKind::kAppend) return;
    done = true;
    f.lab.write_source(3);
    EXPECT_TRUE(f.lab.back_up(*other).ok());
  });
  ForgetRequest request;
  request.policy = *policy::parse_policy("restic: --keep-last 2");
  const auto plan = plan_forget(*f.open(), request);
  f.lab.env().on_call(nullptr);
  EXPECT_TRUE(done);
  ASSERT_TRUE(plan.ok()) << to_string(plan.error());
  EXPECT_EQ(plan->verdicts.size(), 4u);
}

}  // namespace
}  // namespace backcast::store
