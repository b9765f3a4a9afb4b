#include "engine/kinds/keys/age.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

namespace backcast::kinds {
namespace {

using store::kKeyBytes;
using store::PublicKey;
using store::Secret;

constexpr std::string_view kVersion = "age-encryption.org/v1\n";
constexpr std::string_view kInfo = "age-encryption.org/v1/X25519";
constexpr std::size_t kFileKeyBytes = 16, kNonceBytes = 16, kChunkBytes = 64 << 10, kMacBytes = 32;
constexpr std::size_t kTag = crypto_aead_chacha20poly1305_ietf_ABYTES;
constexpr std::size_t kMaxHeaderBytes = 64 << 10;

using Nonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

// RFC 5869, one block of output.
Secret hkdf(ByteView secret, ByteView salt, std::string_view info) {
  const store::StackWipe wipe;
  std::array<std::uint8_t, 32> extracted{}, expanded{};
  crypto_auth_hmacsha256_state state;
  static constexpr std::array<std::uint8_t, 32> kNoSalt{};
  if (salt.empty()) salt = kNoSalt;
  crypto_auth_hmacsha256_init(&state, salt.data(), salt.size());
  crypto_auth_hmacsha256_update(&state, secret.data(), secret.size());
  crypto_auth_hmacsha256_final(&state, extracted.data());
  crypto_auth_hmacsha256_init(&state, extracted.data(), extracted.size());
  crypto_auth_hmacsha256_update(&state, as_bytes(info).data(), info.size());
  constexpr std::uint8_t kFirst = 1;
  crypto_auth_hmacsha256_update(&state, &kFirst, 1);
  crypto_auth_hmacsha256_final(&state, expanded.data());
  Secret out = Secret::from(expanded);
  sodium_memzero(extracted.data(), extracted.size());
  sodium_memzero(expanded.data(), expanded.size());
  sodium_memzero(&state, sizeof state);
  return out;
}

std::array<std::uint8_t, kMacBytes> header_mac(ByteView file_key, std::string_view header) {
  const Secret key = hkdf(file_key, {}, "header");
  std::array<std::uint8_t, kMacBytes> mac{};
  crypto_auth_hmacsha256(mac.data(), as_bytes(header).data(), header.size(), key.view().data());
  return mac;
}

std::string base64(ByteView bytes) {
  std::string text(
      sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  text.pop_back();  // its NUL
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

// The key that both sides of an exchange come to. Nothing for a share of low order.
std::optional<Secret> wrapping_key(const Secret& own, const PublicKey& other,
                                   const PublicKey& ephemeral, const PublicKey& recipient) {
  Secret shared;
  if (crypto_scalarmult(shared.span().data(), own.view().data(), other.data()) != 0) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 64> salt{};
  std::copy(ephemeral.begin(), ephemeral.end(), salt.begin());
  std::copy(recipient.begin(), recipient.end(), salt.begin() + 32);
  return hkdf(shared.view(), salt, kInfo);
}

// The payload's nonce: eleven bytes that count, one that says which chunk is the last.
Nonce nonce_of(std::uint64_t chunk, bool is_last) {
  Nonce nonce{};
  for (int i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(chunk >> (8 * i));
  nonce[11] = is_last ? 1 : 0;
  return nonce;
}

Error corrupt(std::string_view why) {
  return Error{Errc::kCorrupt, "not a whole age file: " + std::string(why), {}, ""};
}

// BIP 173 without its limit of 90 characters, which age does not have either.
constexpr std::string_view kLetters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

std::uint32_t polymod(const std::vector<std::uint8_t>& values) {
  constexpr std::array<std::uint32_t, 5> kGenerator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                    0x2a1462b3};
  std::uint32_t sum = 1;
  for (const std::uint8_t value : values) {
    const std::uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (std::size_t i = 0; i < kGenerator.size(); ++i) sum ^= (top >> i & 1) ? kGenerator[i] : 0;
  }
  return sum;
}

// In lower case.
store::SecretText bech32(std::string_view prefix, ByteView bytes) {
  std::vector<std::uint8_t> values;
  for (const char c : prefix) values.push_back(static_cast<std::uint8_t>(c) >> 5);
  values.push_back(0);
  for (const char c : prefix) values.push_back(static_cast<std::uint8_t>(c) & 31);
  const std::size_t begin = values.size();
  std::uint32_t held = 0;
  int bits = 0;
  for (const std::uint8_t byte : bytes) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) values.push_back(held >> (bits - 5) & 31);
  }
  if (bits > 0) values.push_back(held << (5 - bits) & 31);
  values.resize(values.size() + 6);
  const std::uint32_t sum = polymod(values) ^ 1;
  for (int i = 0; i < 6; ++i) values[values.size() - 6 + i] = sum >> (5 * (5 - i)) & 31;
  auto text = store::SecretText::with_room(prefix.size() + 1 + values.size());
  text.append(prefix);
  text.append("1");
  for (std::size_t i = begin; i < values.size(); ++i) text.append(kLetters.substr(values[i], 1));
  sodium_memzero(values.data(), values.size());
  return text;
}

}  // namespace

std::string age_recipient(const PublicKey& key) {
  return std::string(bech32("age", key).view());
}

store::SecretText age_identity(const Secret& private_key) {
  const store::SecretText lower = bech32("age-secret-key-", private_key.view());
  auto upper = store::SecretText::with_room(lower.size());
  for (const char c : lower.view()) {
    const char big = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper.append(std::string_view(&big, 1));
  }
  return upper;
}

struct AgeWriter::State {
  ByteSink sink;
  std::string start;  // header and nonce, until the first chunk goes out
  Secret key;         // of the payload
  std::vector<std::uint8_t> chunk{};
  std::uint64_t chunks = 0;

