#include "engine/store/format/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/base/assert.h"

namespace backcast::store {
namespace {

constexpr char kDeriveContext[crypto_kdf_CONTEXTBYTES + 1] = "backcast";

// Locked, fenced by pages that fault, and left out of dumps (libsodium's sodium_malloc); where the
// limit on locked memory is reached, all but locked.
void* allocate(std::size_t size_bytes) {
  static const bool ready = sodium_init() >= 0;  // never fails on Linux with getrandom
  BACKCAST_ASSERT(ready);
  void* memory = sodium_malloc(size_bytes);
  BACKCAST_ASSERT(memory != nullptr);
  return memory;
}

// Keys are many and small: a page holds 128 of them.
class Cells {
 public:
  static Cells& instance() {
    static Cells* cells = new Cells;  // outlives every secret
    return *cells;
  }
  std::uint8_t* take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      auto* slab = static_cast<std::uint8_t*>(allocate(kSlabBytes));
      for (std::size_t at = 0; at < kSlabBytes; at += kKeyBytes) free_.push_back(slab + at);
    }
    std::uint8_t* cell = free_.back();
    free_.pop_back();
    return cell;
  }
  void give_back(std::uint8_t* cell) {
    sodium_memzero(cell, kKeyBytes);
    const std::lock_guard lock(mutex_);
    free_.push_back(cell);
  }

 private:
  static constexpr std::size_t kSlabBytes = 16 << 10;
  std::mutex mutex_;
  std::vector<std::uint8_t*> free_;
};

}  // namespace

Secret::Secret() : bytes_(Cells::instance().take()) {
  std::memset(bytes_, 0, kKeyBytes);
}

Secret::Secret(const Secret& other) : bytes_(Cells::instance().take()) {
  std::memcpy(bytes_, other.bytes_, kKeyBytes);
}

Secret& Secret::operator=(const Secret& other) {
  std::memmove(bytes_, other.bytes_, kKeyBytes);
  return *this;
}

Secret::~Secret() {
  Cells::instance().give_back(bytes_);
}

Secret Secret::random() {
  Secret secret;
  randombytes_buf(secret.bytes_, kKeyBytes);
  return secret;
}

Secret Secret::from(ByteView bytes) {
  BACKCAST_ASSERT(bytes.size() == kKeyBytes);
  Secret secret;
  std::memcpy(secret.bytes_, bytes.data(), kKeyBytes);
  return secret;
}

Secret Secret::derive(std::uint64_t number) const {
  const StackWipe wipe;
  Secret child;
  crypto_kdf_derive_from_key(child.bytes_, kKeyBytes, number, kDeriveContext, bytes_);
  return child;
}

Secret Secret::derive(const Id& name) const {
  const StackWipe wipe;
  Secret child;
  crypto_generichash(child.bytes_, kKeyBytes, name.bytes.data(), kIdBytes, bytes_, kKeyBytes);
  return child;
}

bool Secret::operator==(const Secret& other) const {
  return sodium_memcmp(bytes_, other.bytes_, kKeyBytes) == 0;
}

SecretText::SecretText(std::string_view text) : SecretText(with_room(text.size())) {
  append(text);
}

SecretText::SecretText(SecretText&& other) noexcept
    : text_(std::exchange(other.text_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  std::swap(text_, other.text_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

SecretText::~SecretText() {
  sodium_free(text_);  // wipes it
}

SecretText SecretText::with_room(std::size_t capacity_bytes) {
  SecretText text;
  if (capacity_bytes == 0) return text;
  text.text_ = static_cast<char*>(allocate(capacity_bytes));
  text.capacity_ = capacity_bytes;
  return text;
}

void SecretText::append(std::string_view text) {
  BACKCAST_ASSERT(text.size() <= room());
  if (!text.empty()) std::memcpy(text_ + size_, text.data(), text.size());
  size_ += text.size();
}

void SecretText::append_hex(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    const char digits[] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    append({digits, 2});
  }
}

void SecretText::grow(std::size_t size_bytes) {
  BACKCAST_ASSERT(size_bytes <= room());
  size_ += size_bytes;
}

void SecretText::shorten(std::size_t size_bytes) {
  BACKCAST_ASSERT(size_bytes <= size_);
  if (size_bytes < size_) sodium_memzero(text_ + size_bytes, size_ - size_bytes);
  size_ = size_bytes;
}

// The deepest of them, Argon2id's and X25519's, take under 4 KiB.
[[gnu::noinline]] StackWipe::~StackWipe() {
  constexpr std::size_t kDeepestBytes = 8 << 10;
  sodium_stackzero(kDeepestBytes);
}

void keep_process_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // whose search for leaks looks into its own process from outside
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace backcast::store
