#include "study/history/backtest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/errors.h"
#include "scenarios/load/load.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/fidelity.h"
#include "sim/fit/workload_document.h"
#include "sim/run/replicate.h"
#include "sim/run/run.h"
#include "sim/sums/statistics.h"

namespace backcast::study {
namespace {

constexpr std::uint32_t kAbout = 24;           // forecasts of the past
constexpr std::uint32_t kCapacityAhead = 730;  // backups
constexpr Duration kYear = std::chrono::hours(24 * 365);

// Nearest-rank percentile; `values` is sorted.
double percentile(const std::vector<double>& values, double p) {
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

Interval interval_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {percentile(values, 0.05), percentile(values, 0.5), percentile(values, 0.95)};
}

double error_of(double forecast, double truth, double tolerance) {
  if (std::fabs(forecast - truth) <= tolerance) return 0;
  if (truth > 0) return std::fabs(forecast / truth - 1);
  return forecast > 0 ? 1 : 0;
}

// The workload that `calibrate --workload` prints, read as a scenario reads it.
Result<sim::Service, Errors> calibrated(const sim::ObservedHistory& known) {
  BACKCAST_TRY(const sim::Calibration fit, all_errors(sim::calibrate(known)));
  return scenario::load_workload(nlohmann::json::parse(sim::workload_json(fit)), "workload");
}

// The world as it goes on from one backup, over replications.
class Ahead {
 public:
  Ahead(const Recorded& recorded, const BacktestOptions& options, std::uint32_t now)
      : recorded_(recorded), options_(options), now_(now) {}

  // Stored and freed bytes and the bill after each of these many backups. Errors: as calibrate;
  // kInterrupted; of the bill.
  Result<std::vector<Forecasted>, Errors> look(const std::vector<std::uint32_t>& distances,
                                               bool& was_drawn) {
    BACKCAST_CHECK(prepare(distances.back()));
    const auto trial = [&](std::uint32_t r) { return measure(r, distances); };
    BACKCAST_TRY(const sim::Replications runs, replicate(trial, was_drawn));
    std::vector<Forecasted> made;
    const PlainForecast plain(recorded_, now_);
    for (std::size_t d = 0; d < distances.size(); ++d) {
      Forecasted forecast{now_, distances[d], recorded_.time(now_), moment(distances[d]), {}, {},
                          {}};
      for (std::size_t f = 0; f < kFigures.size(); ++f) {
        std::vector<double> values;
        for (const auto& row : runs.rows) values.push_back(row[d * kFigures.size() + f]);
        forecast.ours[f] = interval_of(std::move(values));
      }
      const std::vector<std::uint32_t> kept = kept_after(distances[d]);
      for (std::size_t r = 0; r < kPlainRules.size(); ++r) {
        BACKCAST_TRY(forecast.plain[r], plain.after(kPlainRules[r], distances[d], kept));
      }
      made.push_back(std::move(forecast));
    }
    return made;
  }

  Result<Filled, Errors> fill(std::uint64_t capacity_bytes, bool& was_drawn) {
    BACKCAST_CHECK(prepare(kCapacityAhead));
    const auto trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
      const sim::RunResult run = run_of(r);
      for (std::uint32_t k = 0; k <= kCapacityAhead; ++k) {
        const bool is_full = stored_at(run, moment(k)) > static_cast<double>(capacity_bytes);
        if (is_full) return sim::Measures{{"backup", static_cast<double>(k)}};
      }
      return sim::Measures{{"backup", kCapacityAhead + 1.0}};
    };
    BACKCAST_TRY(const sim::Replications runs, replicate(trial, was_drawn));
    std::vector<double> when = runs.column("backup");
    std::sort(when.begin(), when.end());
    Filled filled{capacity_bytes, when.size(), 0, moment(kCapacityAhead), {}, {}, {}};
    for (const double k : when) filled.filled += k <= kCapacityAhead ? 1 : 0;
    const auto at = [&](double p) -> std::optional<Instant> {
      const double k = percentile(when, p);
      if (k > kCapacityAhead) return std::nullopt;
      return moment(static_cast<std::uint32_t>(k));
    };
    filled.p10 = at(0.1), filled.p50 = at(0.5), filled.p90 = at(0.9);
    return filled;
  }

