#include "sim/fit/fidelity.h"

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/death_law.h"
#include "sim/fit/fidelity_forecast.h"
#include "sim/fit/fidelity_record.h"
#include "sim/model/draws.h"

namespace backcast::sim {
namespace {

constexpr std::uint32_t kRefitEvery = 30, kPruneSteps = 30;

Shared told_by(Trace trace) {
  return [trace = std::move(trace)](std::uint32_t a, std::uint32_t b) {
    return static_cast<double>(trace.shared(a, b));
  };
}

double linear(const Record& record, const std::vector<std::uint32_t>& kept) {
  double sum = record.size(kept.front());
  for (std::size_t i = 1; i < kept.size(); ++i) {
    sum += static_cast<double>(record.all.backups[kept[i]].new_bytes);
  }
  return sum;
}

// Errors of what every kPruneSteps deletions in a row free together.
void note_pruning(const std::vector<double>& truth, const std::vector<double>& model,
                  std::vector<double>& errors) {
  for (std::size_t i = 0; i + kPruneSteps <= truth.size(); ++i) {
    double t = 0, m = 0;
    for (std::size_t k = i; k < i + kPruneSteps; ++k) {
      t += truth[k];
      m += model[k];
    }
    if (t > 0) errors.push_back(relative_error(m, t));
  }
}

std::vector<Shared> refits_of(const Record& record) {
  std::vector<Shared> refits;
  const std::uint32_t n = record.table.generations;
  for (std::uint32_t at = n / 3; at < n; at += kRefitEvery) {
    const DeathLaw law = fit_death_law(record.first(at)).law;
    const ObservedHistory volumes = record.first(std::min(at + kRefitEvery, n));
    refits.push_back(told_by(overlaps_by(law, volumes, record.trace, at - 1)));
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

Fidelity measure_fidelity(const PresenceTable& table, const std::atomic<bool>* stop) {
  BACKCAST_ASSERT(table.generations >= kMinFidelityGenerations);
  const Record record{table};
  Fidelity result;
  const std::uint32_t n = table.generations, first = n / 3;
  result.generations = n;
  result.calibrated_on = first;
  result.resurrection_share = table.resurrection_share();
  const ObservedHistory known = record.first(first);
  const DeathLaw law = fit_death_law(known).law;
  result.by_age = law.by_age.has_value();
  result.bursts = static_cast<std::uint32_t>(bursts_of(record.all).size());
  const Shared truth = [&](std::uint32_t a, std::uint32_t b) { return record.truth(a, b); };
  const auto by_curve = [&](const SurvivalCurve& curve) {
    return told_by(overlaps_by({curve, std::nullopt}, record.all));
  };
  const Shared model = told_by(overlaps_by(law, record.all)), prior = by_curve(fit_prior(known));
  const Shared compounding = by_curve({1, 1, 0, 0, 0});

  std::vector<double> overlap_errors, frozen_errors, prior_errors, linear_errors, compound_errors,
      refit_errors, freed_errors, bill_errors;
  ForecastScore forecasts;
  const Forecaster forecaster(record);
  const std::vector<Shared> refits = refits_of(record);
  for (const Thinning& rule : published_thinnings()) {
    double bill_truth = 0, bill_model = 0;
    std::vector<double> freed_truth, freed_model;
    for (std::uint32_t now = first; now < n; ++now) {
      if (stop != nullptr && *stop) return {};
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
    forecaster.score(rule, forecasts);
    bill_errors.push_back(relative_error(bill_model, bill_truth));
    note_pruning(freed_truth, freed_model, freed_errors);
  }
  result.overlaps = spread_of(overlap_errors);
  result.frozen = spread_of(frozen_errors);
  result.prior = spread_of(prior_errors);
  result.linear = spread_of(linear_errors);
  result.compounding = spread_of(compound_errors);
  result.refitted = spread_of(refit_errors);
  result.freed = spread_of(freed_errors);
  result.bill = spread_of(bill_errors);
  result.forecast = spread_of(forecasts.model_errors);
  result.forecast_linear = spread_of(forecasts.linear_errors);
  result.forecast_coverage = forecasts.coverage();
  return result;
}

}  // namespace backcast::sim
