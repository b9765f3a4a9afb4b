#include "sim/fit/death_law.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/fit/curve_fit.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr std::uint32_t kMinPairs = 3;  // of a gap, to judge a law by
// On the histories of docs/fidelity.md trees and dumps have 0.77 and more, data that is compacted
// or rotated mostly less.
constexpr double kClearlyBetter = 0.75;
constexpr std::size_t kWindow = 1024;  // all pairs of so many take 4 MB and some 50 ms

ObservedHistory latest(const ObservedHistory& history, std::size_t count) {
  ObservedHistory result;
  const std::size_t n = history.backups.size();
  result.backups.assign(history.backups.end() - static_cast<std::ptrdiff_t>(std::min(n, count)),
                        history.backups.end());
  return result;
}

double size_of(const ObservedHistory& history, std::size_t b) {
  return static_cast<double>(history.backups[b].size_bytes);
}

double shared_by(const SurvivalCurve& curve, const ObservedHistory& history,
                 const std::vector<double>& tau, std::uint32_t a, std::uint32_t b) {
  return std::min(size_of(history, b), size_of(history, a) * curve.alive(tau[b] - tau[a]));
}

// Row b of a trace: what backup b shares with each older one.
using Row = std::vector<double>;

std::vector<Row> rows_by_curve(const SurvivalCurve& curve, const ObservedHistory& history,
                               const Trace* known, std::uint32_t now) {
  const std::vector<double> tau = operational_times(history, curve);
  std::vector<Row> rows;
  for (std::uint32_t b = known ? now + 1 : 1; b < history.backups.size(); ++b) {
    Row& row = rows.emplace_back(b);
    for (std::uint32_t a = 0; a < b; ++a) {
      row[a] = shared_by(curve, history, tau, a, b);
      if (!known || a >= now) continue;
      const double alive_now = curve.alive(tau[now] - tau[a]);
      const double ahead = alive_now > 0 ? curve.alive(tau[b] - tau[a]) / alive_now : 0;
      row[a] = std::min(size_of(history, b), static_cast<double>(known->shared(a, now)) * ahead);
    }
  }
  return rows;
}

std::vector<Row> rows_by_age(const AgeLaw& law, const ObservedHistory& history, const Trace* known,
                             std::uint32_t now) {
  std::vector<double> alive{size_of(history, 0)};
  if (known) {
    // Shared bytes rise from one older backup to the next but for those that went and came back.
    double before = 0;
    alive.clear();
    for (std::uint32_t a = 0; a <= now; ++a) {
      const double shared = std::max(before, static_cast<double>(known->shared(a, now)));
      alive.push_back(shared - before);
      before = shared;
    }
  }
  Cohorts cohorts(law, std::move(alive));
  std::vector<Row> rows;
  for (std::size_t b = cohorts.backups(); b < history.backups.size(); ++b) {
    cohorts.advance(size_of(history, b), static_cast<double>(history.backups[b].new_bytes));
    Row row = cohorts.shared_with_all();
    row.pop_back();
    for (double& shared : row) shared = std::min(shared, size_of(history, b));
    rows.push_back(std::move(row));
  }
  return rows;
}

Trace overlaps(const DeathLaw& law, const ObservedHistory& history, const Trace* known,
               std::uint32_t now) {
  Trace trace;
  for (const ObservedBackup& backup : history.backups) {
    trace.size_bytes.push_back(backup.size_bytes);
  }
  if (known) {
    const std::size_t pairs = std::size_t{now} * (now + 1) / 2;
    trace.shared_bytes.assign(known->shared_bytes.begin(),
                              known->shared_bytes.begin() + static_cast<std::ptrdiff_t>(pairs));
  }
  const auto rows = law.by_age ? rows_by_age(*law.by_age, history, known, now)
                               : rows_by_curve(law.curve, history, known, now);
  for (const Row& row : rows) {
    for (const double shared : row) {
      trace.shared_bytes.push_back(static_cast<std::uint64_t>(shared + 0.5));
    }
  }
  return trace;
}

// How far a trace is off in what the backups from `split` on have lost.
struct Misses {
  double relative = 0;         // root of mean squares against that of the losses, mean of the gaps
  std::vector<double> shares;  // of size, one per pair
};

Misses misses_of(const Trace& told, const ObservedHistory& history, std::uint32_t split) {
  Misses misses;
  int gaps = 0;
  for (std::size_t i = 0; i < kLossGapCount; ++i) {
    double squares = 0, all = 0;
    std::uint32_t pairs = 0;
    for (std::uint32_t b = std::max(split, kLossGaps[i]); b < history.backups.size(); ++b) {
      const auto& lost = history.backups[b].lost_bytes[i];
      const std::uint32_t a = b - kLossGaps[i];
      if (!lost || size_of(history, a) <= 0) continue;
      const auto seen = static_cast<double>(*lost);
      const double miss = size_of(history, a) - static_cast<double>(told.shared(a, b)) - seen;
      squares += miss * miss;
      all += seen * seen;
      misses.shares.push_back(std::fabs(miss) / size_of(history, a));
      ++pairs;
    }
    if (pairs < kMinPairs || all <= 0) continue;
    misses.relative += std::sqrt(squares / all);
    ++gaps;
  }
  misses.relative = gaps > 0 ? misses.relative / gaps : INFINITY;
  return misses;
}

}  // namespace

std::vector<double> operational_times(const ObservedHistory& history, const SurvivalCurve& curve) {
  std::vector<double> times(history.backups.size(), 0);
  for (std::size_t i = 1; i < times.size(); ++i) {
    times[i] = times[i - 1] + curve.advance(kept_share(history, i));
  }
  return times;
}

