// Calendar events of systemd.time(7) as systemd 252 reads them, to the whole second.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <tuple>

#include "engine/policy/schedule/calendar_schedule.h"
#include "engine/policy/schedule/cron_fields.h"
#include "engine/policy/schedule/day_tokens.h"

namespace backcast::policy {
namespace {

constexpr int kFirstYear = 1970, kLastYear = 2199;
constexpr int kMaxFromEnd = 28;  // counted from the end, a day must exist in every month
constexpr std::string_view kWeekdays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                          "friday", "saturday", "sunday"};
constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"yearly", "*-01-01 00:00:00"},
    {"annually", "*-01-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"biannually", "*-01,07-01 00:00:00"},
    {"bi-annually", "*-01,07-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"semi-annually", "*-01,07-01 00:00:00"}};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Reads a calendar event from left to right; `at` is the next unread character.
struct Reader {
  std::string_view text;
  std::size_t at = 0;

  bool done() const { return at >= text.size(); }
  char peek() const { return done() ? '\0' : text[at]; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at;
    return true;
  }
  void skip_blanks() {
    while (take(' ')) {
    }
  }
  Error bad(std::string_view why) const {
    return bad_spec(text, static_cast<int>(at) + 1, why,
                    "write, for example, Mon..Fri *-*-* 02:30:00");
  }
};

// One field: a star, or a list of numbers, ranges (a..b) and repetitions (a/n, a..b/n).
struct Component {
  bool star = false;
  std::vector<Progression> items;  // last = -1: up to the end of the field
};

Result<int> read_number(Reader& in) {
  const std::size_t begin = in.at;
  int value = 0;
  while (std::isdigit(static_cast<unsigned char>(in.peek())) != 0) {
    if (in.at - begin > 6) return in.bad("the number is too large");
    value = value * 10 + (in.peek() - '0');
    ++in.at;
  }
  if (in.at == begin) return in.bad("a number or * is missing");
  if (in.peek() == '.' && in.text.substr(in.at, 2) != "..") {
    return in.bad("fractions of a second are not supported");
  }
  return value;
}

// A range that holds one value, or a step that leaves the range at once, is that one value; other
// ranges end at the last value the step reaches.
Progression normalized(const Progression& item) {
  const bool one_value = item.first == item.last;
  const bool step_leaves = item.last > item.first && item.first + item.step > item.last;
  if (one_value || step_leaves) return {item.first, -1, 0};
  if (item.last < item.first) return item;
  return {item.first, item.last - (item.last - item.first) % item.step, item.step};
}

Result<Component> read_component(Reader& in) {
  Component component;
  if (in.take('*')) {
    component.star = true;
    return component;
  }
  do {
    BACKCAST_TRY(const int first, read_number(in));
    Progression item{first, -1, 0};
    if (in.text.substr(in.at, 2) == "..") {
      in.at += 2;
      BACKCAST_TRY(item.last, read_number(in));
      item.step = 1;
    }
    if (in.take('/')) {
      BACKCAST_TRY(item.step, read_number(in));
      if (item.step == 0) return in.bad("a repetition of 0");
    }
    component.items.push_back(normalized(item));
  } while (in.take(','));
  return component;
}

// Whether systemd accepts the item in a field of low..high.
bool is_valid(const Progression& item, int low, int high, bool from_end) {
  if (item.first < low || item.first > high || item.step > high - low) return false;
  if (item.last >= 0) return item.last <= high && item.first + item.step <= item.last;
  return from_end ? item.first - item.step >= low : item.first + item.step <= high;
}

Result<std::uint64_t> to_mask(const Reader& in, const Component& component, int low, int high,
                              std::string_view what) {
  std::uint64_t mask = 0;
  const FieldRange range{what, low, high};
  if (component.star) return full_mask(range);
  for (const Progression& item : component.items) {
    if (!is_valid(item, low, high, false)) {
      return in.bad(fmt::format("a {} outside {}..{}, or an empty range", what, low, high));
    }
    const int last = item.step == 0 ? item.first : item.last < 0 ? high : item.last;
    for (int v = item.first; v <= last; v += std::max(item.step, 1)) mask |= std::uint64_t{1} << v;
  }
  return mask;
}

// ~07/2 is the seventh day from the end and every second after it; ~01..03 the last three days.
std::uint32_t days_from_end(const Progression& item) {
  std::uint32_t mask = 0;
  int from = item.first, down_to = item.step == 0 ? item.first : 1;
  if (item.last >= 0) {
    from = item.last;
    down_to = item.first;
  }
  for (int v = from; v >= down_to; v -= std::max(item.step, 1)) mask |= 1u << v;
  return mask;
}

// All items of a list together.
Result<std::uint32_t> to_mask_from_end(const Reader& in, const Component& component) {
  std::uint32_t mask = 0;
  if (component.star) return mask;
  std::vector<Progression> items = component.items;
  const auto key = [](const Progression& i) { return std::tuple(i.first, i.last, i.step); };
  std::sort(items.begin(), items.end(),
            [&](const Progression& a, const Progression& b) { return key(a) < key(b); });
  int high = kMaxFromEnd;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Progression& item = items[i];
    if (i > 0 && key(item) == key(items[i - 1])) continue;
    if (!is_valid(item, 1, high, true)) {
      return in.bad(
          fmt::format("a day from the end of the month outside 1..{}, or an empty range", high));
    }
    high -= 3;  // systemd's check takes three more off for every further item of the list
    mask |= days_from_end(item);
  }
  return mask;
}

Status set_years(const Reader& in, Component component, CivilPattern& p) {
  if (component.star) return kOk;
  p.every_year = false;
  for (Progression item : component.items) {
    for (int* year : {&item.first, &item.last}) {
      if (*year >= 0 && *year < 70) *year += 2000;
      if (*year >= 70 && *year < 100) *year += 1900;
    }
    if (!is_valid(item, kFirstYear, kLastYear, false)) return in.bad("a year outside 1970..2199");
    const int last = item.step == 0 ? item.first : item.last < 0 ? kLastYear : item.last;
    for (int year = item.first; year <= last; year += std::max(item.step, 1)) {
      const auto index = static_cast<std::size_t>(year - kFirstYear);
      p.years[index / 64] |= std::uint64_t{1} << (index % 64);
    }
  }
  return kOk;
}

// The weekday at the reader, Monday = 0, or -1.
int take_weekday(Reader& in) {
  std::size_t length = 0;
  while (std::isalpha(static_cast<unsigned char>(
             in.at + length < in.text.size() ? in.text[in.at + length] : '\0')) != 0) {
    ++length;
  }
  const std::string word = lower(in.text.substr(in.at, length));
  for (int day = 0; day < 7; ++day) {
    if (word != kWeekdays[day] && word != kWeekdays[day].substr(0, 3)) continue;
    in.at += length;
    return day;
  }
  return -1;
}

Status read_weekdays(Reader& in, CivilPattern& p) {
  p.weekdays = 0;
  int range_from = -1;
  for (;;) {
    const int day = take_weekday(in);
    if (day < 0) return in.bad("not a weekday");
    if (range_from > day) return in.bad("a range of weekdays that runs backwards");
    for (int d = range_from < 0 ? day : range_from; d <= day; ++d) {
      p.weekdays |= static_cast<std::uint8_t>(1u << (d + 1) % 7);
    }
    const bool was_range = range_from >= 0;
    range_from = -1;
    if (!was_range && (in.text.substr(in.at, 2) == ".." || in.peek() == '-')) {
      in.at += in.peek() == '-' ? 1 : 2;
      range_from = day;
    } else if (!in.take(',')) {
      if (!in.done() && in.peek() != ' ') return in.bad("not a weekday");
      in.skip_blanks();
      return kOk;
    } else if (in.done() || in.peek() == ' ') {
      in.skip_blanks();
      return kOk;
    }
  }
}

// Year, month and day if there is a date here; the reader stays where it is if it is a time.
Status read_date(Reader& in, CivilPattern& p) {
  if (in.done()) return kOk;
  const std::size_t begin = in.at;
  std::vector<Component> parts;
  bool from_end = false;
  for (;;) {
    BACKCAST_TRY(Component part, read_component(in));
    parts.push_back(std::move(part));
    if (parts.size() == 1 && (in.done() || in.peek() == ':')) {
      in.at = begin;
      return kOk;
    }
    if (in.done() || in.peek() == ' ') break;
    if (from_end || parts.size() == 3) return in.bad("text after the date");
    from_end = in.take('~');
    if (!from_end && !in.take('-')) return in.bad("a date is year-month-day");
  }
  if (parts.size() < 2) return in.bad("a date is year-month-day");
  if (parts.size() == 3) BACKCAST_CHECK(set_years(in, parts[0], p));
  const Component& month = parts[parts.size() - 2];
  const Component& day = parts.back();
  BACKCAST_TRY(const std::uint64_t months, to_mask(in, month, 1, 12, "month"));
  p.months = static_cast<std::uint16_t>(months);
  if (from_end && !day.star) {
    p.days = 0;
    BACKCAST_TRY(p.days_from_end, to_mask_from_end(in, day));
  } else {
    BACKCAST_TRY(const std::uint64_t days, to_mask(in, day, 1, 31, "day"));
    p.days = static_cast<std::uint32_t>(days);
  }
  in.skip_blanks();
  return kOk;
}

Status read_time(Reader& in, CivilPattern& p) {
  if (in.done()) return kOk;
  BACKCAST_TRY(const Component hour, read_component(in));
  if (!in.take(':')) return in.bad("a time is hour:minute:second");
  BACKCAST_TRY(const Component minute, read_component(in));
  Component second{false, {{0, -1, 0}}};
  if (in.take(':')) {
    BACKCAST_TRY(second, read_component(in));
  }
  if (!in.done()) return in.bad("text after the time");
  BACKCAST_TRY(const std::uint64_t hours, to_mask(in, hour, 0, 23, "hour"));
  p.hours = static_cast<std::uint32_t>(hours);
  BACKCAST_TRY(p.minutes, to_mask(in, minute, 0, 59, "minute"));
  BACKCAST_TRY(p.seconds, to_mask(in, second, 0, 59, "second"));
  return kOk;
}

// The zone at the end of the text, cut off it.
std::optional<Zone> take_zone(std::string_view& text) {
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string_view::npos || blank + 1 == text.size()) return std::nullopt;
  const std::string_view word = text.substr(blank + 1);
  if (std::isalpha(static_cast<unsigned char>(word[0])) == 0) return std::nullopt;
  const auto zone = Zone::find(lower(word) == "utc" ? "UTC" : word);
  if (!zone.ok()) return std::nullopt;
  text = text.substr(0, blank);
  return *zone;
}

