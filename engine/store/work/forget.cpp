#include "engine/store/work/forget.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/journal.h"
#include "engine/store/repository/lease.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/birth.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/snapshots/presence.h"
#include "engine/store/snapshots/received.h"

namespace backcast::store {
namespace {

bool matches(const Snapshot& snapshot, const ForgetRequest& request) {
  if (!request.host.empty() && snapshot.host != request.host) return false;
  return std::all_of(request.tags.begin(), request.tags.end(), [&](const std::string& tag) {
    return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
  });
}

std::string words(const policy::RetentionPolicy& policy, std::span<const policy::Reason> reasons) {
  std::string out;
  for (const policy::Reason& reason : reasons) {
    if (!out.empty()) out += ", ";
    out += policy::to_text(policy, reason);
  }
  return out;
}

// A policy that decides about the snapshots that match the request.
struct Judge {
  const ForgetRequest& request;
  const policy::RetentionPolicy& policy;
  policy::PlanContext context;
  const Presence& presence;
};

// One reading of when everything came (received.h). What another reading before it kept stays.
void decide_by_reading(const Judge& judge, const Times& times, bool is_first,
                       std::vector<ForgetVerdict>& verdicts) {
  std::vector<policy::Snapshot> history;
  std::vector<std::size_t> number;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!matches(verdicts[i].snapshot, judge.request)) {
      verdicts[i].reason = "not selected";
    } else if (times[i]) {
      history.push_back(as_history(verdicts[i].snapshot, *times[i],
                                   judge.presence.stored_bytes(static_cast<std::uint32_t>(i))));
      if (is_first) verdicts[i].judged = times[i];
      number.push_back(i);
    } else if (is_first) {
      verdicts[i].reason = "received in the future: kept, and counts for nothing";
    }
  }
  const policy::Plan plan = policy::plan(judge.policy, history, judge.context);
  for (std::size_t k = 0; k < history.size(); ++k) {
    ForgetVerdict& verdict = verdicts[number[k]];
    const bool keep = plan.verdicts[k].keep;
    verdict.is_spared = verdict.is_spared || (!is_first && keep && !verdict.keep);
    if (is_first || (keep && !verdict.keep))
      verdict.reason = words(judge.policy, plan.reasons_of(k));
    verdict.keep = is_first ? keep : keep || verdict.keep;
  }
}

void decide_by_policy(const Judge& judge, const Arrivals& arrivals,
                      std::vector<ForgetVerdict>& verdicts) {
  for (const Times& times : arrivals.readings) {
    const bool is_first = &times == &arrivals.readings.front();
    decide_by_reading(judge, times, is_first, verdicts);
  }
  for (std::size_t i = 0; i < arrivals.stored.size(); ++i) {
    if (arrivals.came_otherwise[i]) verdicts[i].came = arrivals.stored[i];
    if (verdicts[i].is_spared) verdicts[i].reason += ", without what came later than it says";
  }
}

// Nothing goes that the repository's own policy keeps, whatever another one says.
void keep_by_rules(const RulesInForce& rules, Instant now, const Presence& presence,
                   const Arrivals& arrivals, std::vector<ForgetVerdict>& verdicts) {
  std::vector<ForgetVerdict> own = verdicts;
  const ForgetRequest all;
  decide_by_policy({all, *rules.retention, {now, rules.zone}, presence}, arrivals, own);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].keep || !own[i].keep) continue;
    verdicts[i].keep = true;
    verdicts[i].reason = "by the repository's policy: " + own[i].reason;
  }
}

// Errors: kFailed for one whose tag the repository's policy protects.
Status check_unprotected(const std::optional<RulesInForce>& rules, const Snapshot& snapshot) {
  if (!rules || !rules->retention) return kOk;
  const auto point =
      policy::to_point(*rules->retention, as_history(snapshot, snapshot.received, 0));
  if ((point.marks & policy::kMarkProtected) == 0) return kOk;
  return failed("snapshot " + to_hex(snapshot.id).substr(0, 8) +
                    " is protected by a tag of the repository's policy",
                "backcast policy shows it, and changes it");
}

