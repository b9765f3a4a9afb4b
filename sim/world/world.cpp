#include "sim/world/world.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/time_math.h"

namespace backcast::sim {

World::World(const Scenario& scenario, std::vector<std::uint32_t> members, Draws draws,
             std::vector<VaultStep>* steps)
    : stage_(scenario, std::move(members), draws),
      availability_(stage_),
      schedules_(stage_),
      links_(stage_,
             [this](std::uint64_t id) {
               const auto place = static_cast<std::uint32_t>(id);
               (id & Restores::kTransfer) != 0 ? restores_.bring_back(place) : copies_.end(place);
             }),
      vaults_(stage_, steps),
      copies_(stage_, availability_, schedules_, links_, vaults_),
      jobs_(stage_, availability_, schedules_, vaults_, copies_),
      restores_(stage_, availability_, schedules_, links_, vaults_, jobs_),
      lifecycle_(stage_, availability_, schedules_, vaults_, copies_, jobs_) {}

// What is there before the run, and what is known to come.
void World::prepare() {
  PerService<Vaults::Adopted> adopted(stage_.members);
  for (const std::uint32_t service : stage_.members) {
    adopted[service] = vaults_.adopt(service);
    jobs_.go_on_from(service, adopted[service].count);
  }
  for (std::uint32_t slot = 0; slot < schedules_.slots().size(); ++slot) {
    schedules_.start(slot, adopted[schedules_.slots()[slot].service].newest);
  }
  for (std::uint32_t i = 0; i < stage_.scenario.events.size(); ++i) {
    const ScheduledEvent& event = stage_.scenario.events[i];
    const bool starts_a_job =
        event.kind == EventKind::kManualBackup || event.kind == EventKind::kRestore;
    stage_.agenda.push(event.at, starts_a_job ? Due::kManual : Due::kScenario, i);
  }
}

bool World::run(const std::atomic<bool>* stop) {
  prepare();
  constexpr std::uint64_t kLooksUpEvery = 256;
  Agenda& agenda = stage_.agenda;
  bool whole = true;
  while (!agenda.empty() && whole) {
    handle(agenda.pop());
    whole = stop == nullptr || agenda.popped() % kLooksUpEvery != 0 || !*stop;
  }
  // What else happens in the second in which it stops is not known: the run ends before it is over.
  if (whole) agenda.finish();
  RunResult& result = stage_.journal.result();
  result.end = agenda.now();
  result.events = agenda.popped();
  vaults_.finish();
  BACKCAST_ASSERT(links_.obey_littles_law());
  return whole;
}

void World::handle(const Event& event) {
  const std::uint32_t entity = event.entity;
  switch (static_cast<Due>(event.kind)) {
    case Due::kScenarioEnds:
      return end(entity);
    case Due::kJobEnds:
      return jobs_.end(entity);
    case Due::kLinkEnds:
      return links_.settle(entity);
    case Due::kCopyEnds:
      return copies_.end(entity);
    case Due::kRestoreEnds:
      return restores_.end(entity);
    case Due::kExpires:
      return vaults_.expire(entity);
    case Due::kPurge:
      return lifecycle_.purge(entity);
    case Due::kKeyGone:
      return lifecycle_.destroy_key(entity);
    case Due::kScenario:
      return begin(entity);
    case Due::kInitial:
      return jobs_.start_scheduled(entity);
    case Due::kFires:
      return fire(entity);
    case Due::kRetries:
      return jobs_.attempt(entity);
    case Due::kWaitEnds:
      return jobs_.give_up_waiting(entity);
    case Due::kManual:
      return act_by_hand(entity);
  }
}

void World::fire(std::uint32_t slot) {
  if (!schedules_.fires(slot)) return;
  const std::uint32_t service = schedules_.slots()[slot].service;
  if (schedules_.are_on(service) && !availability_.of(service).deleted) {
    jobs_.start_scheduled(slot);
  }
}

void World::act_by_hand(std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  for (const std::uint32_t service : event.services) {
    if (!stage_.members.has(service)) continue;
    event.kind == EventKind::kRestore ? restores_.start(index, service)
                                      : jobs_.start_manual(index, service);
  }
}

// What a scenario makes happen: outages, deletions, lost storage.
void World::begin(std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  if (event.lasts > Duration{0}) {
    stage_.agenda.push(plus(event.at, event.lasts), Due::kScenarioEnds, index);
  }
  switch (event.kind) {
    case EventKind::kOutage:
      availability_.take_down(event.region);
      return fail_region(index, Why::kRegionFailed, Why::kRegionFailedOn);
    case EventKind::kStoreOutage:
      availability_.take_store_down(event.region);
      return fail_region(index, Why::kStoreFailed, Why::kStoreFailedOn);
    case EventKind::kLinkOutage:
      stage_.journal.log({.kind = LogKind::kOutageBegan, .about = index});
      return set_links(event, false);
    case EventKind::kStorageLoss:
      stage_.journal.log({.kind = LogKind::kStorageLost, .about = index});
      return vaults_.lose_storage(event);
    case EventKind::kDeleteProject:
      if (event.project) lifecycle_.delete_project(*event.project, event);
      return;
    case EventKind::kRevokeKey:
    case EventKind::kEnableKey:
      return switch_key(index);
    case EventKind::kDeleteSchedule:
      return lifecycle_.delete_schedule(index);
    case EventKind::kChangePolicy:
      return lifecycle_.change_policy(index);
    case EventKind::kChangePlan:
      return lifecycle_.change_plan(index);
    default:
      break;
  }
  for (const std::uint32_t service : event.services) {
    if (stage_.members.has(service)) begin_for(service, index);
  }
}

void World::switch_key(std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  const bool revokes = event.kind == EventKind::kRevokeKey;
  if (!availability_.switch_key(*event.key, revokes)) return;
  stage_.journal.log(
      {.kind = revokes ? LogKind::kKeyRevoked : LogKind::kKeyEnabled, .about = index});
}

// The region of the event, or its store, has gone down.
void World::fail_region(std::uint32_t index, Why jobs, Why copies) {
  const std::string& region = stage_.scenario.events[index].region;
  stage_.journal.log({.kind = LogKind::kOutageBegan, .about = index});
  for (const std::uint32_t service : stage_.members) {
    if (stage_.service(service).region == region) jobs_.fail_of(service, jobs);
  }
  copies_.fail_to(region, copies);
}

void World::begin_for(std::uint32_t service, std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  const auto log = [&](LogKind kind) {
    stage_.journal.log({.kind = kind, .service = service, .about = index});
  };
  switch (event.kind) {
    case EventKind::kDeleteService:
      return lifecycle_.delete_service(service, event);
    case EventKind::kDisableSchedules:
      return lifecycle_.switch_off(service);
    case EventKind::kEnableSchedules:
      return lifecycle_.switch_on(service);
    case EventKind::kDeleteBackup:
      return lifecycle_.delete_backup(service, index);
    case EventKind::kClockJump:
      schedules_.jump_clock(service, event.jump);
      return jobs_.make_up(service);
    case EventKind::kSuspend:
      ++availability_.of(service).suspended;
      return log(LogKind::kOutageBegan);
    case EventKind::kJobFailures:
      ++availability_.of(service).failing;
      return log(LogKind::kOutageBegan);
    case EventKind::kBurst:
      return log(LogKind::kBurst);
    default:
      return;
  }
}

void World::end(std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  if (event.kind == EventKind::kOutage || event.kind == EventKind::kStoreOutage) {
    event.kind == EventKind::kOutage ? availability_.bring_back(event.region)
                                     : availability_.bring_store_back(event.region);
    stage_.journal.log({.kind = LogKind::kOutageEnded, .about = index});
    for (const std::uint32_t service : stage_.members) {
      if (stage_.service(service).region == event.region) jobs_.make_up(service);
    }
  }
  if (event.kind == EventKind::kLinkOutage) {
    stage_.journal.log({.kind = LogKind::kOutageEnded, .about = index});
    set_links(event, true);
  }
  for (const std::uint32_t service : event.services) {
    if (stage_.members.has(service)) end_for(service, index);
  }
}

void World::end_for(std::uint32_t service, std::uint32_t index) {
  const bool resumes = stage_.scenario.events[index].kind == EventKind::kSuspend;
  if (!resumes && stage_.scenario.events[index].kind != EventKind::kJobFailures) return;
  --(resumes ? availability_.of(service).suspended : availability_.of(service).failing);
  stage_.journal.log({.kind = LogKind::kOutageEnded, .service = service, .about = index});
  if (resumes) jobs_.make_up(service);
}

void World::set_links(const ScheduledEvent& event, bool up) {
  const auto& links = stage_.scenario.links;
  for (std::uint32_t link = 0; link < links.size(); ++link) {
    if (links[link].from != event.region || links[link].to != event.to_region) continue;
    links_.set_rate(link, up ? links[link].rate_bytes_per_second : 0);
  }
}

}  // namespace backcast::sim
