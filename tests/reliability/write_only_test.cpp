// Write-only by design: whoever holds everything but the private key, the writer's secret and all
// of the repository's bytes included, can back up, deduplicate, forget and check the structure, and
// opens nothing of what was saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/store/packs/load_index.h"
#include "engine/store/snapshots/browse.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a machine that backs up keeps: no private key.
std::unique_ptr<Repository> open_as_writer(Lab& lab) {
  OpenOptions options;
  options.writer = *parse_writer_key(writer_key_text(lab.keys()));
  auto repository = Repository::open(lab.env(), Lab::kPath, options);
  EXPECT_TRUE(repository.ok()) << to_string(repository.error());
  EXPECT_FALSE((*repository)->keys().can_read());
  return *std::move(repository);
}

TEST(WriteOnly, TheWriterKeyCarriesNoPrivateKey) {
  Lab lab;
  const std::string text(writer_key_text(lab.keys()).view());
  for (const KeyPair& pair : lab.keys().pairs) {
    EXPECT_THAT(text, Not(HasSubstr(std::string(as_text(pair.private_key.view())))));
    std::string hex;
    for (const std::uint8_t byte : pair.private_key.view()) hex += fmt::format("{:02x}", byte);
    EXPECT_THAT(text, Not(HasSubstr(hex)));
  }
  const WriterKey key = *parse_writer_key(text);
  EXPECT_EQ(key.writer, lab.keys().writer);
}

TEST(WriteOnly, EverythingButThePrivateKeyOpensNothing) {
  Lab lab;
  lab.commit();
  const auto repository = open_as_writer(lab);
  const auto snapshots = load_snapshots(*repository);
  ASSERT_TRUE(snapshots.ok()) << "what retention needs is readable";
  ASSERT_EQ(snapshots->size(), 1u);
  // Through the front door.
  const auto content = Lab::content_of(*repository, snapshots->front());
  ASSERT_FALSE(content.ok());
  EXPECT_EQ(content.error().code, Errc::kWrongKey) << to_string(content.error());
  const source::Scratch target(true);
  RestoreRequest request;
  request.target = target.path();
  RestoreProgress progress;
  EXPECT_FALSE(restore(*repository, snapshots->front(), request, progress).ok());
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
  // And chunk by chunk, with every key the writer can make.
  const auto index = load_index(*repository);
  ASSERT_TRUE(index.ok());
  PackFiles packs(*repository, *index);
  BlobReader reader(packs);
  std::uint64_t sealed = 0, references = 0;
  for (const IndexEntry& entry : index->entries()) {
    const auto bytes = reader.read(entry.id, entry.kind);
    if (entry.kind == BlobKind::kReferences) {
      EXPECT_TRUE(bytes.ok()) << "reference lists are the writer's own";
      ++references;
      continue;
    }
    ++sealed;
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().code, Errc::kWrongKey);
    const DataKey& key = index->packs()[entry.pack].keys[entry.key];
    ASSERT_FALSE(key.is_derived) << "a data key that the writer could derive again";
    EXPECT_FALSE(unwrap_key(KeyPair::generate(), key.wrapped).ok());
    EXPECT_FALSE(unwrap_key(KeyPair::from_private(lab.keys().writer), key.wrapped).ok());
    for (std::uint64_t number = 0; number < 16; ++number) {
      const KeyPair derived = KeyPair::from_private(lab.keys().writer.derive(number));
      ASSERT_FALSE(unwrap_key(derived, key.wrapped).ok());
    }
  }
  EXPECT_GT(sealed, 5u);
  EXPECT_GT(references, 0u);
}

// Two writers that never met find each other's chunks, and neither can read them.
TEST(WriteOnly, BackupsByTheWriterKeyDeduplicateAndRestoreWithThePrivateOne) {
  Lab lab;
  lab.commit();
  const auto repository = open_as_writer(lab);
  BackupOptions options;
  options.walk.roots = {lab.source().path()};
  BackupProgress progress;
  const auto result = backup(*repository, options, progress);
  ASSERT_TRUE(result.ok()) << to_string(result.error());
  EXPECT_LT(result->snapshot.added_plain_bytes, 10'000u);
  const auto content = lab.content_of(result->snapshot.id);
  ASSERT_TRUE(content.ok()) << to_string(content.error());
  // Of the folders above the source, others change the times meanwhile.
  const std::string root = lab.source().path().substr(1);
  const auto below = [&](const std::string& tar) { return tar.substr(tar.find(root)); };
  EXPECT_TRUE(below(*content) == below(lab.committed().begin()->second));
}

// Names, contents and sizes of what was saved stand nowhere in the repository's bytes.
TEST(WriteOnly, NoStoredByteShowsWhatWasSaved) {
  Lab lab;
  lab.source().write("a-telling-file-name", "a telling content, long enough to be looked for");
  lab.commit();
  for (const std::string& name : lab.env().files()) {
    const std::string bytes = lab.env().bytes(name);
    for (const char* clear : {"telling", "folder0", "only-in-0", "xxxxxxxxxxxxxxxx"}) {
      EXPECT_THAT(bytes, Not(HasSubstr(clear))) << name;
    }
  }
}

TEST(WriteOnly, WithoutItsKeyFilesARepositoryIsShredded) {
  Lab lab;
  lab.commit();
  for (const std::string& name : lab.env().files()) {
    if (name.find("/keys/") != std::string::npos) lab.env().erase(name);
  }
  OpenOptions options;
  options.read_data = true;
  options.passphrase = [] { return Result<SecretText>(Lab::kPassphrase); };
  const auto opened = Repository::open(lab.env(), Lab::kPath, options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::kWrongKey) << to_string(opened.error());
}

}  // namespace
}  // namespace backcast::store
