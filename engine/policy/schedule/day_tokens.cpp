#include "engine/policy/schedule/day_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace backcast::policy {
namespace {

constexpr int kFirstYear = 1970;
constexpr int kLastNth = 6;  // "the last" in CivilPattern::nth_weekdays

bool year_bit(const CivilPattern& p, int index) {
  return (p.years[static_cast<std::size_t>(index / 64)] >> (index % 64) & 1) != 0;
}

void append(std::string& text, const std::string& item) {
  if (item.empty()) return;
  if (!text.empty()) text += ',';
  text += item;
}

}  // namespace

Status parse_day_tokens(std::string_view spec, SpecPart list, const FieldRange& range,
                        const FieldSyntax& syntax, CivilPattern& pattern) {
  for (const SpecPart& item : split_commas(list)) {
    if (item.text == "L") {
      pattern.days_from_end |= 1u << 1;
    } else if (item.text == "LW") {
      pattern.nearest_weekdays |= 1u;
    } else if (item.text.ends_with('W')) {
      const int day = parse_value(item.text.substr(0, item.text.size() - 1), range, syntax);
      if (day < range.low || day > range.high) {
        return bad_spec(spec, item.column, "W needs a day of the month before it",
                        "15W is the working day nearest to the 15th");
      }
      pattern.nearest_weekdays |= 1u << day;
    } else {
      BACKCAST_TRY(const std::uint64_t days, parse_item(spec, item, range, syntax));
      pattern.days |= static_cast<std::uint32_t>(days);
    }
  }
  return kOk;
}

Status parse_weekday_tokens(std::string_view spec, SpecPart list, const FieldRange& range,
                            const FieldSyntax& syntax, CivilPattern& pattern) {
  for (const SpecPart& item : split_commas(list)) {
    const std::size_t hash = item.text.find('#');
    const bool last = item.text.size() > 1 && item.text.ends_with('L');
    if (hash != std::string_view::npos || last) {
      const std::string_view name = item.text.substr(0, last ? item.text.size() - 1 : hash);
      const std::string_view count = last ? "" : item.text.substr(hash + 1);
      const int day = parse_value(name, range, syntax);
      const int n = last ? kLastNth : count.size() == 1 ? count[0] - '0' : 0;
      if (day < range.low || day > range.high || n < 1 || n > kLastNth || (!last && n > 5)) {
        return bad_spec(spec, item.column, "not a weekday of the month",
                        "write 5#3 for a third and 5L for a last one");
      }
      pattern.nth_weekdays |= std::uint64_t{1} << (8 * n + (day - range.low) % 7);
    } else if (item.text == "L") {
      pattern.weekdays |= 1u << 6;  // the last day of the week, Saturday
    } else {
      BACKCAST_TRY(const std::uint64_t days, parse_item(spec, item, range, syntax));
      const std::uint64_t shifted = days >> range.low;
      pattern.weekdays |= static_cast<std::uint8_t>((shifted | shifted >> 7) & 0x7F);
    }
  }
  return kOk;
}

Status parse_years(std::string_view spec, SpecPart list, int last_year, const FieldSyntax& syntax,
                   CivilPattern& pattern) {
  if (list.text == "*") return kOk;
  const FieldRange range{"year", kFirstYear, last_year};
  pattern.every_year = false;
  for (const SpecPart& item : split_commas(list)) {
    BACKCAST_TRY(const Progression years, parse_progression(spec, item, range, syntax));
    for (int year = years.first; year <= years.last; year += std::min(years.step, 1000)) {
      const auto index = static_cast<std::size_t>(year - kFirstYear);
      pattern.years[index / 64] |= std::uint64_t{1} << (index % 64);
    }
  }
  return kOk;
}

std::string print_day_tokens(const CivilPattern& p) {
  std::string text = print_runs(p.days);
  if (p.days_from_end != 0) append(text, "L");
  for (std::uint32_t rest = p.nearest_weekdays; rest != 0; rest &= rest - 1) {
    const int day = std::countr_zero(rest);
    append(text, day == 0 ? "LW" : fmt::format("{}W", day));
  }
  return text;
}

std::string print_weekday_tokens(const CivilPattern& p, int sunday) {
  std::string text = print_runs(std::uint64_t{p.weekdays} << sunday);
  for (std::uint64_t rest = p.nth_weekdays; rest != 0; rest &= rest - 1) {
    const int bit = std::countr_zero(rest);
    const int day = bit % 8 + sunday, n = bit / 8;
    append(text, n == kLastNth ? fmt::format("{}L", day) : fmt::format("{}#{}", day, n));
  }
  return text;
}

std::string print_years(const CivilPattern& p) {
  if (p.every_year) return "*";
  std::string text;
  for (int i = 0; i < 256; ++i) {
    if (!year_bit(p, i)) continue;
    int last = i;
    while (last + 1 < 256 && year_bit(p, last + 1)) ++last;
    append(text, last == i ? fmt::format("{}", kFirstYear + i)
                           : fmt::format("{}-{}", kFirstYear + i, kFirstYear + last));
    i = last;
  }
  return text;
}

}  // namespace backcast::policy
