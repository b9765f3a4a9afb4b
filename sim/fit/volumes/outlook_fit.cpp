#include "sim/fit/volumes/volumes.h"

#include <algorithm>
#include <cmath>

#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Chosen on the development histories that docs/uncertainty.md names; how often intervals held is
// from docs/fidelity.md. Over a year none is long enough: there the ratios go on as they did, about
// as the square root of time.
constexpr OutlookPrior kPrior{"twelve development histories, 2026-11",
                              0.015,
                              0.35,
                              3,
                              5,
                              {1, 2.8, 4.5, 6, 12},
                              {1, 1, 1.1, 1.2, 1.5},
                              3,
                              0.8,
                              8,
                              0.91,
                              0.90};

struct Missed {
  double size = 0, change = 0;  // logarithms
};

Missed missed(const VolumeSteps& steps, std::size_t origin, std::uint32_t ahead) {
  // Almost nothing for almost nothing is no error: a twentieth of what is usual counts with both.
  constexpr double kLeastShare = 0.05, kMost = 3;
  const std::vector<double>& sizes = steps.size_bytes;
  const VolumeLevel level = level_of(steps, origin);
  const auto count = static_cast<double>(ahead);
  double added = 0;
  for (std::size_t i = origin; i < origin + ahead; ++i) added += steps.new_bytes[i];
  const double told_size =
      std::max(sizes[origin] + level.growth_bytes * count, kLeastShare * sizes[origin]);
  const double told_new = level.new_bytes * count, least = kLeastShare * told_new;
  const auto log_of = [&](double ratio) { return std::clamp(portable_log(ratio), -kMost, kMost); };
  return {log_of(std::max(sizes[origin + ahead], 1.0) / std::max(told_size, 1.0)),
          log_of((added + least + 1) / (told_new + least + 1))};
}

// Between the prior and the mean square of so many windows, in logarithms. Windows that all came
// true to the byte still leave a fifth of the prior.
double shrunk(double prior, double weight, double squares, std::uint32_t windows) {
  constexpr double kLeastShare = 0.2;
  if (windows == 0) return prior;
  const double own = std::max(std::sqrt(squares / windows), kLeastShare * prior);
  return portable_exp((weight * portable_log(prior) + windows * portable_log(own)) /
                      (weight + windows));
}

// With the history's own windows of so many steps, the last of which ends now.
HorizonSpread spread_over(const VolumeSteps& steps, std::uint32_t ahead, double prior_size,
                          double prior_change, double weight_of_size, double weight_of_change) {
  HorizonSpread spread{ahead, 0, 0, 0};
  double size_squares = 0, change_squares = 0;
  for (std::size_t end = steps.count(); end >= ahead + kFirstOrigin; end -= ahead) {
    const Missed miss = missed(steps, end - ahead, ahead);
    size_squares += miss.size * miss.size;
    change_squares += miss.change * miss.change;
    ++spread.windows;
  }
  spread.size = shrunk(prior_size, weight_of_size, size_squares, spread.windows);
  spread.change = shrunk(prior_change, weight_of_change, change_squares, spread.windows);
  return spread;
}

}  // namespace

const OutlookPrior& outlook_prior() {
  return kPrior;
}

std::vector<HorizonSpread> fit_outlook(const VolumeSteps& steps) {
  const OutlookPrior& prior = kPrior;
  const HorizonSpread first =
      spread_over(steps, kOutlookSteps[0], prior.size_of_first, prior.change_of_first,
                  prior.weight_of_first_size, prior.weight_of_first_change);
  std::vector<HorizonSpread> spreads;
  for (std::size_t i = 0; i < kOutlookSteps.size(); ++i) {
    spreads.push_back(spread_over(steps, kOutlookSteps[i], first.size * prior.size_ratio[i],
                                  first.change * prior.change_ratio[i], prior.weight,
                                  prior.weight));
    // Nobody knows more of a farther day.
    if (i > 0) spreads[i].size = std::max(spreads[i].size, spreads[i - 1].size);
  }
  return spreads;
}

Outlook outlook_of(const std::vector<HorizonSpread>& spreads, const DayNoise& noise,
                   double steps_per_day) {
  // What no curve sees: bytes that come back or die on a date. So much of new bytes, at any
  // distance.
  constexpr double kOfModel = 0.05;
  Outlook outlook;
  outlook.tail = kPrior.tail;
  const double days_vary = portable_exp(noise.spread * noise.spread) - 1;
  const double memory = (1 + noise.persistence) / (1 - noise.persistence);
  for (const HorizonSpread& spread : spreads) {
    const double size = kPrior.scale * spread.size, change = kPrior.scale * spread.change;
    const double all = change * change;
    const double of_days = days_vary * memory / static_cast<double>(spread.steps);
    outlook.points.push_back({static_cast<double>(spread.steps) / steps_per_day, size,
                              std::sqrt(std::max(all - of_days, all / 4) + kOfModel * kOfModel)});
  }
  return outlook;
}

}  // namespace backcast::sim
