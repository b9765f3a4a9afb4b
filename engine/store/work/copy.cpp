#include "engine/store/work/copy.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "engine/store/packs/load_index.h"
#include "engine/store/packs/pack_check.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/birth.h"
#include "engine/store/snapshots/presence.h"
#include "engine/store/snapshots/publish.h"

namespace backcast::store {
namespace {

Error interrupted() {
  return Error{Errc::kInterrupted, "interrupted; nothing was published", {}, {}};
}

// Chunks of one project: each pack is read through before anything of it is copied, and copied if
// it is what was written; of a damaged one, what opens with the keys at hand.
class SealedCopy {
 public:
  SealedCopy(Repository& from, Index& index, ChunkStore& store, CopyProgress& progress)
      : from_(from), index_(index), store_(store), progress_(progress) {}

  // Copies all that whole snapshots need; `wanted` is left with them, the others are skipped.
  Status copy(std::vector<Snapshot>& wanted, CopyResult& result) {
    // What is found damaged may have another copy: then once more around.
    for (bool found_damage = true; found_damage;) {
      PackFiles packs(from_, index_);
      BACKCAST_TRY(const Need need, needed_by(packs, wanted));
      for (const Lack& lack : need.lacks) {
        std::erase_if(wanted, [&](const Snapshot& s) { return s.id == lack.snapshot; });
        result.skipped.push_back({lack.snapshot, lack.what});
      }
      BACKCAST_TRY(const Need left, needed_by(packs, wanted));
      std::vector<BadPack> bad;
      for (const PackInfo& pack : index_.packs()) {
        BACKCAST_CHECK(copy_pack(packs, pack, left.entries, bad, result));
      }
      found_damage = !bad.empty();
      index_.distrust(bad);
    }
    return kOk;
  }

 private:
  Status copy_pack(PackFiles& packs, const PackInfo& pack, const std::vector<bool>& needed,
                   std::vector<BadPack>& bad, CopyResult& result) {
    const auto is_wanted = [&](const IndexEntry& entry) {
      return needed[index_.number_of(entry)] && !store_.has(entry.id);
    };
    const auto entries = index_.entries_of(pack);
    if (std::none_of(entries.begin(), entries.end(), is_wanted)) return kOk;
    const auto on_bytes = [&](std::size_t) { return !progress_.stop.load(); };
    PackVerdict verdict = PackExaminer(packs).examine(pack, false, on_bytes);
    if (progress_.stop) return interrupted();
    if (!verdict.ok()) {
      verdict = PackExaminer(packs).examine(pack, true, on_bytes);
      if (progress_.stop) return interrupted();
      name_damage(pack, verdict, result);
      if (!is_known_bad(pack, verdict)) {
        bad.push_back(verdict.as_damage(pack));
        return kOk;
      }
    }
    ScanRoom room;
    const auto take = [&](const IndexEntry& entry, ByteView sealed) -> Status {
      if (progress_.stop) return interrupted();
      if (!needed[index_.number_of(entry)] || !store_.claim(entry.id)) return kOk;
      progress_.bytes += sealed.size();
      store_.count_added(entry.plain_bytes, sealed.size());
      return store_.sink().append({entry.label(), pack.keys[entry.key], sealed});
    };
    auto scanned = scan_pack(packs, pack, room, take);
    // Damaged, as was known: every chunk that is needed of it has been opened.
    if (!scanned.ok() && scanned.error().code == Errc::kCorrupt && !verdict.ok()) return kOk;
    return scanned;
  }

  void name_damage(const PackInfo& pack, const PackVerdict& verdict, CopyResult& result) {
    if (verdict.ok() || !named_.insert(pack.id).second) return;
    result.damage.push_back(
        {name_of(ObjectType::kPack, pack.id), verdict.fault ? verdict.fault->message : "damaged"});
    if (!verdict.is_locked) (void)record_damage(from_, {verdict.as_damage(pack)});
  }

  // Whether all that is wrong with it has been taken into account.
  bool is_known_bad(const PackInfo& pack, const PackVerdict& verdict) const {
    return verdict.is_told && !pack.is_bad &&
           std::all_of(verdict.bad.begin(), verdict.bad.end(),
                       [&](const IndexEntry* entry) { return index_.is_bad(*entry); });
  }

