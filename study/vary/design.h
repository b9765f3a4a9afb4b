// Which points of a space of inputs to try: whole grids, Latin hypercubes, scrambled Sobol points,
// and the designs of Morris and Saltelli that tell which inputs matter.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace backcast::study {

// One input and the values it can take: "/services/0/size=10 GB..50 GB",
// "/services/0/change/per_day=1%,2%,5%", "/schedules/0/retention=7..30/4" (4 levels of a range).
struct Factor {
  std::string pointer;              // RFC 6901, into the scenario document
  std::vector<std::string> levels;  // as JSON texts; empty for a range
  double low = 0, high = 0;
  std::string unit;       // behind the number; "" = a bare number
  bool integers = false;  // both ends are integers without a unit

  // The value at 0 <= u < 1, as JSON text.
  std::string value_at(double u) const;
};

// Errors: kBadInput for anything else; a range of different units or whose ends are not in order.
Result<Factor> parse_factor(std::string_view text);

enum class Design : std::uint8_t { kGrid, kLatin, kSobol, kMorris, kSaltelli };
Result<Design> parse_design(std::string_view name);  // grid, latin, sobol, morris, saltelli
std::string_view name(Design design);

inline constexpr std::uint32_t kMaxPoints = 10'000'000;
inline constexpr std::uint64_t kMaxPointValues = 20'000'000;  // rows times factors: about 2 GB

// Points of the unit cube, row by row; each row has one coordinate per factor.
using Points = std::vector<std::vector<double>>;

// `points`: rows of a Latin hypercube or Sobol sequence; trajectories of Morris, each factors + 1
// rows; base points of Saltelli, each factors + 2 rows. A grid needs levels and ignores it. The
// same seed gives the same points everywhere. Errors: kBadInput for a grid over a range, more than
// kMaxPoints rows, or no factor.
Result<Points> make_points(Design design, std::span<const Factor> factors, std::uint32_t points,
                           std::uint64_t seed);

// How much a factor moves an output.
struct Effect {
  // Morris: mean of absolute elementary effects, and their standard deviation. Saltelli: share of
  // the variance explained alone, and with all its interactions. Otherwise `first` is the share of
  // the variance that the means over eight bins (or the levels) of the factor explain.
  double first = 0, second = 0;
};
std::vector<Effect> effects(Design design, const Points& points, std::span<const double> outputs);

}  // namespace backcast::study
