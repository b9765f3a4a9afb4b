// Where the world asks engine/policy what may happen: when a schedule fires, whether a job may
// start, which tags a backup gets, whether the quota lets it in.
#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/tags.h"
#include "engine/policy/service/admission.h"
#include "engine/policy/service/quota.h"
#include "sim/world/world.h"

namespace backcast::sim {
namespace {

policy::Quota quota_of(const Project& project) {
  return {*project.quota_bytes, project.quota_mode, project.quota_ceiling_bytes};
}

}  // namespace

std::optional<Instant> World::next_start(const ServiceSchedule& schedule, Slot& slot,
                                         Instant after) {
  const auto fires = policy::next(schedule.rule, std::max(slot.last, after), schedule.zone);
  if (!fires) return fires;
  slot.last = *fires;
  // Inside a window the vendor starts somewhere: the schedule goes on from its opening, and the
  // start is drawn anew each time.
  const int window_seconds = policy::start_window_seconds(schedule.rule);
  if (window_seconds == 0) return fires;
  const auto delay = draws_.below(static_cast<std::uint64_t>(window_seconds),
                                  scenario_.services[slot.service].entity, Purpose::kStartJitter,
                                  (std::uint64_t{slot.schedule} << 40) | slot.fired);
  return *fires + std::chrono::seconds(delay);
}

// The instant after which a schedule that holds from `first` on runs first. Elapsed time counts
// from there, or goes on from the newest restore point of a history where that leaves something to
// wait.
Instant World::before_first(const Slot& slot, Instant first) const {
  const ServiceSchedule& schedule = scenario_.services[slot.service].schedules[slot.schedule];
  const auto& known = services_.at(slot.service).newest_of_history;
  if (std::holds_alternative<policy::EverySchedule>(schedule.rule)) {
    const auto next = known ? policy::next(schedule.rule, *known, schedule.zone) : std::nullopt;
    return next && *next >= first ? *known : first;
  }
  // A run at the very time of the newest restore point is the one that made it.
  return std::max(first - Duration{1}, known.value_or(Instant::min()));
}

// Why a job may not start beside those that run, or "".
std::string World::admission(std::uint32_t service, bool automatic) const {
  const policy::AdmissionRules& rules = scenario_.services[service].rules->admission;
  policy::RunningJobs running;
  for (const std::uint32_t job : services_.at(service).jobs) {
    ++(jobs_[job].slot != kNone ? running.automatic : running.manual);
  }
  const policy::Admission verdict = policy::admit(
      rules, running, automatic ? policy::Origin::kAutomatic : policy::Origin::kManual);
  return verdict.admitted ? std::string() : policy::explain(verdict, rules);
}

// The tags of a backup that has succeeded.
void World::give_tags(BackupRecord& record, bool automatic) {
  const Service& s = scenario_.services[record.service];
  ServiceState& state = services_.at(record.service);
  if (automatic) {
    record.tags = policy::tags_at_birth(*s.rules, s.retention, std::move(record.tags), record.born,
                                        state.newest_automatic, s.zone)
                      .value_or(std::vector<std::string>());
  }
  const auto* native = s.retention ? std::get_if<policy::NativePolicy>(&*s.retention) : nullptr;
  record.is_protected =
      native != nullptr && policy::protecting_tag(record.tags, native->protected_tags) >= 0;
}

// The service's policy as the project's quota leaves it, or none: as it is.
std::optional<policy::RetentionPolicy> World::retention_within_quota(std::uint32_t vault) const {
  const Service& s = scenario_.services[vaults_[vault]->service()];
  const Project& project = scenario_.projects[s.project];
  if (!project.quota_bytes || !s.retention) return std::nullopt;
  return policy::within_quota(*s.retention, quota_of(project),
                              quota_bytes(s.project) - vaults_[vault]->stored_bytes());
}

// Why the project's quota does not let a newcomer in, or "". Retention makes room first: counted is
// what the project would hold once it has run with the newcomer.
std::string World::quota_refusal(const policy::Snapshot& newcomer, std::uint32_t vault) const {
  const Service& s = scenario_.services[vaults_[vault]->service()];
  const Project& project = scenario_.projects[s.project];
  if (!project.quota_bytes) return {};
  const policy::Quota quota = quota_of(project);
  std::uint64_t held_bytes = quota_bytes(s.project);
  if (s.retention && vaults_[vault]->region() == s.region) {
    const auto within = retention_within_quota(vault);
    const Vault::Outlook outlook =
        vaults_[vault]->with_newcomer(within ? *within : *s.retention, newcomer, now_);
    if (!outlook.why_not_kept.empty()) {
      return "retention would delete it at once: " + outlook.why_not_kept;
    }
    held_bytes -= outlook.freed_bytes;
  }
  const policy::QuotaVerdict verdict = policy::check_quota(quota, held_bytes);
  return verdict.stored ? std::string() : policy::explain(verdict, quota);
}

}  // namespace backcast::sim
