// What a scenario makes happen: outages, deletions, lost storage, restores.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/world/world.h"

namespace backcast::sim {

void World::begin(std::uint32_t index) {
  const ScheduledEvent& event = scenario_.events[index];
  if (event.lasts > Duration{0}) push(plus(event.at, event.lasts), kScenarioEnds, index);
  switch (event.kind) {
    case EventKind::kOutage:
      ++down_[event.region];
      log(LogKind::kOutageBegan, kNone, kNone, event.region,
          fmt::format("{} goes down for {}", event.region, format_duration(event.lasts)));
      fail_jobs_in(event.region);
      return fail_copies_to(event.region);
    case EventKind::kLinkOutage:
      log(LogKind::kOutageBegan, kNone, kNone, event.to_region,
          fmt::format("the link from {} to {} goes down for {}", event.region, event.to_region,
                      format_duration(event.lasts)));
      return set_links(event, false);
    case EventKind::kStorageLoss:
      return lose_storage(event);
    case EventKind::kDeleteProject:
      if (event.project) delete_project(*event.project, event);
      return;
    default:
      break;
  }
  for (const std::uint32_t service : event.services) {
    if (services_.contains(service)) begin_for(service, event);
  }
}

void World::begin_for(std::uint32_t service, const ScheduledEvent& event) {
  ServiceState& state = services_.at(service);
  const Service& s = scenario_.services[service];
  switch (event.kind) {
    case EventKind::kDeleteService:
      return delete_service(service, event);
    case EventKind::kDisableSchedules:
      state.schedules_on = false;
      return log(LogKind::kWindowMissed, service, kNone, s.region,
                 s.name + ": automatic backups are switched off; existing ones keep their expiry");
    case EventKind::kEnableSchedules:
      return enable_schedules(service);
    case EventKind::kClockJump:
      return jump_clock(service, event.jump);
    case EventKind::kSuspend:
      ++state.suspended;
      return log(LogKind::kOutageBegan, service, kNone, s.region,
                 fmt::format("{} is suspended for {}", s.name, format_duration(event.lasts)));
    case EventKind::kJobFailures:
      ++state.failing;
      return log(LogKind::kOutageBegan, service, kNone, s.region,
                 fmt::format("jobs of {} fail for {}", s.name, format_duration(event.lasts)));
    case EventKind::kBurst:
      return log(LogKind::kBurst, service, kNone, s.region, s.name + ": a burst of change");
    default:
      return;
  }
}

void World::end(std::uint32_t index) {
  const ScheduledEvent& event = scenario_.events[index];
  if (event.kind == EventKind::kOutage) {
    --down_[event.region];
    log(LogKind::kOutageEnded, kNone, kNone, event.region, event.region + " is back");
    for (const std::uint32_t service : members_) {
      if (scenario_.services[service].region == event.region) make_up(service);
    }
  }
  if (event.kind == EventKind::kLinkOutage) {
    log(LogKind::kOutageEnded, kNone, kNone, event.to_region,
        fmt::format("the link from {} to {} is back", event.region, event.to_region));
    set_links(event, true);
  }
  for (const std::uint32_t service : event.services) {
    if (!services_.contains(service)) continue;
    ServiceState& state = services_.at(service);
    const Service& s = scenario_.services[service];
    if (event.kind == EventKind::kSuspend) {
      --state.suspended;
      log(LogKind::kOutageEnded, service, kNone, s.region, s.name + " runs again");
      make_up(service);
    }
    if (event.kind == EventKind::kJobFailures) {
      --state.failing;
      log(LogKind::kOutageEnded, service, kNone, s.region, "jobs of " + s.name + " work again");
    }
  }
}

void World::set_links(const ScheduledEvent& event, bool up) {
  const std::int64_t now_ns = (now_ - scenario_.start).count();
  for (std::uint32_t link = 0; link < scenario_.links.size(); ++link) {
    const auto& spec = scenario_.links[link];
    if (spec.from != event.region || spec.to != event.to_region) continue;
    end_link(link);
    links_[link].set_rate(now_ns, up ? spec.rate_bytes_per_second : 0);
    await_link(link);
  }
}

void World::fail_jobs_in(const std::string& region) {
  for (auto& [service, state] : services_) {
    if (scenario_.services[service].region == region) fail_jobs_of(service, region + " went down");
  }
}

void World::fail_jobs_of(std::uint32_t service, const std::string& reason) {
  const std::vector<std::uint32_t> running = services_.at(service).jobs;
  for (const std::uint32_t job : running) {
    jobs_[job].doomed = reason;
    end_job(job);
  }
}

void World::lose_storage(const ScheduledEvent& event) {
  log(LogKind::kStorageLost, kNone, kNone, event.region,
      "everything stored in " + event.region + " is lost");
  for (const auto& vault : vaults_) {
    if (vault->region() != event.region) continue;
    if (!event.services.empty() && std::find(event.services.begin(), event.services.end(),
                                             vault->service()) == event.services.end()) {
      continue;
    }
    std::vector<std::uint32_t> lost;
    for (const Vault::Held& held : vault->held()) {
      if (held.available) lost.push_back(held.backup);
    }
    for (const std::uint32_t backup : lost) {
      drop(backup, LogKind::kDeleted, "the storage of " + event.region + " was lost");
    }
  }
}

}  // namespace backcast::sim
