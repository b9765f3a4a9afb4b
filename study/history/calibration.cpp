#include "study/history/calibration.h"

#include <fmt/format.h>

namespace backcast::study {
namespace {

// Scoring takes time with the cube of the backups, a thousand of them some seconds.
constexpr std::uint32_t kEnoughToScore = 60, kMostToScore = 1000;

}  // namespace

Result<FittedWorkload> fit_workload(std::string_view text, const std::string& name,
                                    const sim::SourceChoice& choice, const Watch& watch) {
  BACKCAST_TRY(sim::Observations seen, sim::read_observations(text, name, choice));
  auto fit = sim::calibrate(seen.history);
  if (!fit) {
    Error error = fit.error();
    if (error.where.file.empty()) error.where.file = name;
    return error;
  }
  FittedWorkload fitted{std::move(*fit), std::nullopt, std::move(seen.notes)};
  if (!seen.table || seen.table->generations < kEnoughToScore) return fitted;
  if (seen.table->generations > kMostToScore) {
    fitted.notes.push_back(
        fmt::format("the fit is not scored on {} backups, which would take minutes: at most {} are",
                    seen.table->generations, kMostToScore));
    return fitted;
  }
  fitted.fidelity = sim::measure_fidelity(*seen.table, watch.stop);
  if (watch.stop != nullptr && *watch.stop) {
    fitted.fidelity.reset();
    fitted.notes.emplace_back("partial: interrupted before the fit was scored");
    fitted.partial = true;
  }
  return fitted;
}

}  // namespace backcast::study
