#include "engine/base/text.h"

#include <algorithm>
#include <vector>

#include "engine/base/harmless.h"

namespace backcast {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!c.is_valid) return false;
    text.remove_prefix(c.bytes.size());
  }
  return true;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out = "\"";
  while (!text.empty()) {
    if (out.size() > max_bytes) {
      out += "…";
      break;
    }
    const Character c = first_character(text);
    out += harmless(c.bytes);
    text.remove_prefix(c.bytes.size());
  }
  return out + '"';
}

std::string_view nearest_name(std::string_view text, std::span<const std::string_view> names) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string_view name : names) {
    if (text.size() > 200) break;
    const std::size_t distance = edit_distance(text, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace backcast
