// Copies to other regions: they start when the original is there and take time on a link.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/world/world.h"

namespace backcast::sim {

void World::start_copies(const Job& job) {
  const BackupRecord& original = result_.backups[job.backup];
  const bool scheduled = job.slot != kNone;
  const std::vector<CopyRule>& rules =
      scheduled ? scenario_.services[original.service].schedules[slots_[job.slot].schedule].copies
                : scenario_.events[job.event].copies;
  const std::uint32_t backup = job.backup;
  const Generation generation = job.generation;
  for (const CopyRule& rule : rules) start_copy(backup, generation, rule, scheduled);
}

void World::start_copy(std::uint32_t original, const Generation& generation, const CopyRule& rule,
                       bool scheduled) {
  const std::uint32_t service = result_.backups[original].service;
  const Service& s = scenario_.services[service];
  BackupRecord record = result_.backups[original];
  record.id += "@" + rule.region;
  record.region = rule.region;
  record.original = original;
  record.kind = "copy";
  record.of_manual = !scheduled;
  record.available = record.deleted = record.expires = kNever;
  record.state = BackupState::kRunning;
  record.added_bytes = 0;
  record.reason.clear();
  const auto backup = static_cast<std::uint32_t>(result_.backups.size());
  result_.backups.push_back(record);
  generations_.push_back(generation);
  if (region_is_down(rule.region)) {
    result_.backups[backup].state = BackupState::kFailed;
    result_.backups[backup].reason = rule.region + " is down";
    return log(LogKind::kCopyFailed, service, backup, rule.region,
               fmt::format("{} failed: {} is down", record.id, rule.region));
  }
  Copy copy;
  copy.backup = backup;
  copy.vault = vault_of(service, rule.region);
  copy.birth = rule.retention ? &*rule.retention : nullptr;
  copy.running = true;
  const std::uint64_t moved = vaults_[copy.vault]->reserve(backup, generation).moved_bytes;
  record_requests(backup, "put", moved);
  const auto index = static_cast<std::uint32_t>(copies_.size());
  log(LogKind::kCopyStarted, service, backup, rule.region,
      fmt::format("{} started: {} to move", record.id, format_bytes(moved)));
  UsageRecord transfer = movement(place_in(s, s.region), place_in(s, rule.region));
  transfer.start = transfer.end = now_;
  transfer.quantity = moved;
  transfer.project = scenario_.projects[s.project].name;
  transfer.service = s.name;
  transfer.backup_kind = "copy";
  transfer.backup = record.id;
  transfer.tags = ledger_tags(s, record.tags);
  result_.usage.push_back(std::move(transfer));
  for (std::uint32_t link = 0; link < scenario_.links.size(); ++link) {
    if (scenario_.links[link].from == s.region && scenario_.links[link].to == rule.region) {
      copy.link = link;
    }
  }
  if (copy.link == kNone) {
    const std::uint64_t rate = s.job.copy_rate_bytes_per_second;
    copies_.push_back(copy);
    const Duration takes = std::max(time_for(moved, rate), tried(s.job.copy_takes, service));
    return push(plus(now_, takes), kCopyEnds, index);
  }
  copies_.push_back(copy);
  end_link(copy.link);  // what is over by now must leave the link first
  const std::int64_t now_ns = (now_ - scenario_.start).count();
  copies_[index].transfer = links_[copy.link].start(now_ns, index, moved);
  await_link(copy.link);
}

// Asks to be called when the link's next transfer ends. An earlier call may find nothing to do.
void World::await_link(std::uint32_t link) {
  if (const auto end_ns = links_[link].next_end_ns()) {
    push(plus(scenario_.start, Duration{*end_ns}), kLinkEnds, link);
  }
}

void World::end_link(std::uint32_t link) {
  const std::int64_t now_ns = (now_ - scenario_.start).count();
  bool any = false;
  while (const auto completion = links_[link].pop(now_ns)) {
    any = true;
    const auto place = static_cast<std::uint32_t>(completion->id);
    (completion->id & kRestoreTransfer) != 0 ? finish_restore(place) : end_copy(place);
  }
  if (any) await_link(link);
}

void World::end_copy(std::uint32_t index) {
  Copy& copy = copies_[index];
  if (!copy.running) return;
  copy.running = false;
  BackupRecord& record = result_.backups[copy.backup];
  arrive(copy.backup, copy.vault, copy.birth, policy::Origin::kCopy);
  log(LogKind::kCopyCompleted, record.service, copy.backup, record.region,
      fmt::format("{} completed: {} added", record.id, format_bytes(record.added_bytes)));
}

void World::cancel_copy(std::uint32_t index, const std::string& reason) {
  Copy& copy = copies_[index];
  if (copy.link != kNone) {
    end_link(copy.link);  // it may have ended just now
    if (!copy.running) return;
    links_[copy.link].cancel((now_ - scenario_.start).count(), copy.transfer);
    await_link(copy.link);
  }
  copy.running = false;
  BackupRecord& record = result_.backups[copy.backup];
  vaults_[copy.vault]->remove(copy.backup, record, now_);
  record.state = BackupState::kFailed;
  record.reason = reason;
  log(LogKind::kCopyFailed, record.service, copy.backup, record.region,
      fmt::format("{} failed: {}", record.id, reason));
}

void World::fail_copies_to(const std::string& region) {
  for (std::uint32_t i = 0; i < copies_.size(); ++i) {
    if (copies_[i].running && vaults_[copies_[i].vault]->region() == region) {
      cancel_copy(i, region + " went down while it was copied");
    }
  }
}

}  // namespace backcast::sim
