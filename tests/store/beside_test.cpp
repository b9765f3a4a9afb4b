// Others at work: a verb is stopped at each of its calls, those that only look included, another
// runs from beginning to end, and the verb goes on. Nothing that happens so is damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/upkeep/repair.h"
#include "engine/store/work/copy.h"
#include "tests/store/damaged.h"

namespace backcast::store {
namespace {

using testing::IsEmpty;

struct Beside : DamagedLab {
  Beside() : DamagedLab(20'000) {
    first = commit();
    write_source(1);
    second = commit();
    write_source(2);
    EXPECT_TRUE(Repository::create(env(), "/target", keys(), "pass", kStretchingFloor).ok());
    before = env().save();
  }

  // `verb`, stopped at its call number `at` for `other`. False if it makes no such call.
  bool run(const std::function<void()>& verb, std::uint64_t at,
           const std::function<void(env::FaultEnv&)>& other) {
    env().load(before);
    std::uint64_t call = 0;
    bool is_busy = false;
    env().on_turn([&] {
      if (is_busy || call++ != at) return;
      is_busy = true;
      other(*process);
    });
    verb();
    env().on_turn(nullptr);
    return is_busy;
  }

  Id first, second;
  std::shared_ptr<const env::Disk> before;
  std::unique_ptr<env::FaultEnv> process = env().another_process();
};

std::string words(const std::vector<Damage>& damage) {
  return damage.empty() ? "" : damage[0].object + ": " + damage[0].what;
}

// Calls `verb` with a stop at every call, or at one in `stride`, for every `other`.
void at_every_call(Beside& lab, const std::function<void(const std::string& when)>& verb) {
  const std::vector<std::pair<const char*, std::function<void(env::FaultEnv&)>>> others = {
      {"backup", [&](env::FaultEnv& env) { EXPECT_TRUE(lab.back_up(env).ok()); }},
      {"forget and prune",
       [&](env::FaultEnv& env) {
         const auto forgotten = lab.forget(env, lab.first);
         // One that is not here yet or no longer is no matter.
         if (forgotten.ok()) (void)lab.prune_all(env);
       }},
  };
  for (const auto& [name, other] : others) {
    std::uint64_t at = 0;
    while (true) {
      const std::string when = fmt::format("{} at call {}", name, at);
      const bool was_there = lab.run([&] { verb(when); }, at, other);
      if (!was_there || testing::Test::HasFailure()) break;
      at += thorough() ? 1 : 3;
    }
    std::printf("%s at each of %lu calls\n", name, at);
    EXPECT_GT(at, 15u);
  }
}

TEST(BesideOthers, CheckReportsNothingThatIsNotSo) {
  Beside lab;
  for (const bool read_data : {false, true}) {
    at_every_call(lab, [&](const std::string& when) {
      const CheckResult checked = lab.check(true, read_data);
      EXPECT_TRUE(checked.ok()) << when << ": " << words(checked.damage)
                                << (checked.affected.empty() ? "" : checked.affected[0].what);
    });
  }
}

TEST(BesideOthers, PruneReportsNothingThatIsNotSo) {
  Beside lab;
  at_every_call(lab, [&](const std::string& when) {
    const auto pruned = lab.prune_all();
    if (!pruned.ok() && pruned.error().code == Errc::kLocked) return;
    ASSERT_TRUE(pruned.ok()) << when << ": " << to_string(pruned.error());
    EXPECT_EQ(words(pruned->damage), "") << when;
    EXPECT_TRUE(pruned->held_back.empty()) << when << ": " << pruned->held_back;
  });
}

TEST(BesideOthers, CopyReportsNothingThatIsNotSo) {
  Beside lab;
  at_every_call(lab, [&](const std::string& when) {
    const auto from = *lab.open();
    OpenOptions options;
    options.keys = lab.keys();
    const auto to = *Repository::open(lab.env(), "/target", options);
    const auto snapshots = *load_snapshots(*from);
    CopyProgress progress;
    const auto copied = copy_snapshots(*from, *to, snapshots, progress);
    ASSERT_TRUE(copied.ok()) << when << ": " << to_string(copied.error());
    EXPECT_EQ(words(copied->damage), "") << when;
    for (const SkippedSnapshot& skipped : copied->skipped) {
      // Gone from the source meanwhile.
      EXPECT_EQ(skipped.id, lab.first) << when << ": " << skipped.what;
    }
    CheckProgress check_progress;
    const auto checked = check(*to, {}, check_progress);
    EXPECT_TRUE(checked.ok() && checked->ok()) << when;
  });
}

TEST(BesideOthers, RepairMendsNothingThatIsNotDamaged) {
  Beside lab;
  at_every_call(lab, [&](const std::string& when) {
    const auto repository = *lab.open();
    RepairProgress progress;
    const auto done = repair(*repository, {}, progress);
    if (!done.ok() && done.error().code == Errc::kLocked) return;
    ASSERT_TRUE(done.ok()) << when << ": " << to_string(done.error());
    EXPECT_TRUE(done->is_whole()) << when;
    EXPECT_EQ(done->missing_packs + done->damaged_packs + done->vanished_snapshots, 0u) << when;
    EXPECT_THAT(done->set_aside, IsEmpty()) << when;
    const auto content = lab.content_of(lab.second);
    EXPECT_TRUE(content.ok() && *content == lab.committed()[lab.second]) << when;
  });
}

}  // namespace
}  // namespace backcast::store
