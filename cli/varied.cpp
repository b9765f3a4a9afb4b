#include "cli/varied.h"

#include "cli/changed_fields.h"
#include "cli/trials.h"

namespace backcast::cli {

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
                                            const std::atomic<bool>& stop,
                                            std::vector<sim::Histogram>* spread) {
  sim::Measures sums;
  for (std::uint32_t r = 0; r < count; ++r) {
    if (stop) return Errors{Error{Errc::kInterrupted, "interrupted", {}, ""}};
    BACKCAST_TRY(const ScenarioRun run, run_prepared(prepared, {.replication = r, .threads = 1}));
    const sim::Measures measures = measures_of(run);
    if (sums.empty()) sums.resize(measures.size());
    for (std::size_t i = 0; i < measures.size(); ++i) {
      sums[i].name = measures[i].name;
      sums[i].value += measures[i].value;
      if (!spread) continue;
      spread->resize(measures.size());
      if (const auto whole = counted(measures[i])) (*spread)[i].add(*whole);
    }
  }
  for (sim::Measure& m : sums) m.value /= count;
  return sums;
}

}  // namespace backcast::cli
