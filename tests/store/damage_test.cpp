// Damage that somebody found: no later backup relies on it, and what is still whole is read from
// where it is whole.
#include "engine/store/repository/damage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/damaged.h"

namespace backcast::store {
namespace {

TEST(DamageRecord, IsReadAsWritten) {
  const std::vector<BadPack> bad = {{random_id(), {}}, {random_id(), {random_id(), random_id()}}};
  const auto read = decode_damage(random_id(), as_bytes(encode_damage(bad)));
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].pack, bad[0].pack);
  EXPECT_TRUE((*read)[0].chunks.empty());
  EXPECT_EQ((*read)[1].chunks, bad[1].chunks);
  EXPECT_FALSE(decode_damage(random_id(), as_bytes(encode_damage(bad) + "x")).ok());
}

TEST(DamageRecord, IsWrittenOnceForWhatIsKnown) {
  Lab lab(20'000);
  const auto repository = *lab.open();
  const Id pack = random_id(), chunk = random_id();
  ASSERT_TRUE(record_damage(*repository, {{pack, {chunk}}}).ok());
  ASSERT_TRUE(record_damage(*repository, {{pack, {chunk}}}).ok());
  EXPECT_EQ(load_damage(*repository)->size(), 1u);
  ASSERT_TRUE(record_damage(*repository, {{pack, {}}}).ok());
  ASSERT_TRUE(record_damage(*repository, {{pack, {chunk, random_id()}}}).ok());
  EXPECT_EQ(load_damage(*repository)->size(), 2u);
}

// Every pack in turn is lost, cut or longer: the next backup stores again what it held, and both
// snapshots are whole.
TEST(Damage, ALostOrCutPackIsHealedByTheNextBackup) {
  DamagedLab lab;
  lab.commit();
  const auto intact = lab.env().save();
  for (const std::string& pack : lab.packs()) {
    for (const char* how : {"lost", "cut", "longer"}) {
      lab.env().load(intact);
      const std::string bytes = lab.env().bytes(pack);
      if (*how == 'l' && how[1] == 'o' && how[2] == 's') {
        lab.env().erase(pack);
      } else {
        lab.env().set_bytes(pack, *how == 'c' ? bytes.substr(0, bytes.size() / 2) : bytes + "x");
      }
      const auto made = lab.back_up();
      ASSERT_TRUE(made.ok()) << to_string(made.error());
      EXPECT_GT(made->added_chunks, 0u);
      const auto content = lab.content_of(made->id);
      ASSERT_TRUE(content.ok()) << how << ' ' << to_string(content.error());
      for (const auto& [id, expected] : lab.committed()) {
        const auto old = lab.content_of(id);
        EXPECT_TRUE(old.ok() && *old == expected) << how;
      }
    }
  }
}

// One flipped byte that nobody saw is relied on; one that a verb came upon is not.
TEST(Damage, AFlippedByteThatAVerbCameUponIsHealedByTheNextBackup) {
  for (const char* finder : {"restore", "check", "check with keys"}) {
    DamagedLab lab;
    const Id id = lab.commit();
    lab.flip_a_data_chunk(id);
    ASSERT_FALSE(lab.content_of(id).ok());
    if (*finder == 'c') {
      for (const std::string& name : lab.env().files()) {
        if (name.find("/damage/") != std::string::npos) lab.env().erase(name);
      }
      lab.check(finder != std::string("check"));
    }
    const auto made = lab.back_up();
    ASSERT_TRUE(made.ok());
    EXPECT_GT(made->added_chunks, 0u) << finder;
    const auto content = lab.content_of(made->id);
    EXPECT_TRUE(content.ok()) << finder;
    const auto old = lab.content_of(id);
    EXPECT_TRUE(old.ok() && *old == lab.committed()[id]) << finder;
  }
}

// What prune marked is still there until prune deletes it: who else took it is damage.
TEST(Damage, ALostPackUnderAMarkIsNoInterruptedPrune) {
  DamagedLab lab;
  const Id id = lab.commit();
  lab.write_source(1);
  lab.commit();
  ASSERT_TRUE(lab.forget(id).ok());
  lab.env().advance(kHour);
  ASSERT_TRUE(lab.prune_all(lab.env(), kDay).ok());
  ASSERT_TRUE(lab.check(true).ok());
  std::string marked;
  const Index index = *load_index(**lab.open());
  for (const PackInfo& pack : index.packs()) {
    if (pack.is_condemned) marked = DamagedLab::path_of(pack.id);
  }
  ASSERT_FALSE(marked.empty());
  lab.env().erase(marked.substr(1));
  const CheckResult result = lab.check(true);
  ASSERT_EQ(result.damage.size(), 1u);
  EXPECT_EQ(result.damage[0].what, "missing");
}

}  // namespace
}  // namespace backcast::store
