// How far the delta model is from recorded histories: the figures of docs/fidelity.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/fit/history.h"

namespace backcast::sim {

// Thinning rules over generations; a generation counts as a day, 7 as a week, 30 as a month.
struct Thinning {
  enum class Kind : std::uint8_t { kCalendar, kEvery, kRandom };
  Kind kind = Kind::kCalendar;
  std::uint32_t daily = 0, weekly = 0, monthly = 0;  // kCalendar: newest of each of the last ...
  std::uint32_t every = 1;                           // kEvery, kRandom: one in so many
  std::string name;
  std::uint32_t draw = 0;  // kRandom: which of its draws
};
// 7/4/3, 14/8/12, every 7th, and a random quarter in eight draws, of which one alone may hit or
// miss a day that decides.
std::vector<Thinning> published_thinnings();
inline constexpr std::uint32_t kRandomDraws = 8;

// What the rule keeps when `now` is the newest generation: ascending, always with `now`.
std::vector<std::uint32_t> kept_at(const Thinning& rule, std::uint32_t now);

// Of values that count by their weights.
struct Spread {
  double median = 0, p95 = 0;
  std::size_t count = 0;
};
Spread spread_of(const std::vector<double>& values);
struct Weighted {
  double value = 0, weight = 1;
};
Spread spread_of(std::vector<Weighted> values);

// Of one thinning rule, over all of its draws.
struct RuleFidelity {
  std::string name;
  Spread frozen, refitted, linear, freed;
};

// Relative errors of stored bytes unless said otherwise, as shares (0.02 = 2 %). The rules weigh
// the same, whatever the number of their draws.
struct Fidelity {
  std::uint32_t generations = 0, calibrated_on = 0;
  Spread overlaps;  // true overlaps of pairs: what knowing no more than those costs
  Spread frozen;    // model fitted once on the first third, volumes given
  Spread refitted;  // refitted every 30 generations, 1 to 30 ahead, overlaps that exist known
  Spread prior;     // sizes and new bytes only
  Spread linear, compounding;
  Spread freed;  // bytes freed over 30 steps of pruning, frozen fit
  Spread bill;   // mean stored bytes over the test span, one per rule
  std::vector<RuleFidelity> rules;
  double resurrection_share = 0;
  bool by_age = false;       // the law of the first third: by age, or by the curve
  std::uint32_t bursts = 0;  // backups with more than five times the usual new bytes
};
// At least kMinFidelityGenerations generations: fewer leave nothing to fit on.
inline constexpr std::uint32_t kMinFidelityGenerations = 30;
// Once `stop` is set it ends early, and what it gives back means nothing.
Fidelity measure_fidelity(const PresenceTable& table, const std::atomic<bool>* stop = nullptr);

}  // namespace backcast::sim
