// Damaged, swapped, missing and replayed objects. Whatever is done to the stored bytes, a snapshot
// gives back what was saved or an error, never anything else; and what is not damaged is unharmed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

struct Tally {
  std::uint64_t damages = 0, refused = 0, harmless = 0;
};

// Opens everything there is to open. Errors are fine, wrong bytes are not.
void expect_never_wrong(Lab& lab, const std::string& damage, Tally& tally) {
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
}

class Corruption : public testing::Test {
 protected:
  void SetUp() override {
    lab_.commit();
    lab_.write_source(1);
    lab_.commit();
    intact_ = lab_.env().save();
    for (const std::string& name : lab_.env().files()) {
      // Leases say who is at work now; nothing is restored from them.
      if (name.find("/leases/") == std::string::npos) objects_.push_back(name);
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
      expect_never_wrong(lab_, fmt::format("{} byte {}", name, at), tally_);
      if (HasFatalFailure()) return;
    }
    lab_.env().set_bytes(name, bytes);
  }
  std::printf("flipped: %lu damages, %lu refused, %lu harmless\n", tally_.damages, tally_.refused,
              tally_.harmless);
  EXPECT_GT(tally_.refused, tally_.damages / 2);
}

TEST_F(Corruption, TruncatedAndLengthenedObjectsAreNeverGivenBack) {
  for (const std::string& name : objects_) {
    const std::string bytes = lab_.env().bytes(name);
    const std::size_t stride = thorough() ? 1 : std::max<std::size_t>(bytes.size() / 40, 1);
    for (std::size_t size = 0; size < bytes.size(); size += stride) {
      lab_.env().set_bytes(name, bytes.substr(0, size));
      expect_never_wrong(lab_, fmt::format("{} cut to {}", name, size), tally_);
      if (HasFatalFailure()) return;
    }
    for (const std::size_t more : {1, 100, 5000}) {
      lab_.env().set_bytes(name, bytes + std::string(more, '\0'));
      expect_never_wrong(lab_, fmt::format("{} longer by {}", name, more), tally_);
      if (HasFatalFailure()) return;
    }
    lab_.env().set_bytes(name, bytes);
  }
  std::printf("cut: %lu damages, %lu refused, %lu harmless\n", tally_.damages, tally_.refused,
              tally_.harmless);
}

TEST_F(Corruption, SwappedObjectsAreNeverTakenForEachOther) {
  for (const std::string& a : objects_) {
    for (const std::string& b : objects_) {
      if (a >= b) continue;
      lab_.env().load(intact_);
      const std::string bytes = lab_.env().bytes(a);
      lab_.env().set_bytes(a, lab_.env().bytes(b));
      lab_.env().set_bytes(b, bytes);
      expect_never_wrong(lab_, a + " swapped with " + b, tally_);
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
    Tally tally;
    expect_never_wrong(lab_, name + " deleted", tally);
    // Key files are not needed by whoever holds the keys already; all else is.
    EXPECT_EQ(tally.harmless, is(name, "keys") ? 1u : 0u) << name;
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
      expect_never_wrong(lab_, name + " from another repository", tally_);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(tally_.refused, 4u);
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
    if (!restored.ok()) continue;  // the tree itself
    std::set<std::string> failed_paths;
    for (const auto& failure : restored->failures) failed_paths.insert(failure.path);
    with_failures += failed_paths.empty() ? 0 : 1;
    const auto now = source::describe(target.path(lab_.source().path().substr(1)));
    for (const auto& [path, line] : original) {
      if (failed_paths.contains(lab_.source().path() + path)) {
        EXPECT_FALSE(now.contains(path)) << path << ": a damaged file must not be there";
      } else if (path != "/text" && path != "/folder0/hard") {  // each may fail for the other
        ASSERT_TRUE(now.contains(path)) << path << " is neither restored nor named";
        EXPECT_EQ(now.at(path), line);
      }
    }
  }
  std::printf("damaged packs: %lu restores named what they could not restore\n", with_failures);
  EXPECT_GT(with_failures, 5u);
}

}  // namespace
}  // namespace backcast::store
