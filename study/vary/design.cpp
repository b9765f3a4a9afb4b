#include "study/vary/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/base/checked.h"
#include "engine/base/text.h"
#include "sim/model/draws.h"
#include "study/run/changed_fields.h"

namespace backcast::study {
namespace {

using sim::Draws;
using sim::Purpose;

constexpr std::uint32_t kMorrisLevels = 4;
constexpr double kMorrisStep = 2.0 / 3;  // levels / (2 (levels - 1)), Morris 1991
constexpr std::uint32_t kBins = 8;

std::string number_text(double value, bool integer) {
  char text[40];
  const auto [end, error] =
      integer ? std::to_chars(text, text + sizeof text, std::llround(value))
              : std::to_chars(text, text + sizeof text, std::round(value * 1000) / 1000);
  return error == std::errc() ? std::string(text, end) : "0";
}

struct Number {
  double value;
  std::string unit;
};
std::optional<Number> parse_number(std::string_view text) {
  text = trim(text);
  Number n{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n.value);
  if (error != std::errc() || !std::isfinite(n.value)) return std::nullopt;
  n.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return n;
}

double draw(const Draws& draws, std::uint32_t factor, std::uint64_t index) {
  return draws.uniform(factor, Purpose::kSweep, index);
}

Status check_values(std::uint64_t rows, std::size_t factors) {
  if (rows * factors <= kMaxPointValues) return kOk;
  return bad_input(
      fmt::format("{} rows over {} fields are more than {} values", rows, factors, kMaxPointValues),
      "give fewer points, or vary fewer fields");
}

Result<Points> grid(std::span<const Factor> factors) {
  std::uint64_t rows = 1;
  for (const Factor& f : factors) {
    if (f.levels.empty()) {
      return bad_input(f.pointer + " is a range, and a grid needs levels",
                       "give them (1%,2%,5%), their number (1%..5%/3), or --design sobol");
    }
    rows *= f.levels.size();
    if (rows > kMaxPoints) return bad_input("the grid has more than 10,000,000 points");
  }
  BACKCAST_CHECK(check_values(rows, factors.size()));
  Points points(rows, std::vector<double>(factors.size()));
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::uint64_t rest = row;  // the last factor varies fastest
    for (std::size_t f = factors.size(); f-- > 0;) {
      const std::uint64_t levels = factors[f].levels.size();
      points[row][f] = (static_cast<double>(rest % levels) + 0.5) / static_cast<double>(levels);
      rest /= levels;
    }
  }
  return points;
}

Points latin(std::size_t factors, std::uint32_t count, const Draws& draws) {
  Points points(count, std::vector<double>(factors));
  for (std::uint32_t f = 0; f < factors; ++f) {
    std::vector<std::uint32_t> cells(count);
    std::iota(cells.begin(), cells.end(), 0U);
    for (std::uint32_t i = count; i > 1; --i) {
      std::swap(cells[i - 1], cells[draws.below(i, f, Purpose::kSweep, i)]);
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const double within = draw(draws, f, std::uint64_t{kMaxPoints} + 1 + i);
      points[i][f] = (cells[i] + within) / count;
    }
  }
  return points;
}

// Nested uniform scrambling (Owen 1995): each bit is flipped by a coin of its own that depends on
// the bits above it.
std::uint32_t scramble(std::uint32_t x, const Draws& draws, std::uint32_t factor) {
  std::uint32_t result = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const std::uint64_t above = bit == 31 ? 0 : x >> (bit + 1);
    const std::uint64_t coin =
        draws.bits(factor, Purpose::kSweep, above << 5 | static_cast<std::uint64_t>(bit)) & 1;
    result |= ((x >> bit & 1) ^ static_cast<std::uint32_t>(coin)) << bit;
  }
  return result;
}

Points sobol(std::size_t factors, std::uint32_t count, const Draws& draws) {
  boost::random::sobol_engine<std::uint32_t, 32> engine(factors);
  Points points(count, std::vector<double>(factors));
  bool first = true;  // the engine leaves out the sequence's first point, the origin
  for (auto& row : points) {
    for (std::uint32_t f = 0; f < factors; ++f) {
      row[f] = (scramble(first ? 0 : engine(), draws, f) + 0.5) * 0x1p-32;
    }
    first = false;
  }
  return points;
}

