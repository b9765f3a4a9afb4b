#include "sim/model/draws.h"

#include "engine/base/checked.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {

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

}  // namespace backcast::sim
