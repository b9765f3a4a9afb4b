#include "engine/store/snapshots/missing_snapshots.h"

#include <unordered_set>

#include "engine/store/repository/journal.h"

namespace backcast::store {

Result<MissingSnapshots> find_missing_snapshots(Repository& repository,
                                                const std::vector<Id>& heads,
                                                const SnapshotNames& present,
                                                std::uint64_t newest_sequence) {
  MissingSnapshots missing;
  Objects& objects = repository.objects();
  std::unordered_set<Id, IdHash> made;
  const auto add = [&](const SnapshotNames& names) {
    made.insert(names.live.begin(), names.live.end());
    for (const Forgotten& forgotten : names.forgotten) made.insert(forgotten.id);
  };
  add(present);
  BACKCAST_TRY(const auto journal, read_journal(repository));
  for (const JournalEntry& entry : journal) {
    for (const Deletion& deletion : entry.deletions) {
      if (deletion.type == ObjectType::kSnapshot) made.insert(deletion.id);
    }
  }
  for (const Id& id : heads) {
    const auto head = objects.load(ObjectType::kHead, id);
    if (!head.ok() && head.error().code == Errc::kNotFound) continue;  // a newer one came
    if (!head.ok()) {
      missing.damaged.push_back({name_of(ObjectType::kHead, id), head.error().message});
    }
    // The listing may have missed what was published while it was made.
    if (made.insert(id).second && !objects.load(ObjectType::kSnapshot, id).ok()) {
      missing.named.push_back(id);
    }
  }
  if (newest_sequence <= made.size()) return missing;
  BACKCAST_TRY(const SnapshotNames again, list_snapshot_names(repository));
  add(again);
  if (newest_sequence > made.size()) missing.unnamed = newest_sequence - made.size();
  return missing;
}

}  // namespace backcast::store
