#include "cli/planning/varied.h"

#include "cli/planning/changed_fields.h"
#include "cli/planning/trials.h"

namespace backcast::cli {
namespace {

constexpr double kConfidence = 0.95;

}  // namespace

Result<BaseScenario, Errors> read_base(const ScenarioOptions& options) {
  // Loading it whole first gives the faults of the document itself their own lines.
  BACKCAST_TRY(scenario::Given given, read_given(options));
  BACKCAST_TRY(scenario::Loaded loaded, load_scenario(options, given));
  return BaseScenario{loaded.document, loaded.text, options, std::move(given)};
}

Result<PreparedScenario, Errors> with_values(const BaseScenario& base,
                                             const std::vector<sim::Factor>& factors,
                                             const std::vector<std::string>& values) {
  std::vector<FieldValue> changes;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    changes.push_back({factors[f].pointer, values[f]});
  }
  BACKCAST_TRY(scenario::Loaded loaded, load_changed(base.document, changes, base.given));
  return prepare(std::move(loaded), base.options);
}

Result<sim::Measures, Errors> mean_measures(const PreparedScenario& prepared, std::uint32_t count,
                                            const std::atomic<bool>& stop, const MeansToo& too) {
  sim::Measures sums;
  sim::Judge judge(prepared.loaded.scenario, count);
  for (std::uint32_t r = 0; r < count; ++r) {
    if (stop) return Errors{Error{Errc::kInterrupted, "interrupted", {}, ""}};
    BACKCAST_TRY(ScenarioRun run, run_prepared(prepared, {.replication = r, .threads = 1}));
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

}  // namespace backcast::cli
