#include "study/history/calibration.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::study {
namespace {

// A few forecasts say enough beside a fit; `backtest` makes more of them. Fitting takes time with
// the square of the backups, so that of a longer history only the last so many are looked at.
constexpr std::uint32_t kAhead = 30, kFewForecasts = 8, kFewReplications = 60, kMostToLookAt = 600;

// How to come by what a tool's list of restore points leaves out.
std::string how_to_know(const std::string& tool) {
  if (tool == "restic") {
    return "restic 0.17 and newer say it of the snapshots that they make: restic snapshots --json";
  }
  if (tool == "borg") return "keep what `borg create --json` prints and join it: jq -s .";
  if (tool == "kopia") return "kopia says sizes alone; give what each added as CSV";
  if (tool == "zfs") {
    return "give it as CSV, new_bytes being what `zfs list -H -p -t snapshot -o "
           "name,creation,written,refer` calls written";
  }
  return "give the columns time,size_bytes,new_bytes";
}

bool is_meant(const policy::Snapshot& s, const sim::SourceChoice& choice) {
  const auto sorted = [](std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end());
    return paths;
  };
  return (choice.host.empty() || s.host == choice.host) &&
         (choice.paths.empty() || sorted(s.paths) == sorted(choice.paths));
}

// What sim::read_observations does not know: the forms of other tools, and our own of them.
bool is_imported(std::string_view text) {
  const std::string_view tool = policy::recognise_tool(text);
  // Before restic 0.17 there is nothing to fit, and the importer says what would be.
  const bool is_grouped = text.substr(0, 4096).find("\"group_key\"") != text.npos;
  if (tool == "restic") return is_grouped || text.find("\"summary\"") == text.npos;
  if (tool == "kopia" || tool == "zfs" || tool == "borg") return true;
  return tool == "backcast" && text.substr(0, 4096).find("\"backcast_history\"") != text.npos;
}

// Forecasts of the last third. What is too short, or too long to be gone through, has none.
void look_back(sim::Observations seen, const Watch& watch, FittedWorkload& fitted) {
  const auto count = static_cast<std::uint32_t>(seen.history.backups.size());
  if (count < kLeastFirst + kAhead + kFewForecasts) return;
  if (count > kMostToLookAt) {
    fitted.notes.push_back(fmt::format(
        "forecasts of {} backups are not looked back on here: `backcast backtest` does", count));
    return;
  }
  RecordedTerms terms;
  terms.retention = policy::parse_policy(kUsualPolicy).value();
  const auto recorded = Recorded::of(std::move(seen), std::move(terms));
  if (!recorded.ok()) return;
  BacktestOptions options;
  options.ahead = {kAhead};
  options.first = std::max(kLeastFirst, count * 2 / 3 - kAhead);
  options.every = (count - kAhead - options.first) / kFewForecasts + 1;
  options.replications = kFewReplications;
  options.looks_ahead = false;
  options.watch = watch;
  auto told = backtest(*recorded, options);
  fitted.partial = told.ok() && told->partial;
  if (fitted.partial) {
    fitted.notes.emplace_back("partial: interrupted before forecasts of the past were made");
  } else if (told.ok()) {
    fitted.looked_back = std::move(*told);
  }
}

}  // namespace

Result<sim::Observations> observations_of(const policy::History& history, const std::string& name,
                                          const sim::SourceChoice& choice) {
  const auto fault = [&](std::string message, std::string hint) {
    return Error{Errc::kBadInput, std::move(message), {name, "", 0, 0}, std::move(hint)};
  };
  std::vector<policy::Snapshot> of_one;
  for (const policy::Snapshot& s : history.snapshots) {
    if (!is_meant(s, choice)) continue;
    if (!of_one.empty() && !policy::is_same_source(s, of_one.front())) {
      return fault(fmt::format("these are backups of several sources, whose histories must not be "
                               "mixed: {}; {}",
                               policy::source_name(of_one.front()), policy::source_name(s)),
                   "choose one by --host and --path");
    }
    of_one.push_back(s);
  }
  BACKCAST_TRY(of_one, policy::select_source(std::move(of_one), ""));
  sim::Observations seen;
  bool knows_new = false;
  for (const policy::Snapshot& s : of_one) {
    if (s.size_bytes == 0) {
      return fault(fmt::format("{} says no size", printable(s.id)), how_to_know(history.tool));
    }
    knows_new = knows_new || s.new_bytes > 0;
    sim::ObservedBackup backup;
    backup.time = s.trusted_time();
    backup.size_bytes = s.size_bytes;
    backup.new_bytes = s.new_bytes;
    seen.history.backups.push_back(backup);
  }
  if (!knows_new) {
    return fault("the history does not say what each backup added", how_to_know(history.tool));
  }
  const auto counted = history.counted.find(policy::source_name(of_one.front()));
  if (counted != history.counted.end()) {
    seen.notes.push_back(counted->second.note);
  } else if (history.tool == "restic") {
    seen.notes.emplace_back(
        "an earlier version imported this list of restic, with sizes before compression and new "
        "bytes after it: the share that changes comes out too small; import it again");
  }
  return seen;
}

Result<sim::Observations> read_observed(std::string_view text, const std::string& name,
                                        const sim::SourceChoice& choice) {
  if (!is_imported(text)) return sim::read_observations(text, name, choice);
  BACKCAST_TRY(const policy::History history,
               policy::import_history("", text, {name, policy::Zone::utc()}));
  return observations_of(history, name, choice);
}

Result<FittedWorkload> fit_workload(std::string_view text, const std::string& name,
                                    const sim::SourceChoice& choice, bool looks_back,
                                    const Watch& watch) {
  BACKCAST_TRY(sim::Observations seen, read_observed(text, name, choice));
  auto fit = sim::calibrate(seen.history);
  if (!fit) {
    Error error = fit.error();
    if (error.where.file.empty()) error.where.file = name;
    return error;
  }
  FittedWorkload fitted{std::move(*fit), std::nullopt, std::move(seen.notes)};
  if (looks_back) look_back(std::move(seen), watch, fitted);
  return fitted;
}

}  // namespace backcast::study
