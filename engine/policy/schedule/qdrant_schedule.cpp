#include "engine/policy/schedule/qdrant_schedule.h"

#include <fmt/format.h>

#include <array>
#include <bitset>

#include "engine/base/text.h"

namespace backcast::policy {
namespace {

using Positions = std::bitset<kMaxSpecBytes + 2>;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool starts_with_macro(std::string_view text) {
  for (const std::string_view macro :
       {"@annually", "@yearly", "@monthly", "@weekly", "@daily", "@hourly", "@reboot"}) {
    if (text.starts_with(macro)) return true;
  }
  return false;
}

// "@every " and at least one number with a unit, anywhere in the text.
bool contains_every(std::string_view text) {
  constexpr std::string_view kWord = "@every ";
  for (std::size_t at = text.find(kWord); at != std::string_view::npos;
       at = text.find(kWord, at + 1)) {
    std::string_view rest = text.substr(at + kWord.size());
    const std::size_t unit = rest.find_first_not_of("0123456789");
    if (unit == 0 || unit == std::string_view::npos) continue;
    rest.remove_prefix(unit);
    for (const std::string_view name : {"ns", "us", "\u00b5s", "ms", "s", "m", "h"}) {
      if (rest.starts_with(name)) return true;
    }
  }
  return false;
}

// Where one field that begins at `from` can end: a list of numbers, a number or star with a step
// or range, a number, or a star.
void add_field_ends(std::string_view text, std::size_t from, Positions& ends) {
  const auto run = [&](std::size_t i, auto accept) {
    while (i < text.size() && accept(text[i])) ++i;
    return i;
  };
  const auto digits = [&](std::size_t i) { return run(i, is_digit); };
  const auto add = [&](std::size_t first, std::size_t last) {
    for (std::size_t end = first; end <= last; ++end) {
      ends.set(end);
      if (end < text.size() && text[end] == ' ') ends.set(end + 1);
    }
  };
  if (from < text.size() && text[from] == '*') add(from + 1, from + 1);
  std::size_t end = digits(from);
  if (end > from) add(from + 1, end);
  while (end > from && end < text.size() && text[end] == ',' && digits(end + 1) > end + 1) {
    const std::size_t begin = end + 1;
    end = digits(begin);
    add(begin + 1, end);
  }
  const std::size_t base = run(from, [](char c) { return is_digit(c) || c == '*'; });
  if (base > from && base < text.size() && (text[base] == '/' || text[base] == '-')) {
    const std::size_t last = digits(base + 1);
    if (last > base + 1) add(base + 2, last);
  }
}

// Five to seven fields up to the end of the text, beginning anywhere. All ways to split are
// followed at once, so no text takes long.
bool ends_with_fields(std::string_view text) {
  Positions reached;
  for (std::size_t i = 0; i <= text.size(); ++i) reached.set(i);
  for (int fields = 1; fields <= 7; ++fields) {
    Positions ends;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (reached[i]) add_field_ends(text, i, ends);
    }
    if (fields >= 5 && ends[text.size()]) return true;
    reached = ends;
  }
  return false;
}

}  // namespace

bool passes_qdrant_pattern(std::string_view text) {
  return text.size() <= kMaxSpecBytes &&
         (starts_with_macro(text) || contains_every(text) || ends_with_fields(text));
}

Result<Schedule> parse_qdrant_schedule(std::string_view text) {
  if (!passes_qdrant_pattern(text)) {
    return bad_spec(text, 1, "Qdrant's API does not accept this",
                    "write five fields of numbers with single blanks between them, a macro such as "
                    "@daily, or @every 12h; names of days and months are not accepted");
  }
  if (text.starts_with("@every ")) return parse_schedule(text);
  if (text == "@reboot") {
    return bad_spec(text, 1, "passes Qdrant's pattern, but names no time",
                    "write a macro such as @daily");
  }
  auto schedule = parse_cronexpr(text);
  if (!schedule.ok()) {
    Error error = std::move(schedule).error();
    error.message += "; it passes Qdrant's pattern all the same";
    return error;
  }
  schedule->zone = Zone::utc();
  return Schedule(std::move(schedule).value());
}

}  // namespace backcast::policy
