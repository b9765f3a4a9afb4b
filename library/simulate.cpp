#include <backcast/simulate.h>

#include "library/bill.h"
#include "library/problems.h"
#include "library/scenario.h"
#include "sim/words/words.h"
#include "study/run/trials.h"

namespace backcast {
namespace {

std::optional<Time> unless_never(Instant t) {
  return t == sim::kNever ? std::nullopt : std::optional(t);
}

RequirementResult result_of(const sim::RequirementOutcome& outcome) {
  RequirementResult told{.name = outcome.name,
                         .statement = outcome.statement,
                         .verdict = sim::shown(outcome.verdict),
                         .held = outcome.verdict == sim::Verdict::kHolds ? 1u : 0u,
                         .observed = outcome.observed,
                         .limit = outcome.limit,
                         .unknown_because = outcome.unknown_because,
                         .first_failure = unless_never(outcome.first_failure)};
  if (outcome.replicated) {
    told.held = outcome.replicated->held;
    told.replications = outcome.replicated->replications;
  }
  return told;
}

RestorePoint point_of(const sim::Scenario& scenario, const sim::BackupRecord& backup) {
  return {backup.id,
          scenario.services[backup.service].name,
          backup.region,
          backup.kind,
          sim::name(backup.state),
          backup.born,
          unless_never(backup.available),
          unless_never(backup.deleted),
          unless_never(backup.expires),
          backup.size_bytes,
          backup.added_bytes,
          sim::reason_text(scenario, backup)};
}

}  // namespace

Expected<Simulation> simulate(const Scenario& scenario, const SimulateOptions& options) {
  const auto run_as = [&](const study::PreparedScenario& prepared) -> Expected<Simulation> {
    auto run =
        study::run(prepared, {.replication = options.replication, .threads = options.threads});
    if (!run.ok()) return library::problems_of(run.error());
    const auto judged = study::judge(
        prepared, {.replications = options.replications, .threads = options.threads}, *run);
    if (!judged.ok()) return library::problems_of(judged.error());
    Simulation made{.verdict = sim::shown(sim::verdict_of(run->result)),
                    .requirements = {},
                    .restore_points = {},
                    .bill = {},
                    .assumptions = run->result.assumptions};
    for (const auto& outcome : run->result.requirements) {
      made.requirements.push_back(result_of(outcome));
    }
    for (const auto& backup : run->result.backups) {
      made.restore_points.push_back(point_of(prepared.loaded.scenario, backup));
    }
    if (run->invoice) made.bill = library::bill_of(*run->invoice);
    return made;
  };
  if (!options.seed) return run_as(scenario.impl().prepared);
  study::Question question;
  question.seed = options.seed;
  const auto seeded = study::prepare(scenario.impl().written, question);
  if (!seeded.ok()) return library::problems_of(seeded.error());
  return run_as(*seeded);
}

}  // namespace backcast
