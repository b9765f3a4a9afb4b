// How far operational time goes over days of a calendar.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/instant.h"
#include "sim/model/delta_model.h"
#include "sim/model/draws.h"

namespace backcast::sim {

// Operational time as a recorded history has it.
struct BusyPoint {
  Instant at{};
  double operational_time = 0;
};

double days_between(Instant from, Instant to);
// Of a day since 1970, Monday 0.
std::size_t weekday_of(std::int64_t day);

// Linear between the points; before the first and after the last at the mean pace of all.
double recorded_busy(const std::vector<BusyPoint>& points, Instant t);

// Operational days: each calendar day (UTC) counts as much as its weekday is busy.
double busy_days(const std::array<double, 7>& weekday_factor, Instant start, Instant t);

// The operational time of a day beside its noise and bursts, so that drawn days lose in the mean
// what one even day loses: a mean that has bursts in it lies above the days between them, and of a
// busy and a calm day less dies than of two in between. The mean is that of 16 levels of noise and
// 4 of bursts: what is rarer is seldom seen in a month. 1 where nothing is drawn; 0.02 to 50.
double pace_beside_draws(const DayNoise& noise, const RandomBursts& bursts,
                         const SurvivalCurve& curve);

}  // namespace backcast::sim
