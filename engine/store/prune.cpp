#include "engine/store/prune.h"

#include <algorithm>
#include <unordered_set>

#include "engine/base/checked.h"
#include "engine/store/forgotten.h"
#include "engine/store/journal.h"
#include "engine/store/mark.h"
#include "engine/store/pack_scan.h"
#include "engine/store/presence.h"
#include "engine/store/publish.h"

namespace backcast::store {
namespace {

// What is copied before the index and a mark are written: bounds what an interruption repeats.
constexpr std::uint64_t kCopyBatchBytes = 512ULL << 20;
// Packs below a quarter of the target are joined once there are this many: one appears per backup.
constexpr std::size_t kManySmallPacks = 32;
// Index objects are joined into objects of about this many packs.
constexpr std::size_t kPacksPerObject = 256;
constexpr std::size_t kManyIndexObjects = 16;

using IdSet = std::unordered_set<Id, IdHash>;

class Pruning {
 public:
  Pruning(Repository& repository, const PruneOptions& options, PruneProgress& progress,
          Lease& lease)
      : repository_(repository), options_(options), progress_(progress), lease_(lease) {}

  Result<PruneResult> run() {
    // Listed before anything else: a pack that is not indexed by the time the index is read below
    // belongs to a backup under way, whose lease is seen, or to nobody.
    BACKCAST_TRY(const auto files, repository_.objects().list(ObjectType::kPack));
    BACKCAST_TRY(const auto others, live_leases(repository_, lease_, proof_of_death()));
    result_.others_at_work = others.size();
    BACKCAST_TRY(now_, lease_.store_now());
    {
      BACKCAST_TRY(const Index index, repository_.load_index());
      if (!index.unreadable_objects().empty()) return unreadable(index);
      BACKCAST_TRY(const auto needed, load_needed(index));
      if (others.empty()) BACKCAST_CHECK(delete_orphans(files, index));
      BACKCAST_CHECK(mark_unneeded(index, needed));
    }
    BACKCAST_CHECK(delete_set_aside());
    BACKCAST_CHECK(delete_marked());
    BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository_));
    result_.forgotten_snapshots = names.forgotten.size();
    BACKCAST_TRY(const Index index, repository_.load_index());
    for (const PackInfo& pack : index.packs()) {
      ++result_.packs;
      result_.stored_bytes += pack.size_bytes;
    }
    return result_;
  }

 private:
  Result<std::vector<bool>> load_needed(const Index& index) {
    BACKCAST_TRY(const auto snapshots, load_snapshots(repository_));
    PackFiles packs(repository_, index);
    return needed_entries(packs, snapshots);
  }

