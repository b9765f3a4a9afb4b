#include "sim/fit/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/model/portable_math.h"
#include "sim/model/statistics.h"

namespace backcast::sim {
namespace {

constexpr int kWeeksForWeekdays = 3;
constexpr double kDaySeconds = 86'400;
constexpr double kBurstFactor = 5, kErrorLimit = 0.08;
// Above this share the chain sum itself breaks; measured in docs/fidelity.md, the limit is ours.
constexpr double kResurrectionLimit = 0.02;
constexpr std::size_t kRecent = 30;  // backups that a forecast of volumes looks back on

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
      return bad_input(fmt::format("backup {} has {} new bytes but only {} in all", i,
                                   backup.new_bytes, backup.size_bytes),
                       "both must be counted the same way, before or after compression");
    }
    if (backup.time && last && *backup.time <= *last) {
      return bad_input(fmt::format("backup {} is not later than the one before it", i),
                       "list one source's backups, oldest first");
    }
    if (backup.time) last = backup.time;
    if (i > 0) shared += static_cast<double>(backup.size_bytes - backup.new_bytes);
  }
  if (shared <= 0) return bad_input("no backup shares a byte with any before: nothing to fit");
  return kOk;
}

// The middle of the interval that a backup covers says which day was busy.
void fit_weekdays(const ObservedHistory& history, const std::vector<double>& tau,
                  Calibration& result) {
  std::array<double, 7> busy{};
  std::array<int, 7> count{};
  std::vector<double> distances;
  for (std::size_t i = 1; i < history.backups.size(); ++i) {
    const auto& from = history.backups[i - 1].time;
    const auto& to = history.backups[i].time;
    if (!from || !to) return;
    distances.push_back(std::chrono::duration<double>(*to - *from).count());
    const auto day = std::chrono::floor<std::chrono::days>(*from + (*to - *from) / 2);
    const unsigned weekday = std::chrono::weekday(day).iso_encoding() - 1;
    busy[weekday] += tau[i] - tau[i - 1];
    ++count[weekday];
  }
  std::sort(distances.begin(), distances.end());
  result.seconds_per_backup = distances[distances.size() / 2];
  const bool daily = std::fabs(*result.seconds_per_backup - kDaySeconds) < kDaySeconds / 10;
  const double all = tau.back() / static_cast<double>(tau.size() - 1);
  if (!daily || all <= 0 || *std::min_element(count.begin(), count.end()) < kWeeksForWeekdays)
    return;
  for (int d = 0; d < 7; ++d) result.weekday_factor[d] = busy[d] / count[d] / all;
}

void fit_volumes(const ObservedHistory& history, Calibration& result) {
  const std::size_t n = history.backups.size();
  std::vector<double> added;
  double mean_index = static_cast<double>(n - 1) / 2, mean_size = 0, slope = 0, squares = 0;
  for (const ObservedBackup& b : history.backups) {
    mean_size += static_cast<double>(b.size_bytes) / static_cast<double>(n);
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double offset = static_cast<double>(i) - mean_index;
    slope += offset * (static_cast<double>(history.backups[i].size_bytes) - mean_size);
    squares += offset * offset;
    if (i > 0) added.push_back(static_cast<double>(history.backups[i].new_bytes));
  }
  result.backups = static_cast<std::uint32_t>(n);
  result.size_bytes = static_cast<double>(history.backups.back().size_bytes);
  result.growth_bytes_per_backup = slope / squares;
  std::vector<double> sorted = added;
  std::sort(sorted.begin(), sorted.end());
  const double usual = sorted[sorted.size() / 2];
  double sum = 0;
  std::vector<double> logs;
  for (std::size_t i = 0; i < added.size(); ++i) {
    sum += added[i];
    if (added[i] > 0 && usual > 0) logs.push_back(portable_log(added[i] / usual));
  }
  result.bursts = bursts_of(history);
  result.new_bytes_per_backup = sum / static_cast<double>(added.size());
  result.new_bytes_log_deviation = standard_deviation(logs);
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
    out.push_back(
        fmt::format("{} backups have more than five times the usual new bytes: bursts hit young "
                    "bytes first, the curve spreads them over all; refit often",
                    result.bursts.size()));
  }
  if (result.error_p95.value_or(0) > kErrorLimit) {
    out.push_back(
        fmt::format("out of sample the shared bytes are off by {:.1f} % (95th percentile)",
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
  result.resurrection_share = history.resurrection_share;
  fit_volumes(history, result);
  DeathLawFit busy = fit_death_law(history);
  fit_weekdays(history, operational_times(history, busy.law.curve), result);
  result.busy_days = busy.law;
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
    *rate *= backups_per_day;
  }
  return delta;
}

Workload workload_of(const Calibration& calibration) {
  Workload workload;
  workload.size_bytes = static_cast<std::uint64_t>(calibration.size_bytes);
  workload.weekday_factor = calibration.weekday_factor;
  return workload;
}

std::vector<Volume> forecast_volumes(const ObservedHistory& history, std::uint32_t count) {
  const std::size_t n = history.backups.size(), recent = std::min(n - 1, kRecent);
  double new_sum = 0;
  for (std::size_t i = n - recent; i < n; ++i) {
    new_sum += static_cast<double>(history.backups[i].new_bytes);
  }
  const auto last = static_cast<double>(history.backups.back().size_bytes);
  const auto past = static_cast<double>(history.backups[n - 1 - recent].size_bytes);
  const double steps = static_cast<double>(std::max<std::size_t>(recent, 1));
  std::vector<Volume> result;
  for (std::uint32_t i = 1; i <= count; ++i) {
    const double size = std::max(last + (last - past) / steps * i, 0.0);
    result.push_back({size, std::min(new_sum / steps, size)});
  }
  return result;
}

}  // namespace backcast::sim
