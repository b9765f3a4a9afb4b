// Text from outside, made harmless for whoever looks at it: the only place that decides what may be
// shown as it is.
#pragma once

#include <string>
#include <string_view>

namespace backcast {

// What stands at the front of a text that is not empty: one character, or one byte that begins
// none.
struct Character {
  std::string_view bytes;
  char32_t code = 0;  // U+DC00 plus the byte where it is no character
  bool is_valid = false;
  // Whether it may be shown as it is. Not so: what steers a terminal (U+0000–001F, 007F–009F), what
  // turns the order of the text around it (U+061C, 200E, 200F, 202A–202E, 2066–2069), what ends a
  // line or is not seen (U+200B, 2028, 2029, 2060–206F, FEFF, FFF9–FFFB, E0000–E007F).
  bool is_harmless = false;
};
Character first_character(std::string_view text);

// Text from outside as it may stand anywhere, a terminal included: what is not harmless becomes
// \xNN, byte by byte. Messages that have lines of their own keep them with kKeep. printable() of
// text.h is the same in quotes.
enum class Lines { kEscape, kKeep };
std::string harmless(std::string_view text, Lines lines = Lines::kEscape);

}  // namespace backcast
