// The grammar cron-like tools share: fields of comma lists of numbers, names, ranges and steps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace backcast::policy {

// A piece of a specification and where it begins, 1-based, for error messages.
struct SpecPart {
  std::string_view text;
  int column = 1;
};

inline constexpr std::size_t kMaxSpecBytes = 1000;

// Parts between blanks, or between commas (then with empty parts kept).
std::vector<SpecPart> split_blanks(std::string_view text);
std::vector<SpecPart> split_commas(SpecPart part);

// The five fields of @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly; any other
// text comes back as it is.
std::string_view expand_macro(std::string_view text);

// `schedule "60 0 * * *", column 1: minute 60 is outside 0..59`, the column also in `where`.
Error bad_spec(std::string_view spec, int column, std::string_view why, std::string hint = {});

struct FieldRange {
  std::string_view what;  // "minute"
  int low;
  int high;
  std::span<const std::string_view> names = {};
  int first_name = 0;  // the value of names[0]
};
inline constexpr std::string_view kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
inline constexpr std::string_view kDayNames[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

// Where tools differ.
struct FieldSyntax {
  bool question_mark = false;     // ? means *
  bool step_from_number = false;  // 5/15 means 5-high/15
  bool long_names = false;        // "monday" as well as "mon"
  bool ends_in_sunday = false;    // fri-sun ends in Sunday (7), where the field has one
  // cronie: a range that runs backwards is empty instead of an error, and one that ends in 0
  // without a step ends in 7 (made for sat-sun, but it acts in every field).
  bool backward_is_empty = false;
};

// The values first, first + step, ... up to last; none if first > last.
struct Progression {
  int first;
  int last;
  int step;
};
Result<Progression> parse_progression(std::string_view spec, SpecPart item, const FieldRange& range,
                                      const FieldSyntax& syntax);
// One item of a list, such as "*", "*/5", "mon-fri" or "10-20/3", as a bit mask. `spec` is the
// whole text, for errors.
Result<std::uint64_t> parse_item(std::string_view spec, SpecPart item, const FieldRange& range,
                                 const FieldSyntax& syntax);
// A comma list of such items.
Result<std::uint64_t> parse_list(std::string_view spec, SpecPart list, const FieldRange& range,
                                 const FieldSyntax& syntax);
// A number or a name of the field; -1 if it is neither.
int parse_value(std::string_view text, const FieldRange& range, const FieldSyntax& syntax);

// Every value of the field.
std::uint64_t full_mask(const FieldRange& range);
// "1-5,9": the shortest list of runs; "" for an empty mask.
std::string print_runs(std::uint64_t mask, std::string_view dash = "-", int width = 1);

}  // namespace backcast::policy
