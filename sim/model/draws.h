// Random draws without state: each is a pure function of (seed, replication, entity, purpose,
// index), so it is the same on any thread, in any order and under any policy that is compared.
#pragma once

#include <array>
#include <cstdint>

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

}  // namespace backcast::sim