 private:
  Instant moment(std::uint32_t ahead) const {
    return recorded_.time(now_) + recorded_.step() * std::int64_t{ahead};
  }

  Result<Ok, Errors> prepare(std::uint32_t most) {
    times_.clear();
    for (std::uint32_t k = 1; k <= most; ++k) times_.push_back(moment(k));
    BACKCAST_TRY(sim::Service service, calibrated(recorded_.prefix(now_)));
    recorded_.go_on_after(now_, service);
    scenario_ = recorded_.scenario(std::move(service), moment(0), times_, options_.seed);
    return kOk;
  }

  sim::RunResult run_of(std::uint32_t replication) const {
    return sim::run(scenario_, {.replication = replication, .threads = 1});
  }

  Result<sim::Replications, Errors> replicate(const sim::Trial& trial, bool& was_drawn) const {
    sim::ReplicationOptions how;
    how.count = sim::is_drawn(scenario_) ? options_.replications : 1;
    was_drawn = was_drawn || how.count > 1;
    how.threads = options_.threads;
    how.stop = options_.watch.stop;
    BACKCAST_TRY(sim::Replications runs, sim::replicate(trial, how));
    if (runs.partial) return Errors{Error{Errc::kInterrupted, "interrupted", {}, ""}};
    return runs;
  }

  Result<sim::Measures, Errors> measure(std::uint32_t replication,
                                        const std::vector<std::uint32_t>& distances) const {
    const sim::RunResult run = run_of(replication);
    sim::Measures measures;
    for (const std::uint32_t ahead : distances) {
      BACKCAST_TRY(const double bill, recorded_.bill(run.billed, moment(0), moment(ahead)));
      measures.push_back({"", stored_at(run, moment(ahead))});
      measures.push_back({"", freed_by(run, moment(ahead))});
      measures.push_back({"", bill});
    }
    return measures;
  }

  // Numbers of the restore points that exist then, whatever is drawn: policies go by time.
  std::vector<std::uint32_t> kept_after(std::uint32_t ahead) const {
    const sim::RunResult run = run_of(0);
    const std::vector<std::uint32_t> known = recorded_.kept_after(now_);
    std::vector<std::uint32_t> kept;
    for (std::size_t i = 0; i < run.backups.size(); ++i) {
      const sim::BackupRecord& backup = run.backups[i];
      if (backup.born > moment(ahead) || backup.deleted <= moment(ahead)) continue;
      kept.push_back(i < known.size() ? known[i]
                                      : now_ + 1 + static_cast<std::uint32_t>(i - known.size()));
    }
    return kept;
  }

