#include "sim/run/extremes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/requirements/requirements.h"
#include "sim/run/fleet.h"

namespace backcast::sim {
namespace {

Duration forever(const Scenario& scenario) {
  return scenario.end - scenario.start + kDay;
}

// The latest version at the moments of restores: what is asked for, or a newer one.
void set_latest(Scenario& scenario, const MissingValue& missing, bool is_newer) {
  for (const std::uint32_t index : missing.events) {
    ScheduledEvent& event = scenario.events[index];
    event.latest_version = event.target_version;
    if (is_newer) ++event.latest_version->minor;
  }
}

// Sets one missing time of every service it concerns; none: it takes no time.
void set_time(Scenario& scenario, const MissingValue& missing, std::optional<Duration> takes) {
  if (missing.kind == MissingKind::kLatestVersion) {
    return set_latest(scenario, missing, takes.has_value());
  }
  const auto set = [&](Service& service) {
    JobModel& job = service.job;
    switch (missing.kind) {
      case MissingKind::kBackupTime:
        job.backup_takes = takes;
        if (!takes && !missing.is_part) job.speed.rate_bytes_per_second = 0;
        if (!takes) job.speed.per_further_collection = Duration{0};
        break;
      case MissingKind::kCopyTime:
        job.copy_takes = takes;
        if (!takes) job.copy_rate_bytes_per_second = 0;
        break;
      case MissingKind::kRestoreTime:
        job.restore_takes = takes;
        if (!takes) job.restore_rate_bytes_per_second = 0;
        break;
      case MissingKind::kRetryTime:
        job.retry_after = takes.value_or(Duration{0});
        break;
      case MissingKind::kLatestVersion:
        break;
    }
  };
  for (const std::uint32_t service : missing.services) set(scenario.services[service]);
  for (const std::uint32_t fleet : missing.fleets) set(scenario.fleets[fleet].service);
}

// Members on one timetable fare alike, so that one can stand for all; not where bytes are billed
// or shares of time are added up with those of others.
void shrink_fleets(Scenario& scenario) {
  const bool adds_up = std::any_of(
      scenario.requirements.begin(), scenario.requirements.end(),
      [](const Requirement& r) { return r.kind == RequirementKind::kBudget || r.of_time < 1; });
  if (adds_up) return;
  for (Fleet& fleet : scenario.fleets) {
    if (why_one_by_one(scenario, fleet).empty()) fleet.count = 1;
  }
}

const char* what_takes(MissingKind kind) {
  switch (kind) {
    case MissingKind::kBackupTime:
      return "a backup";
    case MissingKind::kCopyTime:
      return "a copy";
    case MissingKind::kRestoreTime:
      return "a restore";
    case MissingKind::kRetryTime:
    case MissingKind::kLatestVersion:
      break;
  }
  return "the wait for a retry";
}

// "how long a backup or a copy takes", "which version was the latest".
std::string unstated(const std::vector<MissingValue>& missing) {
  std::string times, version;
  for (const MissingValue& value : missing) {
    if (value.kind == MissingKind::kLatestVersion) {
      version = "which version was the latest";
    } else {
      times += fmt::format("{}{}", times.empty() ? "how long " : " or ", what_takes(value.kind));
    }
  }
  if (!times.empty()) times += " takes";
  return times + (times.empty() || version.empty() ? "" : " or ") + version;
}

// Between two times of one missing value, where the verdict on a requirement changes.
class BreakEven {
 public:
  BreakEven(const Scenario& at_once, const MissingValue& missing, const Verdicts& verdicts)
      : at_once_(at_once),
        missing_(missing),
        verdicts_(verdicts),
        step_seconds_(is_drawn(at_once) ? 60 : 1) {}

  // "holds while a backup takes at most 2h", or that it depends otherwise.
  Result<std::string, Errors> tell(std::size_t requirement, Verdict at_once, Verdict for_ever) {
    std::int64_t low = 0, high = 15 * 60;
    const std::int64_t most = forever(at_once_) / kSecond;
    while (high < most) {
      BACKCAST_TRY(const Verdict verdict, at(requirement, high));
      if (verdict != at_once) break;
      low = high;
      high *= 2;
    }
    high = std::min(high, most);
    // To the second, or over many replications to the minute or a hundredth.
    while (high - low > std::max(step_seconds_, is_drawn(at_once_) ? low / 100 : 0)) {
      const std::int64_t middle = low + (high - low) / 2 / step_seconds_ * step_seconds_;
      if (middle == low) break;
      BACKCAST_TRY(const Verdict verdict, at(requirement, middle));
      (verdict == at_once ? low : high) = middle;
    }
    const char* const what = what_takes(missing_.kind);
    const auto words = [](std::int64_t seconds) { return format_duration(seconds * kSecond); };
    if (at_once == Verdict::kHolds) {
      return fmt::format("holds while {} takes at most {}", what, words(low));
    }
    if (for_ever == Verdict::kHolds) {
      return fmt::format("holds where {} takes {} or more", what, words(high));
    }
    return fmt::format("{} while {} takes at most {}", name(at_once), what, words(low));
  }

