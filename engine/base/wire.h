// Bytes that programs write and read back: unsigned and signed varints, fixed bytes and
// length-prefixed strings. Every value has exactly one encoding: the reader refuses a longer one,
// so what was read and written again is the same bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace backcast {

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Appends to a string that the caller owns.
class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}
  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value);  // 4 bytes, little end first
  void u64(std::uint64_t value);  // 8 bytes, little end first
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);                             // small magnitudes stay short
  void bytes(std::string_view value);                          // varint length, then the bytes
  void fixed(ByteView value) { out_.append(as_text(value)); }  // length known to the reader
  void fixed(std::string_view value) { out_.append(value); }

 private:
  std::string& out_;
};

// Reads from the front of a view. The first error sticks: every later read returns zero or empty,
// and ok() says so once at the end. It never reads past the end and never allocates.
class WireReader {
 public:
  explicit WireReader(ByteView in) : in_(in) {}
  std::uint8_t u8();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint(std::uint64_t max = UINT64_MAX);  // more than max is an error
  std::int64_t zigzag();
  std::string_view bytes(std::uint64_t max_bytes);  // views into the input
  ByteView fixed(std::size_t size_bytes);

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  ByteView rest() const { return in_; }
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  ByteView in_;
  bool ok_ = true;
};

}  // namespace backcast
