// What forecasts made in the past would have been: at every so many backups the history up to there
// is calibrated as a user would, the workload lives on in the simulated world from the restore
// points that existed, over replications, and what came is held against it. Only what was known
// then is used.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "study/history/plain_rules.h"
#include "study/history/recorded.h"
#include "study/run/watch.h"

namespace backcast::study {

struct BacktestOptions {
  std::vector<std::uint32_t> ahead = {7, 30, 60, 90};  // backups; ascending
  std::uint32_t first = 0;  // backups before the first forecast; 0: what the last year or, of a
                            // shorter history, the last two thirds leave, but at least kLeastFirst
  std::uint32_t every = 0;  // backups between forecasts; 0: as few as make about 24 of them
  std::uint32_t replications = 100;
  std::uint64_t seed = 1;
  bool looks_ahead = true;                      // also forecasts from the newest backup
  std::optional<std::uint64_t> capacity_bytes;  // when is a store of this size full?
  unsigned threads = 0;                         // 0 = every core; the result does not depend on it
  Watch watch = {};
};
inline constexpr std::uint32_t kLeastFirst = 20;
// Under which histories are looked at where nobody says.
inline constexpr const char* kUsualPolicy =
    "restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 3";

// 5th, 50th and 95th percentile of replications.
struct Interval {
  double low = 0, median = 0, high = 0;
  // `tolerance`: how far outside still makes no difference, in the unit of the value.
  bool holds(double value, double tolerance) const {
    return low - tolerance <= value && value <= high + tolerance;
  }
};

// In this order wherever figures stand side by side.
enum class Figure : std::uint8_t { kStoredBytes, kFreedBytes, kBill };
inline constexpr std::array kFigures{Figure::kStoredBytes, Figure::kFreedBytes, Figure::kBill};
std::string_view name(Figure figure);  // "stored_bytes", "freed_bytes", "bill"
double in(const Outcome& outcome, Figure figure);

// One forecast at one distance.
struct Forecasted {
  std::uint32_t made_at = 0;  // number of the newest backup that was known
  std::uint32_t ahead = 0;    // backups
  Instant made{}, due{};
  std::array<Interval, kFigures.size()> ours{};
  std::array<Outcome, kPlainRules.size()> plain{};
  std::optional<Outcome> truth;  // none: it lies ahead
};

// All forecasts of one figure at one distance. Errors are |forecast / truth - 1|.
struct Accuracy {
  Figure figure{};
  std::uint32_t ahead = 0;
  std::uint32_t forecasts = 0;
  double median = 0, p95 = 0;  // of the medians' errors
  double held = 0;             // share of truths within P5-P95
  double width = 0;            // median of (high - low) / median
  struct Plain {
    double median = 0, p95 = 0;
  };
  std::array<Plain, kPlainRules.size()> plain{};
};

// When stored bytes pass a capacity.
struct Filled {
  std::uint64_t capacity_bytes = 0;
  std::uint64_t replications = 0, filled = 0;  // of them within the time looked at
  Instant until{};                             // how far was looked
  std::optional<Instant> p10, p50, p90;        // none: fewer than so many fill it by then
};

struct Backtest {
  std::string basis;   // of the truth
  std::string policy;  // in its own words
  std::uint32_t backups = 0, replications = 0;
  bool has_bill = false;
  bool was_drawn = false;             // some forecast had an interval
  std::vector<Forecasted> forecasts;  // by made_at, then ahead; of the past
  std::vector<Forecasted> next;       // from the newest backup on
  std::vector<Accuracy> accuracy;     // by figure, then ahead; where there are forecasts
  std::vector<std::pair<Instant, double>> stored;  // after each backup
  std::optional<Filled> filled;
  // Distances at which the newest two stored bytes, of forecasts that do not overlap, both lay
  // outside. Nothing drawn is no interval to leave.
  std::vector<std::uint32_t> left_twice;
  std::vector<std::string> notes;
  bool partial = false;  // stopped: only the forecasts that were made by then
};

// Errors: kBadInput where the history leaves nothing to hold a forecast against; what no row of the
// book prices.
Result<Backtest, Errors> backtest(const Recorded& recorded, const BacktestOptions& options);

}  // namespace backcast::study