  Status seal(bool is_last) {
    if (!start.empty()) BACKCAST_CHECK(sink(as_bytes(std::exchange(start, {}))));
    std::vector<std::uint8_t> sealed(chunk.size() + kTag);
    const Nonce nonce = nonce_of(chunks++, is_last);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, chunk.data(), chunk.size(),
                                              nullptr, 0, nullptr, nonce.data(), key.view().data());
    chunk.clear();
    return sink(sealed);
  }
};

AgeWriter::AgeWriter(const PublicKey& recipient, ByteSink sink)
    : state_(std::make_unique<State>(State{std::move(sink), "", {}})) {
  const Secret random = Secret::random();
  const ByteView file_key = random.view().first(kFileKeyBytes);
  const store::KeyPair ephemeral = store::KeyPair::generate();
  const auto wrapping =
      wrapping_key(ephemeral.private_key, recipient, ephemeral.public_key, recipient);
  BACKCAST_ASSERT(wrapping.has_value());  // a project's key is no point of low order
  std::array<std::uint8_t, kFileKeyBytes + kTag> wrapped{};
  constexpr Nonce kZero{};
  crypto_aead_chacha20poly1305_ietf_encrypt(wrapped.data(), nullptr, file_key.data(),
                                            file_key.size(), nullptr, 0, nullptr, kZero.data(),
                                            wrapping->view().data());
  std::string header(kVersion);
  header += "-> X25519 " + base64(ephemeral.public_key) + "\n" + base64(wrapped) + "\n---";
  const auto mac = header_mac(file_key, header);
  std::array<std::uint8_t, kNonceBytes> nonce{};
  randombytes_buf(nonce.data(), nonce.size());
  state_->start = header + " " + base64(mac) + "\n" + std::string(as_text(nonce));
  state_->key = hkdf(file_key, nonce, "payload");
}

AgeWriter::~AgeWriter() = default;

Status AgeWriter::append(ByteView bytes) {
  while (!bytes.empty()) {
    // A full chunk waits: it may be the last one.
    if (state_->chunk.size() == kChunkBytes) BACKCAST_CHECK(state_->seal(false));
    const std::size_t part = std::min(bytes.size(), kChunkBytes - state_->chunk.size());
    state_->chunk.insert(state_->chunk.end(), bytes.begin(), bytes.begin() + part);
    bytes = bytes.subspan(part);
  }
  return kOk;
}

Status AgeWriter::finish() {
  return state_->seal(true);
}

struct AgeReader::State {
  std::vector<store::KeyPair> pairs;
  ByteSink sink;
  std::string held{};  // bytes that wait for more
  std::optional<Secret> key{};
  std::uint64_t chunks = 0;

