#include "sim/fit/fidelity.h"

#include <algorithm>
#include <map>

#include "engine/base/assert.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/death_law.h"
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

// Misses of what every kPruneSteps deletions in a row free together.
std::vector<double> pruning_errors(const std::vector<double>& truth,
                                   const std::vector<double>& model) {
  std::vector<double> errors;
  for (std::size_t i = 0; i + kPruneSteps <= truth.size(); ++i) {
    double t = 0, m = 0;
    for (std::size_t k = i; k < i + kPruneSteps; ++k) {
      t += truth[k];
      m += model[k];
    }
    if (t > 0) errors.push_back(relative_error(m, t));
  }
  return errors;
}

// Misses of one thing, over all rules and by rule.
class Misses {
 public:
  void add(const std::string& rule, double weight, double error) {
    all_.push_back({error, weight});
    by_rule_[rule].push_back(error);
  }
  Spread of_all() const { return spread_of(all_); }
  Spread of(const std::string& rule) const {
    const auto found = by_rule_.find(rule);
    return found == by_rule_.end() ? Spread{} : spread_of(found->second);
  }

 private:
  std::vector<Weighted> all_;
  std::map<std::string, std::vector<double>> by_rule_;
};

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

Spread spread_of(std::vector<Weighted> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double all = 0;
  for (const Weighted& v : values) all += v.weight;
  const auto at = [&](double p) {
    double sum = 0;
    for (const Weighted& v : values) {
      sum += v.weight;
      if (sum >= p * all * (1 - 1e-12)) return v.value;
    }
    return values.back().value;
  };
  return {at(0.5), at(0.95), values.size()};
}

Spread spread_of(const std::vector<double>& values) {
  std::vector<Weighted> weighted;
  for (const double value : values) weighted.push_back({value, 1});
  return spread_of(std::move(weighted));
}

std::vector<Thinning> published_thinnings() {
  using Kind = Thinning::Kind;
  std::vector<Thinning> rules{{Kind::kCalendar, 7, 4, 3, 1, "7/4/3"},
                              {Kind::kCalendar, 14, 8, 12, 1, "14/8/12"},
                              {Kind::kEvery, 0, 0, 0, 7, "every 7th"}};
  for (std::uint32_t draw = 0; draw < kRandomDraws; ++draw) {
    rules.push_back({Kind::kRandom, 0, 0, 0, 4, "random quarter", draw});
  }
  return rules;
}

std::vector<std::uint32_t> kept_at(const Thinning& rule, std::uint32_t now) {
  const Draws draws(4, rule.draw);
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

  Misses overlaps, frozen, priors, linears, compoundings, refitted, freed, bills;
  const std::vector<Shared> refits = refits_of(record);
  for (const Thinning& rule : published_thinnings()) {
    const double weight = rule.kind == Thinning::Kind::kRandom ? 1.0 / kRandomDraws : 1;
    double bill_truth = 0, bill_model = 0;
    std::vector<double> freed_truth, freed_model;
    for (std::uint32_t now = first; now < n; ++now) {
      if (stop != nullptr && *stop) return {};
      const auto kept = kept_at(rule, now);
      const auto stored = static_cast<double>(table.stored_bytes(kept));
      const double predicted = record.chain_sum(kept, model);
      const auto note = [&](Misses& errors, double forecast) {
        errors.add(rule.name, weight, relative_error(forecast, stored));
      };
      note(overlaps, record.relatives_sum(kept, truth, n));
      note(frozen, predicted);
      note(priors, record.chain_sum(kept, prior));
      note(compoundings, record.chain_sum(kept, compounding));
      note(linears, linear(record, kept));
      const std::uint32_t refit = (now - first) / kRefitEvery;
      note(refitted, record.relatives_sum(kept, refits[refit], first + refit * kRefitEvery - 1));
      bill_truth += stored;
      bill_model += predicted;
      auto before = kept_at(rule, now - 1);
      before.push_back(now);
      freed_truth.push_back(static_cast<double>(table.stored_bytes(before)) - stored);
      freed_model.push_back(record.chain_sum(before, model) - predicted);
    }
    bills.add(rule.name, weight, relative_error(bill_model, bill_truth));
    for (const double error : pruning_errors(freed_truth, freed_model)) {
      freed.add(rule.name, weight, error);
    }
  }
  for (const Thinning& rule : published_thinnings()) {
    if (rule.draw > 0) continue;
    result.rules.push_back({rule.name, frozen.of(rule.name), refitted.of(rule.name),
                            linears.of(rule.name), freed.of(rule.name)});
  }
  result.overlaps = overlaps.of_all();
  result.frozen = frozen.of_all();
  result.prior = priors.of_all();
  result.linear = linears.of_all();
  result.compounding = compoundings.of_all();
  result.refitted = refitted.of_all();
  result.freed = freed.of_all();
  result.bill = bills.of_all();
  return result;
}

}  // namespace backcast::sim
