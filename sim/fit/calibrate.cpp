#include "sim/fit/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/fit/volumes/season.h"
#include "sim/fit/volumes/weekdays.h"
#include "sim/model/portable_math.h"
#include "sim/sums/statistics.h"

namespace backcast::sim {
namespace {

constexpr double kDaySeconds = 86'400, kLeastRewriteSeconds = 3600;
constexpr double kBurstFactor = 5, kErrorLimit = 0.08;
// Above this share the chain sum itself breaks; measured in docs/fidelity.md, the limit is ours.
constexpr double kResurrectionLimit = 0.02;

Status check(const ObservedHistory& history) {
  if (history.backups.size() < kMinBackups) {
    return bad_input(fmt::format("{} backups are too few to calibrate from: at least {}, better {}",
                                 history.backups.size(), kMinBackups, kGoodBackups));
  }
  std::optional<Instant> last;
  double shared = 0;
  for (std::size_t i = 0; i < history.backups.size(); ++i) {
    const ObservedBackup& backup = history.backups[i];
    if (backup.new_bytes > backup.size_bytes) {
      return bad_input(fmt::format("backup {} has {} new bytes but only {} in all", i + 1,
                                   backup.new_bytes, backup.size_bytes),
                       "both must be counted the same way, before or after compression");
    }
    if (backup.time && last && *backup.time <= *last) return not_later(i, *backup.time, *last);
    if (backup.time) last = backup.time;
    if (i > 0) shared += static_cast<double>(backup.size_bytes - backup.new_bytes);
  }
  const bool adds = std::any_of(history.backups.begin() + 1, history.backups.end(),
                                [](const ObservedBackup& b) { return b.new_bytes > 0; });
  const bool changes = std::any_of(
      history.backups.begin() + 1, history.backups.end(),
      [&](const ObservedBackup& b) { return b.size_bytes != history.backups[0].size_bytes; });
  if (!adds && changes) {
    return bad_input("sizes change, but no backup says what it added",
                     "give new_bytes: what each backup added to the store");
  }
  if (shared <= 0) return bad_input("no backup shares a byte with any before: nothing to fit");
  return kOk;
}

// The median distance, where all times are known.
std::optional<double> seconds_per_backup(const ObservedHistory& history) {
  std::vector<double> distances;
  for (std::size_t i = 1; i < history.backups.size(); ++i) {
    const auto& from = history.backups[i - 1].time;
    const auto& to = history.backups[i].time;
    if (!from || !to) return std::nullopt;
    distances.push_back(std::chrono::duration<double>(*to - *from).count());
  }
  std::sort(distances.begin(), distances.end());
  return distances[distances.size() / 2];
}

// What comes more often than a scenario can say is no rewrite but how the data lives.
Rewrites rewrites_of(const ObservedHistory& history, const Calibration& result) {
  constexpr std::array<double, 7> kAlike{1, 1, 1, 1, 1, 1, 1};
  const Rewrites found = fit_rewrites(steps_of(history, kAlike, history.backups.size()));
  const double every_seconds = found.every_steps * result.seconds_per_backup.value_or(kDaySeconds);
  return every_seconds < kLeastRewriteSeconds ? Rewrites{} : found;
}

// How far a day must go for so many times the usual bytes to be new: of twice as busy a day less
// than twice as much is.
double busy_as(const SurvivalCurve& curve, double new_bytes) {
  constexpr double kMostShare = 0.95;
  const double usual_share = 1 - curve.alive(1);
  if (new_bytes == 1 || usual_share <= 0) return new_bytes;
  return curve.advance(1 - std::min(usual_share * new_bytes, std::max(kMostShare, usual_share)));
}

void fit_new_bytes(const ObservedHistory& history, Calibration& result) {
  std::vector<double> added;
  for (std::size_t i = 1; i < history.backups.size(); ++i) {
    added.push_back(static_cast<double>(history.backups[i].new_bytes));
  }
  std::vector<double> sorted = added;
  std::sort(sorted.begin(), sorted.end());
  const double usual = sorted[sorted.size() / 2];
  std::vector<double> logs;
  for (const double bytes : added) {
    if (bytes > 0 && usual > 0) logs.push_back(portable_log(bytes / usual));
  }
  result.backups = static_cast<std::uint32_t>(history.backups.size());
  result.size_bytes = static_cast<double>(history.backups.back().size_bytes);
  result.bursts = bursts_of(history);
  result.new_bytes_log_deviation = standard_deviation(logs);
}

// How far the curve's time must go in a backup for so many bytes to be new, of data that grows.
double pace_of(const Calibration& result) {
  constexpr double kLeastShare = 0.1, kMostShare = 0.95;  // of new bytes, of all bytes
  constexpr double kSlowest = 0.01, kFastest = 100;
  if (result.base_bytes <= 0 || result.new_bytes_per_backup <= 0) return kSlowest;
  const double dead =
      result.new_bytes_per_backup -
      std::min(result.growth_bytes_per_backup, (1 - kLeastShare) * result.new_bytes_per_backup);
  const double share = std::min(dead / result.base_bytes, kMostShare);
  return std::clamp(result.curve.advance(1 - share), kSlowest, kFastest);
}

// A last backup unlike those before it may be a new level or a passing one.
void doubt_the_last_size(const ObservedHistory& history, Calibration& result) {
  constexpr std::size_t kBefore = 7;
  constexpr double kUnlike = 0.4, kDoubt = 0.6;
  std::vector<double> sizes;
  const std::size_t n = history.backups.size();
  for (std::size_t i = n - 1 - std::min(n - 1, kBefore); i + 1 < n; ++i) {
    sizes.push_back(static_cast<double>(history.backups[i].size_bytes));
  }
  std::sort(sizes.begin(), sizes.end());
  const double usual = sizes[sizes.size() / 2];
  if (usual <= 0 || result.base_bytes <= 0) return;
  const double jump = std::fabs(portable_log(result.base_bytes / usual));
  if (jump < kUnlike) return;
  for (HorizonSpread& spread : result.outlook) {
    spread.size = std::sqrt(spread.size * spread.size + kDoubt * kDoubt * jump * jump);
  }
  result.warnings.push_back(
      fmt::format("the last backup has {:.1f} times the usual size of those before it: whether it "
                  "stays so is not known, and the interval is wide",
                  result.base_bytes / usual));
}

// Own forecasts of the past were measured without the season; nobody knows more of a farther day.
void doubt_the_season(const SeasonFit& fit, Calibration& result) {
  const double step_seconds = result.seconds_per_backup.value_or(kDaySeconds);
  double doubt = 0;
  for (HorizonSpread& spread : result.outlook) {
    const double ahead_seconds = spread.steps * step_seconds;
    doubt = std::max(doubt, fit.spread_after(std::chrono::seconds(std::llround(ahead_seconds))));
    spread.size = std::sqrt(spread.size * spread.size + doubt * doubt);
  }
}

void fit_volumes(const ObservedHistory& seen, Calibration& result) {
  const SeasonFit season = fit_season(seen);
  result.season = season.season;
  const ObservedHistory history = without_season(seen, result.season);
  result.base_bytes = static_cast<double>(history.backups.back().size_bytes);
  const VolumeSteps steps = without(result.rewrites, steps_of(history, result.weekday_factor));
  result.lull = fit_lull(steps);
  const VolumeSteps usual = without_last(steps, result.lull.steps);
  const VolumeLevel level = level_of(usual, usual.count());
  result.new_bytes_per_backup = level.new_bytes;
  result.growth_bytes_per_backup = level.growth_bytes;
  result.pace = pace_of(result);
  result.random_bursts = fit_bursts(usual);
  result.noise = fit_noise(usual);
  result.outlook = fit_outlook(steps);
  doubt_the_season(season, result);
  doubt_the_last_size(history, result);
  if (const LullSeen& lull = result.lull; lull.steps > 0) {
    result.warnings.push_back(fmt::format(
        "the last {} backups added {:.0f} % of what was usual before them, and nobody knows for "
        "how "
        "long: half of the forecasts let that end within {:.0f} backups, a few not for months",
        lull.steps, 100 * lull.pace, kLullStepsLeft));
  }
  if (result.new_bytes_per_backup <= 0) {
    result.warnings.push_back(
        "the last backups added nothing: no interval knows how much it will be once something is "
        "added");
  }
  if (steps.holes > 0) {
    result.warnings.push_back(fmt::format(
        "distances between backups of more than one and a half usual ones: {} (backups missing or "
        "pruned); what was added over them counts as spread evenly",
        steps.holes));
  }
}

void warn(const ObservedHistory& history, Calibration& result) {
  auto& out = result.warnings;
  if (result.backups < kGoodBackups) {
    out.push_back(fmt::format("only {} backups: 20 to 30 are needed for errors of a few percent",
                              result.backups));
  }
  if (result.shape_is_prior) {
    out.push_back(
        "only what one backup changes is known; how long bytes live beyond that is assumed "
        "(exponent 0.66, seen from 0.3 to 0.95): export overlap losses for a real fit");
  } else if (result.gaps.back().gap < kLossGaps[kLossGapCount - 1]) {
    out.push_back(
        fmt::format("the longest distance seen is {} backups; beyond it the curve is a guess",
                    result.gaps.back().gap));
  }
  if (history.resurrection_share.value_or(0) > kResurrectionLimit) {
    out.push_back(
        fmt::format("{:.1f} % of the bytes went away and came back: the model cannot see that "
                    "(interleaved branches, restores) and will be far off",
                    100 * *history.resurrection_share));
  }
  if (!result.bursts.empty()) {
    out.push_back(fmt::format(
        "{} more than five times the usual new bytes: bursts hit young bytes first, the "
        "curve spreads them over all; refit often",
        result.bursts.size() == 1 ? "1 backup has"
                                  : fmt::format("{} backups have", result.bursts.size())));
  }
  if (result.error_p95.value_or(0) > kErrorLimit) {
    out.push_back(fmt::format(
        "out of sample, volumes given, the shared bytes are off by {:.1f} % (95th percentile)",
        100 * *result.error_p95));
  }
}

}  // namespace

std::vector<std::uint32_t> bursts_of(const ObservedHistory& history) {
  std::vector<std::uint64_t> added;
  for (std::size_t i = 1; i < history.backups.size(); ++i) {
    added.push_back(history.backups[i].new_bytes);
  }
  if (added.empty()) return {};
  std::sort(added.begin(), added.end());
  const auto usual = static_cast<double>(added[added.size() / 2]);
  std::vector<std::uint32_t> bursts;
  for (std::uint32_t i = 1; i < history.backups.size(); ++i) {
    const auto new_bytes = static_cast<double>(history.backups[i].new_bytes);
    if (new_bytes > kBurstFactor * usual) bursts.push_back(i);
  }
  return bursts;
}

Result<Calibration> calibrate(const ObservedHistory& history) {
  BACKCAST_CHECK(check(history));
  Calibration result;
  result.curve = fit_curve(history, &result.gaps);
  result.shape_is_prior = result.gaps.size() < 2;
  result.shape_spread = shape_spread(history);
  result.resurrection_share = history.resurrection_share;
  fit_new_bytes(history, result);
  DeathLawFit busy = fit_death_law(history);
  result.seconds_per_backup = seconds_per_backup(history);
  result.rewrites = rewrites_of(history, result);
  result.weekday_factor = fit_weekdays(history, result.rewrites.at);
  result.busy_days = busy.law;
  fit_volumes(history, result);
  if (!busy.errors.empty()) {
    std::sort(busy.errors.begin(), busy.errors.end());
    result.error_median = busy.errors[busy.errors.size() / 2];
    result.error_p95 = busy.errors[(busy.errors.size() - 1) * 95 / 100];
  }
  warn(history, result);
  return result;
}

DeltaModel delta_of(const Calibration& calibration) {
  const double backups_per_day = kDaySeconds / calibration.seconds_per_backup.value_or(kDaySeconds);
  DeltaModel delta;
  delta.kind = DeltaModel::Kind::kLifetimes;
  delta.curve = calibration.curve;
  for (double* rate : {&delta.curve.rate1, &delta.curve.rate2, &delta.curve.rate3}) {
    *rate *= backups_per_day * calibration.pace;
  }
  return delta;
}

Workload workload_of(const Calibration& calibration) {
  Workload workload;
  workload.size_bytes = static_cast<std::uint64_t>(calibration.base_bytes);
  const SurvivalCurve curve = delta_of(calibration).curve;
  for (std::size_t d = 0; d < workload.weekday_factor.size(); ++d) {
    workload.weekday_factor[d] = busy_as(curve, calibration.weekday_factor[d]);
  }
  const double per_day = kDaySeconds / calibration.seconds_per_backup.value_or(kDaySeconds);
  workload.growth.bytes_per_day = std::llround(calibration.growth_bytes_per_backup * per_day);
  if (const Season& season = calibration.season; season.any()) {
    workload.growth.season_amplitude = season.amplitude;
    workload.growth.season_period = season.period;
    workload.growth.season_peak = season.peak;
  }
  workload.noise = calibration.noise;
  if (const Rewrites& rewrites = calibration.rewrites; rewrites.any()) {
    const double step_seconds = kDaySeconds / per_day;
    const auto after = [&](double steps) {
      return Duration(std::chrono::seconds(std::llround(steps * step_seconds)));
    };
    workload.rewrite_every = after(rewrites.every_steps);
    workload.rewrite_first = after(rewrites.next_steps - 0.5);
    workload.rewrite_share = rewrites.share;
  }
  workload.random_bursts = calibration.random_bursts;
  workload.random_bursts.per_day = std::min(workload.random_bursts.per_day * per_day, 1.0);
  workload.outlook = outlook_of(calibration.outlook, calibration.noise, per_day);
  if (const LullSeen& lull = calibration.lull; lull.steps > 0) {
    workload.outlook.lull = {lull.pace, kLullStepsLeft / per_day};
  }
  workload.outlook.shape = calibration.shape_spread;
  return workload;
}

}  // namespace backcast::sim
