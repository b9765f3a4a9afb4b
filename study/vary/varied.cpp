#include "study/vary/varied.h"

#include <cmath>

#include "sim/run/judge.h"
#include "study/run/trials.h"

namespace backcast::study {
namespace {

constexpr double kConfidence = 0.95;

// Histograms count bytes, seconds and counts whole; money, days and shares in hundredths.
double counts_per_unit(const std::string& measure) {
  const bool has_fractions = measure.starts_with("cost") || measure.ends_with("_hold") ||
                             measure.find("days") != measure.npos;
  return has_fractions ? 100 : 1;
}

// Nothing for what is negative.
std::optional<std::uint64_t> counted(const sim::Measure& measure) {
  if (!(measure.value >= 0)) return std::nullopt;
  const double count = std::round(measure.value * counts_per_unit(measure.name));
  return count < 0x1p64 ? static_cast<std::uint64_t>(count) : UINT64_MAX;
}

}  // namespace

double value_of_count(const std::string& measure, std::uint64_t count) {
  return static_cast<double>(count) / counts_per_unit(measure);
}

Result<BaseScenario, Errors> base_of(scenario::Loaded written, const Question& question) {
  BACKCAST_TRY(scenario::Loaded loaded, changed(std::move(written), question));
  return BaseScenario{loaded.document, loaded.text, question};
}

Result<PreparedScenario, Errors> with_values(const BaseScenario& base,
                                             const std::vector<Factor>& factors,
                                             const std::vector<std::string>& values) {
  std::vector<FieldValue> changes;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    changes.push_back({factors[f].pointer, values[f]});
  }
  BACKCAST_TRY(scenario::Loaded loaded, load_changed(base.document, changes, base.question.given));
  return prepare_changed(std::move(loaded), base.question);
}

Result<sim::Measures, Errors> mean_measures(const PreparedScenario& prepared, std::uint32_t count,
                                            const std::atomic<bool>* stop, const MeansToo& too) {
  sim::Measures sums;
  sim::Judge judge(prepared.loaded.scenario, count);
  for (std::uint32_t r = 0; r < count; ++r) {
    if (stop != nullptr && *stop) return interrupted();
    BACKCAST_TRY(ScenarioRun run, study::run(prepared, {.replication = r, .threads = 1}));
    // Costs of which a part is not known cannot be compared.
    if (run.invoice && !run.invoice->is_complete()) return cost::to_errors(run.invoice->missing);
    const sim::Measures measures = measures_of(run);
    judge.hear(r, run.result);
    if (too.judged && r == 0) *too.judged = std::move(run.result);
    if (sums.empty()) sums.resize(measures.size());
    for (std::size_t i = 0; i < measures.size(); ++i) {
      sums[i].name = measures[i].name;
      sums[i].value += measures[i].value;
      if (!too.spread) continue;
      too.spread->resize(measures.size());
      if (const auto whole = counted(measures[i])) (*too.spread)[i].add(*whole);
    }
  }
  if (too.judged) judge.conclude(count, kConfidence, false, *too.judged);
  for (sim::Measure& m : sums) m.value /= count;
  return sums;
}

}  // namespace backcast::study
