#include "histories/inventory/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/checked.h"
#include "engine/base/text.h"

namespace backcast::inventory {
namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// The separators of a number, from left to right, with the digits after each.
struct Part {
  char separator;
  std::size_t digits;
};
struct Parts {
  std::size_t before = 0;  // digits of the first part
  bool begins_with_zero = false;
  std::vector<Part> rest;
  bool is_number = true;
};

Parts parts_of(std::string_view number) {
  Parts parts;
  if (number.starts_with('-') || number.starts_with('+')) number.remove_prefix(1);
  parts.begins_with_zero = number.starts_with('0');
  std::size_t digits = 0;
  for (const char c : number) {
    if (is_digit(c)) {
      ++digits;
      ++(parts.rest.empty() ? parts.before : parts.rest.back().digits);
    } else if (c == '.' || c == ',') {
      parts.rest.push_back({c, 0});
    } else {
      parts.is_number = false;
    }
  }
  parts.is_number = parts.is_number && digits > 0;
  return parts;
}

bool are_thousands(const Parts& parts, std::size_t count) {
  if (parts.before == 0 || parts.before > 3 || parts.begins_with_zero) return false;
  return std::all_of(
      parts.rest.begin(), parts.rest.begin() + static_cast<std::ptrdiff_t>(count),
      [&](const Part& p) { return p.digits == 3 && p.separator == parts.rest.front().separator; });
}

Reading decimal_is(char separator) {
  return separator == ',' ? Reading::kComma : Reading::kPoint;
}
char other(char separator) {
  return separator == ',' ? '.' : ',';
}

}  // namespace

Reading reading_of(std::string_view number) {
  const Parts parts = parts_of(number);
  if (!parts.is_number) return Reading::kBad;
  if (parts.rest.empty()) return Reading::kPlain;
  const Part& last = parts.rest.back();
  if (parts.rest.size() == 1) {
    const bool could_be_thousands = are_thousands(parts, 1);
    return could_be_thousands ? Reading::kAmbiguous : decimal_is(last.separator);
  }
  const bool is_one_kind = std::all_of(parts.rest.begin(), parts.rest.end(), [&](const Part& p) {
    return p.separator == last.separator;
  });
  if (is_one_kind) {
    return are_thousands(parts, parts.rest.size()) ? decimal_is(other(last.separator))
                                                   : Reading::kBad;
  }
  // Thousands, then one decimal separator.
  const bool is_last_alone = parts.rest[parts.rest.size() - 2].separator != last.separator;
  return is_last_alone && are_thousands(parts, parts.rest.size() - 1) ? decimal_is(last.separator)
                                                                      : Reading::kBad;
}

Amount amount_of(std::string_view cell) {
  // Blanks between digits: plain, no-break, narrow no-break, thin; and apostrophes.
  constexpr std::array<std::string_view, 7> kBlanks{
      " ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", "'", "\xE2\x80\x99", "_"};
  Amount amount;
  std::string_view rest = trim(cell);
  for (;;) {
    if (!rest.empty() && (is_digit(rest[0]) || rest[0] == '.' || rest[0] == ',' ||
                          (amount.number.empty() && (rest[0] == '-' || rest[0] == '+')))) {
      amount.number += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    const auto blank = std::find_if(kBlanks.begin(), kBlanks.end(),
                                    [&](std::string_view b) { return rest.starts_with(b); });
    if (blank == kBlanks.end()) break;
    const std::string_view after = rest.substr(blank->size());
    // Between digits, three of which follow, it parts thousands; else the unit begins.
    const bool parts_thousands = !amount.number.empty() && is_digit(amount.number.back()) &&
                                 after.size() >= 3 && is_digit(after[0]) && is_digit(after[1]) &&
                                 is_digit(after[2]) && (after.size() == 3 || !is_digit(after[3]));
    rest = after;
    if (!parts_thousands) break;
  }
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (!rest.starts_with(blank)) continue;
      rest.remove_prefix(blank.size());
      again = true;
    }
  }
  amount.unit = std::string(trim(rest));
  return amount;
}

