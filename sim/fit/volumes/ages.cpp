#include "sim/fit/volumes/ages.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace backcast::sim {
namespace {

// Chosen on the known seeds of docs/fidelity.md; results move little around them.
constexpr std::size_t kSeen = 90, kAhead = 90, kOldAges = 21;
constexpr double kMostOfUsual = 3, kPriorOfUsual = 1;
constexpr std::size_t kFewSteps = 20;

// What came with each step and what was gone after it.
struct Turnover {
  std::vector<double> came, died;
};

Turnover turnover_of(std::span<const ObservedLife> lives, std::size_t count) {
  Turnover all{std::vector<double>(count, 0), std::vector<double>(count, 0)};
  for (const ObservedLife& life : lives) {
    const auto bytes = static_cast<double>(life.bytes);
    if (life.first > 0 && life.first <= count) all.came[life.first - 1] += bytes;
    if (life.last < count) all.died[life.last] += bytes;
  }
  return all;
}

// Of square roots, so that neither the largest steps nor the smallest decide alone; 0 where all are
// alike or one is large where the other is small.
double correlation(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = std::sqrt(a[i]), y = std::sqrt(b[i]);
    sum_a += x, sum_b += y, aa += x * x, bb += y * y, ab += x * y;
  }
  const double squares = (aa - sum_a * sum_a / n) * (bb - sum_b * sum_b / n);
  return squares > 0 ? std::clamp((ab - sum_a * sum_b / n) / std::sqrt(squares), 0.0, 1.0) : 0;
}

// Bytes that were there, a step each, and of these those that died in it.
struct Exposed {
  double bytes = 0, died = 0;

  void add(double weight, double there, double gone) {
    bytes += weight * there, died += weight * gone;
  }
  double hazard() const { return bytes > 0 ? died / bytes : 0; }
};

// What came with one step, or was there before the first.
struct Cohort {
  std::size_t born = 0;
  double alive = 0;          // after the last step
  std::vector<double> died;  // by step, the last kSeen ones
  double seen() const { return std::accumulate(died.begin(), died.end(), alive); }
};

std::vector<Cohort> cohorts_of(std::span<const ObservedLife> lives, std::size_t count) {
  const std::size_t from = count - std::min(count, kSeen);
  std::vector<Cohort> cohorts;
  for (std::size_t born = 0; born <= count; ++born) {
    cohorts.push_back({born, 0, std::vector<double>(count - from, 0)});
  }
  for (const ObservedLife& life : lives) {
    if (life.first > count || life.last < from) continue;
    Cohort& cohort = cohorts[life.first];
    (life.last >= count ? cohort.alive : cohort.died[life.last - from]) +=
        static_cast<double>(life.bytes);
  }
  return cohorts;
}

struct Hazards {
  std::vector<double> by_age;  // share that dies in a step, by the steps that it has lived
  double before_first = 0;     // of what was there before the first step
};

Hazards hazards_of(std::span<const Cohort> cohorts, std::size_t count, double usual) {
  std::vector<Exposed> by_age(count + kAhead + 1);
  Exposed before_first;
  for (const Cohort& cohort : cohorts) {
    double there = cohort.seen();
    const double weight = std::min(1.0, kMostOfUsual * usual / std::max(there, 1.0));
    const std::size_t from = count - cohort.died.size();
    for (std::size_t step = std::max(from, cohort.born); step < count; ++step) {
      const double gone = cohort.died[step - from];
      if (cohort.born == 0) {
        before_first.add(1, there, gone);
      } else {
        by_age[step - cohort.born].add(weight, there, gone);
      }
      there -= gone;
    }
  }
  std::size_t ages = by_age.size();
  while (ages > 0 && by_age[ages - 1].bytes <= 0) --ages;
  Exposed oldest;
  for (std::size_t age = ages - std::min(ages, kOldAges); age < ages; ++age) {
    oldest.add(1, by_age[age].bytes, by_age[age].died);
  }
  Hazards hazards{{}, before_first.hazard()};
  const double prior = oldest.bytes > 0 ? oldest.hazard() : hazards.before_first;
  for (Exposed& exposed : by_age) {
    exposed.add(kPriorOfUsual * usual, 1, prior);
    hazards.by_age.push_back(exposed.hazard());
  }
  return hazards;
}

// What is left of all that, and of as much each step as is usual.
double bytes_ahead(std::span<const Cohort> cohorts, const Hazards& hazards, std::size_t count,
                   double usual) {
  double bytes = 0;
  for (const Cohort& cohort : cohorts) {
    double left = cohort.alive;
    for (std::size_t step = count; step < count + kAhead; ++step) {
      left *= 1 - (cohort.born == 0 ? hazards.before_first : hazards.by_age[step - cohort.born]);
    }
    bytes += left;
  }
  double left = usual;
  for (std::size_t age = 0; age < kAhead; ++age) {
    bytes += left;
    left *= 1 - hazards.by_age[age];
  }
  return bytes;
}

}  // namespace

GrowthByAge growth_by_age(const VolumeSteps& steps, std::size_t count) {
  if (steps.lives.empty() || steps.holes > 0 || count < kFewSteps) return {};
  const Turnover turnover = turnover_of(steps.lives, count);
  const double usual = recent_new_bytes(turnover.came);
  if (usual <= 0) return {};
  const std::vector<Cohort> cohorts = cohorts_of(steps.lives, count);
  const Hazards hazards = hazards_of(cohorts, count, usual);
  double now = 0;
  for (const Cohort& cohort : cohorts) now += cohort.alive;
  const double ahead = bytes_ahead(cohorts, hazards, count, usual);
  const double r = correlation(turnover.came, turnover.died);
  const double share = (1 - r * r) * (1 - r * r);
  return {(ahead - now) / static_cast<double>(kAhead), share};
}

}  // namespace backcast::sim