  const Recorded& recorded_;
  const BacktestOptions& options_;
  std::uint32_t now_;
  std::vector<Instant> times_;
  sim::Scenario scenario_;
};

// Backups at which a forecast is made.
Result<std::vector<std::uint32_t>> cuts_of(const Recorded& recorded,
                                           const BacktestOptions& options) {
  const std::uint32_t count = recorded.backups(), nearest = options.ahead.front();
  std::uint32_t first = options.first;
  if (first == 0) {
    const Instant newest = recorded.time(count - 1);
    while (first < count && recorded.time(first) < newest - kYear) ++first;
    first = std::max({first, count / 3, kLeastFirst});
  }
  if (first < sim::kMinBackups || count < first + nearest) {
    return bad_input(
        fmt::format("{} backups leave no forecast to look back on: {} come before the first, and "
                    "{} must follow it",
                    count, std::max(first, sim::kMinBackups), nearest),
        "give a longer history");
  }
  const std::uint32_t room = count - first - nearest;
  const std::uint32_t every = options.every > 0 ? options.every : room / kAbout + 1;
  std::vector<std::uint32_t> cuts;
  for (std::uint32_t g = first - 1; g + nearest < count; g += every) cuts.push_back(g);
  return cuts;
}

// Nothing to pay for nothing that came is no forecast that came true: whole cents cannot tell.
bool is_too_small(const Forecasted& forecast, std::size_t figure) {
  return kFigures[figure] == Figure::kBill && forecast.truth && forecast.truth->bill == 0 &&
         forecast.ours[figure].high == 0;
}

// Bytes that make no difference: a millionth of what is stored. Data that never changes is foretold
// with a few bytes of change, since the curve's time never stands still; that is no error.
double tolerance_of(const Forecasted& forecast, Figure figure) {
  constexpr double kShareOfStored = 1e-6;  // ours
  return figure == Figure::kBill ? 0 : kShareOfStored * forecast.truth->stored_bytes;
}

std::vector<Accuracy> accuracy_of(const Backtest& backtest, const BacktestOptions& options) {
  std::vector<Accuracy> all;
  for (std::size_t f = 0; f < kFigures.size(); ++f) {
    if (kFigures[f] == Figure::kBill && !backtest.has_bill) continue;
    for (const std::uint32_t ahead : options.ahead) {
      std::vector<double> errors, widths;
      std::array<std::vector<double>, kPlainRules.size()> plain;
      double held = 0;
      for (const Forecasted& forecast : backtest.forecasts) {
        if (forecast.ahead != ahead || !forecast.truth) continue;
        if (is_too_small(forecast, f)) continue;
        const double truth = in(*forecast.truth, kFigures[f]);
        const Interval& ours = forecast.ours[f];
        const double tolerance = tolerance_of(forecast, kFigures[f]);
        errors.push_back(error_of(ours.median, truth, tolerance));
        if (ours.median > 0) widths.push_back((ours.high - ours.low) / ours.median);
        held += ours.holds(truth, tolerance) ? 1 : 0;
        for (std::size_t r = 0; r < plain.size(); ++r) {
          plain[r].push_back(error_of(in(forecast.plain[r], kFigures[f]), truth, tolerance));
        }
      }
      if (errors.empty()) continue;
      Accuracy accuracy{kFigures[f], ahead, static_cast<std::uint32_t>(errors.size())};
      const sim::Spread spread = sim::spread_of(errors);
      accuracy.median = spread.median, accuracy.p95 = spread.p95;
      accuracy.held = held / static_cast<double>(errors.size());
      accuracy.width = sim::spread_of(widths).median;
      for (std::size_t r = 0; r < plain.size(); ++r) {
        const sim::Spread by_rule = sim::spread_of(plain[r]);
        accuracy.plain[r] = {by_rule.median, by_rule.p95};
      }
      all.push_back(accuracy);
    }
  }
  return all;
}

std::optional<std::string> note_of_small_bills(const Backtest& backtest) {
  std::size_t small = 0;
  for (const Forecasted& forecast : backtest.forecasts) {
    for (std::size_t f = 0; f < kFigures.size(); ++f) small += is_too_small(forecast, f) ? 1 : 0;
  }
  if (!backtest.has_bill || small == 0) return std::nullopt;
  return fmt::format(
      "{} of {} forecasts of the bill are not judged: what they say and what came is less than the "
      "smallest amount billed",
      small, backtest.forecasts.size());
}

// Of forecasts at one distance that do not overlap, the newest first: how many there are, and how
// many of them held.
struct Apart {
  std::uint64_t forecasts = 0, held = 0;
};
Apart apart(const Backtest& backtest, std::size_t figure, std::uint32_t ahead) {
  Apart count;
  std::uint32_t before = UINT32_MAX;  // the one after it began then
  for (auto f = backtest.forecasts.rbegin(); f != backtest.forecasts.rend(); ++f) {
    if (f->ahead != ahead || !f->truth || is_too_small(*f, figure)) continue;
    if (before != UINT32_MAX && f->made_at + ahead > before) continue;
    before = f->made_at;
    const Figure what = kFigures[figure];
    ++count.forecasts;
    count.held += f->ours[figure].holds(in(*f->truth, what), tolerance_of(*f, what)) ? 1 : 0;
  }
  return count;
}

// Figures of which fewer held than of intervals that hold 90 % would, each in one history of a
// hundred. Forecasts that overlap meet the same days and prove nothing together.
std::optional<std::string> note_of_narrow_intervals(const Backtest& backtest) {
  constexpr double kPromised = 0.9, kBothSides = 0.98;
  std::vector<std::string> narrow;
  for (const Accuracy& accuracy : backtest.accuracy) {
    const auto figure = static_cast<std::size_t>(
        std::find(kFigures.begin(), kFigures.end(), accuracy.figure) - kFigures.begin());
    const Apart seen = apart(backtest, figure, accuracy.ahead);
    if (sim::share_estimate(seen.held, seen.forecasts, kBothSides).interval->high >= kPromised) {
      continue;
    }
    std::string words(name(accuracy.figure));
    std::replace(words.begin(), words.end(), '_', ' ');
    narrow.push_back(fmt::format("{} {} backups ahead ({} of {})", words, accuracy.ahead, seen.held,
                                 seen.forecasts));
  }
  if (!backtest.was_drawn || narrow.empty()) return std::nullopt;
  return fmt::format(
      "of forecasts that do not overlap, P5-P95 held too seldom for intervals of 90 %: {}",
      fmt::join(narrow, ", "));
}

bool left(const Forecasted& forecast) {
  const double tolerance = tolerance_of(forecast, Figure::kStoredBytes);
  return !forecast.ours[0].holds(forecast.truth->stored_bytes, tolerance);
}

std::vector<std::uint32_t> left_twice(const Backtest& backtest, const BacktestOptions& options) {
  std::vector<std::uint32_t> twice;
  for (const std::uint32_t ahead : options.ahead) {
    const Forecasted* newest = nullptr;
    for (auto f = backtest.forecasts.rbegin(); f != backtest.forecasts.rend(); ++f) {
      if (f->ahead != ahead || !f->truth) continue;
      if (newest == nullptr) {
        newest = &*f;
        if (!left(*newest)) break;
      } else if (f->made_at + ahead <= newest->made_at) {
        if (left(*f)) twice.push_back(ahead);
        break;
      }
    }
  }
  return twice;
}

bool was_stopped(const Errors& errors) {
  return errors.front().code == Errc::kInterrupted;
}

}  // namespace

