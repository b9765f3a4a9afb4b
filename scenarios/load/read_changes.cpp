// What changes in mid-life: schedules that are deleted, policies and plans that give way to others.
// Each is read as of its time, by the readers of services and projects.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "scenarios/load/build.h"
#include "scenarios/load/vendor_checks.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 4> kProjectFields{"quota", "quota_mode", "quota_ceiling",
                                                    "copies_from_plan"};

std::uint64_t size_limit(const std::optional<policy::RetentionPolicy>& policy) {
  const auto* native = policy ? std::get_if<policy::NativePolicy>(&*policy) : nullptr;
  return native == nullptr ? 0 : native->max_size_bytes;
}

}  // namespace

MidLife::MidLife(Build& build) : build_(build), projects_(build.scenario.projects) {}

std::vector<MidLife::Subject> MidLife::subjects_of(const sim::ScheduledEvent& event) {
  std::vector<Subject> subjects;
  for (const std::uint32_t i : event.services) subjects.push_back({i, false});
  for (const std::uint32_t i : event.fleets) subjects.push_back({i, true});
  return subjects;
}

sim::Service& MidLife::service_of(const Subject& subject) {
  return subject.of_fleet ? build_.scenario.fleets[subject.index].service
                          : build_.scenario.services[subject.index];
}

const Profile& MidLife::profile_of(const Subject& subject) {
  return subject.of_fleet ? *build_.profile_of_fleet[subject.index]
                          : *build_.profile_of_service[subject.index];
}

MidLife::State& MidLife::state_of(const Subject& subject) {
  const auto [place, is_new] = states_.try_emplace({subject.of_fleet, subject.index});
  if (is_new) {
    const auto count = static_cast<std::uint32_t>(service_of(subject).schedules.size());
    for (std::uint32_t i = 0; i < count; ++i) place->second.schedules.push_back(i);
  }
  return place->second;
}

void MidLife::delete_schedule(const Node& node, sim::ScheduledEvent& event) {
  const auto name = node.text("schedule");
  for (const Subject& subject : subjects_of(event)) {
    sim::Service& service = service_of(subject);
    check_deletion(node, *service.rules);
    std::vector<std::uint32_t>& schedules = state_of(subject).schedules;
    std::vector<std::string> names;
    for (const std::uint32_t i : schedules) names.push_back(service.schedules[i].name);
    const auto found = name                ? std::find(names.begin(), names.end(), *name)
                       : names.size() == 1 ? names.begin()
                                           : names.end();
    if (found == names.end()) {
      const char* field = name ? "schedule" : "service";
      node.fault_at(field,
                    name ? fmt::format("{} has no schedule {} then", service.name, printable(*name))
                         : fmt::format("{} has {} schedules then", service.name, names.size()),
                    names.empty()
                        ? "leave the event out"
                        : fmt::format("give \"schedule\": \"{}\"", fmt::join(names, "\" or \"")));
      continue;
    }
    const auto place = schedules.begin() + (found - names.begin());
    service.schedules[*place].ended = event.at;
    event.changes.push_back({subject.index, subject.of_fleet, std::vector{*place}, {}});
    schedules.erase(place);
  }
}

// Read like those of a new service, which has nothing but the place where they go.
void MidLife::read_schedules_at(const Node& node, const Subject& subject, Instant at,
                                sim::PolicyChange& change) {
  sim::Service& service = service_of(subject);
  sim::Service scratch = service;
  scratch.schedules.clear();
  read_schedules(build_, node, profile_of(subject), scratch);
  service.elsewhere = scratch.elsewhere;
  State& state = state_of(subject);
  for (const std::uint32_t i : state.schedules) service.schedules[i].ended = at;
  state.schedules.clear();
  for (sim::ServiceSchedule& schedule : scratch.schedules) {
    schedule.made = at;
    schedule.from = std::max(schedule.from, at);
    state.schedules.push_back(static_cast<std::uint32_t>(service.schedules.size()));
    service.schedules.push_back(std::move(schedule));
  }
  change.schedules = state.schedules;
}

void MidLife::put_retention(const Subject& subject, std::optional<policy::RetentionPolicy> policy,
                            sim::PolicyChange& change) {
  auto& later = service_of(subject).later_retentions;
  later.push_back(std::move(policy));
  change.retention = state_of(subject).retention = static_cast<std::uint32_t>(later.size());
}

void MidLife::change_policy(const Node& node, sim::ScheduledEvent& event) {
  if (!node.has("schedules") && !node.has("retention")) {
    node.fault("a change_policy event needs \"schedules\" or \"retention\"",
               "give what holds from then on, as a service has it");
  }
  for (const Subject& subject : subjects_of(event)) {
    sim::PolicyChange change{subject.index, subject.of_fleet, {}, {}};
    if (node.has("schedules")) read_schedules_at(node, subject, event.at, change);
    if (node.has("retention")) {
      sim::Service scratch = service_of(subject);
      read_retention(node, projects_[scratch.project], scratch);
      put_retention(subject, std::move(scratch.retention), change);
    }
    event.changes.push_back(std::move(change));
  }
}

