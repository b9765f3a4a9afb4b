// Encrypted downloads: Debian's age opens ours, and we open its.
#include "engine/kinds/keys/age.h"

#include <gmock/gmock.h>

#include "tests/kinds/folder_client.h"

namespace backcast::kinds {
namespace {

std::string encrypt(const store::PublicKey& key, const std::string& content, std::size_t part) {
  std::string out;
  AgeWriter age(key, [&](ByteView bytes) -> Status {
    out += as_text(bytes);
    return kOk;
  });
  for (std::size_t at = 0; at < content.size(); at += part) {
    EXPECT_TRUE(age.append(as_bytes(std::string_view(content).substr(at, part))).ok());
  }
  EXPECT_TRUE(age.finish().ok());
  return out;
}

Result<std::string> decrypt(const store::KeyPair& key, const std::string& file, std::size_t part) {
  std::string out;
  AgeReader age({store::KeyPair::generate(), key}, [&](ByteView bytes) -> Status {
    out += as_text(bytes);
    return kOk;
  });
  for (std::size_t at = 0; at < file.size(); at += part) {
    BACKCAST_CHECK(age.append(as_bytes(std::string_view(file).substr(at, part))));
  }
  BACKCAST_CHECK(age.finish());
  return out;
}

std::string run(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

// Around the borders of chunks, and nothing at all.
constexpr std::size_t kSizes[] = {0, 1, 65535, 65536, 65537, 131072, 1'000'000};

std::string content_of(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7919 >> 3);
  return content;
}

TEST(Age, P_SEC_02_DebiansAgeOpensADownload) {
  const Scratch scratch;
  const auto pair = store::KeyPair::generate();
  write_whole(scratch / "identity", std::string(age_identity(pair.private_key).view()) + "\n");
  EXPECT_EQ(run("age-keygen -y " + (scratch / "identity").string()),
            age_recipient(pair.public_key) + "\n");
  for (const std::size_t size : kSizes) {
    const std::string content = content_of(size);
    const std::string file = encrypt(pair.public_key, content, 10'000);
    write_whole(scratch / "file.age", file);
    EXPECT_EQ(
        run("age -d -i " + (scratch / "identity").string() + " " + (scratch / "file.age").string()),
        content);
    EXPECT_EQ(*decrypt(pair, file, 777), content);
  }
  EXPECT_EQ(encrypt(pair.public_key, content_of(1'000'000), 1 << 20).size(), 1'000'440u);
}

TEST(Age, FilesOfDebiansAgeAreRead) {
  const Scratch scratch;
  const auto pair = store::KeyPair::generate();
  for (const std::size_t size : kSizes) {
    const std::string content = content_of(size);
    write_whole(scratch / "plain", content);
    run("age -r " + age_recipient(store::KeyPair::generate().public_key) + " -r " +
        age_recipient(pair.public_key) + " -o " + (scratch / "file.age").string() + " " +
        (scratch / "plain").string());
    EXPECT_EQ(*decrypt(pair, read_whole(scratch / "file.age"), 65536), content);
    std::filesystem::remove(scratch / "file.age");
  }
}

TEST(Age, AnotherKeyOpensNothingAndEveryChangeIsFound) {
  const auto pair = store::KeyPair::generate();
  const std::string file = encrypt(pair.public_key, content_of(70'000), 70'000);
  EXPECT_EQ(decrypt(store::KeyPair::generate(), file, 4096).error().code, Errc::kWrongKey);
  for (std::size_t at = 0; at < file.size(); at += at < 300 ? 1 : 997) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(decrypt(pair, changed, 4096).ok()) << at;
  }
  for (const std::size_t size : {0ul, 10ul, 190ul, 216ul, 65'768ul, file.size() - 1}) {
    EXPECT_FALSE(decrypt(pair, file.substr(0, size), 4096).ok()) << size;
  }
  EXPECT_FALSE(decrypt(pair, file + "x", 4096).ok());
  EXPECT_FALSE(decrypt(pair, std::string(100'000, 'x'), 4096).ok());
}

}  // namespace
}  // namespace backcast::kinds
