#include "engine/base/lone_bytes.h"

namespace backcast {

std::string with_private_bytes(std::string_view json) {
  constexpr std::size_t kEscapeBytes = 6;  // \uNNNN
  std::string out(json);
  for (auto at = out.find('\\'); at < out.size(); at = out.find('\\', at)) {
    if (at + kEscapeBytes > out.size() || out[at + 1] != 'u') {
      at += 2;  // the backslash and what it escapes
      continue;
    }
    const auto digit = [&](std::size_t i) { return static_cast<char>(out[at + 2 + i] | 0x20); };
    const bool is_surrogate = digit(0) == 'd' && digit(1) >= '8';
    if (is_surrogate && digit(1) < 'c') {
      at += 2 * kEscapeBytes;  // the first half of a pair, and the second
      continue;
    }
    const bool is_byte = digit(0) == 'd' && digit(1) == 'c' && out[at + 4] >= '8';
    if (is_byte) out.replace(at + 2, 2, "f7");
    at += kEscapeBytes;
  }
  return out;
}

std::string_view parsable(std::string_view json, std::string& copy) {
  const auto has = [&](const char* start) { return json.find(start) != std::string_view::npos; };
  if (!has("\\udc") && !has("\\uDC")) return json;
  copy = with_private_bytes(json);
  return copy;
}

}  // namespace backcast
