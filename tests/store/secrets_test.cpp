// Secrets in memory, random numbers that repeat, configs that come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <cstring>
#include <fstream>
#include <set>

#include "engine/store/packs/chunk_writer.h"
#include "engine/store/packs/load_index.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;

// A machine that was cloned: every run of the same steps draws the same random numbers.
class RepeatingRandom {
 public:
  RepeatingRandom() {
    static randombytes_implementation same{
        [] { return "the same"; },
        [] { return std::uint32_t{7}; },
        nullptr,
        nullptr,
        [](void* into, std::size_t size) { std::memset(into, 7, size); },
        nullptr};
    randombytes_set_implementation(&same);
  }
  ~RepeatingRandom() { randombytes_set_implementation(&randombytes_sysrandom_implementation); }
};

TEST(RepeatedRandomNumbers, RepeatNoNonceForOtherMessages) {
  const Secret key = Secret::random(), other = Secret::random();
  const KeyPair pair = KeyPair::generate();
  const RepeatingRandom clone;
  std::set<std::string> nonces;
  const auto nonce = [](const std::string& sealed) { return sealed.substr(0, 24); };
  nonces.insert(nonce(seal(key, as_bytes("message"), as_bytes("place"))));
  nonces.insert(nonce(seal(key, as_bytes("messagf"), as_bytes("place"))));
  nonces.insert(nonce(seal(key, as_bytes("message"), as_bytes("another"))));
  nonces.insert(nonce(seal(key, as_bytes("emessage"), as_bytes("plac"))));
  nonces.insert(nonce(seal(other, as_bytes("message"), as_bytes("place"))));
  nonces.insert(nonce(seal(key, {}, {})));
  EXPECT_EQ(nonces.size(), 6u);
  EXPECT_EQ(seal(key, as_bytes("same"), {}), seal(key, as_bytes("same"), {})) << "only then";
  const auto first = wrap_key(pair.public_key, key), second = wrap_key(pair.public_key, other);
  EXPECT_NE(std::memcmp(first.data(), second.data(), 32), 0) << "the ephemeral key";
  EXPECT_EQ(*unwrap_key(pair, first), key);
  EXPECT_EQ(*unwrap_key(pair, second), other);
  EXPECT_NE(random_id(as_bytes("one")), random_id(as_bytes("two")));
}

TEST(DataKeys, SealNoMoreChunksThanTheBoundOnNoncesSays) {
  Lab lab(500);
  const auto repository = *lab.open();
  const Index index;
  ChunkStore store(*repository, index);
  ChunkWriter writer(store, 1);
  for (std::uint32_t i = 0; i < 140'000; ++i) {
    ASSERT_TRUE(writer.put(BlobKind::kData, as_bytes(std::to_string(i))).ok());
  }
  ASSERT_TRUE(store.sink().finish().ok());
  const auto written = load_index(*repository);
  ASSERT_TRUE(written.ok());
  std::map<std::string, std::size_t> chunks;
  for (const PackInfo& pack : written->packs()) {
    for (const IndexEntry& entry : written->entries_of(pack)) {
      ++chunks[to_hex(pack.keys[entry.key].wrapped)];
    }
  }
  EXPECT_EQ(chunks.size(), 3u);
  for (const auto& [key, count] : chunks) EXPECT_LE(count, 65'536u);
}

// What the kernel says of the mapping that holds an address.
std::string flags_of(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool inside = false;
  while (std::getline(maps, line)) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
      const auto at = reinterpret_cast<std::uintptr_t>(address);
      inside = begin <= at && at < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line;
    }
  }
  return {};
}

TEST(Secrets, AreLockedLeftOutOfDumpsAndWiped) {
  const Secret key = Secret::random();
  const SecretText text("a passphrase");
  for (const void* address : {static_cast<const void*>(key.view().data()),
                              static_cast<const void*>(text.view().data())}) {
    const std::string flags = flags_of(address);
    EXPECT_THAT(flags, HasSubstr(" dd")) << "not dumped";
    EXPECT_THAT(flags, HasSubstr(" lo")) << "locked";
  }
  const std::uint8_t* cell = nullptr;
  {
    const Secret gone = Secret::random();
    cell = gone.view().data();
  }
  EXPECT_TRUE(sodium_is_zero(cell, kKeyBytes)) << "its page stays for others";
}

TEST(SecretText, MovesAndShortensWithoutLeavingCopies) {
  SecretText text("secret\n");
  const char* before = text.view().data();
  text.shorten(6);
  EXPECT_EQ(before[6], '\0');
  SecretText moved = std::move(text);
  EXPECT_EQ(moved.view(), "secret");
  EXPECT_EQ(moved.view().data(), before);
  EXPECT_EQ(text.size(), 0u);  // NOLINT: what a moved one is
  EXPECT_EQ(SecretText().view(), "");
}

TEST(Encryption, P_SEC_01_NothingPlainIsStoredAndNoOtherProjectOpensIt) {
  Lab lab(20'000);
  const std::string content = "a line that nobody else may read, twice over; ";
  lab.source().write("name-that-is-secret", content + content);
  const Id id = lab.commit();
  for (const std::string& file : lab.env().files()) {
    for (const char* plain : {"nobody else may read", "name-that-is-secret"}) {
      EXPECT_EQ(lab.env().bytes(file).find(plain), std::string::npos) << plain << " in " << file;
    }
  }
  EXPECT_TRUE(lab.content_of(id).ok());
  OpenOptions options;
  options.keys = Keys::generate();
  EXPECT_FALSE(Repository::open(lab.env(), Lab::kPath, options).ok());
}

// The storage puts the config back that it had before a rotation.
TEST(OldConfig, NothingIsSealedToItsKeyAnyMore) {
  Lab lab(500);
  lab.commit();
  const std::string name = std::string(Lab::kPath) + "/config";
  const std::string before = lab.env().bytes(name);
  ASSERT_TRUE((*lab.open())->rotate_keys("next", "next", kStretchingFloor).ok());
  const std::string after = lab.env().bytes(name);
  lab.env().set_bytes(name, before);
  lab.source().write("new", "a chunk of its own");
  const auto packs = lab.env().files().size();
  const auto refused = lab.back_up();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("config is older"));
  EXPECT_EQ(lab.env().files().size(), packs) << "nothing was written";
  // Reading goes on, and check says so.
  EXPECT_TRUE(lab.content_of(lab.committed().begin()->first).ok());
  CheckOptions options;
  CheckProgress progress;
  const auto checked = check(**lab.open(), options, progress);
  ASSERT_TRUE(checked.ok());
  ASSERT_EQ(checked->damage.size(), 1u);
  EXPECT_EQ(checked->damage[0].object, "config");
  lab.env().set_bytes(name, after);
  EXPECT_TRUE(lab.back_up().ok());
}

}  // namespace
}  // namespace backcast::store
