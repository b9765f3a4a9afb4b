// Copies: nothing damaged goes over, everything else does, and what was forgotten may come back.
#include "engine/store/work/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/packs/load_index.h"
#include "engine/store/snapshots/presence.h"
#include "tests/store/damaged.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;

class CopyTest : public testing::Test {
 protected:
  static constexpr const char* kTarget = "/target";
  void make_target(const Keys& keys) {
    ASSERT_TRUE(Repository::create(lab_.env(), kTarget, keys, "pass", kStretchingFloor).ok());
    keys_ = keys;
  }
  std::unique_ptr<Repository> target() {
    OpenOptions options;
    options.keys = keys_;
    return *Repository::open(lab_.env(), kTarget, options);
  }
  CopyResult copy(const std::vector<Id>& ids = {}) {
    const auto from = *lab_.open();
    const auto to = target();
    auto all = *load_snapshots(*from);
    if (!ids.empty()) {
      std::erase_if(all, [&](const Snapshot& s) {
        return std::find(ids.begin(), ids.end(), s.id) == ids.end();
      });
    }
    CopyProgress progress;
    auto copied = copy_snapshots(*from, *to, all, progress);
    EXPECT_TRUE(copied.ok()) << to_string(copied.error());
    return copied.ok() ? *std::move(copied) : CopyResult();
  }
  void forget_at_target(const Id& id) {
    ForgetRequest request;
    request.snapshots = {to_hex(id)};
    const auto repository = target();
    ASSERT_TRUE(apply_forget(*repository, *plan_forget(*repository, request)).ok());
  }
  void expect_sound_target() {
    const auto repository = target();
    CheckOptions options;
    options.read_data = true;
    CheckProgress progress;
    const auto checked = check(*repository, options, progress);
    ASSERT_TRUE(checked.ok());
    EXPECT_TRUE(checked->ok()) << (checked->damage.empty() ? checked->affected[0].what
                                                           : checked->damage[0].object + ": " +
                                                                 checked->damage[0].what);
  }

  DamagedLab lab_;
  Keys keys_;
};

TEST_F(CopyTest, WhatWasForgottenAtTheTargetComesBack) {
  const Id first = lab_.commit();
  lab_.write_source(1);
  const Id second = lab_.commit();
  make_target(lab_.keys());
  copy();
  for (const Id& again : {second, first, second}) {
    forget_at_target(again);
    const CopyResult result = copy();
    EXPECT_THAT(result.copied, testing::ElementsAre(again));
    EXPECT_EQ(result.present.size(), 1u);
    expect_sound_target();
  }
  const auto repository = target();
  for (const Snapshot& snapshot : *load_snapshots(*repository)) {
    EXPECT_EQ(*Lab::content_of(*repository, snapshot), lab_.committed()[snapshot.id]);
  }
}

// Sealed to a pair that the target never heard of, a copy could not be read there.
TEST_F(CopyTest, WhatWasSavedAfterARotationCanBeReadAtATargetThatWasNotRotated) {
  const Id before = lab_.commit();
  make_target(lab_.keys());
  EXPECT_FALSE(copy().unsealed);
  const auto rotated = *lab_.open();
  ASSERT_TRUE(rotated->rotate_keys("next", "next", kStretchingFloor).ok());
  lab_.source().write("more", random_bytes(78, 50'000));
  BackupOptions options;
  options.walk.roots = {lab_.source().path()};
  options.threads = 1;
  BackupProgress backup_progress;
  const auto made = backup(*rotated, options, backup_progress);
  ASSERT_TRUE(made.ok()) << to_string(made.error());
  const Id after = made->snapshot.id;
  CopyProgress progress;
  const auto to = target();
  const auto copied = copy_snapshots(*rotated, *to, *load_snapshots(*rotated), progress);
  ASSERT_TRUE(copied.ok()) << to_string(copied.error());
  EXPECT_TRUE(copied->unsealed);
  EXPECT_THAT(copied->copied, testing::ElementsAre(after));
  for (const Id& id : {before, after}) {
    const auto there = target();
    const auto expected = Lab::content_of(*rotated, *load_snapshot(*rotated, id));
    const auto found = Lab::content_of(*there, *load_snapshot(*there, id));
    ASSERT_TRUE(found.ok()) << to_string(found.error());
    EXPECT_EQ(*found, *expected);
  }
}

TEST_F(CopyTest, WhatIsDamagedIsSkippedAndNamedAndTheRestIsCopied) {
  const Id first = lab_.commit();
  lab_.source().write("more", random_bytes(77, 150'000));
  const Id second = lab_.commit();
  // Damaged where only the second needs it.
  const auto packs = lab_.packs();
  Id pack;
  {
    const auto repository = *lab_.open();
    const Index index = *load_index(*repository);
    const Snapshot one = *load_snapshot(*repository, first);
    PackFiles files(*repository, index);
    const Need need = *needed_by(files, {one});
    for (const PackInfo& info : index.packs()) {
      const auto entries = index.entries_of(info);
      if (std::none_of(entries.begin(), entries.end(), [&](const IndexEntry& entry) {
            return need.entries[index.number_of(entry)];
          })) {
        pack = info.id;
      }
    }
  }
  ASSERT_NE(pack, Id());
  const auto intact = lab_.env().save();
  for (const bool same_project : {true, false}) {
    lab_.env().load(intact);
    lab_.flip(DamagedLab::path_of(pack), 1000);
    make_target(same_project ? lab_.keys() : Keys::generate());
    const CopyResult result = copy();
    EXPECT_THAT(result.copied, testing::ElementsAre(first));
    ASSERT_EQ(result.skipped.size(), 1u);
    EXPECT_EQ(result.skipped[0].id, second);
    if (same_project) {
      ASSERT_EQ(result.damage.size(), 1u);
      EXPECT_THAT(result.damage[0].object, HasSubstr(to_hex(pack)));
    }
    expect_sound_target();
    EXPECT_EQ(load_snapshots(*target())->size(), 1u);
    // The next backup heals the source, and then all is copied.
    ASSERT_TRUE(lab_.back_up().ok());
    EXPECT_EQ(copy().copied.size(), 2u);
    expect_sound_target();
  }
}

}  // namespace
}  // namespace backcast::store
