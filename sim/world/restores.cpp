#include "sim/world/restores.h"

#include <algorithm>

#include "engine/base/time_math.h"
#include "sim/model/outside/collections.h"
#include "sim/model/weather.h"

namespace backcast::sim {
// Where it goes: to a cluster that is there, or where a new one is wanted.
std::string Restores::region_of(const ScheduledEvent& event, std::uint32_t service) const {
  const Service& s = stage_.service(service);
  if (!event.collections.empty()) return stage_.service(event.into.value_or(service)).region;
  if (event.in_place) return s.region;
  const std::string& into =
      s.rules->restore.stays_in_region && event.to_region.empty() ? event.region : event.to_region;
  return into.empty() ? s.region : into;
}

bool Restores::is_name_taken(const ScheduledEvent& event, std::uint32_t into) {
  std::vector<policy::CollectionName> wanted;
  for (const policy::CollectionChoice& one : event.collections) wanted.push_back(one.to);
  const auto there = brought_[into].names(stage_.service(into));
  const auto is_there = [&](const policy::CollectionName& name) {
    return std::find(there.begin(), there.end(), name) != there.end();
  };
  return policy::first_taken(wanted, is_there).has_value();
}

// Why the restore cannot be made, or nothing.
Why Restores::why_not(const ScheduledEvent& event, const RestoreRecord& restore) {
  const Service& s = stage_.service(restore.service);
  policy::RestoreFacts facts;
  facts.has_backup = restore.backup != kNone;
  facts.region = restore.to_region;
  facts.region_down = availability_.is_down(restore.to_region);
  facts.role = event.role;
  facts.version_fits = version_refusal(event, s, restore.born, stage_.now()).empty();
  facts.sealed_by = availability_.key(s.key);
  if (!event.collections.empty()) {
    const std::uint32_t into = event.into.value_or(restore.service);
    facts.cluster = availability_.state_of(into);
    facts.into_key = availability_.key(stage_.service(into).key);
    facts.leaves_database = policy::leaves_database(event.collections);
    facts.name_taken = is_name_taken(event, into);
  } else if (event.in_place) {  // it need not run: it is set back
    facts.cluster.deleted = availability_.of(restore.service).deleted;
    facts.into_key = availability_.key(s.key);
  } else {
    const std::uint32_t project = event.to_project.value_or(s.project);
    facts.project_deleted = event.to_project && availability_.is_deleted(project);
    facts.project_regions = stage_.scenario.projects[project].regions;
    facts.into_key = availability_.key(event.key);
  }
  return policy::on_restore(*s.rules, facts);
}

// What it does to the names in the cluster that it goes into.
void Restores::occupy(const ScheduledEvent& event, const RestoreRecord& restore) {
  if (event.in_place) brought_[restore.service].set_back(restore.born);
  if (event.collections.empty()) return;
  brought_[event.into.value_or(restore.service)].bring(event.collections, stage_.now());
}

// The newest one that can be read, of equal ones that in the region it goes into; or kNone.
std::uint32_t Restores::serving_backup(const ScheduledEvent& event, std::uint32_t service,
                                       const std::string& into) {
  const bool stays = stage_.service(service).rules->restore.stays_in_region;
  const Instant as_of = event.as_of.value_or(stage_.now());
  std::uint32_t best = kNone;
  for (const std::uint32_t vault : vaults_.of(service)) {
    const std::string& region = vaults_[vault].region();
    if (availability_.why_no_store(region) != Why::kNothing || (stays && region != into)) continue;
    if (!event.region.empty() && region != event.region) continue;
    for (const Vault::Held& held : vaults_[vault].held()) {
      const BackupRecord& b = stage_.journal.backup(held.backup);
      if (!held.available || b.born > as_of) continue;
      const bool better = best == kNone || b.born > stage_.journal.backup(best).born ||
                          (b.born == stage_.journal.backup(best).born && b.region == into);
      if (better) best = held.backup;
    }
  }
  return best;
}

void Restores::start(std::uint32_t index, std::uint32_t service) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  const Service& s = stage_.service(service);
  auto& restores = stage_.journal.result().restores;
  RestoreRecord restore;
  restore.service = service;
  restore.event = index;
  restore.started = stage_.now();
  restore.to_region = region_of(event, service);
  restore.backup = serving_backup(event, service, restore.to_region);
  if (restore.backup != kNone) restore.born = stage_.journal.backup(restore.backup).born;
  restore.why_not = why_not(event, restore);
  const auto log = [&](LogKind kind) {
    stage_.journal.log({.kind = kind,
                        .service = service,
                        .backup = restore.backup,
                        .about = static_cast<std::uint32_t>(restores.size())});
  };
  if (restore.why_not != Why::kNothing) {
    log(LogKind::kRestoreFailed);
    restores.push_back(std::move(restore));
    return;
  }
  const BackupRecord& b = stage_.journal.backup(restore.backup);
  restore.from_region = b.region;
  restore.bytes = part_of(b.size_bytes, s, event.collections);
  restore.lost = event.as_of.value_or(stage_.now()) - restore.born;
  log(LogKind::kRestoreStarted);
  if (event.in_place) ++availability_.of(service).restoring;
  occupy(event, restore);
  stage_.journal.ledger().read_back(s, b, restore);
  restores.push_back(std::move(restore));
  move(static_cast<std::uint32_t>(restores.size() - 1));
}

// Until the service has back what was asked for.
Duration Restores::reading_time(const RestoreRecord& restore) const {
  const BackupRecord& backup = stage_.journal.backup(restore.backup);
  const ScheduledEvent& event = stage_.scenario.events[restore.event];
  return vaults_.restore_time(backup, event.collections, restore.started, restore.to_region);
}

// Over the link it shares with copies, or at the copy rate where there is no link.
void Restores::move(std::uint32_t index) {
  const RestoreRecord& restore = record(index);
  if (restore.from_region == restore.to_region) return bring_back(index);
  const Service& s = stage_.service(restore.service);
  const Pace pace = pace_of(
      stage_.draws, {Delivery::Kind::kRestore, s.entity, restore.started, restore.to_region},
      s.job.duration_spread);
  const auto& links = stage_.scenario.links;
  for (std::uint32_t link = 0; link < links.size(); ++link) {
    if (links[link].from != restore.from_region || links[link].to != restore.to_region) continue;
    links_.start(link, kTransfer | index, pace.of(restore.bytes));
    return;
  }
  const Duration moving =
      std::max(pace.of(time_for(restore.bytes, s.job.copy_rate_bytes_per_second)),
               schedules_.tried(s.job.copy_takes, restore.service));
  record(index).completed = plus(stage_.now(), plus(moving, reading_time(restore)));
  stage_.agenda.push(record(index).completed, Due::kRestoreEnds, index);
}

void Restores::bring_back(std::uint32_t index) {
  RestoreRecord& restore = record(index);
  restore.completed = plus(stage_.now(), reading_time(restore));
  stage_.agenda.push(restore.completed, Due::kRestoreEnds, index);
}

void Restores::end(std::uint32_t index) {
  stage_.journal.log(
      {.kind = LogKind::kRestoreCompleted, .backup = record(index).backup, .about = index});
  const RestoreRecord& restore = record(index);
  if (!stage_.scenario.events[restore.event].in_place) return;
  --availability_.of(restore.service).restoring;
  jobs_.make_up(restore.service);
}

}  // namespace backcast::sim
