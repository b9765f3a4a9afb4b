#include "sim/world/copies.h"

#include <algorithm>

#include "engine/base/time_math.h"
#include "sim/model/weather.h"

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
  record.reason = Why::kNothing;
  return stage_.journal.add(std::move(record));
}

void Copies::start(std::uint32_t original, const Generation& generation, const CopyRule& rule,
                   const PolicyPlace& made) {
  const std::uint32_t backup = record_copy(original, rule, made.in == PolicyPlace::In::kSchedule);
  BackupRecord& record = stage_.journal.backup(backup);
  const Service& s = stage_.service(record.service);
  const Why why = availability_.is_sealed_off(record.service)
                      ? Why::kRevokedKey
                      : availability_.why_no_store(rule.region);
  if (why != Why::kNothing) {
    record.state = BackupState::kFailed;
    record.reason = why;
    return stage_.journal.log({.kind = LogKind::kCopyFailed, .backup = backup});
  }
  Copy copy;
  copy.backup = backup;
  copy.vault = vaults_.find(record.service, rule.region);
  copy.birth = made;
  copy.running = true;
  const std::uint64_t moved = vaults_[copy.vault].reserve(backup, generation).moved_bytes;
  const Ledger& ledger = stage_.journal.ledger();
  ledger.requests(s, record, stage_.now(), "put", moved);
  stage_.journal.log({.kind = LogKind::kCopyStarted,
                      .backup = backup,
                      .number = static_cast<std::int64_t>(moved)});
  ledger.copied(s, record, stage_.now(), moved);
  const auto& links = stage_.scenario.links;
  for (std::uint32_t link = 0; link < links.size(); ++link) {
    if (links[link].from == s.region && links[link].to == rule.region) copy.link = link;
  }
  const auto index = static_cast<std::uint32_t>(copies_.size());
  copies_.push_back(copy);
  const Pace pace =
      pace_of(stage_.draws, {Delivery::Kind::kCopy, s.entity, record.born, rule.region},
              s.job.duration_spread);
  if (copy.link == kNone) {
    const Duration takes = std::max(pace.of(time_for(moved, s.job.copy_rate_bytes_per_second)),
                                    schedules_.tried(s.job.copy_takes, record.service));
    return stage_.agenda.push(plus(stage_.now(), takes), Due::kCopyEnds, index);
  }
  const Link::Handle transfer = links_.start(copy.link, index, pace.of(moved));
  copies_[index].transfer = transfer;
}

void Copies::end(std::uint32_t index) {
  Copy& copy = copies_[index];
  if (!copy.running) return;
  copy.running = false;
  vaults_.arrive(copy.backup, copy.vault, copy.birth, policy::Origin::kCopy);
  stage_.journal.log({.kind = LogKind::kCopyCompleted, .backup = copy.backup});
}

void Copies::cancel(std::uint32_t index, Why why) {
  Copy& copy = copies_[index];
  if (copy.link != kNone) {
    links_.settle(copy.link);  // it may have ended just now
    if (!copy.running) return;
    links_.cancel(copy.link, copy.transfer);
  }
  copy.running = false;
  BackupRecord& record = stage_.journal.backup(copy.backup);
  vaults_[copy.vault].remove(copy.backup);
  record.state = BackupState::kFailed;
  record.reason = why;
  stage_.journal.log({.kind = LogKind::kCopyFailed, .backup = copy.backup});
}

void Copies::fail_to(const std::string& region, Why why) {
  for (std::uint32_t i = 0; i < copies_.size(); ++i) {
    if (copies_[i].running && vaults_[copies_[i].vault].region() == region) {
      cancel(i, why);
    }
  }
}

}  // namespace backcast::sim
