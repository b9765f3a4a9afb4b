#include "engine/base/harmless.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast {
namespace {

// Length of the valid UTF-8 sequence at the start of text, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool too_large = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

char32_t code_of(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  static constexpr unsigned char kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t code = lead & kLeadBits[bytes.size()];
  for (const char c : bytes.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return code;
}

// Unicode 15: categories Cc and Bidi_Control, line ends, and what leaves no trace. U+200C and 200D
// stay: scripts and emoji need them.
bool is_harmless(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range kHarmful[] = {
      {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200B, 0x200B}, {0x200E, 0x200F},
      {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
  return std::none_of(std::begin(kHarmful), std::end(kHarmful), [&](const Range& range) {
    return range.first <= code && code <= range.last;
  });
}

void append_harmless(std::string& out, const Character& c) {
  if (c.is_harmless) {
    out += c.bytes;
    return;
  }
  for (const char byte : c.bytes) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
}

}  // namespace

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead >= 0x20 && lead < 0x7F) return {text.substr(0, 1), lead, true, true};  // nearly all
  const std::size_t length = utf8_length(text);
  if (length == 0) {
    return {text.substr(0, 1), 0xDC00u + static_cast<unsigned char>(text[0]), false, false};
  }
  const char32_t code = code_of(text.substr(0, length));
  return {text.substr(0, length), code, true, is_harmless(code)};
}

std::string harmless(std::string_view text, Lines lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.code == '\n' && lines == Lines::kKeep) {
      out += '\n';
    } else {
      append_harmless(out, c);
    }
    text.remove_prefix(c.bytes.size());
  }
  return out;
}

}  // namespace backcast
