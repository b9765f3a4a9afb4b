// Damaged, swapped, missing and replayed objects. Whatever is done to the stored bytes, a snapshot
// gives back what was saved or an error, never anything else; and what is not damaged is unharmed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "engine/store/packs/load_index.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

struct Tally {
  std::uint64_t damages = 0, refused = 0, harmless = 0, detected = 0;
};

bool check_complains(Repository& repository) {
  CheckOptions options;
  options.read_data = true;
  options.threads = 1;
  CheckProgress progress;
  const auto checked = check(repository, options, progress);
  return !checked.ok() || !checked->ok();
}

// Opens everything there is to open. Errors are fine, wrong bytes are not. `detect`: whoever asks
// `check` is told, even where no snapshot needs the damaged bytes.
void expect_never_wrong(Lab& lab, const std::string& damage, bool detect, Tally& tally) {
  ++tally.damages;
  bool all_whole = true;
  const auto repository = lab.open();
  if (repository.ok()) {
    for (const auto& [id, expected] : lab.committed()) {
      const auto snapshot = load_snapshot(**repository, id);
      const auto content = snapshot.ok() ? Lab::content_of(**repository, *snapshot)
                                         : Result<std::string>(snapshot.error());
      if (content.ok()) {
        ASSERT_TRUE(*content == expected) << damage << ": wrong bytes were given back";
      } else {
        ASSERT_FALSE(to_string(content.error()).empty());
        all_whole = false;
      }
    }
  }
  ++(repository.ok() && all_whole ? tally.harmless : tally.refused);
  if (!repository.ok() || check_complains(**repository)) {
    ++tally.detected;
  } else {
    ASSERT_FALSE(detect) << damage << ": check does not notice";
    ASSERT_TRUE(all_whole) << damage << ": check does not notice what restore cannot read";
  }
}

class Corruption : public testing::Test {
 protected:
  void SetUp() override {
    lab_.commit();
    lab_.write_source(1);
    lab_.commit();
    intact_ = lab_.env().save();
    for (const std::string& name : lab_.env().files()) {
      // Leases say who is at work now, and the reserve is room; nothing is restored from them.
      const bool is_read =
          name.find("/leases/") == std::string::npos && !name.ends_with("/reserve");
      if (is_read) objects_.push_back(name);
    }
    ASSERT_GE(objects_.size(), 8u);
  }
  bool is(const std::string& name, const char* folder) const {
    return name.find(std::string("/") + folder + '/') != std::string::npos;
  }

  Lab lab_{20'000};
  std::shared_ptr<const env::Disk> intact_;
  std::vector<std::string> objects_;
  Tally tally_;
};

TEST_F(Corruption, FlippedBytesAreNeverGivenBack) {
  constexpr std::size_t kHeaderBytes = 64;
  const std::size_t stride = thorough() ? 1 : 64;
  for (const std::string& name : objects_) {
    const std::string bytes = lab_.env().bytes(name);
    for (std::size_t at = 0; at < bytes.size(); at += at < kHeaderBytes ? 1 : stride) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      lab_.env().set_bytes(name, damaged);
      expect_never_wrong(lab_, fmt::format("{} byte {}", name, at), !is(name, "keys"), tally_);
      if (HasFatalFailure()) return;
    }
    lab_.env().set_bytes(name, bytes);
  }
  std::printf("flipped: %lu damages, %lu refused, %lu harmless; check noticed %lu\n",
              tally_.damages, tally_.refused, tally_.harmless, tally_.detected);
  EXPECT_GT(tally_.refused, tally_.damages / 2);
}

TEST_F(Corruption, TruncatedAndLengthenedObjectsAreNeverGivenBack) {
  for (const std::string& name : objects_) {
    const std::string bytes = lab_.env().bytes(name);
    const std::size_t stride = thorough() ? 1 : std::max<std::size_t>(bytes.size() / 40, 1);
    for (std::size_t size = 0; size < bytes.size(); size += stride) {
      lab_.env().set_bytes(name, bytes.substr(0, size));
      expect_never_wrong(lab_, fmt::format("{} cut to {}", name, size), !is(name, "keys"), tally_);
      if (HasFatalFailure()) return;
    }
    for (const std::size_t more : {1, 100, 5000}) {
      lab_.env().set_bytes(name, bytes + std::string(more, '\0'));
      expect_never_wrong(lab_, fmt::format("{} longer by {}", name, more), !is(name, "keys"),
                         tally_);
      if (HasFatalFailure()) return;
    }
    lab_.env().set_bytes(name, bytes);
  }
  std::printf("cut: %lu damages, %lu refused, %lu harmless; check noticed %lu\n", tally_.damages,
              tally_.refused, tally_.harmless, tally_.detected);
}

