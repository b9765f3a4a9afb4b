#include "cli/service/virtual_clock.h"

#include <fmt/format.h>

#include "cli/shared/output_file.h"
#include "engine/base/document.h"
#include "engine/base/text.h"
#include "rehearsal/with_bytes.h"
#include "reports/parts/progress.h"
#include "scenarios/load/load.h"

namespace backcast::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = "virtual-clock";           // in a service's folder: when it stands
constexpr const char* kUnfinished = "catalogue.played";  // becomes the catalogue at the end
constexpr std::uint64_t kMaxMarkBytes = 100;

}  // namespace

Result<std::optional<Instant>> stands_at(const fs::path& folder) {
  std::error_code none;
  if (fs::exists(folder / kUnfinished, none)) {
    return failed("the scenario in " + folder.string() + " was not lived through",
                  "begin again in a new directory");
  }
  if (!fs::exists(folder / kMark, none)) return std::optional<Instant>();
  BACKCAST_TRY(const std::string text, read_text_file((folder / kMark).string(), kMaxMarkBytes));
  BACKCAST_TRY(const StampedInstant at, parse_instant(trim(text)));
  return std::optional<Instant>(at.instant);
}

Result<Instant, Errors> live_through(const Context& context, const std::string& scenario,
                                     const fs::path& folder, store::SecretText passphrase,
                                     const std::atomic<bool>& stop) {
  BACKCAST_TRY(const scenario::Loaded loaded, scenario::load_file(scenario));
  std::atomic<std::uint64_t> steps{0};
  const reports::Progress progress(progress_form(context), {"living through the scenario", "steps"},
                                   [&] { return reports::ProgressState{steps.load()}; });
  rehearsal::TwinOptions how;
  rehearsal::add_bytes(loaded.scenario, folder, std::move(passphrase), how,
                       [](rehearsal::RealBytes& bytes, control::ControlPlane& plane) {
                         return bytes.note_snapshots(plane);
                       });
  how.data = [&](std::uint32_t service, control::Cluster& cluster) {
    const kinds::DataPlace data = rehearsal::generated_data(folder, service + 1);
    cluster.kind = data.kind;
    cluster.source = data.source;
  };
  how.stop = &stop;
  how.progress = [&](std::uint64_t more) { steps += more; };
  const std::string played = (folder / kUnfinished).string();
  std::uint64_t decisions = 0;
  const Status lived =
      rehearsal::play(loaded.scenario, played, how, [&](const policy::Decision&) { ++decisions; });
  if (!lived.ok() && lived.error().code == Errc::kInterrupted) {
    return Errors{Error{Errc::kInterrupted, "interrupted", {}, "begin again in a new directory"}};
  }
  BACKCAST_CHECK(all_errors(lived));
  const Instant end = loaded.scenario.end;
  BACKCAST_CHECK(all_errors(write_output((folder / kMark).string(), format_instant(end) + "\n")));
  std::error_code error;
  fs::rename(played, folder / "catalogue", error);
  if (error) return Errors{failed("cannot rename " + played + ": " + error.message())};
  note(context, fmt::format("{} decisions from {} to {}", decisions,
                            format_instant(loaded.scenario.start), format_instant(end)));
  return end;
}

}  // namespace backcast::cli
