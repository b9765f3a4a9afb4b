// How deep a check looks, and keys that are unlocked while the work has begun.
#include "engine/store/upkeep/check.h"

#include <gtest/gtest.h>

#include "engine/store/packs/load_index.h"
#include "engine/store/snapshots/publish.h"
#include "engine/store/work/restore.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

CheckResult check_by(Repository& repository, bool read_data, bool open_data) {
  CheckOptions options;
  options.read_data = read_data;
  options.open_data = open_data;
  CheckProgress progress;
  auto checked = check(repository, options, progress);
  EXPECT_TRUE(checked.ok()) << to_string(checked.error());
  return *std::move(checked);
}

// A writer that stores a content under the id of another: every byte is what was written, and it
// was written wrong.
TEST(Check, OnlyOpeningFindsWhatWasWrittenWrong) {
  Lab lab;
  lab.commit();
  const auto repository = *lab.open();
  const Keys& keys = repository->keys();
  {
    const Index index = *load_index(*repository);
    ChunkStore store(*repository, index);
    ChunkCipher cipher(keys.project, keys.chunk_id_key());
    const Secret secret = Secret::random();
    cipher.set_key(secret);
    const ChunkLabel label{random_id(), BlobKind::kData, 5};
    std::vector<std::uint8_t> sealed(5 + kTagBytes);
    cipher.seal(label, as_bytes(std::string_view("wrong")), sealed.data());
    const DataKey key{false, wrap_key(keys.public_keys.back(), secret)};
    ASSERT_TRUE(store.sink().append({label, key, sealed}).ok());
    ASSERT_TRUE(commit_packs(store).ok());
  }
  EXPECT_TRUE(check_by(*repository, false, false).ok());
  EXPECT_TRUE(check_by(*repository, true, false).ok());
  const CheckResult opened = check_by(*repository, false, true);
  ASSERT_EQ(opened.damage.size(), 1u);
  EXPECT_TRUE(opened.damage[0].object.starts_with("chunk "));
  EXPECT_GT(opened.read_bytes, 0u);
}

Result<std::unique_ptr<Repository>> open_later(Lab& lab, const std::string& passphrase) {
  OpenOptions options;
  options.writer = *parse_writer_key(writer_key_text(lab.keys()));
  options.read_data = options.unlock_later = true;
  options.passphrase = [=] { return Result<SecretText>(passphrase); };
  return Repository::open(lab.env(), Lab::kPath, options);
}

TEST(UnlockLater, CheckAndRestoreWaitForTheKeys) {
  Lab lab;
  lab.commit();
  auto repository = open_later(lab, Lab::kPassphrase);
  ASSERT_TRUE(repository.ok()) << to_string(repository.error());
  EXPECT_FALSE((*repository)->keys().can_read());
  EXPECT_TRUE(check_by(**repository, true, false).opened_trees);
  repository = open_later(lab, Lab::kPassphrase);
  source::Scratch target;
  RestoreRequest request;
  request.target = target.path();
  RestoreProgress progress;
  const auto snapshots = *load_snapshots(**repository);
  const auto restored = restore(**repository, snapshots.back(), request, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_TRUE(restored->failures.empty());
  EXPECT_EQ(restored->counts.files + restored->counts.links, snapshots.back().files);
}

TEST(UnlockLater, AWrongPassphraseIsSaidBeforeAnythingIsWritten) {
  Lab lab;
  lab.commit();
  const auto repository = open_later(lab, "not it");
  ASSERT_TRUE(repository.ok());
  source::Scratch scratch;
  RestoreRequest request;
  request.target = scratch.path("target");
  RestoreProgress progress;
  const auto snapshots = *load_snapshots(**repository);
  const auto restored = restore(**repository, snapshots.back(), request, progress);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code, Errc::kWrongKey);
  EXPECT_FALSE(std::filesystem::exists(request.target));
  CheckOptions options;
  CheckProgress check_progress;
  EXPECT_EQ(check(**open_later(lab, "not it"), options, check_progress).error().code,
            Errc::kWrongKey);
}

}  // namespace
}  // namespace backcast::store
