// Statistics over forecasts of many histories, each history weighted equally.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fidelity {

// One forecast of stored bytes at one distance, and what came.
struct Scored {
  unsigned made_at = 0;
  double truth = 0;
  double low = 0, median = 0, high = 0;  // of the program
  double unchanged = 0, trend = 0, increments = 0, calculator = 0, mean = 0, trimmed = 0;
};
using Way = double Scored::*;

struct OneHistory {
  std::string name;
  std::vector<Scored> forecasts;
};
using Histories = std::vector<OneHistory>;
using FigureOf = std::function<double(const Histories&)>;

// |forecast / truth - 1|; percentiles with all histories of equal weight.
struct Quantiles {
  double median = 0, p95 = 0;
};
Quantiles errors_of(const Histories& histories, Way way);

// P5 and P95 of a figure when whole histories are drawn again and again with replacement.
std::pair<double, double> bootstrap(const Histories& histories, const FigureOf& figure);

double held(const OneHistory& history);   // share of truths within the interval
double held(const Histories& histories);  // the same, of equal weight
// Mean of log width + 20 x overshoot, of equal weight.
double interval_score(const Histories& histories);
// The same of trimmed means times and divided by the one constant that holds 90 % of the truths.
double interval_score_of_constant(const Histories& histories);
// How restless: median |log(truth / what was there)|.
double restlessness(const OneHistory& history);

}  // namespace fidelity