  Repository& from_;
  Index& index_;
  ChunkStore& store_;
  CopyProgress& progress_;
  std::set<Id> named_;  // damaged packs
};

// Opens and seals anew: chunk ids are keyed by project, so between projects tree and references get
// new ones.
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

// Where the target lacks a key. A snapshot that is not whole is skipped.
Status reseal(Repository& from, const Index& index, ChunkStore& store,
              std::vector<Snapshot>& wanted, CopyProgress& progress, CopyResult& result) {
  PackFiles packs(from, index);
  Resealing resealing(packs, store, progress);
  std::vector<Snapshot> whole;
  for (Snapshot& snapshot : wanted) {
    auto converted = resealing.convert(snapshot);
    const bool is_damage = !converted.ok() && (converted.error().code == Errc::kCorrupt ||
                                               converted.error().code == Errc::kNotFound);
    if (!converted.ok() && !is_damage) return converted;
    if (is_damage) {
      result.skipped.push_back({snapshot.id, converted.error().message});
    } else {
      whole.push_back(std::move(snapshot));
    }
  }
  wanted = std::move(whole);
  return kOk;
}

// What the source's policy fixed does not bind the target: it has a policy of its own, or none.
void take_in(const std::optional<RulesInForce>& rules, Snapshot& snapshot) {
  snapshot.is_copy = true;
  snapshot.expires.reset();
  if (rules) fix_expiry(*rules, snapshot, snapshot.received);
}

}  // namespace

bool shares_keys(const Config& from, const Config& to) {
  if (from.project != to.project) return false;
  return std::all_of(from.public_keys.begin(), from.public_keys.end(), [&](const PublicKey& key) {
    return std::find(to.public_keys.begin(), to.public_keys.end(), key) != to.public_keys.end();
  });
}

Result<CopyResult> copy_snapshots(Repository& from, Repository& to,
                                  const std::vector<Snapshot>& snapshots, CopyProgress& progress) {
  BACKCAST_TRY(const auto from_lease, Lease::take(from, LeaseKind::kWork));
  BACKCAST_TRY(const auto to_lease, Lease::take(to, LeaseKind::kWork));
  // Snapshots before the index, which then holds all that they need.
  BACKCAST_TRY(const auto present, load_snapshots(to));
  // Every pack is read through before it is copied, so what damage/ records matters not.
  std::vector<Damage> damaged;
  BACKCAST_TRY(Index from_index, load_index_unjudged(from, damaged));
  BACKCAST_TRY(const Index to_index, load_index(to));
  std::optional<Damage> bad_rules;
  BACKCAST_TRY(const auto rules, load_rules_to_save(to, bad_rules));
  BACKCAST_CHECK(check_quota(rules, held_bytes(to_index)));
  CopyResult result;
  result.damage = std::move(damaged);
  if (bad_rules) result.damage.push_back(*bad_rules);
  for (const PackFault& fault : distrust_absent(from, from_index, true)) {
    const PackInfo& pack = from_index.packs()[fault.pack];
    result.damage.push_back({name_of(ObjectType::kPack, pack.id), fault.what});
  }
  std::vector<Snapshot> wanted;
  for (const Snapshot& snapshot : snapshots) {
    const bool is_there = std::any_of(present.begin(), present.end(),
                                      [&](const Snapshot& s) { return s.id == snapshot.id; });
    if (is_there) result.present.push_back(snapshot.id);
    if (!is_there) wanted.push_back(snapshot);
  }
  ChunkStore store(to, to_index);
  result.unsealed = !shares_keys(from.config(), to.config());
  if (result.unsealed) {
    BACKCAST_CHECK(reseal(from, from_index, store, wanted, progress, result));
  } else if (!wanted.empty()) {
    BACKCAST_CHECK(SealedCopy(from, from_index, store, progress).copy(wanted, result));
  }
  const std::uint64_t would_hold_bytes = held_bytes(to_index) + store.added().stored_bytes;
  if (auto fits = check_quota(rules, would_hold_bytes); !fits.ok()) {
    (void)commit_packs(store);  // it counts for the next one, and for the quota
    return fits.error();
  }
  for (Snapshot& snapshot : wanted) take_in(rules, snapshot);
  BACKCAST_CHECK(publish_copies(store, *to_lease, wanted));
  for (const Snapshot& snapshot : wanted) result.copied.push_back(snapshot.id);
  result.chunks = store.added().chunks;
  result.stored_bytes = store.added().stored_bytes;
  return result;
}

}  // namespace backcast::store