std::string print_weekdays(std::uint8_t weekdays) {
  std::string text;
  for (int d = 0; d < 7; ++d) {
    const auto has = [&](int day) { return day < 7 && (weekdays >> (day + 1) % 7 & 1) != 0; };
    if (!has(d)) continue;
    int last = d;
    while (has(last + 1)) ++last;
    const auto name = [](int day) {
      std::string word(kWeekdays[day].substr(0, 3));
      word[0] = static_cast<char>(std::toupper(word[0]));
      return word;
    };
    if (!text.empty()) text += ',';
    text += last == d       ? name(d)
            : last == d + 1 ? name(d) + ',' + name(last)
                            : name(d) + ".." + name(last);
    d = last;
  }
  return text;
}

std::string print_mask(std::uint64_t mask, int low, int high) {
  return mask == full_mask({"", low, high}) ? "*" : print_runs(mask, "..", 2);
}

// Days from the end of the month as a list that systemd's check lets pass: it allows few items.
class FromEndList {
 public:
  explicit FromEndList(std::uint32_t mask) : mask_(mask) {
    for (int first = 1; first <= kMaxFromEnd; ++first) {
      consider({first, -1, 0});
      for (int step = 1; first - step >= 1; ++step) consider({first, -1, step});
      for (int last = first + 1; last <= kMaxFromEnd; ++last) {
        for (int step = 1; first + step <= last; ++step) consider({first, last, step});
      }
    }
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
      return std::popcount(days_from_end(a)) > std::popcount(days_from_end(b));
    });
  }

  std::string print() {
    const std::string runs = print_runs(mask_, "..", 2);
    if (reads_back(runs)) return runs;
    for (int items = 1; items <= kMaxItems; ++items) {
      looks_left_ = kLooks;
      if (cover(mask_, items)) return list();
    }
    return runs;
  }

 private:
  // systemd takes three days off per item; with more than these hardly a list passes.
  static constexpr int kMaxItems = 6, kLooks = 2000;

  void consider(const Progression& item) {
    if ((days_from_end(item) & ~mask_) == 0) candidates_.push_back(item);
  }

  std::string list() const {
    std::string text;
    for (const Progression& item : chosen_) {
      if (!text.empty()) text += ',';
      text += fmt::format("{:02}", item.first);
      if (item.last >= 0) text += fmt::format("..{:02}", item.last);
      if (item.step > (item.last >= 0 ? 1 : 0)) text += fmt::format("/{}", item.step);
    }
    return text;
  }

  bool reads_back(const std::string& text) const {
    Reader in{text};
    const auto component = read_component(in);
    if (!component.ok() || !in.done()) return false;
    const auto mask = to_mask_from_end(in, *component);
    return mask.ok() && *mask == mask_;
  }

  // Completes `chosen_` by at most `items` more that hold all of `left`.
  bool cover(std::uint32_t left, int items) {
    if (left == 0) return reads_back(list());
    if (items == 0 || --looks_left_ < 0) return false;
    const std::uint32_t highest = std::bit_floor(left);
    for (const Progression& item : candidates_) {
      if ((days_from_end(item) & highest) == 0) continue;
      chosen_.push_back(item);
      if (cover(left & ~days_from_end(item), items - 1)) return true;
      chosen_.pop_back();
    }
    return false;
  }

  std::uint32_t mask_;
  std::vector<Progression> candidates_, chosen_;
  int looks_left_ = 0;
};

}  // namespace

