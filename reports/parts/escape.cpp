#include "reports/parts/escape.h"

#include <fmt/format.h>

#include "engine/base/harmless.h"

namespace backcast::reports {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool may_stand_in_xml(const Character& c) {
  if (c.code == '\t' || c.code == '\n' || c.code == '\r') return true;
  return c.is_harmless && c.code != 0xFFFE && c.code != 0xFFFF;
}

// \uNNNN, in two halves beyond the basic plane. A byte that is no UTF-8 is the lone surrogate
// U+DC80 to U+DCFF, from which Python's surrogateescape (PEP 383) makes the byte again.
std::string json_escape(char32_t code) {
  if (code < 0x10000) return fmt::format("\\u{:04x}", static_cast<unsigned>(code));
  const unsigned rest = static_cast<unsigned>(code) - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
}

}  // namespace

std::string terminal_text(std::string_view text) {
  return harmless(text);
}

std::string markdown_text(std::string_view text) {
  std::string out;
  for (const char c : terminal_text(text)) {
    if (std::string_view("\\`*_[]<>|#~").find(c) != std::string_view::npos) out += '\\';
    if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string xml_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!may_stand_in_xml(c)) {
      out += kReplacement;
    } else if (c.code == '&') {
      out += "&amp;";
    } else if (c.code == '<') {
      out += "&lt;";
    } else if (c.code == '>') {
      out += "&gt;";
    } else if (c.code == '"') {
      out += "&quot;";
    } else if (c.code == '\'') {
      out += "&#39;";
    } else {
      out += c.bytes;
    }
    text.remove_prefix(c.bytes.size());
  }
  return out;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.code == '"' || c.code == '\\') {
      out += '\\';
      out += c.bytes;
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (c.code == '\r') {
      out += "\\r";
    } else if (!c.is_harmless || c.code == '<' || c.code == '>' || c.code == '&') {
      out += json_escape(c.code);
    } else {
      out += c.bytes;
    }
    text.remove_prefix(c.bytes.size());
  }
  return out + '"';
}

}  // namespace backcast::reports
