// Calibration: from what was observed of real backups to a delta model and a volume model that a
// scenario can use.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "sim/fit/death_law.h"
#include "sim/fit/history.h"
#include "sim/fit/volumes/rewrites.h"
#include "sim/fit/volumes/volumes.h"
#include "sim/model/delta_model.h"
#include "sim/model/sizes/season.h"
#include "sim/model/workload.h"

namespace backcast::sim {

struct Calibration {
  SurvivalCurve curve;          // for days that are all alike: what was seen so many backups apart
  DeathLaw busy_days;           // for days each as busy as it was, their volumes given
  bool shape_is_prior = false;  // only R(1) was known; the exponent 0.66 is assumed
  std::vector<GapFit> gaps;

  // Volumes, bytes as stored per backup.
  std::uint32_t backups = 0;
  double size_bytes = 0;               // of the last backup
  double base_bytes = 0;               // of it without its season, which those to come go on from
  double growth_bytes_per_backup = 0;  // net; level and trend of the last ones, see volumes.h
  double new_bytes_per_backup = 0;
  double pace = 1;  // the curve's time per backup to come: what makes that many bytes new
  double new_bytes_log_deviation = 0;  // standard deviation of log(new / usual)
  std::array<double, 7> weekday_factor{1, 1, 1, 1, 1, 1, 1};  // of new bytes, see fit_weekdays
  std::vector<std::uint32_t> bursts;         // backups with more than five times the median
  std::optional<double> seconds_per_backup;  // median distance, where times are known

  Season season;  // of sizes, where times are known; level, trend and all below are beside it
  // Of the backups to come, beside that level and trend. Rewrites at one distance are in none of
  // the others: neither in the level, nor in weekdays, noise and bursts.
  Rewrites rewrites;
  DayNoise noise;
  RandomBursts random_bursts;
  std::vector<HorizonSpread> outlook;
  LullSeen lull;            // level, noise and bursts are those of the time before it
  double shape_spread = 0;  // of SurvivalCurve::bent: how far the halves of the history differ

  // Out of sample, volumes given: fitted on the first two thirds, the overlaps of the last third
  // predicted from its volumes. Median and 95th percentile of |predicted - seen| as a share of
  // size; unset when too short.
  std::optional<double> error_median, error_p95;
  std::optional<double> resurrection_share;
  std::vector<std::string> warnings;
};

inline constexpr std::uint32_t kGoodBackups = 20;

// Errors: kBadInput for fewer than kMinBackups backups, a backup with more new bytes than its size,
// or times that do not ascend.
Result<Calibration> calibrate(const ObservedHistory& history);

// Backups with more than five times the median of new bytes; the first is none.
std::vector<std::uint32_t> bursts_of(const ObservedHistory& history);

// As a scenario's service has them: the curve in days instead of backups (one backup a day where
// times are not known) at the pace of the backups to come; the size, growth and weekdays of the
// data, how its days scatter and how far all that may be off. "; …": what to say where the shape is
// a prior.
DeltaModel delta_of(const Calibration& calibration);
Workload workload_of(const Calibration& calibration);
inline constexpr const char* kPriorWords =
    "; how long bytes live beyond one backup is a prior (exponent 0.66)";

}  // namespace backcast::sim
