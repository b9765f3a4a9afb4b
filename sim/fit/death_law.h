// Which of the bytes alive die from one backup to the next, where the volumes of every backup are
// known: by the survival curve in operational time, or by age. Fitted to what an engine exports of
// its history; tells what any two backups share.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/fit/age_law.h"
#include "sim/fit/history.h"
#include "sim/model/delta_model.h"

namespace backcast::sim {

// One gap of the fit: the share of a backup's bytes still alive `gap` backups later, weighted by
// size, as observed and as fitted.
struct GapFit {
  std::uint32_t gap = 0;
  std::uint32_t pairs = 0;
  double observed_alive = 1, fitted_alive = 1;
};

// Fewer backups say nothing of how bytes die.
inline constexpr std::uint32_t kMinBackups = 5;

struct DeathLaw {
  SurvivalCurve curve;           // one unit of time leaves the mean share that a backup leaves
  std::optional<AgeLaw> by_age;  // replaces the curve where set
};

struct DeathLawFit {
  DeathLaw law;
  // Fitted on the first two thirds and told the volumes: how far the shared bytes of the last third
  // are off, as shares of size. Empty where too little was seen.
  std::vector<double> errors;
};

// The curve; or death by age, where that, fitted on the first two thirds, told the lost bytes of
// the last third with at most three quarters of the curve's error. Where only one step was seen,
// the curve's shape is the prior of curve_fit.h. Of a longer history the last 1,024 backups count.
DeathLawFit fit_death_law(const ObservedHistory& history);

// The curve alone: for volumes that are given, and for days that are all alike, fitted to what was
// seen so many backups apart; and the shape that is a prior, from sizes and new bytes.
SurvivalCurve fit_curve_of_busy_days(const ObservedHistory& history);
SurvivalCurve fit_curve(const ObservedHistory& history, std::vector<GapFit>* gaps = nullptr);
SurvivalCurve fit_prior(const ObservedHistory& history);

// How far the curve's slowest part may be off: the spread of the logarithm of how fast it dies
// beside what one step loses, from what the halves of the history lost over the longest distance
// that both saw (28 steps at most), shrunk to a prior of 0.3 that counts twice. 0.5 where only one
// step was seen: exponents from 0.3 to 0.95 have been.
double shape_spread(const ObservedHistory& history);

// Operational time of every backup under a curve: each step as busy as it was.
std::vector<double> operational_times(const ObservedHistory& history, const SurvivalCurve& curve);

// Sizes, and what any two backups share by the law. Of backups up to `now`, `known` tells that;
// what comes is carried on from there.
Trace overlaps_by(const DeathLaw& law, const ObservedHistory& history);
Trace overlaps_by(const DeathLaw& law, const ObservedHistory& history, const Trace& known,
                  std::uint32_t now);

}  // namespace backcast::sim