TEST_F(Corruption, SwappedObjectsAreNeverTakenForEachOther) {
  for (const std::string& a : objects_) {
    for (const std::string& b : objects_) {
      if (a >= b) continue;
      lab_.env().load(intact_);
      const std::string bytes = lab_.env().bytes(a);
      lab_.env().set_bytes(a, lab_.env().bytes(b));
      lab_.env().set_bytes(b, bytes);
      expect_never_wrong(lab_, a + " swapped with " + b, !is(a, "keys") || !is(b, "keys"), tally_);
      if (HasFatalFailure()) return;
    }
  }
  std::printf("swapped: %lu pairs, %lu refused, %lu harmless\n", tally_.damages, tally_.refused,
              tally_.harmless);
}

TEST_F(Corruption, DeletedObjectsAreErrorsOfWhatNeedsThem) {
  for (const std::string& name : objects_) {
    lab_.env().load(intact_);
    lab_.env().erase(name);
    // A vanished snapshot leaves a gap in the sequence that no forget explains, and the newest its
    // head. Nothing is lost with the head itself, and whoever has the keys needs no key file.
    const bool is_spare = is(name, "keys") || is(name, "heads");
    const bool detect = !is_spare;
    const auto committed = lab_.committed();
    if (is(name, "snapshots")) {
      for (const auto& [id, content] : committed) {
        if (name.ends_with(to_hex(id))) lab_.committed().erase(id);
      }
    }
    Tally tally;
    expect_never_wrong(lab_, name + " deleted", detect, tally);
    lab_.committed() = committed;
    EXPECT_EQ(tally.harmless, is_spare || is(name, "snapshots") ? 1u : 0u) << name;
  }
}

