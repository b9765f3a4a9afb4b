// How much more or less is new on some weekdays than on others.
#pragma once

#include <array>
#include <vector>

#include "sim/fit/history.h"

namespace backcast::sim {

// New bytes of each weekday, Monday first, of the mean of a week: 1 where weekdays are alike, and
// for all where backups are not daily, times are not known or a weekday was seen less than three
// times. `rewritten[i]` says that step i, from backup i to i + 1, is a rewrite at one distance and
// not to be counted; empty: none is. The middle of what a backup covers says which day was busy.
// What chance makes of as many days is not believed: factors are drawn in to 1 by as much as days
// of one weekday scatter beside the weekdays themselves.
std::array<double, 7> fit_weekdays(const ObservedHistory& history,
                                   const std::vector<bool>& rewritten);

}  // namespace backcast::sim
