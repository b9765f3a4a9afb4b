// The index in memory: how much of it a chunk takes, and which of several copies counts.
#include "engine/store/format/index.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/store/packs/load_index.h"
#include "engine/store/upkeep/repair.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

Id id_of(std::uint64_t number, std::uint8_t kind = 0) {
  Id id;
  // As uniform as real ids are: the mixing of splitmix64 (Steele, Lea, Flood 2014).
  for (std::uint64_t half = 0; half < 2; ++half) {
    std::uint64_t z = (number * 1024 + kind * 2 + half) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    std::memcpy(id.bytes.data() + 8 * half, &z, 8);
  }
  return id;
}

constexpr std::uint8_t kPackKind = 1, kObjectKind = 2;

// A pack of chunks numbered from `first` on.
Pack pack_with(std::uint64_t number, std::uint64_t first, std::size_t chunks) {
  Pack pack;
  pack.id = id_of(number, kPackKind);
  pack.created = from_unix_seconds(1'700'000'000 + static_cast<std::int64_t>(number));
  pack.keys.resize(1);
  std::uint32_t end = kPackHeaderBytes;
  for (std::size_t i = 0; i < chunks; ++i) {
    pack.blobs.push_back({id_of(first + i), BlobKind::kData, 0, end, 116, 100});
    end += 116;
  }
  pack.size_bytes = end;
  return pack;
}

std::uint64_t status_kb(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t value = 0;
    if (word == field && status >> value) return value;
  }
  return 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

TEST(Index, AChunkTakesAtMost64BytesAtAnyMoment) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizer's allocator keeps what is freed";
  constexpr std::uint64_t kPacks = 9'000, kChunks = 256;
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak is counted from here on
  const std::uint64_t before_kb = status_kb("VmRSS:");
  Index index;
  for (std::uint64_t i = 0; i < kPacks; ++i) {
    index.add(pack_with(i, i * kChunks, kChunks), id_of(i / 256, kObjectKind), false);
  }
  const double chunks = kPacks * kChunks;
  const double peak = 1024.0 * static_cast<double>(status_kb("VmHWM:") - before_kb) / chunks;
  const double after = 1024.0 * static_cast<double>(status_kb("VmRSS:") - before_kb) / chunks;
  std::printf("%.0f chunks: %.1f bytes a chunk, %.1f at the peak\n", chunks, after, peak);
  EXPECT_EQ(index.entries().size(), kPacks * kChunks);
  EXPECT_LE(after, 64);
  EXPECT_LE(peak, 64);
  for (std::uint64_t i = 0; i < kPacks * kChunks; i += 997) {
    ASSERT_TRUE(index.find(id_of(i)));
    EXPECT_EQ(index.find(id_of(i))->id, id_of(i));
  }
  EXPECT_FALSE(index.find(id_of(kPacks * kChunks)));
}

class Copies : public testing::Test {
 protected:
  // Three packs with the same chunks, added in this order.
  void add(std::initializer_list<std::uint64_t> packs, std::uint64_t condemned = 99) {
    for (const std::uint64_t number : packs) {
      index_.add(pack_with(number, 0, 10), id_of(number, kObjectKind), number == condemned);
    }
    // Enough others that the table grows several times.
    for (std::uint64_t i = 0; i < 40; ++i) {
      index_.add(pack_with(1000 + i, 1000 * (i + 1), 200), id_of(1, kObjectKind), false);
    }
  }
  // `arrivals` by number of the pack; all else arrives with its creation.
  void order(std::map<std::uint64_t, std::int64_t> arrivals = {}) {
    index_.order_copies([&](const PackInfo& pack) -> std::optional<Instant> {
      asked_ += 1;
      for (const auto& [number, seconds] : arrivals) {
        if (pack.id != id_of(number, kPackKind)) continue;
        if (seconds < 0) return std::nullopt;
        return from_unix_seconds(seconds);
      }
      return pack.created;
    });
  }
  std::vector<Id> packs_of(std::uint64_t chunk) {
    std::vector<Id> ids;
    for (const auto* entry : index_.copies(id_of(chunk))) {
      ids.push_back(index_.packs()[entry->pack].id);
    }
    return ids;
  }
  static std::vector<Id> packs(std::initializer_list<std::uint64_t> numbers) {
    std::vector<Id> ids;
    for (const std::uint64_t number : numbers) ids.push_back(id_of(number, kPackKind));
    return ids;
  }

  Index index_;
  int asked_ = 0;
};

TEST_F(Copies, AnOlderEntryWinsInWhateverOrderTheyAreRead) {
  add({3, 1, 2});
  order();
  for (std::uint64_t chunk = 0; chunk < 10; ++chunk) {
    EXPECT_EQ(packs_of(chunk), packs({1, 2, 3}));
    EXPECT_EQ(index_.packs()[index_.find(id_of(chunk))->pack].id, id_of(1, kPackKind));
  }
  EXPECT_EQ(asked_, 3) << "only packs that hold copies";
}

