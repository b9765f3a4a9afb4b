// Small text helpers that every edge needs.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace backcast {

std::string_view trim(std::string_view text);

bool is_valid_utf8(std::string_view text);

// Text from outside, quoted and safe on a terminal: control characters and invalid UTF-8 become
// \xNN, and anything past max_bytes is cut with an ellipsis.
std::string printable(std::string_view text, std::size_t max_bytes = 120);

// The closest of `names` to `text` by edit distance, or "" if none is near enough to be a typo.
std::string_view nearest_name(std::string_view text, std::span<const std::string_view> names);

}  // namespace backcast
