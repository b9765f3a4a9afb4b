#include "engine/policy/schedule/diagnose.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast::policy {
namespace {

constexpr std::size_t kMaxFindings = 100;
constexpr std::uint32_t kEveryHour = 0xFFFFFF;

std::string clock_text(const CivilTime& t) {
  return fmt::format("{:02}:{:02}", t.hour, t.minute);
}
std::string date_text(const CivilTime& t) {
  return fmt::format("{:04}-{:02}-{:02}", t.date.year, t.date.month, t.date.day);
}

// One change of clocks: from wall-clock second `before` to `after` at the instant `at`.
struct Change {
  Instant at;
  std::int64_t before;
  std::int64_t after;
};

// The first wall-clock time the pattern names in [low, high).
std::optional<CivilTime> first_in(const CivilPattern& p, std::int64_t low, std::int64_t high) {
  const CivilTime from = civil_from_local_seconds(low);
  const auto match = next_match(p, from, from.date.year + 1);
  if (!match || local_seconds(*match) >= high) return std::nullopt;
  return match;
}

std::optional<Finding> clocks_forward(const CalendarSchedule& s, const Zone& zone,
                                      const Change& change) {
  const auto lost = first_in(s.pattern, change.before, change.after);
  if (!lost || s.pattern.hours == kEveryHour) return std::nullopt;
  const CivilTime then = civil_from_local_seconds(change.after);
  const std::string what = fmt::format("{} does not exist on {} in {}: ", clock_text(*lost),
                                       date_text(*lost), zone.name());
  const auto run = next(s, change.at - kSecond, zone);
  if (run == change.at && !matches(s.pattern, then)) {
    return Finding{Finding::Kind::kMoved, change.at,
                   what + "it runs once when clocks change, at " + clock_text(then)};
  }
  const auto same_day = first_in(s.pattern, days_from_civil(lost->date) * 86'400LL, change.before);
  const bool runs_that_day = same_day || (run && to_civil(*run, zone).date == lost->date);
  return Finding{Finding::Kind::kSkipped, change.at,
                 what + (runs_that_day ? "that run is left out" : "it does not run that day")};
}

std::optional<Finding> clocks_back(const CalendarSchedule& s, const Zone& zone,
                                   const Change& change) {
  const auto shown_twice = first_in(s.pattern, change.after, change.before);
  if (!shown_twice) return std::nullopt;
  const Instant second =
      change.at + std::chrono::seconds(local_seconds(*shown_twice) - change.after);
  const auto run = next(s, second - kSecond, zone);
  const bool again = run == second;
  if (s.pattern.hours == kEveryHour) {
    if (again || !run) return std::nullopt;
    const Instant last = second - std::chrono::seconds(change.before - change.after);
    return Finding{Finding::Kind::kHole, change.at,
                   fmt::format("clocks go back in {}: no run between {} and {}", zone.name(),
                               format_instant(last), format_instant(*run))};
  }
  if (!again) return std::nullopt;
  return Finding{Finding::Kind::kTwice, change.at,
                 fmt::format("{} comes twice on {} in {}: it runs both times",
                             clock_text(*shown_twice), date_text(*shown_twice), zone.name())};
}

// Calls visit(change) for each change of clocks, as long as findings are wanted.
template <typename Visit>
void for_each_change(const Zone& zone, Instant from, Instant until,
                     const std::vector<Finding>& findings, Visit visit) {
  for (Instant at = zone.next_transition(from - Duration(1));
       at < until && findings.size() < kMaxFindings; at = zone.next_transition(at)) {
    const std::int64_t second = unix_seconds(at);
    visit(Change{at, second + zone.offset_at(at - kSecond).count(),
                 second + zone.offset_at(at).count()});
  }
}

void add_clock_changes(const CalendarSchedule& s, const Zone& callers_zone, Instant from,
                       Instant until, std::vector<Finding>& findings) {
  const Zone zone = s.zone ? *s.zone : callers_zone;
  for_each_change(zone, from, until, findings, [&](const Change& change) {
    const auto finding = change.after > change.before ? clocks_forward(s, zone, change)
                                                      : clocks_back(s, zone, change);
    if (finding) findings.push_back(*finding);
  });
}

// kopia's times of day are Go dates: one that clocks skip moves, one shown twice runs twice.
void add_times_of_day(const KopiaSchedule& schedule, const Zone& zone, Instant from, Instant until,
                      std::vector<Finding>& findings) {
  for_each_change(zone, from, until, findings, [&](const Change& change) {
    const std::int64_t low = std::min(change.before, change.after);
    const std::int64_t high = std::max(change.before, change.after);
    for (const int minute : schedule.minutes_of_day) {
      KopiaSchedule alone;
      alone.minutes_of_day = {minute};
      const std::int64_t day = low - ((low % 86'400) + 86'400) % 86'400;
      std::int64_t local = day + minute * 60LL;
      if (local < low) local += 86'400;
      if (local >= high) continue;
      const CivilTime named = civil_from_local_seconds(local);
      const auto add = [&](Finding::Kind kind, const char* verb, const std::string& then) {
        findings.push_back({kind, change.at,
                            fmt::format("{} {} on {} in {}: {}", clock_text(named), verb,
                                        date_text(named), zone.name(), then)});
      };
      const Instant shown_again = change.at + std::chrono::seconds(local - change.after);
      const bool is_gap = change.after > change.before;
      const Instant just_before = (is_gap ? change.at : shown_again) - kSecond;
      const auto run = kopia_next(alone, std::nullopt, just_before, zone);
      if (is_gap && run) {
        add(Finding::Kind::kMoved, "does not exist",
            "it runs at " + clock_text(to_civil(*run, zone)));
      } else if (run == shown_again) {
        add(Finding::Kind::kTwice, "comes twice", "it runs both times");
      }
    }
  });
}

}  // namespace

std::vector<Finding> diagnose(const Schedule& schedule, const Zone& zone, Instant from,
                              Instant until) {
  std::vector<Finding> findings;
  if (!next(schedule, from - Duration(1), zone)) {
    findings.push_back({Finding::Kind::kNever, from, "it never runs"});
    return findings;
  }
  if (const auto* calendar = std::get_if<CalendarSchedule>(&schedule)) {
    add_clock_changes(*calendar, zone, from, until, findings);
  }
  if (const auto* kopia = std::get_if<KopiaSchedule>(&schedule)) {
    for (const CalendarSchedule& cron : kopia->crons) {
      add_clock_changes(cron, zone, from, until, findings);
    }
    add_times_of_day(*kopia, zone, from, until, findings);
    std::stable_sort(findings.begin(), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.when < b.when; });
  }
  return findings;
}

}  // namespace backcast::policy
