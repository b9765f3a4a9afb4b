// Sizes and new bytes of the backups to come: their level and trend as the last ones show them, so
// that one jump of the past does not become a trend, and how days scatter around them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/fit/history.h"
#include "sim/model/draws.h"

namespace backcast::sim {

// What each backup added and grew by, over the usual distance of two: where times are known and a
// step is longer, as where backups are missing, it counts by that share.
struct VolumeSteps {
  std::vector<double> size_bytes;  // before the first step and after each
  std::vector<double> new_bytes, grown_bytes, weekday_factor;
  std::vector<double> length;  // in usual distances; 1 but for holes
  std::uint32_t holes = 0;     // steps of more than one and a half usual distances

  std::size_t count() const { return new_bytes.size(); }
};
inline constexpr std::size_t kStepsLookedAt = 365;
inline constexpr std::size_t kFirstOrigin = 9;  // steps that a forecast of the past looks back on
// The last so many steps. `weekdays`: how busy each weekday is, Monday first.
VolumeSteps steps_of(const ObservedHistory& history, const std::array<double, 7>& weekdays,
                     std::size_t most = kStepsLookedAt);

// By step, of the first `count`: whether it added more than five times the median of these on its
// weekday.
std::vector<bool> burst_marks(const VolumeSteps& steps, std::size_t count = SIZE_MAX);
// The upper median; 0 of none.
double median_of(std::vector<double> values);
// A standard deviation of a normal law, from the median distance to the median.
double deviation_of(double median_distance);
// The median of the steps that are not left out.
double usual_new_bytes(const VolumeSteps& steps, const std::vector<bool>& left_out);

// Bytes per step. Recent steps count most (a weight of 1 - 1/40 per step back), the most and the
// least extreme are drawn in to the next ones: of new bytes 3 of 100, at least one; of growth one,
// so that what happened twice, as a purge every month, counts. New bytes of a step count by how
// much the data has grown since, to the power by which they went with it until then (0 to 1,
// against a prior of 0.4). Growth is shrunk by as much as it went on in the past: 14 steps later,
// against a prior of 0.6.
struct VolumeLevel {
  double new_bytes = 0, growth_bytes = 0;
};
VolumeLevel level_of(const VolumeSteps& steps, std::size_t count);  // of the first `count` steps

// A lull: the last steps, where each added so much less than was usual before them that chance
// would not make them so. Nobody knows how long one goes on, whatever it has lasted.
struct LullSeen {
  std::uint32_t steps = 0;  // so long it has lasted, 5 to 90; 0: there is none
  double pace = 1;          // medians of new bytes, in it / before: 0 to 0.35
};
LullSeen fit_lull(const VolumeSteps& steps);
// In the median; chosen on the histories of docs/fidelity.md up to seed 34.
inline constexpr double kLullStepsLeft = 20;
VolumeSteps without_last(VolumeSteps steps, std::size_t count);

// Of new bytes, in logarithms and beside the weekdays; deviations from the median of the last 90
// steps that are no bursts.
DayNoise fit_noise(const VolumeSteps& steps);

// Steps with more than five times the median of new bytes, where they are rare (15 of 100 at most)
// and not single: half of them rewrite more than their median. How much more has the tail that
// those show (Hill's estimate), shrunk to a prior of 1 that counts as four of them.
RandomBursts fit_bursts(const VolumeSteps& steps);

// How far forecasts of sizes and new bytes are off, by how far ahead they look: from a history's
// own finished forecasts and a prior pooled over the development histories of docs/fidelity.md.

// Of the logarithms of truth / forecast over so many steps.
struct HorizonSpread {
  std::uint32_t steps = 0;
  std::uint32_t windows = 0;  // finished ones of the history, none over another
  double size = 0, change = 0;
};

// log spread = (k log prior + n log own) / (k + n) with the history's own n windows: whose
// forecasts came true is believed as much as whose did not. The prior of 7 steps is a number, those
// of more are that of 7, as the history has it, times a ratio.
struct OutlookPrior {
  const char* name;
  double size_of_first, change_of_first;                // over 7 steps
  double weight_of_first_size, weight_of_first_change;  // k of these
  std::array<double, 5> size_ratio, change_ratio;       // by horizon
  double weight;                                        // k of the longer ones
  // Of all spreads, so that intervals of stored bytes hold as often as they say: sizes and changes
  // do not err together, and few large errors make most of a mean of squares.
  double scale;
  double tail;                             // degrees of freedom
  double held_development, held_left_out;  // share of truths in 90 % intervals of stored bytes
};
inline constexpr std::array<std::uint32_t, 5> kOutlookSteps{7, 30, 60, 90, 365};
const OutlookPrior& outlook_prior();

std::vector<HorizonSpread> fit_outlook(const VolumeSteps& steps);

// In days. What days scatter is drawn by itself, so that the spread of the change leaves it out.
Outlook outlook_of(const std::vector<HorizonSpread>& spreads, const DayNoise& noise,
                   double steps_per_day);

}  // namespace backcast::sim
