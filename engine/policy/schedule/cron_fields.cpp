#include "engine/policy/schedule/cron_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace backcast::policy {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

constexpr std::string_view kLongNames[] = {
    "sunday",  "monday",    "tuesday", "wednesday", "thursday", "friday", "saturday",
    "january", "february",  "march",   "april",     "may",      "june",   "july",
    "august",  "september", "october", "november",  "december"};

bool is_long_name(std::string_view text, std::string_view name) {
  return std::any_of(std::begin(kLongNames), std::end(kLongNames), [&](std::string_view full) {
    return full.starts_with(name) && same_word(text, full);
  });
}

// Up to nine digits; -1 for anything else.
int parse_number(std::string_view text) {
  if (text.empty() || text.size() > 9) return -1;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string allowed(const FieldRange& range) {
  std::string text = fmt::format("a {} is {} to {}", range.what, range.low, range.high);
  if (!range.names.empty()) {
    text += fmt::format(", or {} to {}", range.names.front(), range.names.back());
  }
  return text;
}

}  // namespace

std::vector<SpecPart> split_blanks(std::string_view text) {
  std::vector<SpecPart> parts;
  for (std::size_t i = 0; i < text.size();) {
    if (is_blank(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && !is_blank(text[end])) ++end;
    parts.push_back({text.substr(i, end - i), static_cast<int>(i) + 1});
    i = end;
  }
  return parts;
}

std::vector<SpecPart> split_commas(SpecPart part) {
  std::vector<SpecPart> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = part.text.find(',', begin);
    const std::size_t end = comma == std::string_view::npos ? part.text.size() : comma;
    parts.push_back({part.text.substr(begin, end - begin), part.column + static_cast<int>(begin)});
    if (comma == std::string_view::npos) return parts;
    begin = comma + 1;
  }
}

std::string_view expand_macro(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kMacros[] = {
      {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
      {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
      {"@hourly", "0 * * * *"}};
  for (const auto& [name, fields] : kMacros) {
    if (text == name) return fields;
  }
  return text;
}

Error bad_spec(std::string_view spec, int column, std::string_view why, std::string hint) {
  Error error = bad_input(fmt::format("schedule {}, column {}: {}", printable(spec), column, why),
                          std::move(hint));
  error.where.column = column;
  return error;
}

int parse_value(std::string_view text, const FieldRange& range, const FieldSyntax& syntax) {
  for (std::size_t i = 0; i < range.names.size(); ++i) {
    if (same_word(text, range.names[i]) ||
        (syntax.long_names && is_long_name(text, range.names[i]))) {
      return range.first_name + static_cast<int>(i);
    }
  }
  return parse_number(text);
}

Result<Progression> parse_progression(std::string_view spec, SpecPart item, const FieldRange& range,
                                      const FieldSyntax& syntax) {
  const auto bad = [&](std::string_view why) {
    return bad_spec(spec, item.column, why, allowed(range));
  };
  const std::size_t slash = item.text.find('/');
  const bool has_step = slash != std::string_view::npos;
  const std::string_view body = item.text.substr(0, slash);
  if (body.empty()) return bad(fmt::format("a {} is missing", range.what));
  if (body.find('~') != std::string_view::npos) {
    return bad_spec(spec, item.column, "a random time (~) cannot be forecast",
                    "write the time that was chosen");
  }
  int first = range.low, last = range.high;
  if (body != "*" && !(syntax.question_mark && body == "?")) {
    const std::size_t dash = body.find('-');
    const auto value = [&](std::string_view text) { return parse_value(text, range, syntax); };
    first = value(body.substr(0, dash));
    last = dash == std::string_view::npos ? first : value(body.substr(dash + 1));
    if (first < 0 || last < 0) {
      return bad(fmt::format("{} is not a {}", printable(body), range.what));
    }
    if (dash == std::string_view::npos && has_step) {
      if (!syntax.step_from_number) {
        return bad_spec(spec, item.column,
                        fmt::format("{}: a step needs * or a range before it", item.text),
                        fmt::format("write {}-{}{}", body, range.high, item.text.substr(slash)));
      }
      last = range.high;
    }
    if (last == 0 && first > last) {
      if (syntax.backward_is_empty && !has_step) last = 7;
      if (syntax.ends_in_sunday && range.high == 7) last = 7;
    }
  }
  const int step = has_step ? parse_number(item.text.substr(slash + 1)) : 1;
  if (step <= 0) {
    return bad_spec(spec, item.column + static_cast<int>(slash) + 1,
                    "a step is a number from 1 up");
  }
  if (first > last) {
    if (syntax.backward_is_empty) return Progression{first, last, step};
    return bad(fmt::format("{} runs backwards", printable(body)));
  }
  if (first < range.low || last > range.high) {
    const int outside = first < range.low || first > range.high ? first : last;
    return bad(fmt::format("{} {} is outside {}..{}", range.what, outside, range.low, range.high));
  }
  return Progression{first, last, step};
}

Result<std::uint64_t> parse_item(std::string_view spec, SpecPart item, const FieldRange& range,
                                 const FieldSyntax& syntax) {
  BACKCAST_TRY(const Progression values, parse_progression(spec, item, range, syntax));
  std::uint64_t mask = 0;
  for (int value = values.first; value <= values.last; value += std::min(values.step, 64)) {
    mask |= std::uint64_t{1} << value;
  }
  return mask;
}

Result<std::uint64_t> parse_list(std::string_view spec, SpecPart list, const FieldRange& range,
                                 const FieldSyntax& syntax) {
  std::uint64_t mask = 0;
  for (const SpecPart& item : split_commas(list)) {
    BACKCAST_TRY(const std::uint64_t bits, parse_item(spec, item, range, syntax));
    mask |= bits;
  }
  return mask;
}

std::uint64_t full_mask(const FieldRange& range) {
  return (~std::uint64_t{0} >> (63 - range.high)) & (~std::uint64_t{0} << range.low);
}

std::string print_runs(std::uint64_t mask, std::string_view dash, int width) {
  std::string text;
  while (mask != 0) {
    const int first = std::countr_zero(mask);
    const int length = std::countr_one(mask >> first);
    const int last = first + length - 1;
    if (!text.empty()) text += ',';
    text += fmt::format("{:0{}}", first, width);
    if (length == 2) text += fmt::format(",{:0{}}", last, width);
    if (length > 2) text += fmt::format("{}{:0{}}", dash, last, width);
    mask = last == 63 ? 0 : mask >> (last + 1) << (last + 1);
  }
  return text;
}

}  // namespace backcast::policy
