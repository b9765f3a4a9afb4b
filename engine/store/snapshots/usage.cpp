#include "engine/store/snapshots/usage.h"

#include <algorithm>
#include <unordered_set>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/journal.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {
namespace {

struct Held {
  Id id;
  Instant from{}, until{};
  std::uint64_t size_bytes = 0;
  bool is_deleted = false;
};

class Ledger {
 public:
  Ledger(const UsageNames& names, const std::string& service) : names_(names), service_(service) {}

  void add(const Held& held) {
    UsageRecord storage = record(UsageKind::kStorage, held);
    storage.end = std::max(held.from, held.until);
    records_.push_back(storage);
    request("put", held.from);
    if (!held.is_deleted) return;
    UsageRecord deletion = record(UsageKind::kDeletion, held);
    deletion.end = storage.end;
    records_.push_back(deletion);
    request("delete", storage.end);
  }

  std::vector<UsageRecord> take() {
    std::stable_sort(records_.begin(), records_.end(),
                     [](const auto& a, const auto& b) { return a.start < b.start; });
    return std::move(records_);
  }

 private:
  UsageRecord record(UsageKind kind, const Held& held) const {
    UsageRecord out;
    out.kind = kind;
    out.start = held.from;
    out.quantity = held.size_bytes;
    out.objects = 1;
    out.project = names_.project;
    out.service = service_;
    out.region = names_.region;
    out.storage_class = names_.storage_class;
    out.backup = to_hex(held.id);
    return out;
  }

  void request(const char* operation, Instant at) {
    UsageRecord out = record(UsageKind::kRequest, {});
    out.start = out.end = at;
    out.quantity = 1;
    out.objects = 0;
    out.backup.clear();
    out.operation = operation;
    records_.push_back(out);
  }

  const UsageNames& names_;
  std::string service_;
  std::vector<UsageRecord> records_;
};

}  // namespace

Result<std::vector<UsageRecord>> usage(Repository& repository, const UsageNames& names,
                                       Instant until) {
  BACKCAST_TRY(const auto journal, read_journal(repository));
  BACKCAST_TRY(auto snapshots, load_snapshots(repository));
  BACKCAST_TRY(const Index index, load_index(repository));
  // What forget set aside is stored until prune deletes it.
  BACKCAST_TRY(const SnapshotNames listed, list_snapshot_names(repository));
  for (const Forgotten& forgotten : listed.forgotten) {
    BACKCAST_TRY(snapshots.emplace_back(), load_forgotten(repository, forgotten));
  }
  Ledger ledger(names, to_hex(repository.config().repository).substr(0, 8));
  std::unordered_set<Id, IdHash> deleted;
  for (const JournalEntry& entry : journal) {
    for (const Deletion& deletion : entry.deletions) {
      if (!deleted.insert(deletion.id).second) continue;
      ledger.add({deletion.id, deletion.created, entry.time, deletion.size_bytes, true});
    }
  }
  // What the journal names and is still there was about to be deleted: a run was interrupted.
  for (const PackInfo& pack : index.packs()) {
    if (deleted.contains(pack.id)) continue;
    ledger.add({pack.id, pack.created, until, pack.size_bytes, false});
  }
  for (const Snapshot& snapshot : snapshots) {
    if (deleted.contains(snapshot.id)) continue;
    ledger.add({snapshot.id, snapshot.received, until, snapshot.object_bytes, false});
  }
  return ledger.take();
}

}  // namespace backcast::store