Status decide_by_name(const ForgetRequest& request, const SnapshotNames& names,
                      const std::optional<RulesInForce>& rules,
                      std::vector<ForgetVerdict>& verdicts) {
  for (ForgetVerdict& verdict : verdicts) verdict.reason = "not named";
  for (const std::string& name : request.snapshots) {
    std::optional<Id> found;
    if (name == "latest") {
      for (const ForgetVerdict& verdict : verdicts) {
        if (!verdict.is_damaged) found = verdict.snapshot.id;
      }
      if (!found) return Error{Errc::kNotFound, "the repository holds no snapshot", {}, ""};
    } else {
      BACKCAST_TRY(found, find_live(names, name));
    }
    for (ForgetVerdict& verdict : verdicts) {
      if (verdict.snapshot.id != *found) continue;
      if (!verdict.is_damaged) BACKCAST_CHECK(check_unprotected(rules, verdict.snapshot));
      verdict.keep = false;
      verdict.reason = "named";
    }
  }
  return kOk;
}

// Every snapshot there is, in order of sequence, then those that cannot be read.
Result<ForgetPlan> list_all(Repository& repository, const SnapshotNames& names) {
  std::vector<Error> damaged;
  BACKCAST_TRY(const auto snapshots, load_snapshots(repository, &damaged));
  ForgetPlan plan;
  for (const Error& error : damaged) plan.warnings.push_back(to_string(error));
  for (const Snapshot& snapshot : snapshots)
    plan.verdicts.push_back({snapshot, false, {}, true, {}, 0, {}, false});
  std::unordered_set<Id, IdHash> whole;
  for (const Snapshot& snapshot : snapshots) whole.insert(snapshot.id);
  for (const Id& id : names.live) {
    if (whole.contains(id)) continue;
    auto gone = repository.folder().stat(name_of(ObjectType::kSnapshot, id));
    if (!gone.ok()) continue;  // forgotten by somebody else since the listing
    ForgetVerdict verdict{{}, true, {}, true, "damaged: no policy can judge it", 0, {}, false};
    verdict.snapshot.id = id;
    verdict.snapshot.object_bytes = gone->size_bytes;
    plan.verdicts.push_back(std::move(verdict));
  }
  return plan;
}

void count_freed(const Presence& presence, ForgetPlan& plan) {
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
}

// Deletes a snapshot for good and notes it in the journal: on a disk so full that not even a longer
// name has room. What goes is then noted in the room it leaves rather than beforehand.
class Deleting {
 public:
  explicit Deleting(Repository& repository)
      : repository_(repository), journal_{repository.env().now(), {}} {}

  Status remove(const Snapshot& snapshot) {
    auto removed = repository_.objects().remove(ObjectType::kSnapshot, snapshot.id);
    if (!removed.ok()) return removed;
    journal_.deletions.push_back(
        {ObjectType::kSnapshot, snapshot.id, snapshot.received, snapshot.object_bytes});
    is_noted_ = false;
    return note();
  }

  Status finish() {
    if (!is_noted_) BACKCAST_CHECK(note());
    if (is_noted_) return kOk;
    return Error{Errc::kNoSpace,
                 fmt::format("{} snapshots are deleted, but {} is too full to note that: check "
                             "will call them missing",
                             journal_.deletions.size(), repository_.folder().path()),
                 {},
                 "backcast prune frees what they alone needed"};
  }
  std::uint64_t count() const { return journal_.deletions.size(); }

 private:
  // Names all of this run: what two entries name counts once.
  Status note() {
    auto written = write_journal(repository_, journal_);
    is_noted_ = written.ok();
    return written.ok() || written.error().code != Errc::kNoSpace ? written : kOk;
  }

  Repository& repository_;
  JournalEntry journal_;
  bool is_noted_ = true;
};

}  // namespace

