#include "engine/store/copy.h"

#include <algorithm>
#include <unordered_map>

#include "engine/store/pack_scan.h"
#include "engine/store/presence.h"
#include "engine/store/publish.h"

namespace backcast::store {
namespace {

Error interrupted() {
  return Error{Errc::kInterrupted, "interrupted; nothing was published", {}, {}};
}

// Chunks of one project: whole packs are scanned, so that their digest vouches for what is copied.
Status copy_sealed(PackFiles& packs, ChunkStore& store, const std::vector<bool>& needed,
                   CopyProgress& progress) {
  const Index& index = packs.index();
  ScanRoom room;
  for (const PackInfo& pack : index.packs()) {
    const auto is_wanted = [&](const IndexEntry& entry) {
      return needed[index.number_of(entry)] && !store.has(entry.id);
    };
    const auto entries = index.entries_of(pack);
    if (std::none_of(entries.begin(), entries.end(), is_wanted)) continue;
    const auto take = [&](const IndexEntry& entry, ByteView sealed) -> Status {
      if (progress.stop) return interrupted();
      if (!needed[index.number_of(entry)] || !store.claim(entry.id)) return kOk;
      progress.bytes += sealed.size();
      store.count_added(entry.plain_bytes, sealed.size());
      return store.sink().append({entry.label(), pack.keys[entry.key], sealed});
    };
    BACKCAST_CHECK(scan_pack(packs, pack, room, take));
  }
  return kOk;
}

// Opens and seals anew: chunk ids are keyed by project, so tree and references get new ones.
class Resealing {
 public:
  Resealing(PackFiles& packs, ChunkStore& store, CopyProgress& progress)
      : reader_(packs),
        references_reader_(packs),
        writer_(store, 1),
        store_(store),
        progress_(progress) {}

  Status convert(Snapshot& snapshot) {
    for (Id& id : snapshot.tree) {
      BACKCAST_TRY(id, convert(id, BlobKind::kTree));
    }
    TreeWriter references(store_, 1);
    ReferenceReader old(references_reader_, snapshot);
    for (std::uint64_t left = snapshot.reference_count; left > 0;) {
      const std::uint64_t step = std::min<std::uint64_t>(left, 1024);
      BACKCAST_TRY(const auto ids, old.next(step));
      for (const Id& id : ids) {
        BACKCAST_TRY(const Id converted, convert(id, BlobKind::kData));
        BACKCAST_CHECK(references.add_reference(converted));
      }
      left -= step;
    }
    Snapshot lists;
    BACKCAST_CHECK(references.finish(lists));
    snapshot.references = std::move(lists.references);
    return kOk;
  }

 private:
  Result<Id> convert(const Id& id, BlobKind kind) {
    if (progress_.stop) return interrupted();
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    BACKCAST_TRY(const ByteView plain, reader_.read(id, kind));
    BACKCAST_TRY(const Id converted, writer_.put(kind, plain));
    progress_.bytes += plain.size();
    known_.emplace(id, converted);
    return converted;
  }

  BlobReader reader_, references_reader_;
  ChunkWriter writer_;
  ChunkStore& store_;
  CopyProgress& progress_;
  std::unordered_map<Id, Id, IdHash> known_;
};

}  // namespace

Result<CopyResult> copy_snapshots(Repository& from, Repository& to,
                                  const std::vector<Snapshot>& snapshots, CopyProgress& progress) {
  BACKCAST_TRY(const auto from_lease, Lease::take(from, LeaseKind::kWork));
  BACKCAST_TRY(const auto to_lease, Lease::take(to, LeaseKind::kWork));
  BACKCAST_TRY(const Index from_index, from.load_index());
  BACKCAST_TRY(const Index to_index, to.load_index());
  BACKCAST_TRY(const auto present, load_snapshots(to));
  CopyResult result;
  std::vector<Snapshot> wanted;
  for (const Snapshot& snapshot : snapshots) {
    const bool is_there = std::any_of(present.begin(), present.end(),
                                      [&](const Snapshot& s) { return s.id == snapshot.id; });
    (is_there ? result.present : result.copied).push_back(snapshot.id);
    if (!is_there) wanted.push_back(snapshot);
  }
  PackFiles packs(from, from_index);
  ChunkStore store(to, to_index);
  result.unsealed = from.config().project != to.config().project;
  if (result.unsealed) {
    Resealing resealing(packs, store, progress);
    for (Snapshot& snapshot : wanted) BACKCAST_CHECK(resealing.convert(snapshot));
  } else if (!wanted.empty()) {
    BACKCAST_TRY(const auto needed, needed_entries(packs, wanted));
    BACKCAST_CHECK(copy_sealed(packs, store, needed, progress));
  }
  BACKCAST_CHECK(publish_copies(store, *to_lease, wanted));
  result.chunks = store.added().chunks;
  result.stored_bytes = store.added().stored_bytes;
  return result;
}

}  // namespace backcast::store
