#include "engine/store/upkeep/prune.h"

#include <algorithm>
#include <set>

#include "engine/store/packs/load_index.h"
#include "engine/store/packs/pack_check.h"
#include "engine/store/repository/label.h"
#include "engine/store/repository/reserve.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/upkeep/prune_work.h"

namespace backcast::store {
namespace {

constexpr ObjectType kPublished[] = {ObjectType::kIndex, ObjectType::kSnapshot, ObjectType::kHead,
                                     ObjectType::kMark,  ObjectType::kJournal,  ObjectType::kDamage,
                                     ObjectType::kRules, ObjectType::kLabel};

// What was there before anybody was asked who is at work: what of it is not indexed belongs to
// nobody then, while what comes later may be a beginner's.
struct Leftovers {
  std::vector<Id> packs;
  std::vector<std::string> temporary;  // names
};

Result<Leftovers> list_leftovers(Repository& repository) {
  Leftovers found;
  BACKCAST_TRY(found.packs, repository.objects().list(ObjectType::kPack));
  for (const ObjectType type : kPublished) {
    const auto entries = repository.folder().list(folder_of(type));
    if (!entries.ok() && entries.error().code == Errc::kNotFound) continue;
    if (!entries.ok()) return entries.error();
    for (const auto& entry : *entries) {
      if (!entry.name.starts_with(env::kTemporaryPrefix)) continue;
      found.temporary.push_back(std::string(folder_of(type)) + '/' + entry.name);
    }
  }
  return found;
}

// Packs of backups that were interrupted, and temporary files; only what is older than the grace
// period, for where locks do not reach.
Status delete_leftovers(PruneWork& work, const Leftovers& leftovers, const Index& index) {
  env::Folder& folder = work.repository.folder();
  for (const Id& id : leftovers.packs) {
    if (index.find_pack(id)) continue;
    const std::string name = name_of(ObjectType::kPack, id);
    const auto info = folder.stat(name);
    if (!info.ok() || work.is_young(name, work.options.grace)) continue;
    ++work.result.orphans;
    work.result.orphan_bytes += info->size_bytes;
    if (!work.options.dry_run) BACKCAST_CHECK(folder.remove(name));
  }
  for (const std::string& name : leftovers.temporary) {
    if (work.options.dry_run || !folder.stat(name).ok()) continue;
    if (!work.is_young(name, work.options.grace)) BACKCAST_CHECK(folder.remove(name));
  }
  return kOk;
}

// What forgotten snapshots whose grace is not over need: unforget may bring them back. One that is
// damaged or lacks anything cannot come back and protects nothing.
Status add_needed_by_forgotten(PruneWork& work, PackFiles& packs, Need& need) {
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(work.repository));
  for (const Forgotten& forgotten : names.forgotten) {
    const auto snapshot = load_forgotten(work.repository, forgotten);
    if (!snapshot.ok()) continue;
    BACKCAST_TRY(const Need also, needed_by(packs, {*snapshot}));
    if (!also.lacks.empty()) continue;
    for (std::size_t i = 0; i < need.entries.size(); ++i) {
      if (also.entries[i]) need.entries[i] = true;
    }
  }
  return kOk;
}

// Snapshots that were forgotten a grace period ago go before the data that only they need.
Status delete_set_aside(PruneWork& work) {
  if (work.options.dry_run) return kOk;
  BACKCAST_TRY(const std::size_t others, work.count_others());
  if (others > 0) return kOk;
  const Duration grace = work.options.grace;
  const Instant until =
      grace > Duration::zero() ? work.repository.env().now() - grace : Instant::max();
  BACKCAST_TRY(work.result.deleted_snapshots, with_room(work.repository, [&] {
                 return delete_forgotten(work.repository, until);
               }));
  return remove_labels_but(work.repository, [&]() -> Result<std::set<Id>> {
    BACKCAST_TRY(const auto names, list_snapshot_names(work.repository));
    std::set<Id> left(names.live.begin(), names.live.end());
    for (const Forgotten& forgotten : names.forgotten) left.insert(forgotten.id);
    return left;
  });
}

Result<PruneResult> run(PruneWork& work) {
  BACKCAST_TRY(auto leftovers, list_leftovers(work.repository));
  BACKCAST_TRY(work.result.others_at_work, work.count_others());
  BACKCAST_TRY(work.store_now, work.lease.store_now());
  {
    BACKCAST_TRY(const Survey now, survey(work, false));
    if (work.result.others_at_work == 0) {
      // What a lost or unreadable object of index/ listed looks like nobody's.
      const bool is_all_listed = now.doubt().empty() && now.need.lacks.empty();
      if (!is_all_listed) leftovers.packs.clear();
      BACKCAST_CHECK(delete_leftovers(work, leftovers, now.index));
    }
    BACKCAST_CHECK(mark_unneeded(work, now));
  }
  BACKCAST_CHECK(delete_set_aside(work));
  BACKCAST_CHECK(delete_marked(work));
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(work.repository));
  work.result.forgotten_snapshots = names.forgotten.size();
  BACKCAST_TRY(const Index index, load_index(work.repository));
  for (const PackInfo& pack : index.packs()) {
    ++work.result.packs;
    work.result.stored_bytes += pack.size_bytes;
  }
  if (!work.options.dry_run) fill_reserve(work.repository);
  return work.result;
}

}  // namespace