Result<ForgetPlan> plan_forget(Repository& repository, const ForgetRequest& request) {
  if (request.policy && !request.snapshots.empty()) {
    return bad_input("forget takes either a policy or snapshots", "leave one of them out");
  }
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const auto rules, load_rules(repository));
  const bool by_rules = !request.policy && request.snapshots.empty();
  if (by_rules && (!rules || !rules->retention)) {
    return bad_input("forget needs either a policy or snapshots",
                     "give --policy 'restic: --keep-daily 7', or ids; or give the repository a "
                     "policy of its own: backcast policy");
  }
  // Snapshots before the index: what is listed is in the index that is read after it.
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository));
  BACKCAST_TRY(ForgetPlan plan, list_all(repository, names));
  plan.now = repository.env().now();
  std::vector<Snapshot> snapshots;
  for (const ForgetVerdict& verdict : plan.verdicts) {
    if (!verdict.is_damaged) snapshots.push_back(verdict.snapshot);
  }
  BACKCAST_TRY(const Index index, load_index(repository));
  PackFiles packs(repository, index);
  std::vector<Lack> lacks;
  BACKCAST_TRY(const Presence presence, Presence::of(packs, snapshots, &lacks));
  for (const Lack& lack : lacks) {
    plan.warnings.push_back(
        fmt::format("snapshot {} needs {}: what forgetting it frees is counted without",
                    to_hex(lack.snapshot).substr(0, 8), lack.what));
  }
  if (request.snapshots.empty()) {
    BACKCAST_TRY(const Arrivals arrivals, judge_arrivals(repository, snapshots));
    plan.zone = by_rules ? rules->zone : request.zone;
    const auto& policy = by_rules ? *rules->retention : *request.policy;
    decide_by_policy({request, policy, {plan.now, *plan.zone}, presence}, arrivals, plan.verdicts);
    if (!by_rules && rules && rules->retention) {
      keep_by_rules(*rules, plan.now, presence, arrivals, plan.verdicts);
    }
  } else {
    BACKCAST_CHECK(decide_by_name(request, names, rules, plan.verdicts));
  }
  count_freed(presence, plan);
  plan.ceiling =
      request.max_deletions.value_or(std::max<std::uint64_t>(10, plan.verdicts.size() / 2));
  const auto first_damaged =
      std::find_if(plan.verdicts.begin(), plan.verdicts.end(),
                   [](const ForgetVerdict& verdict) { return verdict.is_damaged; });
  std::reverse(plan.verdicts.begin(), first_damaged);
  return plan;
}

Result<ForgetResult> apply_forget(Repository& repository, const ForgetPlan& plan) {
  if (plan.above_ceiling()) {
    return failed(std::to_string(plan.deletions) + " of " + std::to_string(plan.verdicts.size()) +
                      " snapshots would go; one run deletes at most " +
                      std::to_string(plan.ceiling),
                  "look at --dry-run; if it is meant, raise --max-delete");
  }
  ForgetResult result;
  if (plan.deletions == 0) return result;
  // A full disk must not keep anybody from making room: then without lease.
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  const Instant now = repository.env().now();
  Deleting deleting(repository);
  for (const ForgetVerdict& verdict : plan.verdicts) {
    if (verdict.keep) continue;
    auto gone = set_aside(repository, verdict.snapshot.id, now);
    if (gone.ok()) {
      ++result.set_aside;
      continue;
    }
    if (gone.error().code == Errc::kNoSpace) gone = deleting.remove(verdict.snapshot);
    // Somebody else forgot it meanwhile: just as well.
    if (!gone.ok() && gone.error().code != Errc::kNotFound) return gone.error();
  }
  BACKCAST_CHECK(repository.folder().sync_folder(folder_of(ObjectType::kSnapshot)));
  BACKCAST_CHECK(deleting.finish());
  result.deleted = deleting.count();
  return result;
}

}  // namespace backcast::store
