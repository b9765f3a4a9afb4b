#include "engine/store/forget.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/store/journal.h"
#include "engine/store/lease.h"
#include "engine/store/presence.h"

namespace backcast::store {
namespace {

bool matches(const Snapshot& snapshot, const ForgetRequest& request) {
  if (!request.host.empty() && snapshot.host != request.host) return false;
  return std::all_of(request.tags.begin(), request.tags.end(), [&](const std::string& tag) {
    return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
  });
}

policy::Snapshot as_history(const Snapshot& snapshot, Instant trusted, std::uint64_t size_bytes) {
  policy::Snapshot out;
  out.id = to_hex(snapshot.id);
  out.time = snapshot.time;
  out.size_bytes = size_bytes;
  out.tags = snapshot.tags;
  out.host = snapshot.host;
  out.paths = snapshot.paths;
  out.received = trusted;
  if (std::find(snapshot.tags.begin(), snapshot.tags.end(), kManualTag) != snapshot.tags.end()) {
    out.origin = policy::Origin::kManual;
  }
  if (snapshot.is_copy) out.origin = policy::Origin::kCopy;
  return out;
}

std::string words(const policy::RetentionPolicy& policy, std::span<const policy::Reason> reasons) {
  std::string out;
  for (const policy::Reason& reason : reasons) {
    if (!out.empty()) out += ", ";
    out += policy::to_text(policy, reason);
  }
  return out;
}

void decide_by_policy(const ForgetRequest& request, Instant now, const Presence& presence,
                      std::vector<ForgetVerdict>& verdicts) {
  std::vector<Snapshot> snapshots;
  for (const ForgetVerdict& verdict : verdicts) snapshots.push_back(verdict.snapshot);
  const auto trusted = trusted_times(snapshots, now);
  std::vector<policy::Snapshot> history;
  std::vector<std::size_t> number;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (!matches(snapshots[i], request)) {
      verdicts[i].reason = "not selected";
    } else if (!trusted[i]) {
      verdicts[i].reason = "received in the future: kept, and counts for nothing";
    } else {
      history.push_back(as_history(snapshots[i], *trusted[i],
                                   presence.stored_bytes(static_cast<std::uint32_t>(i))));
      number.push_back(i);
    }
  }
  const policy::Plan plan = policy::plan(*request.policy, history, {now, request.zone});
  for (std::size_t k = 0; k < history.size(); ++k) {
    ForgetVerdict& verdict = verdicts[number[k]];
    verdict.keep = plan.verdicts[k].keep;
    verdict.reason = words(*request.policy, plan.reasons_of(k));
  }
}

Status decide_by_name(const ForgetRequest& request, std::vector<ForgetVerdict>& verdicts) {
  std::vector<Snapshot> snapshots;
  for (ForgetVerdict& verdict : verdicts) {
    verdict.reason = "not named";
    snapshots.push_back(verdict.snapshot);
  }
  for (const std::string& name : request.snapshots) {
    BACKCAST_TRY(const Snapshot found, find_snapshot(snapshots, name));
    for (ForgetVerdict& verdict : verdicts) {
      if (verdict.snapshot.id != found.id) continue;
      verdict.keep = false;
      verdict.reason = "named";
    }
  }
  return kOk;
}

}  // namespace

std::vector<std::optional<Instant>> trusted_times(const std::vector<Snapshot>& snapshots,
                                                  Instant now) {
  std::vector<std::optional<Instant>> times(snapshots.size());
  std::optional<Instant> newest;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (snapshots[i].received > now) continue;
    // Copies come in any order and keep the time their first store gave them.
    if (snapshots[i].is_copy) {
      times[i] = snapshots[i].received;
      continue;
    }
    // Strictly later than the one before it: the last that arrived is the newest.
    if (newest) newest = std::max(*newest + Duration(1), snapshots[i].received);
    times[i] = newest = newest.value_or(snapshots[i].received);
  }
  return times;
}

Result<ForgetPlan> plan_forget(Repository& repository, const ForgetRequest& request) {
  if (request.policy.has_value() == !request.snapshots.empty()) {
    return bad_input("forget needs either a policy or snapshots",
                     "give --policy 'restic: --keep-daily 7', or ids");
  }
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const Index index, repository.load_index());
  BACKCAST_TRY(const auto snapshots, load_snapshots(repository));
  PackFiles packs(repository, index);
  BACKCAST_TRY(const Presence presence, Presence::of(packs, snapshots));

  ForgetPlan plan;
  for (const Snapshot& snapshot : snapshots) plan.verdicts.push_back({snapshot, true, {}, 0});
  if (request.policy) {
    decide_by_policy(request, repository.env().now(), presence, plan.verdicts);
  } else {
    BACKCAST_CHECK(decide_by_name(request, plan.verdicts));
  }
  for (const Presence::Pattern& pattern : presence.patterns()) {
    if (pattern.holders() == 1) {
      plan.verdicts[pattern.runs[0].first].frees_bytes += pattern.stored_bytes;
    }
  }
  std::vector<bool> gone(plan.verdicts.size());
  for (std::size_t i = 0; i < gone.size(); ++i) {
    ForgetVerdict& verdict = plan.verdicts[i];
    verdict.frees_bytes += verdict.snapshot.object_bytes;
    gone[i] = !verdict.keep;
    if (verdict.keep) continue;
    ++plan.deletions;
    plan.frees_bytes += verdict.snapshot.object_bytes;
  }
  plan.frees_bytes += presence.freed_bytes(gone);
  plan.ceiling =
      request.max_deletions.value_or(std::max<std::uint64_t>(10, plan.verdicts.size() / 2));
  std::reverse(plan.verdicts.begin(), plan.verdicts.end());
  return plan;
}

Status apply_forget(Repository& repository, const ForgetPlan& plan) {
  if (plan.above_ceiling()) {
    return failed(std::to_string(plan.deletions) + " of " + std::to_string(plan.verdicts.size()) +
                      " snapshots would go; one run deletes at most " +
                      std::to_string(plan.ceiling),
                  "look at --dry-run; if it is meant, raise --max-delete");
  }
  if (plan.deletions == 0) return kOk;
  // A full disk must not keep anybody from making room: then without lease, and what goes is noted
  // in the room it leaves rather than beforehand.
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  JournalEntry journal{repository.env().now(), {}};
  for (const ForgetVerdict& verdict : plan.verdicts) {
    if (verdict.keep) continue;
    journal.deletions.push_back({ObjectType::kSnapshot, verdict.snapshot.id,
                                 verdict.snapshot.received, verdict.snapshot.object_bytes});
  }
  bool is_noted = false;
  const auto note = [&]() -> Status {
    auto written = write_journal(repository, journal);
    is_noted = written.ok();
    return written.ok() || written.error().code != Errc::kNoSpace ? written : kOk;
  };
  BACKCAST_CHECK(note());
  for (const Deletion& deletion : journal.deletions) {
    auto removed = repository.objects().remove(ObjectType::kSnapshot, deletion.id);
    // Somebody else forgot it meanwhile: just as well.
    if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
    if (!is_noted) BACKCAST_CHECK(note());  // in the room that this one left
  }
  BACKCAST_CHECK(repository.folder().sync_folder(folder_of(ObjectType::kSnapshot)));
  if (is_noted) return kOk;
  return Error{Errc::kNoSpace,
               fmt::format("{} snapshots are forgotten, but {} is too full to note that: check "
                           "will call them missing",
                           journal.deletions.size(), repository.folder().path()),
               {},
               "backcast prune frees what they alone needed"};
}

}  // namespace backcast::store