std::string_view name(Figure figure) {
  switch (figure) {
    case Figure::kStoredBytes:
      return "stored_bytes";
    case Figure::kFreedBytes:
      return "freed_bytes";
    case Figure::kBill:
      return "bill";
  }
  return "";
}

double in(const Outcome& outcome, Figure figure) {
  return figure == Figure::kStoredBytes  ? outcome.stored_bytes
         : figure == Figure::kFreedBytes ? outcome.freed_bytes
                                         : outcome.bill;
}

Result<Backtest, Errors> backtest(const Recorded& recorded, const BacktestOptions& options) {
  BACKCAST_TRY(const auto cuts, all_errors(cuts_of(recorded, options)));
  Backtest result;
  result.basis = recorded.basis();
  result.policy = policy::to_text(recorded.terms().retention);
  result.backups = recorded.backups();
  result.replications = options.replications;
  result.has_bill = recorded.terms().book != nullptr;
  for (std::uint32_t g = 0; g < recorded.backups(); ++g) {
    result.stored.emplace_back(recorded.time(g), recorded.stored_after(g));
  }
  const auto advance = options.watch.begin("looking back", cuts.size(), "forecasts");
  for (const std::uint32_t cut : cuts) {
    std::vector<std::uint32_t> distances;
    for (const std::uint32_t ahead : options.ahead) {
      if (cut + ahead < recorded.backups()) distances.push_back(ahead);
    }
    auto made = Ahead(recorded, options, cut).look(distances, result.was_drawn);
    if (!made.ok() && was_stopped(made.error())) {
      result.partial = true;
      break;
    }
    if (!made.ok()) return made.error();
    for (Forecasted& forecast : *made) {
      BACKCAST_TRY(forecast.truth, recorded.between(cut, cut + forecast.ahead));
      result.forecasts.push_back(std::move(forecast));
    }
    advance(1);
  }
  if (options.looks_ahead && !result.partial) {
    Ahead now(recorded, options, recorded.backups() - 1);
    auto next = now.look(options.ahead, result.was_drawn);
    if (!next.ok() && !was_stopped(next.error())) return next.error();
    result.partial = !next.ok();
    if (next.ok()) result.next = std::move(*next);
    if (options.capacity_bytes && !result.partial) {
      auto filled = now.fill(*options.capacity_bytes, result.was_drawn);
      if (!filled.ok() && !was_stopped(filled.error())) return filled.error();
      result.partial = !filled.ok();
      if (filled.ok()) result.filled = *filled;
    }
  }
  result.accuracy = accuracy_of(result, options);
  for (auto* const note_of : {note_of_small_bills, note_of_narrow_intervals}) {
    if (auto note = note_of(result)) result.notes.push_back(std::move(*note));
  }
  if (result.was_drawn) result.left_twice = left_twice(result, options);
  return result;
}

}  // namespace backcast::study
