#include "scores.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace fidelity {
namespace {

struct Weighted {
  double value = 0, weight = 0;
};

double quantile(std::vector<Weighted> values, double p) {
  std::sort(values.begin(), values.end(),
            [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  double all = 0, sum = 0;
  for (const Weighted& v : values) all += v.weight;
  for (const Weighted& v : values) {
    sum += v.weight;
    if (sum >= p * all - 1e-12) return v.value;
  }
  return values.empty() ? 0 : values.back().value;
}

template <typename Value>
std::vector<Weighted> weighted(const Histories& histories, const Value& value) {
  std::vector<Weighted> values;
  for (const OneHistory& history : histories) {
    for (const Scored& one : history.forecasts) {
      values.push_back({value(one), 1.0 / static_cast<double>(history.forecasts.size())});
    }
  }
  return values;
}

double score(double low, double high, double truth) {
  const double over = std::max({0.0, std::log(low / truth), std::log(truth / high)});
  return std::log(high / low) + 20 * over;
}

template <typename Value>
double mean(const Histories& histories, const Value& value) {
  double sum = 0, all = 0;
  for (const Weighted& v : weighted(histories, value)) sum += v.value * v.weight, all += v.weight;
  return all > 0 ? sum / all : 0;
}

}  // namespace

Quantiles errors_of(const Histories& histories, Way way) {
  const auto values =
      weighted(histories, [&](const Scored& one) { return std::fabs(one.*way / one.truth - 1); });
  return {quantile(values, 0.5), quantile(values, 0.95)};
}

std::pair<double, double> bootstrap(const Histories& histories, const FigureOf& figure) {
  constexpr int kDraws = 500;
  std::mt19937_64 random(16);  // no distribution, whose values differ between libraries
  std::vector<Weighted> drawn;
  for (int i = 0; i < kDraws; ++i) {
    Histories some;
    for (std::size_t k = 0; k < histories.size(); ++k) {
      some.push_back(histories[random() % histories.size()]);
    }
    drawn.push_back({figure(some), 1});
  }
  return {quantile(drawn, 0.05), quantile(drawn, 0.95)};
}

double held(const OneHistory& history) {
  const auto within = std::count_if(
      history.forecasts.begin(), history.forecasts.end(),
      [](const Scored& one) { return one.low <= one.truth && one.truth <= one.high; });
  return static_cast<double>(within) / static_cast<double>(history.forecasts.size());
}

double held(const Histories& histories) {
  double sum = 0;
  for (const OneHistory& history : histories) sum += held(history);
  return histories.empty() ? 0 : sum / static_cast<double>(histories.size());
}

double interval_score(const Histories& histories) {
  return mean(histories, [](const Scored& one) { return score(one.low, one.high, one.truth); });
}

double interval_score_of_constant(const Histories& histories) {
  const double constant = quantile(
      weighted(histories,
               [](const Scored& one) { return std::fabs(std::log(one.truth / one.trimmed)); }),
      0.9);
  const double factor = std::exp(constant);
  return mean(histories, [&](const Scored& one) {
    return score(one.trimmed / factor, one.trimmed * factor, one.truth);
  });
}

double restlessness(const OneHistory& history) {
  return quantile(
      weighted({history},
               [](const Scored& one) { return std::fabs(std::log(one.truth / one.unchanged)); }),
      0.5);
}

}  // namespace fidelity
