// The flags of `restic forget`; what they decide is in restic.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {

bool has_rules(const ResticPolicy& p) {
  return p.last != 0 || p.hourly != 0 || p.daily != 0 || p.weekly != 0 || p.monthly != 0 ||
         p.yearly != 0 || !p.keep_tags.empty() || !p.within.is_zero() ||
         !p.within_hourly.is_zero() || !p.within_daily.is_zero() || !p.within_weekly.is_zero() ||
         !p.within_monthly.is_zero() || !p.within_yearly.is_zero();
}

std::string to_text(const CalendarSpan& span) {
  std::string text;
  if (span.years != 0) text += fmt::format("{}y", span.years);
  if (span.months != 0) text += fmt::format("{}m", span.months);
  if (span.days != 0) text += fmt::format("{}d", span.days);
  if (span.hours != 0) text += fmt::format("{}h", span.hours);
  return text;
}

namespace {

using R = ResticPolicy;

// "1y2m3d4h" in any order; a unit given twice is an error, as in restic.
Result<CalendarSpan> parse_span(std::string_view text) {
  constexpr std::string_view kHint = "write years, months, days and hours as in 1y5m7d2h";
  CalendarSpan span;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits == rest.size())
      return bad_input("not a duration", std::string(kHint));
    BACKCAST_TRY(const std::int32_t n, parse_count(rest.substr(0, digits), 0, 99999));
    std::int32_t* unit = rest[digits] == 'y'   ? &span.years
                         : rest[digits] == 'm' ? &span.months
                         : rest[digits] == 'd' ? &span.days
                         : rest[digits] == 'h' ? &span.hours
                                               : nullptr;
    if (!unit) return bad_input("not a duration", std::string(kHint));
    *unit = n;
    rest.remove_prefix(digits + 1);
  }
  if (span.is_zero()) return bad_input("an empty duration", std::string(kHint));
  return span;
}

template <auto Member>
constexpr Flag<R> span_flag(std::string_view name) {
  return {name,
          "",
          true,
          false,
          [](R& p, std::string_view value) -> Status {
            BACKCAST_TRY(p.*Member, parse_span(value));
            return kOk;
          },
          [](const R& p, Values& out) {
            if (!(p.*Member).is_zero()) out.push_back(to_text(p.*Member));
          }};
}

Status set_group_by(R& p, std::string_view value) {
  p.group_by_host = p.group_by_paths = p.group_by_tags = false;
  for (const std::string& part : split_list(value)) {
    if (part == "host") {
      p.group_by_host = true;
    } else if (part == "paths" || part == "path") {
      p.group_by_paths = true;
    } else if (part == "tags" || part == "tag") {
      p.group_by_tags = true;
    } else {
      return bad_input("unknown grouping",
                       "give a list out of host, paths, tags, or \"\" for none");
    }
  }
  return kOk;
}

void get_group_by(const R& p, Values& out) {
  if (p.group_by_host && p.group_by_paths && !p.group_by_tags) return;
  std::vector<std::string> parts;
  if (p.group_by_host) parts.emplace_back("host");
  if (p.group_by_paths) parts.emplace_back("paths");
  if (p.group_by_tags) parts.emplace_back("tags");
  out.push_back(join_list(parts));
}

Status set_version(R& p, std::string_view value) {
  p.v0_14 = value == "0.14" || value == "0.15";
  if (p.v0_14 || value == "0.16") {
    p.refuses_to_empty_group = false;
  } else if (value != "0.17" && value != "0.18") {
    return bad_input("not a version with rules of its own", "give 0.14, 0.16 or 0.17");
  }
  return kOk;
}

constexpr Flag<R> kFlags[] = {
    count_flag<R, &R::last, -1>("--keep-last", "-l"),
    count_flag<R, &R::hourly, -1>("--keep-hourly", "-H"),
    count_flag<R, &R::daily, -1>("--keep-daily", "-d"),
    count_flag<R, &R::weekly, -1>("--keep-weekly", "-w"),
    count_flag<R, &R::monthly, -1>("--keep-monthly", "-m"),
    count_flag<R, &R::yearly, -1>("--keep-yearly", "-y"),
    span_flag<&R::within>("--keep-within"),
    span_flag<&R::within_hourly>("--keep-within-hourly"),
    span_flag<&R::within_daily>("--keep-within-daily"),
    span_flag<&R::within_weekly>("--keep-within-weekly"),
    span_flag<&R::within_monthly>("--keep-within-monthly"),
    span_flag<&R::within_yearly>("--keep-within-yearly"),
    tag_lists_flag<R, &R::keep_tags>("--keep-tag"),
    {"--group-by", "-g", true, false, set_group_by, get_group_by},
    {"--version", "", true, false, set_version,
     [](const R& p, Values& out) {
       if (p.v0_14) out.emplace_back("0.14");
     }},
    {"--unsafe-allow-remove-all", "", false, false,
     [](R& p, std::string_view) -> Status {
       p.refuses_to_empty_group = false;
       return kOk;
     },
     [](const R& p, Values& out) {
       if (!p.refuses_to_empty_group && !p.v0_14) out.emplace_back();
     }},
};

Status check(R& p) {
  if (has_rules(p) || p.v0_14 || !p.refuses_to_empty_group) return kOk;
  return bad_input("restic: no policy was specified, so no snapshot would be removed",
                   "give at least one --keep-* flag, or --unsafe-allow-remove-all");
}

}  // namespace

const Dialect<ResticPolicy>& restic_dialect() {
  static const Dialect<R> kDialect{
      "restic",
      kFlags,
      {"--prune", "--dry-run", "-n", "--compact", "-c", "--quiet", "-q", "--verbose", "-v"},
      {"--tag", "--host", "--path"},
      {"restic", "forget"},
      {.refuses_to_empty_group = true},
      check};
  return kDialect;
}

}  // namespace backcast::policy
