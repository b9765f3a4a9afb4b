#include "engine/store/format/crypto.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <cstring>

namespace backcast::store {
namespace {

// libsodium must be initialised once; it never fails on Linux with getrandom.
const bool kSodiumReady = [] {
  BACKCAST_ASSERT(sodium_init() >= 0);
  return true;
}();

constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
static_assert(kSealOverheadBytes == kNonceBytes + crypto_aead_xchacha20poly1305_ietf_ABYTES);

// BLAKE2b under a child of `key`: of random bytes, and of what they are to be told apart for.
void hedged(const Secret& key, ByteView about, ByteView plain, ByteSpan out) {
  const StackWipe wipe;
  std::array<std::uint8_t, 32> random;
  randombytes_buf(random.data(), random.size());
  const Secret child = key.derive(1);
  crypto_generichash_state state;
  std::array<std::uint8_t, 8> about_bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    about_bytes[i] = static_cast<std::uint8_t>(std::uint64_t{about.size()} >> (8 * i));
  }
  crypto_generichash_init(&state, child.view().data(), kKeyBytes, out.size());
  for (const ByteView part : {ByteView(random), ByteView(about_bytes), about, plain}) {
    crypto_generichash_update(&state, part.data(), part.size());
  }
  crypto_generichash_final(&state, out.data(), out.size());
  sodium_memzero(&state, sizeof state);
}

// False if anything differs from what was sealed; writes sealed.size() - kSealOverheadBytes.
bool open_into(const Secret& key, ByteView sealed, ByteView associated, void* out) {
  const StackWipe wipe;
  return crypto_aead_xchacha20poly1305_ietf_decrypt(
             static_cast<std::uint8_t*>(out), nullptr, nullptr, sealed.data() + kNonceBytes,
             sealed.size() - kNonceBytes, associated.data(), associated.size(), sealed.data(),
             key.view().data()) == 0;
}

Error broken_seal() {
  return Error{Errc::kCorrupt, "the seal is broken", {}, {}};
}

}  // namespace

Id random_id() {
  Id id;
  randombytes_buf(id.bytes.data(), kIdBytes);
  return id;
}

Id random_id(ByteView about) {
  Id id;
  hedged(Secret(), about, {}, id.bytes);
  return id;
}

KeyPair KeyPair::generate() {
  return from_private(Secret::random());
}

KeyPair KeyPair::from_private(const Secret& private_key) {
  const StackWipe wipe;
  KeyPair pair;
  pair.private_key = private_key;
  crypto_scalarmult_base(pair.public_key.data(), private_key.view().data());
  return pair;
}

WrappedKey wrap_key(const PublicKey& to, const Secret& key) {
  const StackWipe wipe;
  static_assert(kWrappedKeyBytes == kKeyBytes + crypto_box_SEALBYTES);
  static_assert(crypto_box_SEALBYTES == crypto_box_PUBLICKEYBYTES + crypto_box_MACBYTES);
  // As crypto_box_seal does it, but for where the ephemeral key comes from: a machine whose random
  // numbers repeat would box two data keys under one.
  Secret seed, ephemeral;
  hedged(key, to, {}, seed.span());
  WrappedKey wrapped;
  std::array<std::uint8_t, crypto_box_NONCEBYTES> nonce;
  crypto_box_seed_keypair(wrapped.data(), ephemeral.span().data(), seed.view().data());
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, nonce.size());
  crypto_generichash_update(&state, wrapped.data(), crypto_box_PUBLICKEYBYTES);
  crypto_generichash_update(&state, to.data(), to.size());
  crypto_generichash_final(&state, nonce.data(), nonce.size());
  // Fails only for a public key of small order, which init never makes and the writer key pins.
  BACKCAST_ASSERT(crypto_box_easy(wrapped.data() + crypto_box_PUBLICKEYBYTES, key.view().data(),
                                  kKeyBytes, nonce.data(), to.data(),
                                  ephemeral.view().data()) == 0);
  return wrapped;
}

Result<Secret> unwrap_key(const KeyPair& pair, ByteView wrapped) {
  const StackWipe wipe;
  Secret key;
  if (wrapped.size() != kWrappedKeyBytes ||
      crypto_box_seal_open(key.span().data(), wrapped.data(), wrapped.size(),
                           pair.public_key.data(), pair.private_key.view().data()) != 0) {
    return Error{Errc::kWrongKey, "a data key is not sealed to this project's key pair", {}, {}};
  }
  return key;
}

