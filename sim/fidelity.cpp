#include "sim/fidelity.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/base/assert.h"
#include "sim/calibrate.h"
#include "sim/draws.h"
#include "sim/portable_math.h"

namespace backcast::sim {
namespace {

constexpr std::uint32_t kRefitEvery = 30, kPruneSteps = 30, kForecastSteps = 30;
constexpr std::uint32_t kForecastFitEvery = 10, kForecastFirst = 20;
constexpr double kConfidence = 0.9, kLeastWidth = 0.05, kWiden = 2, kBurstFactor = 5;

constexpr std::size_t kRelatives = 32;  // older backups looked at for what comes back

using Shared = std::function<double(std::uint32_t a, std::uint32_t b)>;

// Everything known of one recorded history, and the ways to predict it.
struct Record {
  const PresenceTable& table;
  Trace trace = table.trace();
  ObservedHistory all = observe(table, trace);
  std::vector<double> returned = returned_bytes();

  double size(std::uint32_t g) const { return static_cast<double>(trace.size_bytes[g]); }
  double truth(std::uint32_t a, std::uint32_t b) const {
    return static_cast<double>(trace.shared(a, b));
  }
  ObservedHistory first(std::uint32_t count) const {
    ObservedHistory history;
    history.backups.assign(all.backups.begin(), all.backups.begin() + count);
    return history;
  }
  double chain_sum(const std::vector<std::uint32_t>& kept, const Shared& shared) const {
    double sum = size(kept.front());
    for (std::size_t i = 1; i < kept.size(); ++i) {
      sum += size(kept[i]) - shared(kept[i - 1], kept[i]);
    }
    return sum;
  }
  // A backup adds at most what it does not share with any one older backup, so its closest relative
  // gives the best bound. Of what seems new then, some came back: that share is known for the
  // backups up to `now`, and even odds are that an older kept backup holds those bytes. Equal to
  // the chain sum where no byte comes back.
  double relatives_sum(const std::vector<std::uint32_t>& kept, const Shared& shared,
                       std::uint32_t now) const {
    double sum = size(kept.front());
    for (std::size_t i = 1; i < kept.size(); ++i) {
      double most = 0;
      for (std::size_t back = 1; back <= std::min(i, kRelatives); ++back) {
        most = std::max(most, shared(kept[i - back], kept[i]));
      }
      double came_back = 0, added = 0;
      for (std::uint32_t g = kept[i - 1] + 1; g <= std::min(kept[i], now); ++g) {
        came_back += returned[g];
        added += returned[g] + static_cast<double>(all.backups[g].new_bytes);
      }
      const double held = added > 0 ? came_back / added / 2 : 0;
      sum += (size(kept[i]) - most) * (1 - held);
    }
    return sum;
  }
  // Per generation, the bytes that were there before but not in its closest relative.
  std::vector<double> returned_bytes() const {
    std::vector<double> result(table.generations, 0);
    for (std::uint32_t g = 1; g < table.generations; ++g) {
      double most = 0;
      for (std::uint32_t back = 1; back <= std::min<std::uint32_t>(g, kRelatives); ++back) {
        most = std::max(most, truth(g - back, g));
      }
      result[g] = size(g) - static_cast<double>(all.backups[g].new_bytes) - most;
    }
    return result;
  }
};

double relative_error(double predicted, double truth) {
  return truth > 0 ? std::fabs(predicted / truth - 1) : 0;
}

Shared by_curve(const Record& record, const SurvivalCurve& curve) {
  return [&record, curve, tau = operational_times(record.all, curve)](std::uint32_t a,
                                                                      std::uint32_t b) {
    return std::min(record.size(b), record.size(a) * curve.alive(tau[b] - tau[a]));
  };
}

// As of generation `now`: overlaps of what exists are known, what comes is carried on from now.
Shared from_now(const Record& record, const SurvivalCurve& curve, std::uint32_t now) {
  return [&record, curve, now, tau = operational_times(record.all, curve)](std::uint32_t a,
                                                                           std::uint32_t b) {
    if (b <= now) return record.truth(a, b);
    const double ahead = curve.alive(tau[b] - tau[a]);
    if (a >= now) return std::min(record.size(b), record.size(a) * ahead);
    const double known = curve.alive(tau[now] - tau[a]);
    return std::min(record.size(b), record.truth(a, now) * (known > 0 ? ahead / known : 0));
  };
}

double linear(const Record& record, const std::vector<std::uint32_t>& kept) {
  double sum = record.size(kept.front());
  for (std::size_t i = 1; i < kept.size(); ++i) {
    sum += static_cast<double>(record.all.backups[kept[i]].new_bytes);
  }
  return sum;
}

// Volumes as they were up to `now`, as forecast from then on.
ObservedHistory with_forecast(const Record& record, std::uint32_t now) {
  ObservedHistory history = record.first(now + 1);
  for (const Volume& v : forecast_volumes(history, kForecastSteps)) {
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

// Forecasts 30 ahead from every generation, under one rule. The 90 % interval comes from how far
// earlier forecasts were off: the largest of those that have come due, at least kLeastWidth.
void measure_forecast(const Record& record, const std::vector<SurvivalCurve>& curves,
                      const std::vector<ObservedHistory>& volumes, const Thinning& rule,
                      std::vector<double>& model_errors, std::vector<double>& linear_errors,
                      std::vector<double>& covered) {
  const std::uint32_t n = record.table.generations, first = n / 3;
  std::vector<double> off;  // |log(truth / forecast)|, by origin
  for (std::uint32_t now = kForecastFirst; now + kForecastSteps < n; ++now) {
    const std::size_t origin = now - kForecastFirst;
    const ObservedHistory& seen = volumes[origin];
    const SurvivalCurve& curve = curves[origin / kForecastFitEvery];
    const auto tau = operational_times(seen, curve);
    const auto size = [&](std::uint32_t g) {
      return static_cast<double>(seen.backups[g].size_bytes);
    };
    const auto kept = kept_at(rule, now + kForecastSteps);
    double model = size(kept.front()), linear_sum = model;
    for (std::size_t i = 1; i < kept.size(); ++i) {
      const std::uint32_t a = kept[i - 1], b = kept[i];
      double shared = 0;
      if (b <= now) {
        shared = record.truth(a, b);
      } else if (a >= now) {
        shared = std::min(size(b), size(a) * curve.alive(tau[b] - tau[a]));
      } else {
        const double known = curve.alive(tau[now] - tau[a]);
        shared = record.truth(a, now) * (known > 0 ? curve.alive(tau[b] - tau[a]) / known : 0);
      }
      model += size(b) - std::min(shared, size(b));
      linear_sum += static_cast<double>(seen.backups[b].new_bytes);
    }
    const auto truth = static_cast<double>(record.table.stored_bytes(kept));
    const double error = portable_log(truth / model);
    off.push_back(std::fabs(error));
    if (now < first) continue;
    model_errors.push_back(relative_error(model, truth));
    linear_errors.push_back(relative_error(linear_sum, truth));
    double width = kLeastWidth;
    if (origin >= kForecastSteps) {
      std::vector<double> due(off.begin(), off.end() - kForecastSteps);
      std::sort(due.begin(), due.end());
      const auto rank =
          static_cast<std::size_t>(std::ceil(kConfidence * static_cast<double>(due.size() + 1)));
      width = std::max(width, due[std::min(rank, due.size()) - 1] * kWiden);
    }
    const double burst = possible_burst(seen, now + 1);
    const double highest = width + portable_log(1 + burst / model);
    covered.push_back(-width <= error && error <= highest ? 1 : 0);
  }
}

// Fits and volumes as known at each origin of a forecast.
struct Forecasts {
  std::vector<SurvivalCurve> curves;
  std::vector<ObservedHistory> volumes;
};
Forecasts forecasts_of(const Record& record) {
  Forecasts result;
  for (std::uint32_t now = kForecastFirst; now + kForecastSteps < record.table.generations; ++now) {
    if ((now - kForecastFirst) % kForecastFitEvery == 0) {
      result.curves.push_back(fit_curve(record.first(now + 1)));
    }
    result.volumes.push_back(with_forecast(record, now));
  }
  return result;
}

std::vector<Shared> refits_of(const Record& record) {
  std::vector<Shared> refits;
  const std::uint32_t n = record.table.generations;
  for (std::uint32_t at = n / 3; at < n; at += kRefitEvery) {
    refits.push_back(from_now(record, fit_curve(record.first(at)), at - 1));
  }
  return refits;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double p) {
    const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
  };
  return {at(0.5), at(0.95), values.size()};
}

std::vector<Thinning> published_thinnings() {
  using Kind = Thinning::Kind;
  return {{Kind::kCalendar, 7, 4, 3, 1, "7/4/3"},
          {Kind::kCalendar, 14, 8, 12, 1, "14/8/12"},
          {Kind::kEvery, 0, 0, 0, 7, "every 7th"},
          {Kind::kRandom, 0, 0, 0, 4, "random quarter"}};
}

std::vector<std::uint32_t> kept_at(const Thinning& rule, std::uint32_t now) {
  const Draws draws(4, 0);
  std::vector<std::uint32_t> kept;
  for (std::uint32_t g = 0; g <= now; ++g) {
    bool keep = g == now;
    switch (rule.kind) {
      case Thinning::Kind::kCalendar: {
        const auto newest_of = [&](std::uint32_t period, std::uint32_t count) {
          const bool last_in_period = g == now || (g + 1) % period == 0;
          return last_in_period && now / period - g / period < count;
        };
        keep = keep || newest_of(1, rule.daily) || newest_of(7, rule.weekly) ||
               newest_of(30, rule.monthly);
        break;
      }
      case Thinning::Kind::kEvery:
        keep = keep || g % rule.every == 0;
        break;
      case Thinning::Kind::kRandom:
        keep = keep || draws.below(rule.every, g, Purpose::kTest, 0) == 0;
        break;
    }
    if (keep) kept.push_back(g);
  }
  return kept;
}

Fidelity measure_fidelity(const PresenceTable& table) {
  BACKCAST_ASSERT(table.generations >= kMinFidelityGenerations);
  const Record record{table};
  Fidelity result;
  const std::uint32_t n = table.generations, first = n / 3;
  result.generations = n;
  result.calibrated_on = first;
  result.resurrection_share = table.resurrection_share();
  const ObservedHistory known = record.first(first);
  const SurvivalCurve curve = fit_curve(known);
  const Shared truth = [&](std::uint32_t a, std::uint32_t b) { return record.truth(a, b); };
  const Shared model = by_curve(record, curve), prior = by_curve(record, fit_prior(known));
  SurvivalCurve one_rate{1, 1, 0, 0, 0};
  const Shared compounding = by_curve(record, one_rate);

  std::vector<double> overlap_errors, frozen_errors, prior_errors, linear_errors, compound_errors,
      refit_errors, freed_errors, bill_errors, forecast_errors, forecast_linear_errors, covered;
  const Forecasts forecasts = forecasts_of(record);
  const std::vector<Shared> refits = refits_of(record);
  for (const Thinning& rule : published_thinnings()) {
    double bill_truth = 0, bill_model = 0;
    std::vector<double> freed_truth, freed_model;
    for (std::uint32_t now = first; now < n; ++now) {
      const auto kept = kept_at(rule, now);
      const auto stored = static_cast<double>(table.stored_bytes(kept));
      const double predicted = record.chain_sum(kept, model);
      overlap_errors.push_back(relative_error(record.relatives_sum(kept, truth, n), stored));
      frozen_errors.push_back(relative_error(predicted, stored));
      prior_errors.push_back(relative_error(record.chain_sum(kept, prior), stored));
      compound_errors.push_back(relative_error(record.chain_sum(kept, compounding), stored));
      linear_errors.push_back(relative_error(linear(record, kept), stored));
      const std::uint32_t refit = (now - first) / kRefitEvery;
      refit_errors.push_back(relative_error(
          record.relatives_sum(kept, refits[refit], first + refit * kRefitEvery - 1), stored));
      bill_truth += stored;
      bill_model += predicted;
      auto before = kept_at(rule, now - 1);
      before.push_back(now);
      freed_truth.push_back(static_cast<double>(table.stored_bytes(before)) - stored);
      freed_model.push_back(record.chain_sum(before, model) - predicted);
    }
    measure_forecast(record, forecasts.curves, forecasts.volumes, rule, forecast_errors,
                     forecast_linear_errors, covered);
    bill_errors.push_back(relative_error(bill_model, bill_truth));
    for (std::size_t i = 0; i + kPruneSteps <= freed_truth.size(); ++i) {
      double t = 0, m = 0;
      for (std::size_t k = i; k < i + kPruneSteps; ++k) {
        t += freed_truth[k];
        m += freed_model[k];
      }
      if (t > 0) freed_errors.push_back(relative_error(m, t));
    }
  }
  result.overlaps = spread_of(overlap_errors);
  result.frozen = spread_of(frozen_errors);
  result.prior = spread_of(prior_errors);
  result.linear = spread_of(linear_errors);
  result.compounding = spread_of(compound_errors);
  result.refitted = spread_of(refit_errors);
  result.freed = spread_of(freed_errors);
  result.bill = spread_of(bill_errors);
  result.forecast = spread_of(forecast_errors);
  result.forecast_linear = spread_of(forecast_linear_errors);
  for (const double c : covered) {
    result.forecast_coverage += c / static_cast<double>(covered.size());
  }
  return result;
}

}  // namespace backcast::sim