// What one repository wrote means nothing in another, not even of the same project.
TEST_F(Corruption, ObjectsOfAnotherRepositoryAreRefused) {
  Lab other(20'000);
  other.commit();
  for (const std::string& foreign : other.env().files()) {
    for (const std::string& name : objects_) {
      const auto folder = [](const std::string& path) { return path.substr(0, path.rfind('/')); };
      if (folder(foreign) != folder(name)) continue;
      lab_.env().load(intact_);
      lab_.env().set_bytes(name, other.env().bytes(foreign));
      expect_never_wrong(lab_, name + " from another repository", !is(name, "keys"), tally_);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(tally_.refused, 4u);
}

// Objects of an earlier day put back: what was forgotten and pruned stays harmless, what still is
// there stays whole.
TEST_F(Corruption, ReplayedObjectsDoNotBringBackWrongBytes) {
  const auto old_files = objects_;
  std::map<std::string, std::string> old_bytes;
  for (const std::string& name : old_files) old_bytes[name] = lab_.env().bytes(name);
  const Id first = lab_.committed().begin()->first;
  const std::string first_content = lab_.committed().begin()->second;
  ASSERT_TRUE(lab_.forget(first).ok());
  lab_.committed().erase(first);
  lab_.write_source(2);
  lab_.commit();
  ASSERT_TRUE(lab_.prune_all().ok());
  const auto pruned = lab_.env().save();
  std::uint64_t replayed = 0;
  const auto expect_sound = [&](const std::string& when) {
    ++replayed;
    const auto repository = lab_.open();
    if (!repository.ok()) return;
    for (const auto& [id, expected] : lab_.committed()) {
      const auto snapshot = load_snapshot(**repository, id);
      if (!snapshot.ok()) continue;
      const auto content = Lab::content_of(**repository, *snapshot);
      if (content.ok()) {
        EXPECT_TRUE(*content == expected) << when;
      }
    }
    // The forgotten one, if it is back, gives what it once was or an error.
    const auto ghost = load_snapshot(**repository, first);
    if (!ghost.ok()) return;
    const auto content = Lab::content_of(**repository, *ghost);
    if (content.ok()) {
      EXPECT_TRUE(*content == first_content) << when;
    }
  };
  for (const std::string& name : old_files) {
    lab_.env().load(pruned);
    lab_.env().set_bytes(name, old_bytes[name]);
    expect_sound(name + " replayed");
  }
  // Pairs of them, and all together.
  for (const std::string& a : old_files) {
    for (const std::string& b : old_files) {
      if (a >= b) continue;
      lab_.env().load(pruned);
      lab_.env().set_bytes(a, old_bytes[a]);
      lab_.env().set_bytes(b, old_bytes[b]);
      expect_sound(a + " and " + b + " replayed");
    }
  }
  lab_.env().load(pruned);
  for (const auto& [name, bytes] : old_bytes) lab_.env().set_bytes(name, bytes);
  expect_sound("everything replayed");
  std::printf("replayed: %lu states\n", replayed);
}

// A snapshot of many folders, of whose tree or reference list one chunk is damaged.
class DamagedLists : public testing::Test {
 protected:
  static constexpr int kFolders = 60, kFiles = 40;

  void SetUp() override {
    for (int folder = 0; folder < kFolders; ++folder) {
      for (int file = 0; file < kFiles; ++file) {
        lab_.source().write(fmt::format("many/{:02}/{:02}", folder, file),
                            fmt::format("file {} of {}", file, folder));
      }
    }
    id_ = lab_.back_up()->id;
  }

  void damage(const Id& chunk) {
    const auto repository = *lab_.open();
    const Index index = *load_index(*repository);
    const IndexEntry& entry = *index.find(chunk);
    const std::string pack =
        std::string(Lab::kPath) + '/' + name_of(ObjectType::kPack, index.packs()[entry.pack].id);
    std::string bytes = lab_.env().bytes(pack);
    bytes[entry.offset_bytes + 3] ^= 1;
    lab_.env().set_bytes(pack, bytes);
  }

  // Restores; every file that is there must be what it was. Returns how many of `many` are.
  int restored_files(RestoreResult& result) {
    const auto repository = *lab_.open();
    const source::Scratch target(true);
    RestoreRequest request;
    request.target = target.path();
    RestoreProgress progress;
    result = *restore(*repository, *load_snapshot(*repository, id_), request, progress);
    int found = 0;
    for (int folder = 0; folder < kFolders; ++folder) {
      for (int file = 0; file < kFiles; ++file) {
        std::ifstream in(fmt::format("{}{}/many/{:02}/{:02}", target.path(), lab_.source().path(),
                                     folder, file));
        std::string text;
        if (!std::getline(in, text)) continue;
        EXPECT_EQ(text, fmt::format("file {} of {}", file, folder));
        ++found;
      }
    }
    return found;
  }

  Lab lab_{20'000};
  Id id_;
};

TEST_F(DamagedLists, WhatADamagedChunkOfTheTreeDoesNotListIsRestored) {
  const Snapshot snapshot = *load_snapshot(**lab_.open(), id_);
  ASSERT_GT(snapshot.tree.size(), 4u);
  ASSERT_EQ(snapshot.tree_marks.size(), snapshot.tree.size());
  const auto intact = lab_.env().save();
  int fewest = kFolders * kFiles, most = 0;
  for (const Id& chunk : snapshot.tree) {
    lab_.env().load(intact);
    damage(chunk);
    RestoreResult result;
    const int found = restored_files(result);
    EXPECT_FALSE(result.failures.empty());
    fewest = std::min(fewest, found);
    most = std::max(most, found);
    CheckOptions options;
    CheckProgress progress;
    const auto checked = check(**lab_.open(), options, progress);
    ASSERT_TRUE(checked.ok());
    EXPECT_FALSE(checked->affected.empty());
    EXPECT_TRUE(checked->intact.empty());
  }
  // A chunk lists a few folders; all the others come back.
  EXPECT_GT(fewest, kFolders * kFiles / 2);
  EXPECT_LT(most, kFolders * kFiles);
  std::printf("tree of %zu chunks, one damaged: %d to %d of %d files restored\n",
              snapshot.tree.size(), fewest, most, kFolders * kFiles);
}

TEST_F(DamagedLists, WhatADamagedChunkOfTheReferencesDoesNotListIsRestored) {
  const Snapshot snapshot = *load_snapshot(**lab_.open(), id_);
  ASSERT_GT(snapshot.references.size(), 1u);
  const auto intact = lab_.env().save();
  int restored = 0;
  for (const Id& chunk : snapshot.references) {
    lab_.env().load(intact);
    damage(chunk);
    RestoreResult result;
    const int found = restored_files(result);
    EXPECT_FALSE(result.failures.empty());
    restored += found;
  }
  // Each file is missing exactly where its own chunk is damaged.
  const int chunks = static_cast<int>(snapshot.references.size());
  EXPECT_EQ(restored, kFolders * kFiles * (chunks - 1));
}

// A damaged key file opens with the same keys or not at all, and another passphrase still does.
TEST_F(Corruption, DamagedKeyFilesNeverGiveOtherKeys) {
  ASSERT_TRUE((*lab_.open())->slots().add(lab_.keys(), "second", "second", kStretchingFloor).ok());
  std::vector<std::string> files;
  for (const std::string& name : lab_.env().files()) {
    if (is(name, "keys")) files.push_back(name);
  }
  ASSERT_EQ(files.size(), 2u);
  const auto try_passphrase = [&](const char* passphrase) -> bool {
    OpenOptions options;
    options.read_data = true;
    options.passphrase = [=] { return Result<SecretText>(passphrase); };
    const auto repository = Repository::open(lab_.env(), Lab::kPath, options);
    if (!repository.ok()) return false;
    EXPECT_EQ((*repository)->keys().writer, lab_.keys().writer);
    EXPECT_EQ((*repository)->keys().pairs.size(), lab_.keys().pairs.size());
    return true;
  };
  std::uint64_t opened = 0, refused = 0;
  for (const std::string& name : files) {
    const std::string bytes = lab_.env().bytes(name);
    for (std::size_t at = 0; at < bytes.size(); at += thorough() ? 1 : 23) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 7)));
      lab_.env().set_bytes(name, damaged);
      const bool one = try_passphrase(Lab::kPassphrase), two = try_passphrase("second");
      EXPECT_TRUE(one || two) << name << " byte " << at << ": one damaged file shut both out";
      opened += one + two;
      refused += !one + !two;
    }
    lab_.env().set_bytes(name, bytes);
  }
  EXPECT_GT(refused, 10u);
  std::printf("key files: %lu openings, %lu refusals\n", opened, refused);
}

