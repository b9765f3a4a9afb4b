#include "engine/store/upkeep/repair.h"

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/reserve.h"
#include "engine/store/upkeep/repair_work.h"

namespace backcast::store {
namespace {

Result<RepairResult> run(RepairWork& work) {
  std::vector<Damage> damaged;  // with dry_run still there, like
  std::vector<Error> unreadable;
  BACKCAST_CHECK(repair_objects(work));
  // Before the index is read, which then holds all that they need.
  BACKCAST_TRY(const auto snapshots, load_snapshots(work.repository, &unreadable));
  BACKCAST_TRY(Index index, load_index_unjudged(work.repository, damaged));
  BACKCAST_CHECK(list_lost_packs(work, index));
  // As long as a bad one lies there, packs that nothing lists are read by their own tables.
  BACKCAST_CHECK(repair_index_objects(work));
  if (!work.options.dry_run) {
    BACKCAST_TRY(index, load_index_unjudged(work.repository, damaged));
  }
  BACKCAST_CHECK(repair_packs(work, index));
  if (!work.options.dry_run) {
    BACKCAST_TRY(index, load_index(work.repository));
  }
  BACKCAST_CHECK(repair_snapshots(work, snapshots, index));
  BACKCAST_CHECK(note_missing_snapshots(work));
  return std::move(work.result);
}

}  // namespace

Status RepairWork::check_stop() const {
  if (!progress.stop) return kOk;
  return Error{Errc::kInterrupted, "interrupted; the next repair goes on from here", {}, {}};
}

bool RepairResult::is_whole() const {
  if (!left.empty()) return false;
  for (const RepairedSnapshot& snapshot : snapshots) {
    if (!snapshot.rewritten) return false;
  }
  return true;
}

Result<RepairResult> repair(Repository& repository, const RepairOptions& options,
                            RepairProgress& progress) {
  if (options.rewrite_snapshots && !repository.keys().can_read()) {
    return Error{Errc::kWrongKey,
                 "rewriting snapshots needs the passphrase",
                 {},
                 "give --passphrase-file or --passphrase-command"};
  }
  BACKCAST_TRY(const auto lease, with_room(repository, [&] {
                 return take_lease(repository, LeaseKind::kMaintenance, options.wait);
               }));
  RepairWork work{repository, options, progress};
  return run(work);
}

}  // namespace backcast::store
