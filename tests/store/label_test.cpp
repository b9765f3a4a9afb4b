// Labels of snapshots: the last one holds, through every crash and until prune takes the snapshot.
#include "engine/store/repository/label.h"

#include <gmock/gmock.h>

#include "engine/store/upkeep/repair.h"
#include "tests/store/damaged.h"

namespace backcast::store {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(Lab& lab, std::size_t damaged = 0) {
  std::vector<Error> errors;
  const auto labels = load_labels(**lab.open(), errors);
  EXPECT_TRUE(labels.ok());
  EXPECT_EQ(errors.size(), damaged);
  std::vector<std::string> all;
  for (const Label& label : *labels) all.push_back(label.text);
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Label, TheLastOneHoldsAndGoesWithItsSnapshot) {
  DamagedLab lab(100'000);
  const Id first = lab.commit();
  lab.write_source(1);
  const Id second = lab.commit();
  EXPECT_TRUE(texts(lab).empty());
  for (const char* text : {"one", "two", "three"}) {
    ASSERT_TRUE(set_label(**lab.open(), first, text).ok());
  }
  ASSERT_TRUE(set_label(**lab.open(), second, "other").ok());
  EXPECT_THAT(texts(lab), ElementsAre("other", "three"));
  EXPECT_EQ(lab.files("labels").size(), 2u);
  ASSERT_TRUE(lab.forget(first).ok());
  ASSERT_TRUE(lab.prune_all(lab.env(), kDay).ok());
  EXPECT_THAT(texts(lab), ElementsAre("other", "three")) << "it may still come back";
  ASSERT_TRUE(lab.prune_all().ok());
  EXPECT_THAT(texts(lab), ElementsAre("other"));
  EXPECT_EQ(set_label(**lab.open(), second, std::string(2 << 20, 'x')).error().code,
            Errc::kBadInput);
}

TEST(Label, ADamagedOneIsToldAndSetAside) {
  DamagedLab lab(100'000);
  const Id snapshot = lab.commit();
  ASSERT_TRUE(set_label(**lab.open(), snapshot, "text").ok());
  lab.flip(lab.files("labels").at(0), 40);
  EXPECT_TRUE(texts(lab, 1).empty());
  const CheckResult checked = lab.check(true);
  ASSERT_EQ(checked.damage.size(), 1u);
  EXPECT_EQ(checked.damage[0].object, "labels");
  RepairOptions options;
  RepairProgress progress;
  ASSERT_TRUE(repair(**lab.open(), options, progress).ok());
  EXPECT_TRUE(lab.check(true).damage.empty());
  ASSERT_TRUE(set_label(**lab.open(), snapshot, "again").ok());
  EXPECT_THAT(texts(lab), ElementsAre("again"));
}

TEST(Label, AfterAPowerCutOneOfTheTwoHolds) {
  Lab lab(50'000);
  const Id snapshot = lab.commit();
  ASSERT_TRUE(set_label(**lab.open(), snapshot, "before").ok());
  const auto start = lab.env().save();
  bool was_done = false;
  for (std::uint64_t call = 0; !was_done; ++call) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      lab.env().load(start);
      lab.env().inject(call, env::Fault::kKill);
      const auto repository = lab.open();
      ASSERT_TRUE(repository.ok());
      was_done = set_label(**repository, snapshot, "after").ok();
      EXPECT_EQ(was_done, !lab.env().fault_fired());
      lab.env().clear_faults();
      lab.env().power_cycle(seed);
      EXPECT_THAT(texts(lab), ElementsAre(testing::AnyOf("before", "after"))) << call;
      if (was_done) {
        EXPECT_THAT(texts(lab), ElementsAre("after"));
      }
    }
  }
}

}  // namespace
}  // namespace backcast::store
