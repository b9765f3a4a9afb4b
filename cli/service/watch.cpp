#include "cli/service/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/api/routes/metrics.h"
#include "study/live/judgement.h"

namespace backcast::service {
namespace {

constexpr Duration kFresh = 10 * kSecond;
constexpr std::uint64_t kAll = 100'000'000;

// The clusters of some projects with all their backups; nothing where the catalogue cannot be read.
std::optional<study::ServiceState> state_of(control::ControlPlane& control,
                                            const std::vector<std::string>& projects, Instant now) {
  study::ServiceState state;
  state.now = now;
  const auto clusters = control.clusters();
  if (!clusters.ok()) return std::nullopt;
  for (const control::Cluster& cluster : *clusters) {
    if (std::find(projects.begin(), projects.end(), cluster.project) == projects.end()) continue;
    control::BackupFilter filter;
    filter.cluster = cluster.id;
    filter.with_gone = true;
    filter.limit = kAll;
    auto backups = control.backups(filter);
    if (!backups.ok()) return std::nullopt;
    state.clusters.push_back({cluster, true, {}, std::move(backups->page)});
  }
  return state;
}

}  // namespace

Watch::Watch(control::ControlPlane& control, std::function<Instant()> now,
             std::function<Duration()> monotonic)
    : control_(control), now_(std::move(now)), monotonic_(std::move(monotonic)) {}

std::vector<api::RequirementState> Watch::requirements() {
  const std::lock_guard lock(mutex_);
  const Duration now = monotonic_();
  if (!judged_ || now - *judged_ >= kFresh) {
    last_ = judged();
    judged_ = monotonic_();
  }
  return last_;
}

std::vector<api::RequirementState> Watch::judged() {
  std::vector<api::RequirementState> all;
  const auto scenarios = control_.scenarios();
  if (!scenarios.ok()) return all;
  const Instant now = std::chrono::floor<std::chrono::seconds>(now_());
  for (const control::AppliedScenario& scenario : *scenarios) {
    const auto state = state_of(control_, scenario.projects, now);
    control::JobFilter filter;
    filter.type = "RESTORE";
    filter.limit = kAll;
    const auto restores = control_.jobs(filter);
    if (!state || !restores.ok()) continue;
    const auto usage = [&] {
      auto records = control_.usage(scenario.applied, now);
      return records.ok() ? std::move(*records) : std::vector<UsageRecord>();
    };
    for (study::LiveRequirement& live : study::judge_live(scenario, *state, *restores, usage)) {
      all.push_back({scenario.projects, std::move(live.scenario), std::move(live.name),
                     std::move(live.statement), std::move(live.state), std::move(live.why),
                     std::move(live.limit), std::move(live.observed), live.since, live.broken_for});
    }
  }
  return all;
}

std::string Watch::gauges() {
  const auto all = requirements();
  if (all.empty()) return {};
  std::string holds =
      "# HELP backcast_requirement_holds Whether what an applied scenario requires holds; absent "
      "while nobody knows.\n# TYPE backcast_requirement_holds gauge\n";
  std::string unknown =
      "# HELP backcast_requirement_unknown Whether nobody knows if it holds.\n"
      "# TYPE backcast_requirement_unknown gauge\n";
  for (const api::RequirementState& one : all) {
    const std::string labels = fmt::format("{{scenario=\"{}\",requirement=\"{}\"}}",
                                           api::label(one.scenario), api::label(one.name));
    const bool is_known = one.state != "unknown";
    if (is_known) {
      holds +=
          fmt::format("backcast_requirement_holds{} {}\n", labels, one.state == "holds" ? 1 : 0);
    }
    unknown += fmt::format("backcast_requirement_unknown{} {}\n", labels, is_known ? 0 : 1);
  }
  return holds + unknown;
}

}  // namespace backcast::service
