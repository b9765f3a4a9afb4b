// What is asked of each backup: that it stays, is copied in time, and can be brought back in time.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/requirements/requirement_checker.h"
#include "sim/words/words.h"

namespace backcast::sim {

void Checker::check_protected(const Requirement& r) {
  std::uint32_t lost = 0, seen = 0;
  for (std::uint32_t i = 0; i < result_.backups.size(); ++i) {
    const BackupRecord& b = result_.backups[i];
    if (!b.is_protected || b.available == kNever) continue;
    if (std::find(r.services.begin(), r.services.end(), b.service) == r.services.end()) continue;
    ++seen;
    if (b.deleted == kNever || b.deleted >= result_.end) continue;
    ++lost;
    note({{{b.deleted, result_.end}},
          b.service,
          b.region,
          i,
          b.deleted,
          fmt::format("the protected backup {} is gone: {}", b.id, reason_text(scenario_, b))});
  }
  tally_.checked = seen > 0;
  tally_.nearness = {.worst = lost, .amount = {}, .judged = seen, .broken = lost};
}

std::vector<Checker::CopyWaited> Checker::copies_waited(const Requirement& r, Span checked) const {
  std::map<std::uint32_t, Instant> copied;
  for (const BackupRecord& b : result_.backups) {
    if (b.original != kNone && b.region == r.region) copied[b.original] = b.available;
  }
  std::vector<CopyWaited> waited;
  for (std::uint32_t i = 0; i < result_.backups.size(); ++i) {
    const BackupRecord& b = result_.backups[i];
    if (b.original != kNone || b.available == kNever || b.region == r.region) continue;
    if (b.of_history) continue;  // made, and copied or not, before the run
    if (std::find(r.services.begin(), r.services.end(), b.service) == r.services.end()) continue;
    if (b.born < checked.from || b.born >= checked.until) continue;
    const auto found = copied.find(i);
    waited.push_back({i, found == copied.end() ? kNever : found->second});
  }
  return waited;
}

void Checker::check_copy_within(const Requirement& r) {
  std::uint64_t slowest = 0;
  std::uint32_t seen = 0, late = 0;
  for (const auto& [i, there] : copies_waited(r, checked_span(r))) {
    const BackupRecord& b = result_.backups[i];
    const Instant deadline = plus(b.born, r.at_most);
    if (there == kNever && deadline >= result_.end) continue;  // still time when the run ends
    ++seen;
    slowest = std::max(slowest, there == kNever ? Nearness::kUnbounded : count_of(there - b.born));
    if (there <= deadline) continue;
    ++late;
    note({{{deadline, std::min(there, result_.end)}},
          b.service,
          r.region,
          i,
          b.born,
          fmt::format("{} still has no copy in {}", b.id, r.region)});
  }
  tally_.checked = seen > 0;
  tally_.nearness = {.worst = slowest, .amount = {}, .judged = seen, .broken = late};
}

void Checker::check_restore_time(const Requirement& r) {
  const Span checked = checked_span(r);
  std::uint64_t slowest = 0, seen = 0, late = 0;
  for (const std::uint32_t service : r.services) {
    for (const PointInTime& p : points(r, service)) {
      const Duration takes = result_.backups[p.backup].restore_time;
      if (p.available >= checked.until || p.deleted <= checked.from) continue;
      if (p.deleted <= p.available) continue;  // gone as soon as it was there
      ++seen;
      slowest = std::max(slowest, count_of(takes));
      if (takes <= r.at_most) continue;
      ++late;
      note({{{std::max(p.available, checked.from), std::min(p.deleted, checked.until)}},
            service,
            region_of(r, service),
            p.backup,
            p.available,
            fmt::format("restoring {} ({}) takes {}", result_.backups[p.backup].id,
                        format_bytes(result_.backups[p.backup].size_bytes),
                        format_duration(takes))});
    }
  }
  for (const RestoreRecord& restore : result_.restores) {
    if (std::find(r.services.begin(), r.services.end(), restore.service) == r.services.end() ||
        restore.started < checked.from || restore.started >= checked.until) {
      continue;
    }
    const bool is_impossible = restore.from_region.empty();
    const bool is_done = restore.completed != kNever;
    const Instant deadline = is_impossible ? restore.started : plus(restore.started, r.at_most);
    if (!is_done && deadline >= result_.end) continue;  // still time when the run ends
    ++seen;
    slowest = std::max(
        slowest, is_done ? count_of(restore.completed - restore.started) : Nearness::kUnbounded);
    if (is_done && restore.completed <= deadline) continue;
    ++late;
    note({{{deadline, std::min(restore.completed, result_.end)}},
          restore.service,
          restore.from_region,
          restore.backup,
          restore.started,
          fmt::format("the restore of {} begun at {} is not done", service_name(restore.service),
                      format_instant(restore.started))});
  }
  tally_.checked = seen > 0;
  tally_.nearness = {.worst = slowest, .amount = {}, .judged = seen, .broken = late};
}

}  // namespace backcast::sim
