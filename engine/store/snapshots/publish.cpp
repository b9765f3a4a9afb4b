#include "engine/store/snapshots/publish.h"

#include <algorithm>
#include <unordered_set>

#include "engine/store/repository/journal.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/snapshots/head.h"

namespace backcast::store {
namespace {

// Everything the snapshots are about to rely on is looked at, the session's own packs first. While
// a lease is held prune deletes no pack that existed when it was taken; but the lease may have been
// taken for dead (the machine slept), and a disk may lose files by itself.
Status still_there(ChunkStore& store, Lease& lease, const WrittenPacks& written) {
  BACKCAST_CHECK(lease.ensure_held());
  const auto look = [&]() -> Status {
    for (const WrittenPack& pack : written.packs) {
      BACKCAST_CHECK(look_at_pack(store.repository(), pack.id, pack.size_bytes));
    }
    return store.check_relied_on();
  };
  auto looked = look();
  if (looked.ok()) return kOk;
  return failed(
      "the repository changed meanwhile: " + looked.error().message + "; no snapshot was made",
      "run it again: it stores what is missing");
}

// The number of those made so far, plus one; fewer, and the loss of another would not be noticed.
// Two backups that end together may get the same number: then time decides between them.
Result<std::uint64_t> next_sequence(Repository& repository, const std::vector<Id>& heads) {
  std::vector<Error> damaged;  // no reason not to save the next one
  BACKCAST_TRY(const auto others, load_snapshots(repository, &damaged));
  // Those whose number cannot be read have had one, too: it is not given a second time.
  BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository));
  std::unordered_set<Id, IdHash> made(names.live.begin(), names.live.end());
  // The newest is here, or the journal knows how many there were.
  const bool has_newest = !heads.empty() && std::all_of(heads.begin(), heads.end(), [&](auto& id) {
    return made.contains(id);
  });
  made.insert(heads.begin(), heads.end());
  for (const Forgotten& forgotten : names.forgotten) made.insert(forgotten.id);
  if (!has_newest) {
    BACKCAST_TRY(const auto deleted, deleted_snapshots(repository));
    made.insert(deleted.begin(), deleted.end());
  }
  const std::uint64_t newest =
      std::max<std::uint64_t>(others.empty() ? 0 : others.back().sequence, made.size());
  // Somebody may have taken the last number there is: then time decides, too.
  return std::min(newest, UINT64_MAX - 1) + 1;
}

// One that was here before, and forgotten, has had a number of its own: it takes the newest one.
// Numbers beyond those that are here or were forgotten would say that some vanished.
Result<std::uint64_t> sequence_of_copy(Repository& repository, const Id& id,
                                       const std::vector<Id>& heads) {
  BACKCAST_TRY(const std::uint64_t next, next_sequence(repository, heads));
  BACKCAST_TRY(const auto deleted, deleted_snapshots(repository));
  BACKCAST_TRY(const SnapshotNames present, list_snapshot_names(repository));
  const bool was_here = std::find(deleted.begin(), deleted.end(), id) != deleted.end() ||
                        std::any_of(present.forgotten.begin(), present.forgotten.end(),
                                    [&](const Forgotten& forgotten) { return forgotten.id == id; });
  return was_here && next > 1 ? next - 1 : next;
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
    // Or a power cut brings back what nobody was told of.
    (void)repository.folder().sync_folder(folder_of(ObjectType::kSnapshot));
  }
  return headed;
}

}  // namespace

Result<WrittenPacks> commit_packs(ChunkStore& store) {
  return store.sink().finish();
}

Status publish_copies(ChunkStore& store, Lease& lease, std::vector<Snapshot>& snapshots) {
  Repository& repository = store.repository();
  BACKCAST_TRY(const WrittenPacks written, commit_packs(store));
  BACKCAST_CHECK(still_there(store, lease, written));
  for (Snapshot& snapshot : snapshots) {
    BACKCAST_TRY(const auto heads, read_heads(repository));
    BACKCAST_TRY(snapshot.sequence, sequence_of_copy(repository, snapshot.id, heads));
    BACKCAST_CHECK(publish_with_head(repository, snapshot, heads));
  }
  return kOk;
}

Status publish(ChunkStore& store, Lease& lease, Snapshot& snapshot) {
  Repository& repository = store.repository();
  BACKCAST_TRY(const WrittenPacks written, commit_packs(store));
  BACKCAST_CHECK(still_there(store, lease, written));
  BACKCAST_TRY(const auto heads, read_heads(repository));
  BACKCAST_TRY(snapshot.sequence, next_sequence(repository, heads));
  snapshot.id = random_id();
  snapshot.received = repository.env().now();
  snapshot.added_chunks = store.added().chunks;
  snapshot.added_plain_bytes = store.added().plain_bytes;
  snapshot.added_stored_bytes = store.added().stored_bytes;
  snapshot.requests = written.packs.size() + written.index_objects + 1;
  return publish_with_head(repository, snapshot, heads);
}

}  // namespace backcast::store