SurvivalCurve fit_prior(const ObservedHistory& history) {
  return prior_survival_curve(mean_kept_share(history));
}

SurvivalCurve fit_curve(const ObservedHistory& history, std::vector<GapFit>* gaps_out) {
  std::vector<GapFit> gaps;
  for (const GapLosses& losses : losses_by_gap(history)) {
    const auto pairs = static_cast<std::uint32_t>(losses.newer.size());
    gaps.push_back({losses.gap, pairs, 1 - losses.lost_share(), 1});
  }
  SurvivalCurve curve;
  if (gaps.size() < 2) {
    const auto steps = static_cast<std::uint32_t>(history.backups.size() - 1);
    if (gaps.empty()) gaps.push_back({1, steps, mean_kept_share(history), 1});
    curve = fit_prior(history);
  } else {
    std::vector<SurvivalPoint> points;
    for (const GapFit& gap : gaps) {
      points.push_back({static_cast<double>(gap.gap), gap.observed_alive, 1});
    }
    curve = fit_survival_curve(points);
  }
  for (GapFit& gap : gaps) gap.fitted_alive = curve.alive(gap.gap);
  if (gaps_out) *gaps_out = std::move(gaps);
  return curve;
}

double shape_spread(const ObservedHistory& history) {
  constexpr double kUnseen = 0.5, kPrior = 0.3, kPriorWeight = 2, kLeastShare = 0.2;
  constexpr std::uint32_t kLongest = 28;
  ObservedHistory older = history, newer = history;
  const auto middle = static_cast<std::ptrdiff_t>(history.backups.size() / 2);
  older.backups.resize(static_cast<std::size_t>(middle));
  newer.backups.erase(newer.backups.begin(), newer.backups.begin() + middle);
  // The logarithm of how many times as much as in one step was lost in so many.
  const auto seen = [](const ObservedHistory& half) {
    std::map<std::uint32_t, double> by_gap;
    double one = 0;
    for (const GapLosses& losses : losses_by_gap(half)) {
      const double lost = losses.lost_share();
      if (losses.newer.size() < kMinPairs || lost <= 0 || lost >= 1) continue;
      if (losses.gap == 1) one = -portable_log(1 - lost);
      if (losses.gap > 1 && losses.gap <= kLongest && one > 0) {
        by_gap[losses.gap] = portable_log(-portable_log(1 - lost) / one);
      }
    }
    return by_gap;
  };
  const auto in_older = seen(older), in_newer = seen(newer);
  for (auto longest = in_older.rbegin(); longest != in_older.rend(); ++longest) {
    const auto other = in_newer.find(longest->first);
    if (other == in_newer.end()) continue;
    const double differs = std::fabs(longest->second - other->second) / std::sqrt(2.0);
    const double own = std::max(differs, kLeastShare * kPrior);
    return portable_exp((kPriorWeight * portable_log(kPrior) + portable_log(own)) /
                        (kPriorWeight + 1));
  }
  return history.has_losses() ? kPrior : kUnseen;
}

SurvivalCurve fit_curve_of_busy_days(const ObservedHistory& history) {
  const SurvivalCurve even = fit_curve(history);
  const std::vector<GapLosses> losses = losses_by_gap(history);
  if (losses.size() < 2) return even;
  std::vector<double> seen;
  for (const GapLosses& of_gap : losses) seen.push_back(of_gap.lost_share());
  const auto told = [&](const SurvivalCurve& curve) {
    const std::vector<double> tau = operational_times(history, curve);
    std::vector<double> shares;
    for (const GapLosses& of_gap : losses) {
      double left = 0;
      for (const std::uint32_t b : of_gap.newer) {
        left += shared_by(curve, history, tau, b - of_gap.gap, b);
      }
      shares.push_back(1 - left / of_gap.all_bytes);
    }
    return shares;
  };
  SurvivalCurve curve = fit_survival_curve(seen, told, even);
  const double unit = curve.advance(mean_kept_share(history));
  if (unit > 0 && unit < SurvivalCurve::kMaxAdvance) {
    for (double* rate : {&curve.rate1, &curve.rate2, &curve.rate3}) *rate *= unit;
  }
  return curve;
}

DeathLawFit fit_death_law(const ObservedHistory& whole) {
  const ObservedHistory history = latest(whole, kWindow);
  DeathLawFit fit{{fit_curve_of_busy_days(history), std::nullopt}, {}};
  const auto split = static_cast<std::uint32_t>(history.backups.size() * 2 / 3);
  if (split < kMinBackups) return fit;
  ObservedHistory first = history;
  first.backups.resize(split);
  if (!first.has_losses()) return fit;
  const DeathLaw by_curve{fit_curve_of_busy_days(first), std::nullopt};
  const DeathLaw by_age{by_curve.curve, fit_age_law(first)};
  Misses curve_misses = misses_of(overlaps_by(by_curve, history), history, split);
  Misses age_misses = misses_of(overlaps_by(by_age, history), history, split);
  const bool age_decides = age_misses.relative < kClearlyBetter * curve_misses.relative;
  if (age_decides) fit.law.by_age = fit_age_law(history);
  fit.errors = std::move((age_decides ? age_misses : curve_misses).shares);
  return fit;
}

Trace overlaps_by(const DeathLaw& law, const ObservedHistory& history) {
  return overlaps(law, history, nullptr, 0);
}

Trace overlaps_by(const DeathLaw& law, const ObservedHistory& history, const Trace& known,
                  std::uint32_t now) {
  return overlaps(law, history, &known, now);
}

}  // namespace backcast::sim
