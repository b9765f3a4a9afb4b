// Secret bytes: in memory that is locked where the system lets it (so never in swap), kept out of
// core dumps, and wiped when they go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/store/format/id.h"

namespace backcast::store {

inline constexpr std::size_t kKeyBytes = 32;

// A key.
class Secret {
 public:
  Secret();  // zeros
  Secret(const Secret& other);
  Secret& operator=(const Secret& other);
  ~Secret();
  static Secret random();
  static Secret from(ByteView bytes);  // exactly kKeyBytes
  ByteView view() const { return {bytes_, kKeyBytes}; }
  ByteSpan span() { return {bytes_, kKeyBytes}; }
  // Child key number `number` (BLAKE2b, crypto_kdf): one master secret, many independent keys.
  Secret derive(std::uint64_t number) const;
  // The same for children named by an id.
  Secret derive(const Id& name) const;
  bool operator==(const Secret& other) const;

 private:
  std::uint8_t* bytes_;
};

// A passphrase, or the text of keys. Its room is fixed when it is made.
class SecretText {
 public:
  SecretText() = default;
  SecretText(std::string_view text);  // NOLINT: implicit by design
  SecretText(const char* text) : SecretText(std::string_view(text)) {}         // NOLINT: the same
  SecretText(const std::string& text) : SecretText(std::string_view(text)) {}  // NOLINT: the same
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText();
  static SecretText with_room(std::size_t capacity_bytes);

  std::string_view view() const { return {text_, size_}; }
  operator std::string_view() const { return view(); }  // NOLINT: reading it is what it is for
  std::size_t size() const { return size_; }
  std::size_t room() const { return capacity_ - size_; }
  void append(std::string_view text);  // asserts that there is room
  void append_hex(ByteView bytes);
  // For whoever fills it: the room that is left, then how much of it was taken.
  ByteSpan rest() { return {reinterpret_cast<std::uint8_t*>(text_) + size_, room()}; }
  void grow(std::size_t size_bytes);
  void shorten(std::size_t size_bytes);  // to so many bytes

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

// Wipes what the calls made in its scope left on the stack: libsodium's hashes keep a copy of their
// key there, which stays until something else lies over it.
class StackWipe {
 public:
  StackWipe() = default;
  StackWipe(const StackWipe&) = delete;
  StackWipe& operator=(const StackWipe&) = delete;
  ~StackWipe();
};

// No core dump of this process, and no other process of the same user may look into it.
void keep_process_private();

}  // namespace backcast::store