// A damaged file is named; every other file of the snapshot is restored with its right bytes.
TEST_F(Corruption, UndamagedFilesAreRestoredAndDamagedOnesNamed) {
  const auto original = source::describe(lab_.source().path());
  std::mt19937_64 random(1);
  std::uint64_t with_failures = 0;
  for (int round = 0; round < (thorough() ? 500 : 40); ++round) {
    lab_.env().load(intact_);
    std::vector<std::string> packs;
    for (const std::string& name : objects_) {
      if (is(name, "packs")) packs.push_back(name);
    }
    const std::string& name = packs[random() % packs.size()];
    std::string bytes = lab_.env().bytes(name);
    bytes[random() % bytes.size()] ^= 0x10;
    lab_.env().set_bytes(name, bytes);
    const auto repository = lab_.open();
    ASSERT_TRUE(repository.ok());
    const auto snapshots = load_snapshots(**repository);
    ASSERT_TRUE(snapshots.ok());
    const source::Scratch target(true);
    RestoreProgress progress;
    RestoreRequest request;
    request.target = target.path();
    const auto restored = restore(**repository, snapshots->back(), request, progress);
    ASSERT_TRUE(restored.ok()) << to_string(restored.error());
    std::set<std::string> failed_paths;
    for (const auto& failure : restored->failures) failed_paths.insert(failure.path);
    with_failures += failed_paths.empty() ? 0 : 1;
    // A damaged tree ends the restore early, with a word; what came before it is right.
    const bool ended_early = failed_paths.contains("/");
    if (ended_early && !std::filesystem::exists(target.path(lab_.source().path().substr(1))))
      continue;
    const auto now = source::describe(target.path(lab_.source().path().substr(1)));
    for (const auto& [path, line] : original) {
      if (failed_paths.contains(lab_.source().path() + path)) {
        EXPECT_FALSE(now.contains(path)) << path << ": a damaged file must not be there";
      } else if (path != "/text" && path != "/folder0/hard") {  // each may fail for the other
        ASSERT_TRUE(ended_early || now.contains(path)) << path << " is neither restored nor named";
        if (now.contains(path)) {
          EXPECT_EQ(now.at(path), line);
        }
      }
    }
  }
  std::printf("damaged packs: %lu restores named what they could not restore\n", with_failures);
  EXPECT_GT(with_failures, 5u);
}

}  // namespace
}  // namespace backcast::store