// What the plan does not allow of what is there already.
void MidLife::check_subject(const Node& node, const Subject& subject, const Plan& plan,
                            const sim::Project& becomes) {
  const sim::Service& service = service_of(subject);
  const State& state = state_of(subject);
  const policy::CopyRules rules{.anywhere = service.rules->copies.anywhere,
                                .by_plan = service.rules->copies.by_plan,
                                .lowest_plan = plan.copies_from};
  const policy::CopyRequest request{.source_cloud = service.cloud,
                                    .target_cloud = service.cloud,
                                    .plan = plan.plan,
                                    .retention_days = 1};
  for (const std::uint32_t i : state.schedules) {
    if (Status allowed = policy::check_plan(*service.rules, plan.plan); !allowed.ok()) {
      node.fault_at("plan", std::move(allowed).error());
    }
    const policy::CopyFault fault = policy::check_copy(request, rules);
    if (!service.schedules[i].copies.empty() && fault == policy::CopyFault::kPlan) {
      node.fault_at("plan", fmt::format("{} copies to other regions: {}", service.name,
                                        policy::explain(fault)));
    }
  }
  if (service.key) {
    if (Status fits = policy::check_key(*service.rules, plan.plan); !fits.ok()) {
      node.fault_at("plan", std::move(fits).error());
    }
  }
  if (!becomes.quota_bytes) return;
  if (subject.of_fleet || service.provider != becomes.provider) {
    node.fault(subject.of_fleet
                   ? fmt::format("fleet {} is kept as sums, whose services share no quota that "
                                 "comes later",
                                 service.name)
                   : fmt::format("the quota of project {} would count {}, which is with {}",
                                 becomes.name, service.name, service.provider),
               subject.of_fleet ? "give the project its quota from the start"
                                : "give each provider a project of its own");
  }
  Status kept = policy::check_quota_policy(
      becomes.quota_mode, sim::retention_at(service, state.retention), becomes.name);
  if (!kept.ok()) node.fault_at("kind", std::move(kept).error());
}

// The size limit that the vendor leaves to the quota follows it.
void MidLife::follow_quota(const Subject& subject, std::uint64_t quota_bytes,
                           sim::ScheduledEvent& event) {
  auto policy = sim::retention_at(service_of(subject), state_of(subject).retention);
  const std::uint64_t before = size_limit(policy);
  if (policy) policy::take_quota_as_limit(*policy, quota_bytes);
  if (size_limit(policy) == before) return;
  sim::PolicyChange change{subject.index, subject.of_fleet, {}, {}};
  put_retention(subject, std::move(policy), change);
  event.changes.push_back(std::move(change));
}

void MidLife::change_plan(const Node& node, sim::ScheduledEvent& event) {
  if (!event.project) return;
  const std::uint32_t index = *event.project;
  const Profile& profile = *build_.profile_of_project[index];
  json fields = build_.fields_of_project[index];
  bool any = node.has("plan");
  if (const auto plan = node.text("plan")) {
    if (!take_plan(node, profile, *plan, fields)) return;
  }
  for (const char* const field : kProjectFields) {
    if (!node.has(field)) continue;
    any = true;
    fields[field] = node.value()[field];
  }
  if (!any) {
    return node.fault("a change_plan event needs what changes",
                      "give \"plan\", \"quota\", \"quota_mode\", \"quota_ceiling\" or "
                      "\"copies_from_plan\"");
  }
  build_.merged.push_back(std::move(fields));
  const Node merged(build_.merged.back(), node.pointer(), build_.faults);
  sim::Project becomes = read_project(merged, node, projects_[index].name, profile);
  const Plan plan = read_plan(merged, becomes);
  const auto follow = [&](std::uint32_t i, bool of_fleet) {
    const Subject subject{i, of_fleet};
    if (service_of(subject).project != index) return;
    check_subject(node, subject, plan, becomes);
    if (becomes.quota_bytes) follow_quota(subject, *becomes.quota_bytes, event);
  };
  for (std::uint32_t i = 0; i < build_.scenario.services.size(); ++i) follow(i, false);
  for (std::uint32_t i = 0; i < build_.scenario.fleets.size(); ++i) follow(i, true);
  if (becomes.quota_bytes) build_.scenario.projects[index].watched = true;
  build_.fields_of_project[index] = merged.value();
  build_.plan_of_project[index] = plan;
  projects_[index] = becomes;
  event.becomes = std::move(becomes);
}

}  // namespace backcast::scenario