Points morris(std::size_t factors, std::uint32_t trajectories, const Draws& draws) {
  Points points;
  std::uint64_t index = 0;
  for (std::uint32_t t = 0; t < trajectories; ++t) {
    std::vector<double> at(factors);
    std::vector<std::uint32_t> order(factors);
    std::iota(order.begin(), order.end(), 0U);
    for (std::uint32_t f = 0; f < factors; ++f) {
      const auto level = draws.below(kMorrisLevels, f, Purpose::kSweep, index++);
      at[f] = static_cast<double>(level) / (kMorrisLevels - 1);
    }
    for (std::size_t i = factors; i > 1; --i) {
      std::swap(order[i - 1], order[draws.below(i, 0, Purpose::kSweep, (1ULL << 40) + index++)]);
    }
    points.push_back(at);
    for (const std::uint32_t f : order) {
      at[f] += at[f] < 0.5 ? kMorrisStep : -kMorrisStep;
      points.push_back(at);
    }
  }
  // The highest level is the end of the range itself.
  for (auto& row : points) {
    for (double& u : row) u = std::clamp(u, 0.0, 1 - 0x1p-40);
  }
  return points;
}

// Rows A, B, and A with one column of B each; Saltelli et al., Computer Physics Communications 181,
// 2010.
Points saltelli(std::size_t factors, std::uint32_t count, const Draws& draws) {
  const Points both = sobol(2 * factors, count, draws);
  Points points;
  for (const auto& row : both) {
    const std::vector<double> a(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(factors));
    const std::vector<double> b(row.begin() + static_cast<std::ptrdiff_t>(factors), row.end());
    points.push_back(a);
    points.push_back(b);
    for (std::size_t f = 0; f < factors; ++f) {
      points.push_back(a);
      points.back()[f] = b[f];
    }
  }
  return points;
}

double variance(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  // What rounding alone makes of equal values is no variance.
  return sum / n > 1e-20 * mean * mean ? sum / n : 0;
}

std::vector<Effect> morris_effects(const Points& points, std::span<const double> outputs) {
  const std::size_t factors = points.front().size();
  std::vector<std::vector<double>> elementary(factors);
  for (std::size_t row = 1; row < points.size(); ++row) {
    if (row % (factors + 1) == 0) continue;  // first of the next trajectory
    for (std::size_t f = 0; f < factors; ++f) {
      const double step = points[row][f] - points[row - 1][f];
      if (std::fabs(step) < kMorrisStep / 2) continue;
      elementary[f].push_back((outputs[row] - outputs[row - 1]) /
                              (step > 0 ? kMorrisStep : -kMorrisStep));
    }
  }
  std::vector<Effect> result(factors);
  for (std::size_t f = 0; f < factors; ++f) {
    for (const double e : elementary[f]) {
      result[f].first += std::fabs(e) / static_cast<double>(elementary[f].size());
    }
    result[f].second = elementary[f].empty() ? 0 : std::sqrt(variance(elementary[f]));
  }
  return result;
}

// First order by Saltelli 2010, total by Jansen 1999.
std::vector<Effect> saltelli_effects(const Points& points, std::span<const double> outputs) {
  const std::size_t factors = points.front().size(), block = factors + 2;
  const std::size_t count = outputs.size() / block;
  std::vector<double> ab;
  for (std::size_t i = 0; i < count; ++i) {
    ab.push_back(outputs[i * block]);
    ab.push_back(outputs[i * block + 1]);
  }
  const double all = variance(ab);
  std::vector<Effect> result(factors);
  if (all <= 0) return result;
  for (std::size_t f = 0; f < factors; ++f) {
    double first = 0, total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double a = outputs[i * block], b = outputs[i * block + 1];
      const double mixed = outputs[i * block + 2 + f];
      first += b * (mixed - a);
      total += (a - mixed) * (a - mixed) / 2;
    }
    result[f] = {first / static_cast<double>(count) / all,
                 total / static_cast<double>(count) / all};
  }
  return result;
}

std::vector<Effect> binned_effects(const Points& points, std::span<const double> outputs) {
  const double all = variance(outputs);
  std::vector<Effect> result(points.front().size());
  if (all <= 0) return result;
  const double mean =
      std::accumulate(outputs.begin(), outputs.end(), 0.0) / static_cast<double>(outputs.size());
  for (std::size_t f = 0; f < result.size(); ++f) {
    std::map<double, std::pair<double, double>> bins;  // by value, or eighths where many differ
    for (std::size_t row = 0; row < points.size(); ++row) bins[points[row][f]];
    const bool whole = bins.size() <= kBins;
    bins.clear();
    for (std::size_t row = 0; row < points.size(); ++row) {
      const double u = points[row][f];
      auto& [sum, count] = bins[whole ? u : std::floor(u * kBins)];
      sum += outputs[row];
      ++count;
    }
    for (const auto& [value, bin] : bins) {
      const double off = bin.first / bin.second - mean;
      result[f].first += bin.second * off * off / static_cast<double>(outputs.size()) / all;
    }
  }
  return result;
}

