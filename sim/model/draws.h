// Random draws without state: each is a pure function of (seed, replication, entity, purpose,
// index), so it is the same on any thread, in any order and under any policy that is compared.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace backcast::sim {

// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

// What a draw is for. Numbers are part of every result: never renumber, only append.
enum class Purpose : std::uint8_t {
  kStartJitter = 0,
  kSize = 1,
  kChange = 2,
  kFailure = 3,
  kDuration = 4,
  kOutage = 5,
  kBurst = 6,
  kFleet = 7,
  kRestore = 8,
  kSweep = 9,
  kCompression = 10,
  kHistory = 11,
  kOutlook = 12,
  kStruck = 13,
  kGrowth = 14,
  kTest = 255,
};

class Draws {
 public:
  Draws() = default;
  Draws(std::uint64_t seed, std::uint32_t replication) : seed_(seed), replication_(replication) {}

  // 64 uniform bits. `index` counts the draws of one entity and purpose, below 2^56.
  std::uint64_t bits(std::uint32_t entity, Purpose purpose, std::uint64_t index) const;

  // Uniform in (0, 1): never 0, never 1.
  double uniform(std::uint32_t entity, Purpose purpose, std::uint64_t index) const;
  // Uniform integer in 0..bound-1, bound > 0; exact to 2^-64 (multiply-shift).
  std::uint64_t below(std::uint64_t bound, std::uint32_t entity, Purpose purpose,
                      std::uint64_t index) const;
  std::uint32_t replication() const { return replication_; }

 private:
  std::uint64_t seed_ = 0;
  std::uint32_t replication_ = 0;
};

// A law of one number, as a scenario states it. Values are in whatever unit the field has.
struct Distribution {
  enum class Kind : std::uint8_t {
    kFixed,        // a
    kUniform,      // from a to b
    kNormal,       // mean a, standard deviation b
    kLogNormal,    // median a > 0, standard deviation b of the logarithm
    kExponential,  // mean a
  };
  Kind kind = Kind::kFixed;
  double a = 0, b = 0;

  // The value below which a share u of the draws lies, 0 < u < 1: inversion keeps draws monotone
  // in u, which common random numbers, antithetic pairs and Sobol points all rely on.
  double quantile(double u) const;
  double draw(const Draws& draws, std::uint32_t entity, Purpose purpose,
              std::uint64_t index) const {
    return quantile(draws.uniform(entity, purpose, index));
  }
  double mean() const;
};

// What is not known of the days to come: how far sizes and changes may be from a workload's own
// path, the longer ahead the farther; days of more change than usual; how days scatter.

// So many days after the start: standard deviations of the logarithms of truth / path.
struct OutlookPoint {
  double days = 0;  // > 0
  double size = 0, change = 0;
};

// When the start is within a time of little change, and nobody knows how long that goes on: for T
// more days with P(T > t) = left_days / (left_days + t), so that half of the lulls last that long
// and some for months.
struct Lull {
  double pace = 1;       // how much changes and grows, of what is usual: 0 to 1
  double left_days = 0;  // the median of T; 0: there is no lull

  double days_left(double u) const { return left_days * (1 / u - 1); }  // 0 < u < 1
};

// Linear in between, the size's from 0 at the start; after the last point like it.
struct Outlook {
  std::vector<OutlookPoint> points;  // by days; empty: the path is certain
  double tail = 0;                   // degrees of freedom of Student's t, from 3; 0: normal
  double shape = 0;  // standard deviation of SurvivalCurve::bent, in each replication but the first
  Lull lull{};       // the path has the median of it

  double size_spread(double days) const;
  double change_spread(double days) const;
};

// With the probability `per_day` a day rewrites more than `beyond` of the data, which is within the
// usual rate of change; how much more has a Pareto law: X = beyond * U^(-1 / tail), 0.95 at most.
struct RandomBursts {
  double per_day = 0, beyond = 0, tail = 1;

  // The share that a burst rewrites which so many others exceed, 0 < u < 1.
  double share_at(double u) const;
  // The share that this day rewrites; 0 where it is like others.
  double share_of(const Draws& draws, std::uint32_t entity, std::int64_t day) const;
  static constexpr double kMostShare = 0.95;
};

// How days scatter: the logarithm of how busy a day is, its spread, tails and memory.
struct DayNoise {
  double spread = 0;       // standard deviation; 0: days are alike
  double tail = 0;         // as Outlook::tail
  double persistence = 0;  // correlation of one day with the next, 0..0.95

  // The factor of a day with such a deviation is scale() * e^(spread * deviation): its mean is 1.
  double scale() const;
  double factor(double normal_deviation, double scale) const;
};

// A standard normal deviation as one of Student's t with so many degrees of freedom, scaled to
// standard deviation 1 and within 8 of it; 0 leaves it as it is.
double with_tail(double normal_deviation, double tail);

}  // namespace backcast::sim