  // Of the header that `held` begins with; false: it is not all there yet.
  Result<bool> open_header() {
    const std::size_t mac_at = held.find("\n--- ");
    const std::size_t end = mac_at == std::string::npos ? mac_at : held.find('\n', mac_at + 1);
    if (end == std::string::npos || held.size() < end + 1 + kNonceBytes) {
      if (held.size() > kMaxHeaderBytes) return corrupt("its header has no end");
      return false;
    }
    if (!held.starts_with(kVersion)) return corrupt("another version, or none");
    const std::string_view header = std::string_view(held).substr(0, mac_at + 4);
    const auto mac = from_base64(std::string_view(held).substr(mac_at + 5, end - mac_at - 5));
    BACKCAST_TRY(const Secret file_key, file_key_of(header));
    const auto expected = header_mac(file_key.view().first(kFileKeyBytes), header);
    if (!mac || mac->size() != kMacBytes ||
        sodium_memcmp(mac->data(), expected.data(), kMacBytes) != 0) {
      return corrupt("its header was changed");
    }
    const ByteView nonce = as_bytes(std::string_view(held).substr(end + 1, kNonceBytes));
    key = hkdf(file_key.view().first(kFileKeyBytes), nonce, "payload");
    held.erase(0, end + 1 + kNonceBytes);
    return true;
  }

  // Out of the first X25519 stanza that is ours.
  Result<Secret> file_key_of(std::string_view header) const {
    constexpr std::string_view kStanza = "\n-> X25519 ";
    for (std::size_t at = header.find(kStanza); at != std::string_view::npos;
         at = header.find(kStanza, at + 1)) {
      const std::size_t argument = at + kStanza.size();
      const std::size_t line = std::min(header.find('\n', argument), header.size());
      const std::size_t body_end = std::min(header.find('\n', line + 1), header.size());
      const auto share = from_base64(header.substr(argument, line - argument));
      const auto body = line < body_end ? from_base64(header.substr(line + 1, body_end - line - 1))
                                        : std::nullopt;
      if (!share || share->size() != kKeyBytes || !body || body->size() != kFileKeyBytes + kTag) {
        return corrupt("a recipient is not written as it should be");
      }
      PublicKey ephemeral{};
      std::memcpy(ephemeral.data(), share->data(), ephemeral.size());
      for (const store::KeyPair& pair : pairs) {
        if (const auto found = unwrap(pair, ephemeral, *body)) return *found;
      }
    }
    return Error{Errc::kWrongKey, "the age file is for other recipients", {}, ""};
  }

  static std::optional<Secret> unwrap(const store::KeyPair& pair, const PublicKey& ephemeral,
                                      const std::string& wrapped) {
    const auto wrapping = wrapping_key(pair.private_key, ephemeral, ephemeral, pair.public_key);
    Secret file_key;
    constexpr Nonce kZero{};
    if (!wrapping || crypto_aead_chacha20poly1305_ietf_decrypt(
                         file_key.span().data(), nullptr, nullptr, as_bytes(wrapped).data(),
                         wrapped.size(), nullptr, 0, kZero.data(), wrapping->view().data()) != 0) {
      return std::nullopt;
    }
    return file_key;
  }

  Status open_chunk(std::size_t size, bool is_last) {
    if (size < kTag) return corrupt("it ends in the middle");
    std::vector<std::uint8_t> plain(size - kTag);
    const Nonce nonce = nonce_of(chunks++, is_last);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr,
                                                  as_bytes(held).data(), size, nullptr, 0,
                                                  nonce.data(), key->view().data()) != 0) {
      return corrupt("a chunk was changed, or it ends in the middle");
    }
    if (is_last && plain.empty() && chunks > 1) return corrupt("its last chunk is empty");
    held.erase(0, size);
    return sink(plain);
  }
};

AgeReader::AgeReader(std::vector<store::KeyPair> pairs, ByteSink sink)
    : state_(std::make_unique<State>(State{std::move(pairs), std::move(sink)})) {}
AgeReader::~AgeReader() = default;

Status AgeReader::append(ByteView bytes) {
  state_->held += as_text(bytes);
  if (!state_->key) {
    BACKCAST_TRY(const bool is_open, state_->open_header());
    if (!is_open) return kOk;
  }
  // A full chunk waits: only what follows says that it is not the last.
  while (state_->held.size() > kChunkBytes + kTag) {
    BACKCAST_CHECK(state_->open_chunk(kChunkBytes + kTag, false));
  }
  return kOk;
}

Status AgeReader::finish() {
  if (!state_->key) return corrupt("it ends in its header");
  return state_->open_chunk(state_->held.size(), true);
}

}  // namespace backcast::kinds