 private:
  Result<Verdict, Errors> at(std::size_t requirement, std::int64_t seconds) {
    auto found = known_.find(seconds);
    if (found == known_.end()) {
      Scenario variant = at_once_;
      set_time(variant, missing_, seconds * kSecond);
      BACKCAST_TRY(std::vector<Verdict> all, verdicts_(variant));
      found = known_.emplace(seconds, std::move(all)).first;
    }
    return found->second[requirement];
  }

  const Scenario& at_once_;
  const MissingValue& missing_;
  const Verdicts& verdicts_;
  const std::int64_t step_seconds_;
  std::map<std::int64_t, std::vector<Verdict>> known_;  // by seconds
};

}  // namespace

std::vector<Scenario> extremes_of(const Scenario& scenario) {
  std::vector<Scenario> variants;
  if (scenario.missing.empty() || scenario.requirements.empty()) return variants;
  Scenario at_once = scenario;
  at_once.missing.clear();
  for (const MissingValue& missing : scenario.missing) set_time(at_once, missing, std::nullopt);
  shrink_fleets(at_once);
  variants.push_back(std::move(at_once));
  for (const MissingValue& missing : scenario.missing) {
    const std::size_t count = variants.size();
    for (std::size_t i = 0; i < count; ++i) {
      variants.push_back(variants[i]);
      set_time(variants.back(), missing, forever(scenario));
    }
  }
  return variants;
}

void keep_common(const Scenario& scenario, const std::vector<RunResult>& extremes,
                 RunResult& shown) {
  for (std::size_t i = 0; i < shown.requirements.size(); ++i) {
    RequirementOutcome& outcome = shown.requirements[i];
    const bool is_tried = scenario.missing.empty() || !extremes.empty();
    if (!is_tried && outcome.verdict == Verdict::kFails) {
      outcome.verdict = Verdict::kUnknown;
      outcome.unknown_because = "interrupted before all was simulated";
    }
    const auto same = [&](const RunResult& run) {
      return run.requirements[i].verdict == outcome.verdict;
    };
    if (std::all_of(extremes.begin(), extremes.end(), same)) {
      if (outcome.verdict != Verdict::kFails) continue;
      // What would hold instead must hold at every extreme.
      for (const RunResult& run : extremes) {
        keep_worst(scenario.requirements[i], outcome.nearness, run.requirements[i].nearness);
      }
      continue;
    }
    outcome.verdict = Verdict::kUnknown;
    outcome.unknown_because =
        fmt::format("nobody states {}, and it depends on it", unstated(scenario.missing));
  }
}

Result<bool, Errors> find_break_evens(const Scenario& scenario, const Verdicts& verdicts,
                                      RunResult& shown) {
  const std::vector<Scenario> variants = extremes_of(scenario);
  const auto may_be_told = [](const RequirementOutcome& outcome) {
    return outcome.verdict == Verdict::kUnknown && !outcome.one_future;
  };
  if (variants.empty() ||
      std::none_of(shown.requirements.begin(), shown.requirements.end(), may_be_told)) {
    return false;
  }
  const Scenario& at_once = variants.front();
  BACKCAST_TRY(const std::vector<Verdict> best, verdicts(at_once));
  for (const MissingValue& missing : scenario.missing) {
    Scenario slow = at_once;
    set_time(slow, missing, forever(scenario));
    BACKCAST_TRY(const std::vector<Verdict> worst, verdicts(slow));
    BreakEven break_even(at_once, missing, verdicts);
    for (std::size_t i = 0; i < shown.requirements.size(); ++i) {
      RequirementOutcome& outcome = shown.requirements[i];
      if (!may_be_told(outcome) || best[i] == worst[i]) continue;
      std::string told = fmt::format("{} if no newer minor version was out",
                                     best[i] == Verdict::kHolds ? "holds" : name(best[i]));
      if (missing.kind != MissingKind::kLatestVersion) {
        BACKCAST_TRY(told, break_even.tell(i, best[i], worst[i]));
      }
      for (const std::string& pointer : missing.pointers) {
        outcome.missing.push_back({pointer, told});
      }
    }
  }
  return true;
}

}  // namespace backcast::sim
