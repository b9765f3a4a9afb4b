#include "sim/model/draws.h"

#include <algorithm>
#include <cmath>

#include "engine/base/checked.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

double between_points(const std::vector<OutlookPoint>& points, double days,
                      double OutlookPoint::*spread, double at_start) {
  if (points.empty() || days <= 0) return 0;
  double before_days = 0, before = at_start;
  for (const OutlookPoint& point : points) {
    if (days <= point.days) {
      return before + (point.*spread - before) * (days - before_days) / (point.days - before_days);
    }
    before_days = point.days;
    before = point.*spread;
  }
  return before;
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = 0xD2511F53ULL * counter[0];
    const std::uint64_t product1 = 0xCD9E8D57ULL * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

std::uint64_t Draws::bits(std::uint32_t entity, Purpose purpose, std::uint64_t index) const {
  const auto low = static_cast<std::uint32_t>(index);
  const auto high = static_cast<std::uint32_t>(index >> 32 & 0xFFFFFF);
  const auto block =
      philox4x32({low, high | static_cast<std::uint32_t>(purpose) << 24, entity, replication_},
                 {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
  return static_cast<std::uint64_t>(block[1]) << 32 | block[0];
}

double Draws::uniform(std::uint32_t entity, Purpose purpose, std::uint64_t index) const {
  const std::uint64_t top52 = bits(entity, purpose, index) >> 12;
  return (static_cast<double>(top52) + 0.5) * 0x1p-52;
}

std::uint64_t Draws::below(std::uint64_t bound, std::uint32_t entity, Purpose purpose,
                           std::uint64_t index) const {
  const uint128 product = static_cast<uint128>(bits(entity, purpose, index)) * bound;
  return static_cast<std::uint64_t>(product >> 64);
}

double Distribution::quantile(double u) const {
  switch (kind) {
    case Kind::kFixed:
      return a;
    case Kind::kUniform:
      return a + (b - a) * u;
    case Kind::kNormal:
      return a + b * normal_quantile(u);
    case Kind::kLogNormal:
      return a * portable_exp(b * normal_quantile(u));
    case Kind::kExponential:
      return -a * portable_log(1 - u);
  }
  return a;
}

double Distribution::mean() const {
  switch (kind) {
    case Kind::kUniform:
      return (a + b) / 2;
    case Kind::kLogNormal:
      return a * portable_exp(b * b / 2);
    case Kind::kFixed:
    case Kind::kNormal:
    case Kind::kExponential:
      break;
  }
  return a;
}

double Outlook::size_spread(double days) const {
  return between_points(points, days, &OutlookPoint::size, 0);
}

double Outlook::change_spread(double days) const {
  return between_points(points, days, &OutlookPoint::change,
                        points.empty() ? 0 : points.front().change);
}

double RandomBursts::share_of(const Draws& draws, std::uint32_t entity, std::int64_t day) const {
  const auto index = static_cast<std::uint64_t>(day) * 2;
  if (!(draws.uniform(entity, Purpose::kBurst, index) < per_day)) return 0;
  return share_at(draws.uniform(entity, Purpose::kBurst, index + 1));
}

double RandomBursts::share_at(double u) const {
  return std::min(beyond * portable_exp(-portable_log(u) / tail), kMostShare);
}

double DayNoise::scale() const {
  if (tail == 0) return portable_exp(-spread * spread / 2);
  constexpr int kSteps = 70;  // of a tenth, to both sides; the sum converges as if it were exact
  constexpr double kStep = 0.1, kDensity = 0.3989422804014327;  // of a normal law at its middle
  double sum = 0;
  for (int i = -kSteps; i <= kSteps; ++i) {
    const double z = kStep * i;
    sum += kStep * kDensity * portable_exp(spread * with_tail(z, tail) - z * z / 2);
  }
  return 1 / sum;
}

double DayNoise::factor(double normal_deviation, double scale) const {
  return scale * portable_exp(spread * with_tail(normal_deviation, tail));
}

// Hill, Algorithm 396, CACM 13 (1970), gives the same expansion in 1 / degrees of freedom.
double with_tail(double z, double tail) {
  if (tail == 0) return z;
  const double zz = z * z, n = tail;
  const double t = z * (1 + (zz + 1) / (4 * n) + ((5 * zz + 16) * zz + 3) / (96 * n * n) +
                        (((3 * zz + 19) * zz + 17) * zz - 15) / (384 * n * n * n));
  return std::clamp(t * std::sqrt((n - 2) / n), -8.0, 8.0);  // a root is exact by IEEE-754
}

}  // namespace backcast::sim
