#include "cli/planning/rehearse_control.h"

#include <fmt/format.h>

#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "engine/base/errors.h"
#include "rehearsal/twin/twin.h"
#include "sim/words/decisions.h"

namespace backcast::cli {

Result<Ok, Errors> rehearse_control(Context& context, const ScenarioOptions& options,
                                    const std::string& folder, const std::string& decisions) {
  ScenarioOptions scenario = options;
  scenario.bill = false;
  BACKCAST_TRY(const study::PreparedScenario prepared, prepare(scenario));
  Interruptible interruptible;
  const study::Watch watch = watch_of(context, interruptible);
  rehearsal::TwinOptions how;
  how.stop = watch.stop;
  how.progress = watch.begin("rehearsing", 0, "steps");
  std::vector<std::string> decided;
  BACKCAST_CHECK(all_errors(rehearsal::play(
      prepared.loaded.scenario, folder + "/catalogue.db", how,
      [&](const policy::Decision& decision) { decided.push_back(policy::to_line(decision)); })));
  if (!decisions.empty()) {
    BACKCAST_CHECK(
        all_errors(write_output(decisions, fmt::format("{}\n", fmt::join(decided, "\n")))));
  }
  sim::RunOptions together;
  together.together = true;
  together.stop = watch.stop;
  BACKCAST_TRY(const study::ScenarioRun simulated, study::run(prepared, together));
  const auto foreseen = sim::decisions_of(prepared.loaded.scenario, simulated.result);
  for (std::size_t i = 0; i < std::max(decided.size(), foreseen.size()); ++i) {
    const std::string here = i < decided.size() ? decided[i] : "nothing more";
    const std::string there = i < foreseen.size() ? policy::to_line(foreseen[i]) : "nothing more";
    if (here == there) continue;
    print(fmt::format("DIFFERS at decision {} of {}\n  control plane: {}\n  simulation:    {}\n",
                      i + 1, decided.size(), here, there));
    context.exit_code = 1;
    return kOk;
  }
  print(fmt::format("{} decisions of the control plane, the same as in the simulation\n",
                    decided.size()));
  return kOk;
}

}  // namespace backcast::cli
