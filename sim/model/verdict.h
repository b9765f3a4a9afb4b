// What is said of a requirement, and when replications are enough to say it. The only place where
// a verdict is decided; everything that tells one (text, Markdown, page, JSON, JUnit, exit code)
// asks here.
#pragma once

#include <cstdint>
#include <string>
#include "engine/base/checked.h"

namespace backcast::sim {

struct Scenario;

enum class Verdict : std::uint8_t {
  kHolds,
  kUnknown,  // nothing fails, and it is not proved either
  kFails,
};
// A value given for one run beside the document.
struct AssumedValue {
  std::string pointer, value;
};

// "holds", "unknown", "fails": in files. The same in capitals for people.
const char* name(Verdict verdict);
const char* shown(Verdict verdict);

// Of several: FAILS outranks UNKNOWN outranks HOLDS.
constexpr Verdict worse(Verdict a, Verdict b) {
  return a < b ? b : a;
}

// A share in 0..1 as whole parts of a thousand million, so that counts are compared exactly.
inline constexpr std::uint64_t kWholeShare = 1'000'000'000;
std::uint64_t parts_of(double share);

inline constexpr std::uint32_t kMaxReplications = 10'000'000;
// Of `replications` so many must hold for a quantile in (0, 1].
std::uint64_t required_replications(double quantile, std::uint64_t replications);
// Fewer than this many cannot tell: 3 / (1 - quantile), so that three may fail on average where it
// just holds; 2 where all must hold.
std::uint64_t least_replications(double quantile);
// As many as a scenario's requirements need: 200 or more, 1 where nothing in it is drawn.
std::uint32_t wanted_replications(const Scenario& scenario);

// How replications fared; the rest of `all` was not known or did not run.
struct Count {
  std::uint64_t held = 0, failed = 0, all = 0;
};
// FAILS where more fail than may, HOLDS where as many hold as must, else UNKNOWN; UNKNOWN where
// they are too few for the quantile.
Verdict verdict_of(const Count& count, double quantile);

// A shortfall of `broken` out of `judged` (both in one unit) where the share `of_time` must hold.
bool is_tolerated(uint128 broken, uint128 judged, double of_time);

}  // namespace backcast::sim
