// Every cryptographic act of the repository, by suite "bc1":
//   chunk ids     HMAC-SHA-256, cut to 128 bits (OpenSSL: SHA-NI)
//   chunks        AES-256-GCM under a fresh data key (OpenSSL: AES-NI), nonce = first 96 bits of
//                 the chunk id: no counter to lose, and a cloned machine that repeats a data key
//                 still never seals two different chunks under one nonce
//   pack digests  AES-256-GMAC, one derived key per pack
//   data keys     X25519 sealed boxes to the project's public key (libsodium)
//   small objects XChaCha20-Poly1305 with a 192-bit nonce made inside the call (libsodium): a keyed
//                 hash of fresh random bytes and of what is sealed, so that a machine whose random
//                 numbers repeat (a clone) repeats a nonce only for the same message
//   passphrases   Argon2id (libsodium)
// Nobody outside passes a nonce. docs/format.md says what is bound to what.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "engine/base/error.h"
#include "engine/store/format/id.h"
#include "engine/store/format/secret.h"

namespace backcast::store {

inline constexpr std::uint8_t kFormatVersion = 1;
inline constexpr const char* kSuite =
    "bc1:hmac-sha256/aes-256-gcm/x25519/xchacha20-poly1305/argon2id";

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kWrappedKeyBytes = kKeyBytes + 48;  // crypto_box_SEALBYTES
using PublicKey = std::array<std::uint8_t, 32>;
using WrappedKey = std::array<std::uint8_t, kWrappedKeyBytes>;
using Tag = std::array<std::uint8_t, kTagBytes>;

Id random_id();
// Mixed with what it will name, as far as that is known: repeated random numbers alone then do not
// repeat the id.
Id random_id(ByteView about);

struct KeyPair {
  PublicKey public_key{};
  Secret private_key;
  static KeyPair generate();
  static KeyPair from_private(const Secret& private_key);
};

// A sealed box of libsodium whose ephemeral key also depends on what is in it.
WrappedKey wrap_key(const PublicKey& to, const Secret& key);
// kWrongKey if `pair` is not the one it was wrapped to, or it was changed.
Result<Secret> unwrap_key(const KeyPair& pair, ByteView wrapped);

// HMAC-SHA-256 over short text.
std::array<std::uint8_t, 32> mac_of(const Secret& key, ByteView text);

// nonce ‖ ciphertext ‖ tag.
std::string seal(const Secret& key, ByteView plain, ByteView associated);
// kCorrupt if anything differs from what was sealed, or the key does.
Result<std::string> open(const Secret& key, ByteView sealed, ByteView associated);
inline constexpr std::size_t kSealOverheadBytes = 24 + 16;
// The same into memory that is kept secret.
Result<SecretText> open_secret(const Secret& key, ByteView sealed, ByteView associated);

// Argon2id. The floor is what anybody may ask for; the ceiling protects whoever opens a hostile
// repository. Defaults: libsodium's MODERATE.
struct Stretching {
  std::uint64_t operations = 3;
  std::uint64_t memory_bytes = 256ULL << 20;
};
inline constexpr Stretching kStretchingFloor{3, 8ULL << 20};
inline constexpr Stretching kStretchingCeiling{16, 2ULL << 30};
using Salt = std::array<std::uint8_t, 16>;
Salt random_salt();
// kBadInput outside floor and ceiling; kFailed without the memory.
Result<Secret> stretch(std::string_view passphrase, const Salt& salt, Stretching cost);

enum class BlobKind : std::uint8_t { kData = 0, kTree = 1, kReferences = 2 };

// What a chunk is, for whoever opens it: sealed with it, so nothing can be passed off as another.
struct ChunkLabel {
  Id id;
  BlobKind kind = BlobKind::kData;
  std::uint32_t plain_bytes = 0;  // before compression
};

// Chunk ids, and AES-256-GCM with one key scheduled at a time. One per thread.
class ChunkCipher {
 public:
  ChunkCipher(const Id& project, const Secret& id_key);
  ~ChunkCipher();
  ChunkCipher(const ChunkCipher&) = delete;
  ChunkCipher& operator=(const ChunkCipher&) = delete;

  Id id_of(BlobKind kind, ByteView plain);
  void set_key(const Secret& data_key);
  // Writes plain.size() + kTagBytes.
  void seal(const ChunkLabel& label, ByteView plain, std::uint8_t* out);
  // Writes sealed.size() - kTagBytes; false if anything differs from what was sealed.
  bool open(const ChunkLabel& label, ByteView sealed, std::uint8_t* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// AES-256-GMAC over the bytes of a pack, in order, under a key of its own.
class PackDigest {
 public:
  PackDigest(const Secret& digest_key, const Id& pack);
  ~PackDigest();
  void add(ByteView bytes);
  Tag finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace backcast::store