constexpr std::pair<Design, std::string_view> kNames[] = {{Design::kGrid, "grid"},
                                                          {Design::kLatin, "latin"},
                                                          {Design::kSobol, "sobol"},
                                                          {Design::kMorris, "morris"},
                                                          {Design::kSaltelli, "saltelli"}};

}  // namespace

std::string Factor::value_at(double u) const {
  if (!levels.empty()) {
    const auto index = static_cast<std::size_t>(u * static_cast<double>(levels.size()));
    return levels[std::min(index, levels.size() - 1)];
  }
  const double value = low + (high - low) * u;
  const std::string number = number_text(value, integers);
  return unit.empty() ? number : json_string(number + unit);
}

Result<Factor> parse_factor(std::string_view text) {
  const std::string hint = "such as '/services/0/size=10 GB..50 GB' or '/services/0/x=1%,2%,5%'";
  const std::size_t equals = text.find('=');
  if (!text.starts_with('/') || equals == text.npos) {
    return bad_input(printable(text) + " is not POINTER=VALUES", hint);
  }
  Factor factor;
  factor.pointer = text.substr(0, equals);
  std::string_view values = text.substr(equals + 1);
  const std::size_t dots = values.find("..");
  if (dots == values.npos) {
    while (!values.empty()) {
      const std::size_t comma = std::min(values.find(','), values.size());
      factor.levels.push_back(json_text(trim(values.substr(0, comma))));
      values.remove_prefix(std::min(comma + 1, values.size()));
    }
    if (factor.levels.empty()) return bad_input(factor.pointer + " has no values", hint);
    return factor;
  }
  std::string_view upper = values.substr(dots + 2);
  std::uint32_t levels = 0;
  if (const std::size_t slash = upper.rfind('/'); slash != upper.npos) {
    const std::string_view count = upper.substr(slash + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), levels);
    if (error != std::errc() || levels < 2 || levels > 10'000) {
      return bad_input(printable(count) + " is not a number of levels", "2 to 10000");
    }
    upper = upper.substr(0, slash);
  }
  const auto low = parse_number(values.substr(0, dots)), high = parse_number(upper);
  if (!low || !high || low->value >= high->value ||
      (!low->unit.empty() && low->unit != high->unit)) {
    return bad_input(printable(values) + " is not a range of rising numbers of one unit", hint);
  }
  factor.low = low->value;
  factor.high = high->value;
  factor.unit = high->unit;
  factor.integers = factor.unit.empty() && factor.low == std::floor(factor.low) &&
                    factor.high == std::floor(factor.high);
  for (std::uint32_t i = 0; i < levels; ++i) {
    factor.levels.push_back(
        Factor{factor.pointer, {}, factor.low, factor.high, factor.unit, factor.integers}.value_at(
            static_cast<double>(i) / (levels - 1)));
  }
  return factor;
}

Result<Design> parse_design(std::string_view text) {
  for (const auto& [design, known] : kNames) {
    if (text == known) return design;
  }
  return bad_input(printable(text) + " is not a design", "grid, latin, sobol, morris or saltelli");
}

std::string_view name(Design design) {
  for (const auto& [known, text] : kNames) {
    if (known == design) return text;
  }
  return "";
}

Result<Points> make_points(Design design, std::span<const Factor> factors, std::uint32_t points,
                           std::uint64_t seed) {
  if (factors.empty())
    return bad_input("nothing to vary", "--vary '/services/0/size=10 GB..50 GB'");
  if (design == Design::kGrid) return grid(factors);
  std::uint64_t rows = points;
  if (design == Design::kMorris) rows *= factors.size() + 1;
  if (design == Design::kSaltelli) rows *= factors.size() + 2;
  if (points == 0 || rows > kMaxPoints || factors.size() > 1000) {
    return bad_input("a design needs 1 to 10,000,000 rows over at most 1,000 fields");
  }
  BACKCAST_CHECK(check_values(rows, factors.size()));
  const Draws draws(seed, 0);
  switch (design) {
    case Design::kLatin:
      return latin(factors.size(), points, draws);
    case Design::kSobol:
      return sobol(factors.size(), points, draws);
    case Design::kMorris:
      return morris(factors.size(), points, draws);
    case Design::kSaltelli:
    case Design::kGrid:
      break;
  }
  return saltelli(factors.size(), points, draws);
}

std::vector<Effect> effects(Design design, const Points& points, std::span<const double> outputs) {
  if (points.empty()) return {};
  if (design == Design::kMorris) return morris_effects(points, outputs);
  if (design == Design::kSaltelli) return saltelli_effects(points, outputs);
  return binned_effects(points, outputs);
}

}  // namespace backcast::study
