// Whether a history's sizes swing with the year, the quarter or the month, and what they would have
// been without.
#pragma once

#include "sim/fit/history.h"
#include "sim/model/sizes/season.h"

namespace backcast::sim {

// Year: 365.25 days; a quarter and a month are its fourth and twelfth part.
inline constexpr Duration kSeasonYear = std::chrono::hours(8766);
inline constexpr Duration kSeasonQuarter = kSeasonYear / 4;
inline constexpr Duration kSeasonMonth = kSeasonYear / 12;

struct SeasonFit {
  Season season;
  // Standard error of its cosine and of its sine, as parts of the size.
  double deviation = 0;

  // That of the size so long ahead against today's, for what is not known of the season.
  double spread_after(Duration ahead) const;
};

// A cosine in the logarithm of the size, beside a straight line and without jumps: of two whole
// years, or four whole quarters or months. Taken where both halves of the history show the same
// (phases an eighth of a period apart at most, amplitudes a factor of 2), where it explains half of
// what the line leaves and more than a random walk would, and where it is 2 % at least; 90 % at
// most. Where several are, the one that explains most. The peak is the last one up to the last
// backup, to the hour; the amplitude is in thousandths. None where a time is not
// known or a size is 0.
SeasonFit fit_season(const ObservedHistory& history);

// Sizes divided by the season's factor; new bytes without those by which the season made the size
// grow, and with those that it will bring back. What was lost stays as it was seen.
ObservedHistory without_season(const ObservedHistory& history, const Season& season);

}  // namespace backcast::sim
