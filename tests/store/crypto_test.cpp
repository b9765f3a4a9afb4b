// The suite: known answers, and that nothing opens under another name, type, key or byte.
#include "engine/store/format/crypto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/store/format/keys.h"
#include "engine/store/format/objects.h"

namespace backcast::store {
namespace {

TEST(Suite, MacHasTheAnswersOfRfc4231) {
  // RFC 4231, test case 2 has a key of 4 bytes; padded with zeros to a block it is the same key.
  Secret key;
  const std::string_view jefe = "Jefe";
  std::copy(jefe.begin(), jefe.end(), key.span().begin());
  EXPECT_EQ(to_hex(mac_of(key, as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Suite, ChunkIdsAreTheMacCutShort) {
  const Secret key = Secret().derive(9);
  ChunkCipher cipher(Id{}, key);
  const std::string tagged = std::string(1, '\1') + "content";
  EXPECT_EQ(to_hex(cipher.id_of(BlobKind::kTree, as_bytes("content"))),
            to_hex(mac_of(key, as_bytes(tagged))).substr(0, 32));
  EXPECT_NE(cipher.id_of(BlobKind::kTree, as_bytes("content")),
            cipher.id_of(BlobKind::kData, as_bytes("content")));
}

TEST(Suite, AChunkOpensOnlyAsWhatItIs) {
  ChunkCipher cipher(Id{{1}}, Secret());
  cipher.set_key(Secret().derive(1));
  const std::string plain = "the quick brown fox";
  const ChunkLabel label{Id{{7}}, BlobKind::kData, 19};
  std::vector<std::uint8_t> sealed(plain.size() + kTagBytes), opened(plain.size());
  cipher.seal(label, as_bytes(plain), sealed.data());
  ASSERT_TRUE(cipher.open(label, sealed, opened.data()));
  EXPECT_EQ(as_text(opened), plain);
  EXPECT_FALSE(cipher.open({Id{{8}}, BlobKind::kData, 19}, sealed, opened.data()));
  EXPECT_FALSE(cipher.open({Id{{7}}, BlobKind::kTree, 19}, sealed, opened.data()));
  EXPECT_FALSE(cipher.open({Id{{7}}, BlobKind::kData, 20}, sealed, opened.data()));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    sealed[i] ^= 1;
    EXPECT_FALSE(cipher.open(label, sealed, opened.data())) << "byte " << i;
    sealed[i] ^= 1;
  }
  ChunkCipher other_project(Id{{2}}, Secret());
  other_project.set_key(Secret().derive(1));
  EXPECT_FALSE(other_project.open(label, sealed, opened.data()));
}

TEST(Suite, NoNonceComesTwice) {
  const Secret key = Secret::random();
  std::set<std::string> nonces;
  for (int i = 0; i < 20'000; ++i) nonces.insert(seal(key, {}, {}).substr(0, 24));
  EXPECT_EQ(nonces.size(), 20'000u);
}

TEST(Suite, DataKeysOpenForTheirPairAlone) {
  const KeyPair pair = KeyPair::generate(), other = KeyPair::generate();
  const Secret key = Secret::random();
  WrappedKey wrapped = wrap_key(pair.public_key, key);
  EXPECT_EQ(*unwrap_key(pair, wrapped), key);
  EXPECT_EQ(unwrap_key(other, wrapped).error().code, Errc::kWrongKey);
  wrapped[50] ^= 1;
  EXPECT_EQ(unwrap_key(pair, wrapped).error().code, Errc::kWrongKey);
}

TEST(Suite, StretchingHasAFloorAndACeiling) {
  const Salt salt{};
  EXPECT_TRUE(stretch("p", salt, kStretchingFloor).ok());
  for (const Stretching cost : {Stretching{1, 8 << 20}, Stretching{3, 8192},
                                Stretching{3, 1ULL << 40}, Stretching{1000, 8 << 20}}) {
    EXPECT_EQ(stretch("p", salt, cost).error().code, Errc::kBadInput);
  }
}

TEST(Suite, TheWriterKeyReadsBackAndNothingElseDoes) {
  const Keys keys = Keys::generate();
  const std::string text(writer_key_text(keys).view());
  EXPECT_EQ(parse_writer_key(text)->writer, keys.writer);
  EXPECT_EQ(parse_writer_key(text)->project, keys.project);
  for (const std::string& bad : {std::string(), text.substr(1), text.substr(0, text.size() - 2),
                                 "x" + text, std::string(1000, 'a')}) {
    EXPECT_EQ(parse_writer_key(bad).error().code, Errc::kBadInput);
  }
}

}  // namespace
}  // namespace backcast::store