std::array<std::uint8_t, 32> mac_of(const Secret& key, ByteView text) {
  const StackWipe wipe;
  std::array<std::uint8_t, 32> mac;
  crypto_auth_hmacsha256(mac.data(), text.data(), text.size(), key.view().data());
  return mac;
}

std::string seal(const Secret& key, ByteView plain, ByteView associated) {
  const StackWipe wipe;
  std::string out(plain.size() + kSealOverheadBytes, '\0');
  auto* bytes = reinterpret_cast<std::uint8_t*>(out.data());
  hedged(key, associated, plain, {bytes, kNonceBytes});
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kNonceBytes, nullptr, plain.data(),
                                             plain.size(), associated.data(), associated.size(),
                                             nullptr, bytes, key.view().data());
  return out;
}

Result<std::string> open(const Secret& key, ByteView sealed, ByteView associated) {
  if (sealed.size() < kSealOverheadBytes) return broken_seal();
  std::string out(sealed.size() - kSealOverheadBytes, '\0');
  if (!open_into(key, sealed, associated, out.data())) return broken_seal();
  return out;
}

Result<SecretText> open_secret(const Secret& key, ByteView sealed, ByteView associated) {
  if (sealed.size() < kSealOverheadBytes) return broken_seal();
  auto out = SecretText::with_room(sealed.size() - kSealOverheadBytes);
  if (!open_into(key, sealed, associated, out.rest().data())) return broken_seal();
  out.grow(out.room());
  return out;
}

Salt random_salt() {
  static_assert(sizeof(Salt) == crypto_pwhash_SALTBYTES);
  Salt salt;
  randombytes_buf(salt.data(), salt.size());
  return salt;
}

Result<Secret> stretch(std::string_view passphrase, const Salt& salt, Stretching cost) {
  const StackWipe wipe;
  const auto outside = [](std::uint64_t value, std::uint64_t low, std::uint64_t high) {
    return value < low || value > high;
  };
  if (outside(cost.operations, kStretchingFloor.operations, kStretchingCeiling.operations) ||
      outside(cost.memory_bytes, kStretchingFloor.memory_bytes, kStretchingCeiling.memory_bytes)) {
    return bad_input("Argon2id with " + std::to_string(cost.operations) + " passes over " +
                         std::to_string(cost.memory_bytes) + " bytes is outside what is accepted",
                     "3 to 16 passes over 8 MiB to 2 GiB; a key file that asks for anything else "
                     "was not written by backcast");
  }
  Secret key;
  if (crypto_pwhash(key.span().data(), kKeyBytes, passphrase.data(), passphrase.size(), salt.data(),
                    cost.operations, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return failed("not enough memory to stretch the passphrase: " +
                  std::to_string(cost.memory_bytes >> 20) + " MiB are needed");
  }
  return key;
}

// ---------------------------------------------------------------------------------------------

struct ChunkCipher::State {
  Id project;
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* mac = EVP_MAC_CTX_new(hmac);
  EVP_CIPHER* aes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  EVP_CIPHER_CTX* gcm = EVP_CIPHER_CTX_new();
  Secret key;

  ~State() {
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(hmac);
    EVP_CIPHER_CTX_free(gcm);
    EVP_CIPHER_free(aes);
  }

  // "backcast" ‖ format ‖ kind ‖ project ‖ plain length ‖ id
  std::array<std::uint8_t, 46> associated(const ChunkLabel& label) const {
    std::array<std::uint8_t, 46> out{'b',
                                     'a',
                                     'c',
                                     'k',
                                     'c',
                                     'a',
                                     's',
                                     't',
                                     kFormatVersion,
                                     static_cast<std::uint8_t>(label.kind)};
    std::memcpy(&out[10], project.bytes.data(), kIdBytes);
    for (int i = 0; i < 4; ++i) {
      out[26 + i] = static_cast<std::uint8_t>(label.plain_bytes >> (8 * i));
    }
    std::memcpy(&out[30], label.id.bytes.data(), kIdBytes);
    return out;
  }
};

ChunkCipher::ChunkCipher(const Id& project, const Secret& id_key) : state_(new State) {
  state_->project = project;
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM{"digest", OSSL_PARAM_UTF8_STRING, digest, 6, 0},
                               OSSL_PARAM{nullptr, 0, nullptr, 0, 0}};
  BACKCAST_ASSERT(EVP_MAC_init(state_->mac, id_key.view().data(), kKeyBytes, params) == 1);
}

