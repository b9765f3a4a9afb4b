#include "engine/store/publish.h"

#include "engine/store/head.h"

namespace backcast::store {
namespace {

Error vanished(const std::string& what) {
  return failed("the repository changed under this backup: " + what + "; nothing was published",
                "run it again");
}

// While a lease is held prune deletes no pack that existed when it was taken. If the lease was
// taken for dead (the machine slept), everything the snapshot relies on is looked at again: absence
// from a listing is no proof, so each missing pack is asked for by name.
Status still_there(ChunkStore& store, Lease& lease) {
  if (lease.is_held()) return kOk;
  Repository& repository = store.repository();
  for (const PackInfo& pack : store.index().packs()) {
    if (pack.is_condemned) continue;
    auto info = repository.folder().stat(name_of(ObjectType::kPack, pack.id));
    if (!info.ok() && info.error().code == Errc::kNotFound) return vanished("a pack was deleted");
    if (!info.ok()) return info.error();
  }
  return kOk;
}

// Two backups that end together may get the same number: then time decides between them.
Result<std::uint64_t> next_sequence(Repository& repository) {
  std::vector<Error> damaged;  // no reason not to save the next one
  BACKCAST_TRY(const auto others, load_snapshots(repository, &damaged));
  return others.empty() ? 1 : others.back().sequence + 1;
}

// A snapshot without its head could vanish unseen, so it is taken back if the disk fails here.
Status publish_with_head(Repository& repository, Snapshot& snapshot, const std::vector<Id>& heads) {
  Objects& objects = repository.objects();
  const std::string plain = encode_snapshot(snapshot);
  snapshot.object_bytes = plain.size() + kObjectHeaderBytes + kSealOverheadBytes;
  BACKCAST_CHECK(objects.publish(ObjectType::kSnapshot, snapshot.id, as_bytes(plain)));
  auto headed = write_head(repository, snapshot.id, heads);
  if (!headed.ok()) {
    (void)objects.remove(ObjectType::kHead, snapshot.id);
    (void)objects.remove(ObjectType::kSnapshot, snapshot.id);
  }
  return headed;
}

}  // namespace

Result<std::vector<Pack>> commit_packs(ChunkStore& store) {
  BACKCAST_TRY(auto packs, store.sink().finish());
  if (!packs.empty()) {
    BACKCAST_CHECK(store.repository().objects().publish(ObjectType::kIndex, random_id(),
                                                        as_bytes(encode_packs(packs))));
  }
  return packs;
}

Status publish_copies(ChunkStore& store, Lease& lease, std::vector<Snapshot>& snapshots) {
  Repository& repository = store.repository();
  BACKCAST_TRY(const auto packs, commit_packs(store));
  (void)packs;
  BACKCAST_CHECK(still_there(store, lease));
  for (Snapshot& snapshot : snapshots) {
    BACKCAST_TRY(const auto heads, read_heads(repository));
    BACKCAST_TRY(snapshot.sequence, next_sequence(repository));
    snapshot.is_copy = true;
    BACKCAST_CHECK(publish_with_head(repository, snapshot, heads));
  }
  return kOk;
}

Status publish(ChunkStore& store, Lease& lease, Snapshot& snapshot) {
  Repository& repository = store.repository();
  BACKCAST_TRY(const auto packs, commit_packs(store));
  BACKCAST_CHECK(still_there(store, lease));
  BACKCAST_TRY(const auto heads, read_heads(repository));
  BACKCAST_TRY(snapshot.sequence, next_sequence(repository));
  snapshot.id = random_id();
  snapshot.received = repository.env().now();
  snapshot.added_chunks = store.added().chunks;
  snapshot.added_plain_bytes = store.added().plain_bytes;
  snapshot.added_stored_bytes = store.added().stored_bytes;
  snapshot.requests = packs.size() + (packs.empty() ? 1 : 2);
  return publish_with_head(repository, snapshot, heads);
}

}  // namespace backcast::store