std::string plain_number(std::string_view number, Decimal decimal) {
  char point = '.';
  switch (reading_of(number)) {
    case Reading::kComma:
      point = ',';
      break;
    case Reading::kAmbiguous:
      point = decimal == Decimal::kComma ? ',' : '.';
      break;
    default:
      break;
  }
  std::string result;
  for (const char c : number) {
    if (c == point) {
      result += '.';
    } else if (is_digit(c) || c == '-') {
      result += c;
    }
  }
  return result;
}

std::optional<std::uint64_t> unit_bytes(std::string_view unit) {
  std::string name = lower(trim(unit));
  if (name == "b" || name == "byte" || name == "bytes") return 1;
  constexpr std::string_view kPrefixes = "kmgtp";
  const std::size_t power = name.empty() ? kPrefixes.npos : kPrefixes.find(name[0]);
  if (power == kPrefixes.npos) return std::nullopt;
  constexpr std::array<std::string_view, 5> kLong{"kilo", "mega", "giga", "tera", "peta"};
  constexpr std::array<std::string_view, 5> kLongBinary{"kibi", "mebi", "gibi", "tebi", "pebi"};
  const std::string_view rest = std::string_view(name).substr(1);
  const bool is_long =
      name == std::string(kLong[power]) + "byte" || name == std::string(kLong[power]) + "bytes";
  const bool is_long_binary = name == std::string(kLongBinary[power]) + "byte" ||
                              name == std::string(kLongBinary[power]) + "bytes";
  std::uint64_t base = 0;
  if (rest == "b" || rest == "o" || is_long) base = 1000;  // "Go": octets
  if (rest.empty() || rest == "i" || rest == "ib" || rest == "io" || is_long_binary) base = 1024;
  if (base == 0) return std::nullopt;
  std::uint64_t bytes = base;
  for (std::size_t i = 0; i < power; ++i) bytes *= base;
  return bytes;
}

std::string unit_in_heading(std::string_view heading) {
  // The last word that is a unit: "Size (GB)", "Used [MiB]", "size_gb", "Capacity in TB", "SizeGB".
  std::string word, found;
  bool is_bracketed = false;
  const auto look = [&] {
    // A single letter is one in brackets alone: "B", "G" and "M" stand for other things elsewhere.
    if ((word.size() > 1 || is_bracketed) && unit_bytes(word)) found = word;
    word.clear();
  };
  for (std::size_t i = 0; i < heading.size(); ++i) {
    const char c = heading[i];
    const bool begins = std::isupper(static_cast<unsigned char>(c)) != 0 && i > 0 &&
                        std::islower(static_cast<unsigned char>(heading[i - 1])) != 0 &&
                        word.size() > 2;
    if (begins || !is_letter(c)) look();
    if (is_letter(c)) {
      if (word.empty()) is_bracketed = i > 0 && (heading[i - 1] == '(' || heading[i - 1] == '[');
      word += c;
    }
  }
  look();
  return found;
}

Result<std::uint64_t> bytes_of(std::string_view plain, std::uint64_t unit) {
  uint128 digits = 0, scale = 1;
  bool is_fraction = false;
  for (const char c : plain) {
    if (c == '-') return bad_input("a size cannot be negative");
    if (c == '.') {
      is_fraction = true;
      continue;
    }
    if (digits > UINT64_MAX / 10 || scale > UINT64_MAX / 10) return bad_input("too many digits");
    digits = digits * 10 + static_cast<unsigned>(c - '0');
    if (is_fraction) scale *= 10;
  }
  const uint128 bytes = (digits * unit + scale - 1) / scale;
  if (bytes > kMaxItemBytes) return bad_input("more than 1 EB");
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace backcast::inventory