  // What forgotten snapshots whose grace is not over need: unforget may bring them back. One that
  // is damaged or lacks anything cannot come back and protects nothing.
  Status add_needed_by_forgotten(const Index& index, std::vector<bool>& needed) {
    BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository_));
    PackFiles packs(repository_, index);
    for (const Forgotten& forgotten : names.forgotten) {
      const auto snapshot = load_forgotten(repository_, forgotten);
      if (!snapshot.ok()) continue;
      const auto also = needed_entries(packs, {*snapshot});
      for (std::size_t i = 0; also.ok() && i < needed.size(); ++i) {
        if ((*also)[i]) needed[i] = true;
      }
    }
    return kOk;
  }

  // Snapshots that were forgotten a grace period ago go before the data that only they need.
  Status delete_set_aside() {
    if (options_.dry_run) return kOk;
    BACKCAST_TRY(const auto others, live_leases(repository_, lease_, proof_of_death()));
    if (!others.empty()) return kOk;
    const Instant now = repository_.env().now();
    const Instant until = options_.grace > Duration::zero() ? now - options_.grace : Instant::max();
    BACKCAST_TRY(result_.deleted_snapshots, delete_forgotten(repository_, until));
    return kOk;
  }

  // What it lists may be needed, and would look like nobody's.
  static Error unreadable(const Index& index) {
    return Error{Errc::kCorrupt,
                 name_of(ObjectType::kIndex, index.unreadable_objects().front()) +
                     " cannot be read: nothing was deleted",
                 {},
                 "backcast check --rebuild-index lists again what it held"};
  }

  Status check_stop() const {
    if (!progress_.stop) return kOk;
    return Error{Errc::kInterrupted, "interrupted; the next prune goes on from here", {}, {}};
  }

  // With a shorter grace than a lease lives nothing is left of a backup that only stands still.
  Death proof_of_death() const {
    return options_.grace < kLeaseLife ? Death::kByLock : Death::kByLockOrAge;
  }

  // By the store's own time; what cannot be looked at is young.
  bool is_young(const std::string& file, Duration age) const {
    if (age <= Duration::zero()) return false;
    const auto info = repository_.folder().stat(file);
    return !info.ok() || now_ - info->changed < age;
  }

  // --- marking -------------------------------------------------------------------------------

  struct Candidate {
    const PackInfo* pack = nullptr;
    std::uint64_t needed_bytes = 0, unneeded_bytes = 0;
  };

  std::vector<Candidate> candidates(const Index& index, const std::vector<bool>& needed) {
    std::vector<Candidate> all;
    std::uint64_t stored = 0, unneeded = 0;
    for (const PackInfo& pack : index.packs()) {
      if (pack.is_condemned) continue;
      Candidate candidate{&pack, 0, 0};
      for (const IndexEntry& entry : index.entries_of(pack)) {
        (needed[index.number_of(entry)] ? candidate.needed_bytes : candidate.unneeded_bytes) +=
            entry.stored_bytes;
      }
      // A backup lists what it stored before its snapshot needs it.
      if (result_.others_at_work > 0 && candidate.needed_bytes == 0 &&
          is_young(name_of(ObjectType::kPack, pack.id), std::max(options_.grace, kDay))) {
        continue;
      }
      stored += candidate.needed_bytes + candidate.unneeded_bytes;
      unneeded += candidate.unneeded_bytes;
      all.push_back(candidate);
    }
    result_.unused_bytes = unneeded;
    // The emptiest first, until few enough holes are left.
    std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
      const auto x = int128{a.unneeded_bytes} * (b.needed_bytes + b.unneeded_bytes);
      const auto y = int128{b.unneeded_bytes} * (a.needed_bytes + a.unneeded_bytes);
      return x != y ? x > y : a.pack->id < b.pack->id;
    });
    const auto is_small = [](const Candidate& c) {
      return c.pack->size_bytes < kTargetPackBytes / 4;
    };
    const bool join = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_small)) >=
                      kManySmallPacks;
    std::vector<Candidate> chosen;
    for (const Candidate& candidate : all) {
      const bool too_many_holes =
          int128{unneeded} * 100 > int128{stored} * options_.max_unused_percent;
      const bool empty = candidate.needed_bytes == 0;
      if (!empty && !(candidate.unneeded_bytes > 0 && too_many_holes) &&
          !(join && is_small(candidate))) {
        continue;
      }
      unneeded -= candidate.unneeded_bytes;
      stored -= candidate.unneeded_bytes;
      chosen.push_back(candidate);
    }
    return chosen;
  }

  Status mark_unneeded(const Index& index, const std::vector<bool>& needed) {
    const auto chosen = candidates(index, needed);
    for (std::size_t from = 0; from < chosen.size();) {
      std::size_t to = from;
      std::uint64_t batch_bytes = 0;
      while (to < chosen.size() && (to == from || batch_bytes < kCopyBatchBytes)) {
        batch_bytes += chosen[to++].needed_bytes;
      }
      BACKCAST_CHECK(copy_and_mark(index, needed, std::span(chosen).subspan(from, to - from)));
      from = to;
    }
    return kOk;
  }

  // What is needed goes into new packs, sealed as it is, and into the index; only then are the old
  // packs condemned.
  Status copy_and_mark(const Index& index, const std::vector<bool>& needed,
                       std::span<const Candidate> batch) {
    Mark mark{random_id(), {}, {}};
    for (const Candidate& candidate : batch) {
      mark.packs.push_back(candidate.pack->id);
      result_.marked_packs += 1;
      result_.marked_bytes += candidate.pack->size_bytes;
      result_.copied_bytes += candidate.needed_bytes;
    }
    if (options_.dry_run) return kOk;
    PackFiles packs(repository_, index);
    ChunkStore store(repository_, index);
    ScanRoom room;
    for (const Candidate& candidate : batch) {
      if (candidate.needed_bytes == 0) continue;
      BACKCAST_CHECK(check_stop());
      const auto copy = [&](const IndexEntry& entry, ByteView sealed) -> Status {
        if (!needed[index.number_of(entry)]) return kOk;
        progress_.copied_bytes += sealed.size();
        return store.sink().append({entry.label(), candidate.pack->keys[entry.key], sealed});
      };
      BACKCAST_CHECK(scan_pack(packs, *candidate.pack, room, copy));
    }
    BACKCAST_TRY(const auto written, commit_packs(store));
    (void)written;
    mark.made = repository_.env().now();
    return repository_.objects().publish(ObjectType::kMark, mark.id, as_bytes(encode_mark(mark)));
  }

  // --- deleting ------------------------------------------------------------------------------

  Status delete_marked() {
    if (options_.dry_run) return kOk;
    BACKCAST_TRY(auto marks, load_marks(repository_));
    std::erase_if(marks, [&](const Mark& mark) {
      return is_young(name_of(ObjectType::kMark, mark.id), options_.grace);
    });
    if (marks.empty()) return kOk;
    // Whoever started before the mark may still refer to what it condemns.
    BACKCAST_TRY(const auto others, live_leases(repository_, lease_, proof_of_death()));
    result_.others_at_work = others.size();
    if (!others.empty()) return kOk;
    BACKCAST_TRY(const Index index, repository_.load_index());
    if (!index.unreadable_objects().empty()) return unreadable(index);
    BACKCAST_TRY(auto needed, load_needed(index));
    BACKCAST_CHECK(add_needed_by_forgotten(index, needed));
    IdSet doomed;
    for (const Mark& mark : marks) {
      for (const Id& id : mark.packs) {
        const PackInfo* pack = index.find_pack(id);
        if (!pack) continue;  // deleted by a run that was interrupted
        const auto entries = index.entries_of(*pack);
        const bool is_needed = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
          return needed[index.number_of(entry)];
        });
        if (is_needed || is_young(name_of(ObjectType::kPack, id), options_.grace)) {
          ++result_.rescued_packs;
        } else {
          doomed.insert(id);
        }
      }
    }
    BACKCAST_CHECK(delete_packs(index, doomed));
    for (const Mark& mark : marks) {
      BACKCAST_CHECK(repository_.objects().remove(ObjectType::kMark, mark.id));
    }
    return repository_.folder().sync_folder(folder_of(ObjectType::kMark));
  }

  // Journal, index without them, then the files: whatever the index names exists.
  Status delete_packs(const Index& index, const IdSet& doomed) {
    JournalEntry journal{repository_.env().now(), {}};
    for (const PackInfo& pack : index.packs()) {
      if (!doomed.contains(pack.id)) continue;
      journal.deletions.push_back({ObjectType::kPack, pack.id, pack.created, pack.size_bytes});
      result_.deleted_bytes += pack.size_bytes;
      ++result_.deleted_packs;
    }
    result_.marked_packs -= std::min(result_.marked_packs, result_.deleted_packs);
    result_.marked_bytes -= std::min(result_.marked_bytes, result_.deleted_bytes);
    if (!journal.deletions.empty()) BACKCAST_CHECK(write_journal(repository_, journal));
    BACKCAST_CHECK(rewrite_index(index, doomed));
    for (const Deletion& deletion : journal.deletions) {
      auto removed = repository_.objects().remove(ObjectType::kPack, deletion.id);
      if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
    }
    return repository_.folder().sync_folder(folder_of(ObjectType::kPack));
  }

  Status rewrite_index(const Index& index, const IdSet& doomed) {
    IdSet old_objects(index.repeating_objects().begin(), index.repeating_objects().end());
    IdSet all_objects = old_objects;
    for (const PackInfo& pack : index.packs()) {
      all_objects.insert(pack.index_object);
      if (doomed.contains(pack.id)) old_objects.insert(pack.index_object);
    }
    if (all_objects.size() >= kManyIndexObjects) old_objects = all_objects;
    if (old_objects.empty()) return kOk;
    std::vector<Pack> kept;
    const auto publish_kept = [&]() -> Status {
      if (kept.empty()) return kOk;
      const std::string plain = encode_packs(kept);
      kept.clear();
      return repository_.objects().publish(ObjectType::kIndex, random_id(), as_bytes(plain));
    };
    for (const PackInfo& pack : index.packs()) {
      if (!old_objects.contains(pack.index_object) || doomed.contains(pack.id)) continue;
      kept.push_back(pack_of(index, pack));
      if (kept.size() == kPacksPerObject) BACKCAST_CHECK(publish_kept());
    }
    BACKCAST_CHECK(publish_kept());
    for (const Id& object : old_objects) {
      BACKCAST_CHECK(repository_.objects().remove(ObjectType::kIndex, object));
    }
    return repository_.folder().sync_folder(folder_of(ObjectType::kIndex));
  }

  // Files of backups that were interrupted, and temporary files.
  Status delete_orphans(const std::vector<Id>& files, const Index& index) {
    for (const Id& id : files) {
      if (index.find_pack(id)) continue;
      const std::string name = name_of(ObjectType::kPack, id);
      auto info = repository_.folder().stat(name);
      if (!info.ok()) continue;
      if (is_young(name, options_.grace)) continue;
      ++result_.orphans;
      result_.orphan_bytes += info->size_bytes;
      if (!options_.dry_run) BACKCAST_CHECK(repository_.folder().remove(name));
    }
    for (const ObjectType type : {ObjectType::kIndex, ObjectType::kSnapshot, ObjectType::kHead,
                                  ObjectType::kMark, ObjectType::kJournal}) {
      const auto entries = repository_.folder().list(folder_of(type));
      if (!entries.ok() && entries.error().code == Errc::kNotFound) continue;
      if (!entries.ok()) return entries.error();
      for (const auto& entry : *entries) {
        if (options_.dry_run || !entry.name.starts_with(env::kTemporaryPrefix)) continue;
        BACKCAST_CHECK(
            repository_.folder().remove(std::string(folder_of(type)) + '/' + entry.name));
      }
    }
    return kOk;
  }

  Repository& repository_;
  const PruneOptions& options_;
  PruneProgress& progress_;
  Lease& lease_;
  PruneResult result_;
  Instant now_{};  // the store's
};

}  // namespace

Result<PruneResult> prune(Repository& repository, const PruneOptions& options,
                          PruneProgress& progress) {
  BACKCAST_TRY(const auto lease, Lease::take(repository, LeaseKind::kMaintenance));
  return Pruning(repository, options, progress, *lease).run();
}

}  // namespace backcast::store
