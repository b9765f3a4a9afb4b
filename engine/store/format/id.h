// Names of stored things: 128 bits, random for objects, keyed hash of the content for chunks.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/wire.h"

namespace backcast::store {

struct Id {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Id&) const = default;
};
inline constexpr std::size_t kIdBytes = 16;

inline ByteView view(const Id& id) {
  return {id.bytes.data(), id.bytes.size()};
}

std::string to_hex(ByteView bytes);
inline std::string to_hex(const Id& id) {
  return to_hex(view(id));
}
// nullopt unless `hex` is exactly `into.size()` bytes in lower-case hexadecimal.
bool from_hex(std::string_view hex, ByteSpan into);
std::optional<Id> id_from_hex(std::string_view hex);

inline Id read_id(WireReader& in) {
  Id id;
  const ByteView raw = in.fixed(kIdBytes);
  if (raw.size() == kIdBytes) std::memcpy(id.bytes.data(), raw.data(), kIdBytes);
  return id;
}

// Ids are uniform, so their first bytes are a hash.
struct IdHash {
  std::size_t operator()(const Id& id) const {
    std::size_t h;
    std::memcpy(&h, id.bytes.data(), sizeof h);
    return h;
  }
};

}  // namespace backcast::store
