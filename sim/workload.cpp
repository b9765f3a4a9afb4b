#include "sim/workload.h"

#include <algorithm>
#include <cmath>

#include "engine/policy/calendar.h"
#include "sim/portable_math.h"

namespace backcast::sim {
namespace {

double days_between(Instant from, Instant to) {
  return static_cast<double>((to - from).count()) / static_cast<double>(kDay.count());
}

// cos(2 pi turn) from additions and multiplications alone, so that it has the same bits anywhere.
double cosine_of_turn(double turn) {
  turn -= std::floor(turn);
  if (turn > 0.5) turn = 1 - turn;
  const bool negative = turn > 0.25;
  if (negative) turn = 0.5 - turn;
  const double x = turn * 6.283185307179586, xx = x * x;
  double term = 1, sum = 1;
  for (int k = 1; k <= 12; ++k) {
    term *= -xx / ((2 * k - 1) * (2 * k));
    sum += term;
  }
  return negative ? -sum : sum;
}

double recorded_size(const std::vector<SizePoint>& points, Instant t) {
  const auto after = std::upper_bound(points.begin(), points.end(), t,
                                      [](Instant at, const SizePoint& p) { return at < p.at; });
  if (after == points.begin()) return static_cast<double>(points.front().size_bytes);
  const SizePoint& a = *(after - 1);
  if (after == points.end()) return static_cast<double>(a.size_bytes);
  const double part = days_between(a.at, t) / days_between(a.at, after->at);
  const auto from = static_cast<double>(a.size_bytes), to = static_cast<double>(after->size_bytes);
  return from + (to - from) * part;
}

double exact_size(const Workload& workload, Instant start, Instant t) {
  const Growth& growth = workload.growth;
  double size = growth.recorded.empty() ? static_cast<double>(workload.size_bytes)
                                        : recorded_size(growth.recorded, t);
  const double days = days_between(start, t);
  if (growth.share_per_year != 0) {
    size *= portable_exp(portable_log(1 + growth.share_per_year) * days / 365.25);
  }
  if (growth.season_amplitude != 0) {
    const double turn = days_between(growth.season_peak, t) * static_cast<double>(kDay.count()) /
                        static_cast<double>(growth.season_period.count());
    size *= 1 + growth.season_amplitude * cosine_of_turn(turn);
  }
  size += static_cast<double>(growth.bytes_per_day) * days;
  for (const SizeStep& step : growth.steps) {
    if (step.at <= t) size += static_cast<double>(step.change_bytes);
  }
  for (const Burst& burst : workload.bursts) {
    if (burst.at <= t) size += static_cast<double>(burst.added_bytes);
  }
  return std::clamp(size, 0.0, 9.0e18);
}

// Operational days: each calendar day (UTC) counts as much as its weekday is busy.
double busy_days(const Workload& workload, Instant start, Instant t) {
  const auto& factor = workload.weekday_factor;
  double week = 0;
  for (const double f : factor) week += f;
  const auto days_since_monday = [](Instant at) {  // 1970-01-05 was a Monday
    return days_between(Instant{}, at) - 4;
  };
  const auto up_to = [&](double days) {
    const double weeks = std::floor(days / 7);
    double sum = weeks * week, rest = days - weeks * 7;
    for (int day = 0; day < 7 && rest > 0; ++day, rest -= 1) {
      sum += factor[static_cast<std::size_t>(day)] * std::min(rest, 1.0);
    }
    return sum;
  };
  return up_to(days_since_monday(t)) - up_to(days_since_monday(start));
}

}  // namespace

std::uint64_t size_at(const Workload& workload, Instant start, Instant t) {
  return static_cast<std::uint64_t>(exact_size(workload, start, t));
}

Generation generation_at(const Workload& workload, const SurvivalCurve& curve, Instant start,
                         Instant t) {
  Generation generation;
  const double size = exact_size(workload, start, t);
  // Exact where nothing is scaled, so that a 20 GB service has a backup of 20 GB to the byte.
  generation.size_bytes = static_cast<std::uint64_t>(size * workload.stored_share + 0.5);
  const double growth =
      workload.size_bytes == 0 ? 1 : size / static_cast<double>(workload.size_bytes);
  generation.disk_bytes =
      static_cast<std::uint64_t>(static_cast<double>(workload.disk_bytes) * growth);
  generation.operational_time = busy_days(workload, start, t);
  for (const Burst& burst : workload.bursts) {
    if (burst.at <= t) generation.operational_time += curve.advance(1 - burst.rewritten_share);
  }
  if (workload.rewrite_every > Duration{0}) {
    const auto times = static_cast<double>((t - start) / workload.rewrite_every);
    generation.operational_time += times * curve.advance(1 - workload.rewrite_share);
  }
  return generation;
}

}  // namespace backcast::sim
