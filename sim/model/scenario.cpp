#include "sim/model/scenario.h"

#include <algorithm>
#include <variant>

namespace backcast::sim {

bool covers(const JobLimit& limit, const Service& service, std::uint32_t index) {
  if (limit.project && service.project != *limit.project) return false;
  if (!limit.region.empty() && service.region != limit.region) return false;
  return limit.services.empty() ||
         std::find(limit.services.begin(), limit.services.end(), index) != limit.services.end();
}

std::vector<std::string> ledger_tags(const Service& service,
                                     const std::vector<std::string>& backup_tags) {
  std::vector<std::string> tags = service.cost_tags;
  tags.insert(tags.end(), backup_tags.begin(), backup_tags.end());
  return tags;
}

Place place_in(const Service& service, const std::string& region) {
  for (const Place& place : service.elsewhere) {
    if (place.region == region) return place;
  }
  return {region, service.book, service.store.storage_class};
}

UsageRecord movement(const Place& from, const Place& to) {
  UsageRecord record;
  record.kind = from.book == to.book ? UsageKind::kTransfer : UsageKind::kEgress;
  record.provider = from.book;
  record.region = from.region;
  record.peer_region = to.region;
  return record;
}

const std::optional<policy::RetentionPolicy>& retention_at(const Service& service,
                                                           std::uint32_t index) {
  return index == 0 ? service.retention : service.later_retentions[index - 1];
}

policy::RestoreTarget target_of(const Scenario& scenario, const ScheduledEvent& restore,
                                std::uint32_t service) {
  policy::RestoreTarget target;
  if (restore.to_project) target.project = scenario.projects[*restore.to_project].name;
  if (restore.key) target.key = scenario.keys[*restore.key].name;
  if (!restore.collections.empty()) {
    target.into = scenario.services[restore.into.value_or(service)].name;
  }
  target.collections = restore.collections;
  return target;
}

std::string full_name(const Scenario& scenario, const Key& key) {
  return scenario.projects[key.project].name + "/" + key.name;
}

std::string version_refusal(const ScheduledEvent& restore, const Service& service, Instant born,
                            Instant now) {
  if (!restore.backup_version || !restore.target_version) return {};
  // Where nobody states the latest version, extremes.h tries what it may be.
  return policy::version_refusal(
      service.rules->restore.versions,
      {*restore.backup_version, *restore.target_version, restore.latest_version}, born, now);
}

policy::Quota quota_of(const Project& project) {
  return {*project.quota_bytes, project.quota_mode, project.quota_ceiling_bytes};
}

const policy::RetentionPolicy* policy_at(const Scenario& scenario, std::uint32_t service,
                                         const PolicyPlace& place) {
  const auto in = [&](const auto& maker) {
    const auto& policy = place.copy == kNone ? maker.retention : maker.copies[place.copy].retention;
    return policy ? &*policy : nullptr;
  };
  const Service& s = scenario.services[service];
  switch (place.in) {
    case PolicyPlace::In::kNowhere:
      break;
    case PolicyPlace::In::kService: {
      const auto& policy = retention_at(s, place.index);
      return policy ? &*policy : nullptr;
    }
    case PolicyPlace::In::kSchedule:
      return in(s.schedules[place.index]);
    case PolicyPlace::In::kEvent:
      return in(scenario.events[place.index]);
  }
  return nullptr;
}

namespace {

bool is_drawn(const Service& service) {
  const double failing = service.job.failure_probability;
  const Workload& workload = service.workload;
  if ((failing > 0 && failing < 1) || service.job.duration_spread > 0 ||
      workload.noise.spread > 0 || workload.random_bursts.per_day > 0 || draws_size(workload)) {
    return true;
  }
  return std::any_of(service.schedules.begin(), service.schedules.end(),
                     [](const ServiceSchedule& schedule) {
                       return policy::start_window_seconds(schedule.rule) > 0;
                     });
}

}  // namespace

bool has_laws(const Fleet& fleet) {
  return fleet.size_bytes || fleet.growth_bytes_per_day || fleet.growth_share_per_year ||
         fleet.stored_share || fleet.activity;
}

bool is_drawn(const Scenario& scenario) {
  return !scenario.failures.empty() ||
         std::any_of(scenario.services.begin(), scenario.services.end(),
                     [](const Service& service) { return is_drawn(service); }) ||
         std::any_of(
             scenario.fleets.begin(), scenario.fleets.end(),
             [](const Fleet& fleet) { return has_laws(fleet) || is_drawn(fleet.service); }) ||
         std::any_of(scenario.expanded.begin(), scenario.expanded.end(),
                     [](const Expanded& one) { return has_laws(one.fleet); });
}

}  // namespace backcast::sim
