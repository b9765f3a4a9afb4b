#include "engine/store/snapshots/head.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "engine/store/repository/journal.h"
#include "engine/store/snapshots/forgotten.h"

namespace backcast::store {
namespace {

// Those whose snapshot is here or was deleted by us. The head of one that vanished is all that
// tells of it: the next snapshot may have taken its number.
Result<std::vector<Id>> accounted_for(Repository& repository, const std::vector<Id>& heads) {
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository));
  std::unordered_set<Id, IdHash> known(names.live.begin(), names.live.end());
  for (const Forgotten& forgotten : names.forgotten) known.insert(forgotten.id);
  const auto is_known = [&](const Id& id) { return known.contains(id); };
  if (!std::all_of(heads.begin(), heads.end(), is_known)) {
    BACKCAST_TRY(const auto deleted, deleted_snapshots(repository));
    known.insert(deleted.begin(), deleted.end());
  }
  std::vector<Id> out;
  std::copy_if(heads.begin(), heads.end(), std::back_inserter(out), is_known);
  return out;
}

}  // namespace

Result<std::vector<Id>> read_heads(Repository& repository) {
  auto heads = repository.objects().list(ObjectType::kHead);
  // Repositories of earlier versions have no such folder.
  if (!heads.ok() && heads.error().code == Errc::kNotFound) return std::vector<Id>();
  return heads;
}

Status write_head(Repository& repository, const Id& snapshot, const std::vector<Id>& older) {
  Objects& objects = repository.objects();
  const auto written = objects.publish(ObjectType::kHead, snapshot, {});
  // A copy that comes back after it was forgotten finds its own head, if none came after it.
  if (!written.ok() && written.error().code != Errc::kExists) return written;
  BACKCAST_TRY(const auto replaced, accounted_for(repository, older));
  for (const Id& id : replaced) {
    if (id == snapshot) continue;
    auto removed = objects.remove(ObjectType::kHead, id);
    if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
  }
  return kOk;
}

}  // namespace backcast::store
