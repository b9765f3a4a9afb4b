#include "rehearsal/twin/twin.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/control/plane/control_plane.h"
#include "rehearsal/twin/weather_outside.h"
#include "sim/model/failures.h"

namespace backcast::rehearsal {
namespace {

Status hand_over(control::ControlPlane& plane,
                 const std::function<void(const policy::Decision&)>& decided) {
  constexpr std::uint64_t kAtOnce = 10'000;
  for (std::int64_t from = 1;;) {
    BACKCAST_TRY(const auto some, plane.decisions(from, kAtOnce));
    for (const auto& one : some) decided(one.decision);
    if (some.size() < kAtOnce) return kOk;
    from = some.back().number + 1;
  }
}

control::OpenOptions how_to_open(const sim::Scenario& scenario) {
  control::OpenOptions how;
  how.durable = false;
  how.clock = [start = scenario.start] { return start; };
  return how;
}

// A catalogue to which all of the scenario has been said, or none at `path`.
Status begin(const sim::Scenario& scenario, const sim::Draws& draws, const std::string& path,
             const DataOf& data) {
  const std::string half = path + ".half";
  for (const char* file : {"", "-wal", "-shm"}) std::filesystem::remove(half + file);
  {
    WeatherOutside outside(scenario, draws);
    BACKCAST_TRY(const auto plane,
                 control::ControlPlane::open(half, outside, how_to_open(scenario)));
    BACKCAST_CHECK(say(scenario, *plane, data));
  }
  std::error_code failed_with;
  std::filesystem::rename(half, path, failed_with);
  if (failed_with) return failed(fmt::format("{}: {}", path, failed_with.message()));
  return kOk;
}

}  // namespace

Status play(const sim::Scenario& stated, const std::string& path, const TwinOptions& options,
            const std::function<void(const policy::Decision&)>& decided) {
  if (const auto missing = not_played(stated); !missing.empty()) {
    return bad_input(fmt::format("a control plane does not play {}", fmt::join(missing, ", ")));
  }
  const sim::Draws draws(stated.seed, options.replication);
  sim::Scenario scenario = stated;
  for (sim::ScheduledEvent& drawn : sim::drawn_failures(stated, draws).events) {
    scenario.events.push_back(std::move(drawn));
  }
  if (!std::filesystem::exists(path)) BACKCAST_CHECK(begin(scenario, draws, path, options.data));
  WeatherOutside weather(scenario, draws);
  const auto between = options.between ? options.between(weather) : nullptr;
  control::Outside& outside = between ? *between : weather;
  BACKCAST_TRY(const auto plane, control::ControlPlane::open(path, outside, how_to_open(scenario)));
  const Instant last = scenario.end - Duration{1};
  constexpr std::uint64_t kLooksUpEvery = 256;
  for (std::uint64_t steps = 1;; ++steps) {
    BACKCAST_TRY(const bool any, plane->step(last));
    if (!any) break;
    if (steps % kLooksUpEvery != 0) continue;
    if (options.progress) options.progress(kLooksUpEvery);
    if (options.stop != nullptr && *options.stop) {
      return Error{Errc::kInterrupted, "interrupted; it goes on where it was", {}, {}};
    }
  }
  if (options.at_end) BACKCAST_CHECK(options.at_end(*plane));
  return hand_over(*plane, decided);
}

}  // namespace backcast::rehearsal
