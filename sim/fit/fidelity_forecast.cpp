#include "sim/fit/fidelity_forecast.h"

#include <algorithm>
#include <cmath>

#include "sim/fit/calibrate.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr std::uint32_t kFirst = 20, kFitEvery = 10;
constexpr std::uint32_t kAhead = 30, kSoon = 10;  // backups
constexpr double kConfidence = 0.9, kLeastWidth = 0.05, kBurstFactor = 5;

// Volumes as they were up to `now`, as forecast from then on.
ObservedHistory with_forecast(const Record& record, std::uint32_t now) {
  ObservedHistory history = record.first(now + 1);
  for (const Volume& v : forecast_volumes(history, kAhead)) {
    ObservedBackup backup;
    backup.size_bytes = static_cast<std::uint64_t>(v.size_bytes);
    backup.new_bytes = static_cast<std::uint64_t>(v.new_bytes);
    history.backups.push_back(backup);
  }
  return history;
}

// Where new bytes come in bursts (compaction in tiers, migrations), the next may be ten times the
// largest so far, up to all there is; 0 where they do not.
double possible_burst(const ObservedHistory& history, std::uint32_t count) {
  std::vector<double> added;
  for (std::uint32_t g = 1; g < count; ++g) {
    added.push_back(static_cast<double>(history.backups[g].new_bytes));
  }
  const double usual = spread_of(added).median;
  const auto bursts =
      std::count_if(added.begin(), added.end(), [&](double a) { return a > kBurstFactor * usual; });
  if (bursts < 2) return 0;
  const double largest = *std::max_element(added.begin(), added.end());
  return std::min(10 * largest, static_cast<double>(history.backups[count - 1].size_bytes));
}

// Half the width of the interval, as a log, from the |log errors| of forecasts that have come due.
double width_of(std::vector<double> due) {
  if (due.empty()) return kLeastWidth;
  std::sort(due.begin(), due.end());
  const auto rank =
      static_cast<std::size_t>(std::ceil(kConfidence * static_cast<double>(due.size() + 1)));
  return std::max(kLeastWidth, due[std::min(rank, due.size()) - 1]);
}

}  // namespace

Forecaster::Forecaster(const Record& record) : record_(record) {
  const std::uint32_t n = record.table.generations;
  for (std::uint32_t now = kFirst; now + kAhead < n; now += kFitEvery) {
    curves_.push_back(fit_curve(record.first(now + 1)));
  }
  for (std::uint32_t now = kFirst; now + kAhead < n; ++now) {
    Origin origin{now, with_forecast(record, now), {}, &curves_[(now - kFirst) / kFitEvery]};
    origin.tau = operational_times(origin.seen, *origin.curve);
    origins_.push_back(std::move(origin));
  }
}

double Forecaster::model_bytes(const Origin& origin, const std::vector<std::uint32_t>& kept) const {
  const SurvivalCurve& curve = *origin.curve;
  const auto passed = [&](std::uint32_t a, std::uint32_t b) {
    return origin.tau[b] - origin.tau[a];
  };
  double sum = origin.size(kept.front());
  for (std::size_t i = 1; i < kept.size(); ++i) {
    const std::uint32_t a = kept[i - 1], b = kept[i];
    double shared = 0;
    if (b <= origin.now) {
      shared = record_.truth(a, b);
    } else if (a >= origin.now) {
      shared = origin.size(a) * curve.alive(passed(a, b));
    } else {
      const double known = curve.alive(passed(a, origin.now));
      shared = record_.truth(a, origin.now) * (known > 0 ? curve.alive(passed(a, b)) / known : 0);
    }
    sum += origin.size(b) - std::min(shared, origin.size(b));
  }
  return sum;
}

double Forecaster::log_error(const Origin& origin, const Thinning& rule,
                             std::uint32_t ahead) const {
  const auto kept = kept_at(rule, origin.now + ahead);
  const auto truth = static_cast<double>(record_.table.stored_bytes(kept));
  return portable_log(truth / model_bytes(origin, kept));
}

void Forecaster::score(const Thinning& rule, ForecastScore& score) const {
  const std::uint32_t first = record_.table.generations / 3;
  std::vector<double> soon, in_full;  // |log error| by origin
  for (std::size_t i = 0; i < origins_.size(); ++i) {
    const Origin& origin = origins_[i];
    const double error = log_error(origin, rule, kAhead);
    soon.push_back(std::fabs(log_error(origin, rule, kSoon)) * kAhead / kSoon);
    in_full.push_back(std::fabs(error));
    if (origin.now < first) continue;

    const auto kept = kept_at(rule, origin.now + kAhead);
    const auto truth = static_cast<double>(record_.table.stored_bytes(kept));
    const double model = model_bytes(origin, kept);
    double linear = origin.size(kept.front());
    for (std::size_t k = 1; k < kept.size(); ++k) {
      linear += static_cast<double>(origin.seen.backups[kept[k]].new_bytes);
    }
    score.model_errors.push_back(relative_error(model, truth));
    score.linear_errors.push_back(relative_error(linear, truth));

    const std::size_t due = i >= kAhead ? i - kAhead + 1 : 0;
    const std::size_t due_soon = i >= kSoon ? i - kSoon + 1 : 0;
    std::vector<double> seen(in_full.begin(), in_full.begin() + static_cast<std::ptrdiff_t>(due));
    seen.insert(seen.end(), soon.begin() + static_cast<std::ptrdiff_t>(due),
                soon.begin() + static_cast<std::ptrdiff_t>(std::max(due, due_soon)));
    const double width = width_of(std::move(seen));
    const double highest =
        width + portable_log(1 + possible_burst(origin.seen, origin.now + 1) / model);
    if (-width <= error && error <= highest) ++score.held;
  }
}

}  // namespace backcast::sim
