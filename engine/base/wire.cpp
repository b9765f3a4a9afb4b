#include "engine/base/wire.h"

namespace backcast {

void WireWriter::u32(std::uint32_t value) {
  for (int i = 0; i < 4; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
}

void WireWriter::u64(std::uint64_t value) {
  for (int i = 0; i < 8; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
}

void WireWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    u8(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  u8(static_cast<std::uint8_t>(value));
}

void WireWriter::zigzag(std::int64_t value) {
  varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void WireWriter::bytes(std::string_view value) {
  varint(value.size());
  fixed(value);
}

std::uint8_t WireReader::u8() {
  if (in_.empty()) {
    fail();
    return 0;
  }
  const std::uint8_t value = in_[0];
  in_ = in_.subspan(1);
  return value;
}

std::uint32_t WireReader::u32() {
  const ByteView raw = fixed(4);
  std::uint32_t value = 0;
  for (std::size_t i = raw.size(); i-- > 0;) value = value << 8 | raw[i];
  return value;
}

std::uint64_t WireReader::u64() {
  const ByteView raw = fixed(8);
  std::uint64_t value = 0;
  for (std::size_t i = raw.size(); i-- > 0;) value = value << 8 | raw[i];
  return value;
}

std::uint64_t WireReader::varint(std::uint64_t max) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    const bool overflow = shift == 63 && byte > 1;
    const bool padded = shift > 0 && byte == 0;  // a shorter encoding exists
    if (!ok_ || overflow || padded) break;
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) {
      if (value <= max) return value;
      break;
    }
  }
  fail();
  return 0;
}

std::int64_t WireReader::zigzag() {
  const std::uint64_t raw = varint();
  return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
}

std::string_view WireReader::bytes(std::uint64_t max_bytes) {
  return as_text(fixed(static_cast<std::size_t>(varint(max_bytes))));
}

ByteView WireReader::fixed(std::size_t size_bytes) {
  if (size_bytes > in_.size()) {
    fail();
    return {};
  }
  const ByteView value = in_.first(size_bytes);
  in_ = in_.subspan(size_bytes);
  return value;
}

}  // namespace backcast
