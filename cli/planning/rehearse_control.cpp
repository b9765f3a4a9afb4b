#include "cli/planning/rehearse_control.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "engine/base/errors.h"
#include "rehearsal/with_bytes.h"
#include "sim/words/decisions.h"

namespace backcast::cli {

Result<Ok, Errors> rehearse_control(Context& context, const ScenarioOptions& options,
                                    const ControlRehearsal& asked) {
  const std::string catalogue = asked.folder + "/catalogue.db";
  if (asked.real_bytes && std::filesystem::exists(catalogue)) {
    return Errors{bad_input("a rehearsal with real bytes begins anew", "give --keep a new folder")};
  }
  ScenarioOptions scenario = options;
  scenario.bill = false;
  BACKCAST_TRY(const study::PreparedScenario prepared, prepare(scenario));
  Interruptible interruptible;
  const study::Watch watch = watch_of(context, interruptible);
  rehearsal::TwinOptions how;
  how.stop = watch.stop;
  how.progress = watch.begin("rehearsing", 0, "steps");
  std::vector<std::string> decided;
  rehearsal::RealBytes::Checked checked;
  if (asked.real_bytes) {
    const auto check = [&checked](rehearsal::RealBytes& bytes,
                                  control::ControlPlane& plane) -> Status {
      BACKCAST_TRY(checked, bytes.check(plane));
      return kOk;
    };
    rehearsal::add_bytes(prepared.loaded.scenario, asked.folder + "/bytes",
                         store::SecretText("rehearsed"), how, check);
  }
  BACKCAST_CHECK(all_errors(rehearsal::play(
      prepared.loaded.scenario, catalogue, how,
      [&](const policy::Decision& decision) { decided.push_back(policy::to_line(decision)); })));
  if (!asked.decisions.empty()) {
    BACKCAST_CHECK(
        all_errors(write_output(asked.decisions, fmt::format("{}\n", fmt::join(decided, "\n")))));
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
  if (!asked.real_bytes) return kOk;
  print(
      fmt::format("with real bytes: {} made, {} copied, {} deleted; all {} that are left restore "
                  "to the data of their moment\n",
                  checked.made, checked.copied, checked.removed, checked.restored));
  return kOk;
}

}  // namespace backcast::cli