Result<CalendarSchedule> parse_on_calendar(std::string_view text) {
  CalendarSchedule s;
  s.dialect = Dialect::kOnCalendar;
  std::string_view rest = text;
  s.zone = take_zone(rest);
  for (const auto& [word, meaning] : kWords) {
    if (lower(rest) == word) rest = meaning;
  }
  CivilPattern& p = s.pattern;
  p.weekdays = 0x7F;
  p.days = static_cast<std::uint32_t>(full_mask({"", 1, 31}));
  p.months = static_cast<std::uint16_t>(full_mask({"", 1, 12}));
  p.hours = 1;
  p.minutes = 1;
  Reader in{rest};
  if (in.done()) return in.bad("an empty calendar event");
  if (std::isalpha(static_cast<unsigned char>(in.peek())) != 0) {
    BACKCAST_CHECK(read_weekdays(in, p));
  }
  BACKCAST_CHECK(read_date(in, p));
  BACKCAST_CHECK(read_time(in, p));
  return s;
}

std::string print_on_calendar(const CalendarSchedule& s) {
  const CivilPattern& p = s.pattern;
  std::string text = p.weekdays == 0x7F ? "" : print_weekdays(p.weekdays) + ' ';
  std::string years = print_years(p);
  for (std::size_t at = 0; (at = years.find('-', at)) != std::string::npos; at += 2) {
    years.replace(at, 1, "..");
  }
  text += years + '-' + print_mask(p.months, 1, 12);
  text += p.days_from_end != 0 ? '~' + FromEndList(p.days_from_end).print()
                               : '-' + print_mask(p.days, 1, 31);
  text += fmt::format(" {}:{}:{}", print_mask(p.hours, 0, 23), print_mask(p.minutes, 0, 59),
                      print_mask(p.seconds, 0, 59));
  if (s.zone) text += ' ' + s.zone->name();
  return text;
}

}  // namespace backcast::policy