// Whoever adds a pack may write into it that it is old; when the store got it he cannot choose.
TEST_F(Copies, APackThatClaimsToBeOldCountsFromItsArrival) {
  add({1, 2, 3});
  order({{1, 1'900'000'000}, {2, 1'700'000'002}, {3, 1'700'000'003}});
  EXPECT_EQ(packs_of(5), packs({2, 3, 1}));
}

TEST_F(Copies, WhatIsCondemnedMissingOrDamagedComesLaterThanWhatIsFine) {
  add({1, 2, 3, 4}, 1);
  order({{2, -1}});
  EXPECT_EQ(packs_of(5), packs({3, 4, 1, 2}));
  index_.distrust(id_of(3, kPackKind), id_of(5));
  EXPECT_EQ(packs_of(5), packs({4, 1, 2, 3}));
  EXPECT_EQ(packs_of(6), packs({3, 4, 1, 2}));
  index_.distrust(id_of(4, kPackKind));
  EXPECT_EQ(packs_of(5), packs({1, 2, 3, 4}));
  EXPECT_FALSE(index_.find_usable(id_of(5)));
  EXPECT_TRUE(index_.find(id_of(5)));
}

// Thousands of entries for one chunk neither take time without end nor hide the others.
TEST_F(Copies, CountUpToABound) {
  for (std::uint64_t number = 1; number <= 5000; ++number) {
    index_.add(pack_with(number, 0, 2), id_of(number, kObjectKind), false);
  }
  order();
  EXPECT_EQ(packs_of(0).size(), Index::kMaxCopies);
  EXPECT_EQ(packs_of(0).front(), id_of(1, kPackKind));
  EXPECT_EQ(index_.entries().size(), 10'000u);
}

// A second object of index/ says of a known pack that it holds other chunks at other places. The
// object that the store got first counts, whatever their names.
TEST(LoadIndex, AnAddedObjectDoesNotSayWhatAKnownPackHolds) {
  for (int i = 0; i < 8; ++i) {  // names are random: some sort before, some after
    Lab lab(20'000);
    lab.commit();
    lab.env().advance(kHour);
    const auto repository = *lab.open();
    const Index index = *load_index(*repository);
    Pack forged = pack_of(index, index.packs()[0]);
    forged.blobs.pop_back();
    std::swap(forged.blobs[0].id, forged.blobs[1].id);
    ASSERT_TRUE(repository->objects()
                    .publish(ObjectType::kIndex, random_id(), as_bytes(encode_packs({forged})))
                    .ok());
    const Index after = *load_index(*repository);
    EXPECT_EQ(pack_of(after, after.packs()[0]).blobs, pack_of(index, index.packs()[0]).blobs);
    EXPECT_EQ(after.repeating_objects().size(), 1u);
    for (const auto& [id, content] : lab.committed()) {
      EXPECT_TRUE(*lab.content_of(id) == content);
    }
  }
}

// Empty, cut short or not decipherable: everything can still be read and backed up; prune waits
// until the object's content is listed again.
TEST(LoadIndex, ADamagedObjectStopsNeitherBackupNorRestore) {
  for (const std::string& bytes : {std::string(), std::string("BKC"), std::string(500, 'x')}) {
    Lab lab(20'000);
    lab.commit();
    lab.write_source(1);
    lab.commit();
    for (const std::string& name : lab.env().files()) {
      if (name.find("/index/") != std::string::npos) {
        lab.env().set_bytes(name, bytes);
        break;
      }
    }
    const auto repository = *lab.open();
    const auto index = load_index(*repository);
    ASSERT_TRUE(index.ok()) << to_string(index.error());
    EXPECT_EQ(index->unreadable_objects().size(), 1u);
    for (const auto& [id, content] : lab.committed()) {
      const auto now = lab.content_of(id);
      ASSERT_TRUE(now.ok()) << to_string(now.error());
      EXPECT_TRUE(*now == content);
    }
    lab.write_source(2);
    lab.commit();
    const auto held = lab.prune_all();
    ASSERT_TRUE(held.ok()) << to_string(held.error());
    EXPECT_FALSE(held->held_back.empty() && held->deleted_packs + held->orphans > 0);
    EXPECT_EQ(held->damage.size(), 1u);
    RepairProgress progress;
    const auto repaired = repair(*repository, {}, progress);
    ASSERT_TRUE(repaired.ok()) << to_string(repaired.error());
    EXPECT_EQ(repaired->set_aside.size(), 1u);
    EXPECT_TRUE(lab.prune_all().ok());
    lab.verify("after the index was rebuilt");
  }
}

}  // namespace
}  // namespace backcast::store
