#include "sim/world/copies.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"

namespace backcast::sim {

std::uint32_t Copies::record_copy(std::uint32_t original, const CopyRule& rule, bool scheduled) {
  BackupRecord record = stage_.journal.backup(original);
  record.id += "@" + rule.region;
  record.region = rule.region;
  record.original = original;
  record.kind = "copy";
  record.of_manual = !scheduled;
  record.available = record.deleted = record.expires = kNever;
  record.state = BackupState::kRunning;
  record.added_bytes = 0;
  record.reason.clear();
  return stage_.journal.add(std::move(record));
}

void Copies::start(std::uint32_t original, const Generation& generation, const CopyRule& rule,
                   bool scheduled) {
  const std::uint32_t backup = record_copy(original, rule, scheduled);
  BackupRecord& record = stage_.journal.backup(backup);
  const Service& s = stage_.service(record.service);
  if (availability_.is_down(rule.region)) {
    record.state = BackupState::kFailed;
    record.reason = rule.region + " is down";
    return stage_.journal.log_backup(LogKind::kCopyFailed, backup,
                                     fmt::format("{} failed: {} is down", record.id, rule.region));
  }
  Copy copy;
  copy.backup = backup;
  copy.vault = vaults_.find(record.service, rule.region);
  copy.birth = rule.retention ? &*rule.retention : nullptr;
  copy.running = true;
  const std::uint64_t moved = vaults_[copy.vault].reserve(backup, generation).moved_bytes;
  stage_.journal.requests(backup, "put", moved);
  stage_.journal.log_backup(LogKind::kCopyStarted, backup,
                            fmt::format("{} started: {} to move", record.id, format_bytes(moved)));
  stage_.journal.copied(backup, moved);
  const auto& links = stage_.scenario.links;
  for (std::uint32_t link = 0; link < links.size(); ++link) {
    if (links[link].from == s.region && links[link].to == rule.region) copy.link = link;
  }
  const auto index = static_cast<std::uint32_t>(copies_.size());
  copies_.push_back(copy);
  if (copy.link == kNone) {
    const Duration takes = std::max(time_for(moved, s.job.copy_rate_bytes_per_second),
                                    schedules_.tried(s.job.copy_takes, record.service));
    return stage_.agenda.push(plus(stage_.now(), takes), Due::kCopyEnds, index);
  }
  const Link::Handle transfer = links_.start(copy.link, index, moved);
  copies_[index].transfer = transfer;
}

void Copies::end(std::uint32_t index) {
  Copy& copy = copies_[index];
  if (!copy.running) return;
  copy.running = false;
  vaults_.arrive(copy.backup, copy.vault, copy.birth, policy::Origin::kCopy);
  const BackupRecord& record = stage_.journal.backup(copy.backup);
  stage_.journal.log_backup(
      LogKind::kCopyCompleted, copy.backup,
      fmt::format("{} completed: {} added", record.id, format_bytes(record.added_bytes)));
}

void Copies::cancel(std::uint32_t index, const std::string& reason) {
  Copy& copy = copies_[index];
  if (copy.link != kNone) {
    links_.settle(copy.link);  // it may have ended just now
    if (!copy.running) return;
    links_.cancel(copy.link, copy.transfer);
  }
  copy.running = false;
  BackupRecord& record = stage_.journal.backup(copy.backup);
  vaults_[copy.vault].remove(copy.backup, record, stage_.now());
  record.state = BackupState::kFailed;
  record.reason = reason;
  stage_.journal.log_backup(LogKind::kCopyFailed, copy.backup,
                            fmt::format("{} failed: {}", record.id, reason));
}

void Copies::fail_to(const std::string& region) {
  for (std::uint32_t i = 0; i < copies_.size(); ++i) {
    if (copies_[i].running && vaults_[copies_[i].vault].region() == region) {
      cancel(i, region + " went down while it was copied");
    }
  }
}

}  // namespace backcast::sim
