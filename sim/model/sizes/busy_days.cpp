#include "sim/model/sizes/busy_days.h"

#include <algorithm>
#include <cmath>

#include "engine/base/time_math.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Levels of a uniform draw in the middles of so many equal parts.
template <std::size_t count>
std::array<double, count> middles() {
  std::array<double, count> levels;
  for (std::size_t i = 0; i < count; ++i) {
    levels[i] = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
  }
  return levels;
}

}  // namespace

double days_between(Instant from, Instant to) {
  return static_cast<double>(between(from, to).count()) / static_cast<double>(kDay.count());
}

// 1970-01-01 was a Thursday.
std::size_t weekday_of(std::int64_t day) {
  return static_cast<std::size_t>((day + 3) % 7);
}

double recorded_busy(const std::vector<BusyPoint>& points, Instant t) {
  const auto after = std::upper_bound(points.begin(), points.end(), t,
                                      [](Instant at, const BusyPoint& p) { return at < p.at; });
  const BusyPoint &first = points.front(), &last = points.back();
  if (after == points.begin() || after == points.end()) {
    const double pace = (last.operational_time - first.operational_time) /
                        std::max(days_between(first.at, last.at), 1e-9);
    const BusyPoint& from = after == points.begin() ? first : last;
    return from.operational_time + pace * days_between(from.at, t);
  }
  const BusyPoint& a = *(after - 1);
  const double part = days_between(a.at, t) / days_between(a.at, after->at);
  return a.operational_time + (after->operational_time - a.operational_time) * part;
}

double busy_days(const std::array<double, 7>& factor, Instant start, Instant t) {
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

double pace_beside_draws(const DayNoise& noise, const RandomBursts& bursts,
                         const SurvivalCurve& curve) {
  const double wanted = curve.alive(1);
  if (wanted >= 1 || (noise.spread == 0 && bursts.per_day == 0)) return 1;
  std::vector<double> days{1}, added;
  if (noise.spread > 0) {
    days.clear();
    const double scale = noise.scale();
    for (const double u : middles<16>()) {
      days.push_back(noise.factor(normal_quantile(u), scale));
    }
  }
  if (bursts.per_day > 0) {
    for (const double u : middles<4>()) {
      added.push_back(curve.advance(1 - bursts.share_at(u)) - curve.advance(1 - bursts.beyond));
    }
  }
  const auto left = [&](double pace) {
    double sum = 0;
    for (const double day : days) {
      double after_bursts = 0;
      for (const double more : added) after_bursts += curve.alive(pace * day + more);
      sum += (1 - bursts.per_day) * curve.alive(pace * day);
      if (!added.empty()) sum += bursts.per_day * after_bursts / static_cast<double>(added.size());
    }
    return sum / static_cast<double>(days.size());
  };
  constexpr int kHalvings = 14;  // to half a thousandth
  double low = portable_log(0.02), high = portable_log(50);
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (left(portable_exp(middle)) > wanted ? low : high) = middle;
  }
  return portable_exp((low + high) / 2);
}

}  // namespace backcast::sim