Status PruneWork::check_stop() const {
  if (!progress.stop) return kOk;
  return Error{Errc::kInterrupted, "interrupted; the next prune goes on from here", {}, {}};
}

Result<std::size_t> PruneWork::count_others() {
  const Death proof = options.grace < kLeaseLife ? Death::kByLock : Death::kByLockOrAge;
  BACKCAST_TRY(const auto others, live_leases(repository, lease, proof));
  return others.size();
}

bool PruneWork::is_young(const std::string& name, Duration age) const {
  if (age <= Duration::zero()) return false;
  const auto info = repository.folder().stat(name);
  return !info.ok() || store_now - info->changed < age;
}

void PruneWork::add_damage(const std::string& object, const std::string& what) {
  const auto is_same = [&](const Damage& known) { return known.object == object; };
  if (std::any_of(result.damage.begin(), result.damage.end(), is_same)) return;
  result.damage.push_back({object, what});
}

std::string Survey::doubt() const {
  if (!index.unreadable_objects().empty()) {
    return "an object of index/ cannot be read, and what it lists is not known";
  }
  if (has_unreadable) return "a snapshot cannot be read, and what it needs is not known";
  if (need.is_known()) return {};
  return "a snapshot's reference list cannot be read, and what it needs is not known";
}

// The snapshots first: then the index holds all that they need, whoever publishes meanwhile.
Result<Survey> survey(PruneWork& work, bool with_forgotten) {
  Survey now;
  std::vector<Error> unreadable;
  BACKCAST_TRY(now.snapshots, load_snapshots(work.repository, &unreadable));
  now.has_unreadable = !unreadable.empty();
  for (const Error& error : unreadable) work.add_damage("snapshots", error.message);
  std::vector<Damage> damaged;
  BACKCAST_TRY(now.index, load_index_unjudged(work.repository, damaged));
  for (const Damage& damage : damaged) work.add_damage(damage.object, damage.what);
  BACKCAST_CHECK(distrust_recorded(work.repository, now.index));
  now.faults = distrust_absent(work.repository, now.index, !work.options.dry_run);
  for (const PackFault& fault : now.faults) {
    const PackInfo& pack = now.index.packs()[fault.pack];
    if (!pack.is_condemned) work.add_damage(name_of(ObjectType::kPack, pack.id), fault.what);
  }
  PackFiles packs(work.repository, now.index);
  BACKCAST_TRY(now.need, needed_by(packs, now.snapshots));
  for (const Lack& lack : now.need.lacks) {
    work.add_damage(name_of(ObjectType::kSnapshot, lack.snapshot), "lacks " + lack.what);
  }
  if (with_forgotten) BACKCAST_CHECK(add_needed_by_forgotten(work, packs, now.need));
  return now;
}

Result<PruneResult> prune(Repository& repository, const PruneOptions& options,
                          PruneProgress& progress) {
  BACKCAST_TRY(const auto lease, with_room(repository, [&] {
                 return take_lease(repository, LeaseKind::kMaintenance, options.wait);
               }));
  PruneWork work{repository, options, progress, *lease, {}, {}};
  return run(work);
}

}  // namespace backcast::store