ChunkCipher::~ChunkCipher() = default;

Id ChunkCipher::id_of(BlobKind kind, ByteView plain) {
  std::array<std::uint8_t, 32> full;
  std::size_t size = 0;
  const auto tag = static_cast<std::uint8_t>(kind);
  EVP_MAC_CTX* mac = state_->mac;
  BACKCAST_ASSERT(EVP_MAC_init(mac, nullptr, 0, nullptr) == 1 &&
                  EVP_MAC_update(mac, &tag, 1) == 1 &&
                  EVP_MAC_update(mac, plain.data(), plain.size()) == 1 &&
                  EVP_MAC_final(mac, full.data(), &size, full.size()) == 1);
  Id id;
  std::memcpy(id.bytes.data(), full.data(), kIdBytes);
  return id;
}

void ChunkCipher::set_key(const Secret& data_key) {
  if (state_->key == data_key) return;
  state_->key = data_key;
  BACKCAST_ASSERT(EVP_CipherInit_ex2(state_->gcm, state_->aes, data_key.view().data(), nullptr, 1,
                                     nullptr) == 1);
}

void ChunkCipher::seal(const ChunkLabel& label, ByteView plain, std::uint8_t* out) {
  EVP_CIPHER_CTX* gcm = state_->gcm;
  const auto associated = state_->associated(label);
  int n = 0;
  BACKCAST_ASSERT(
      EVP_CipherInit_ex2(gcm, nullptr, nullptr, label.id.bytes.data(), 1, nullptr) == 1 &&
      EVP_CipherUpdate(gcm, nullptr, &n, associated.data(), associated.size()) == 1 &&
      EVP_CipherUpdate(gcm, out, &n, plain.data(), static_cast<int>(plain.size())) == 1 &&
      EVP_CipherFinal_ex(gcm, out + plain.size(), &n) == 1 &&
      EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, kTagBytes, out + plain.size()) == 1);
}

bool ChunkCipher::open(const ChunkLabel& label, ByteView sealed, std::uint8_t* out) {
  if (sealed.size() < kTagBytes) return false;
  EVP_CIPHER_CTX* gcm = state_->gcm;
  const auto associated = state_->associated(label);
  const std::size_t size = sealed.size() - kTagBytes;
  Tag tag;
  std::memcpy(tag.data(), sealed.data() + size, kTagBytes);
  int n = 0;
  return EVP_CipherInit_ex2(gcm, nullptr, nullptr, label.id.bytes.data(), 0, nullptr) == 1 &&
         EVP_CipherUpdate(gcm, nullptr, &n, associated.data(), associated.size()) == 1 &&
         EVP_CipherUpdate(gcm, out, &n, sealed.data(), static_cast<int>(size)) == 1 &&
         EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
         EVP_CipherFinal_ex(gcm, out + size, &n) == 1;
}

// ---------------------------------------------------------------------------------------------

struct PackDigest::State {
  EVP_CIPHER_CTX* gcm = EVP_CIPHER_CTX_new();
  ~State() { EVP_CIPHER_CTX_free(gcm); }
};

PackDigest::PackDigest(const Secret& digest_key, const Id& pack) : state_(new State) {
  const std::array<std::uint8_t, 12> nonce{};  // the key is used for this pack alone
  BACKCAST_ASSERT(EVP_EncryptInit_ex(state_->gcm, EVP_aes_256_gcm(), nullptr,
                                     digest_key.derive(pack).view().data(), nonce.data()) == 1);
}

PackDigest::~PackDigest() = default;

void PackDigest::add(ByteView bytes) {
  int n = 0;
  BACKCAST_ASSERT(bytes.empty() || EVP_EncryptUpdate(state_->gcm, nullptr, &n, bytes.data(),
                                                     static_cast<int>(bytes.size())) == 1);
}

Tag PackDigest::finish() {
  Tag tag;
  int n = 0;
  BACKCAST_ASSERT(EVP_EncryptFinal_ex(state_->gcm, tag.data(), &n) == 1 &&
                  EVP_CIPHER_CTX_ctrl(state_->gcm, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) ==
                      1);
  return tag;
}

}  // namespace backcast::store
