// Somebody holds a stolen writer key, and the storage only adds. He seals other bytes under the id
// of a chunk that old snapshots need, and lists his pack in an index object of his own. Nothing he
// adds changes what an old snapshot gives back.
#include <gmock/gmock.h>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/damage.h"
#include "engine/store/snapshots/publish.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;

class LyingPack : public testing::Test {
 protected:
  // Every chunk of the repository once more, with other bytes, or with another length, too.
  void lie(std::size_t longer_by) {
    const auto repository = *lab_.open();
    const Index index = *load_index(*repository);
    PackFiles packs(*repository, index);
    BlobReader reader(packs);
    ChunkStore store(*repository, index);
    ChunkCipher cipher(repository->config().project, repository->keys().chunk_id_key());
    const Secret secret = Secret::random();
    const DataKey key{false, wrap_key(repository->keys().public_keys.back(), secret)};
    const std::vector<IndexEntry> genuine(index.entries().begin(), index.entries().end());
    for (const IndexEntry& entry : genuine) {
      if (entry.kind != BlobKind::kData) continue;
      std::string bytes(as_text(*reader.read(entry.id, entry.kind)));
      for (char& c : bytes) c = static_cast<char>(c ^ 1);
      bytes.resize(bytes.size() + longer_by, '!');
      std::vector<std::uint8_t> sealed(bytes.size() + kTagBytes);
      cipher.set_key(secret);
      const ChunkLabel label{entry.id, entry.kind, static_cast<std::uint32_t>(bytes.size())};
      cipher.seal(label, as_bytes(bytes), sealed.data());
      ASSERT_TRUE(store.sink().append({label, key, sealed}).ok());
    }
    ASSERT_TRUE(commit_packs(store).ok());
  }

  // The store was moved to another disk: its genuine packs got there last, and sort last.
  void move_genuine(const std::vector<std::string>& genuine) {
    lab_.env().advance(kHour);
    for (const std::string& name : genuine) {
      const std::string bytes = lab_.env().bytes(name);
      lab_.env().erase(name);
      lab_.env().set_bytes(name, bytes);
    }
  }

  std::vector<std::string> packs() {
    auto files = lab_.env().files();
    std::erase_if(
        files, [](const std::string& name) { return name.find("/packs/") == std::string::npos; });
    return files;
  }

  Lab lab_{200'000};
};

TEST_F(LyingPack, OldSnapshotsGiveBackWhatWasSavedAndTheLiarIsNamed) {
  const Id id = lab_.commit();
  const auto genuine = packs();
  for (const bool lies_sort_first : {false, true}) {
    for (const std::size_t longer_by : {0u, 1u}) {
      lab_.env().advance(kHour);
      lie(longer_by);
      if (lies_sort_first) move_genuine(genuine);
      const auto repository = *lab_.open();
      const Snapshot snapshot = *load_snapshot(*repository, id);
      RestoreRequest request;
      const source::Scratch target(true);
      request.target = target.path();
      RestoreProgress progress;
      const auto restored = restore(*repository, snapshot, request, progress);
      ASSERT_TRUE(restored.ok()) << to_string(restored.error());
      EXPECT_TRUE(restored->failures.empty()) << restored->failures[0].what;
      EXPECT_EQ(!restored->notes.empty(), lies_sort_first);
      if (lies_sort_first) {
        EXPECT_THAT(restored->notes[0], HasSubstr("in pack "));
        EXPECT_FALSE(load_damage(*repository)->empty()) << "later backups must not rely on it";
      }
      const auto content = Lab::content_of(*repository, snapshot);
      ASSERT_TRUE(content.ok()) << to_string(content.error());
      EXPECT_TRUE(*content == lab_.committed().at(id)) << "other bytes than were saved";
      const std::string root = lab_.source().path();
      EXPECT_EQ(source::describe(target.path() + root), source::describe(root));
    }
  }
}

TEST_F(LyingPack, AMissingPackIsDamageAndWhatIsWholeIsRestored) {
  const Id first = lab_.commit();
  const auto old_packs = packs();
  lab_.write_source(1);
  const Snapshot second = *lab_.back_up();
  for (const std::string& name : packs()) {
    if (std::find(old_packs.begin(), old_packs.end(), name) == old_packs.end()) {
      lab_.env().erase(name);
    }
  }
  const auto repository = *lab_.open();
  RestoreRequest request;
  const source::Scratch target(true);
  request.target = target.path();
  RestoreProgress progress;
  const auto restored = restore(*repository, second, request, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_FALSE(restored->failures.empty());
  const Snapshot whole = *load_snapshot(*repository, first);
  EXPECT_TRUE(*Lab::content_of(*repository, whole) == lab_.committed().at(first));
}

}  // namespace
}  // namespace backcast::store
