// Where every chunk lies. Loaded whole: 36 bytes a chunk and 6 to 12 of a hash table over them; at
// most 54 while the table grows. Some 370 MB for a TB of unique data in chunks of 128 KiB.
//
// A chunk may lie in several packs: two backups stored it at the same time, prune copied it to a
// new pack, or somebody who stole a writer key added a pack that claims to hold it. So the copies
// of a chunk have an order, and a newer one never displaces an older: by the time at which the
// store itself received the pack (the ctime of its file, which nobody can set), or that at which
// the pack says it was made where that is later. A store that was moved to another disk gave all
// its files new times, in any order: then this order means little, and restore's own look at what
// it reads is what counts.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/store/format/flat_array.h"
#include "engine/store/format/pack.h"

namespace backcast::store {

struct PackInfo {
  Id id;
  Instant created{};
  Instant arrived{};  // known for packs that hold copies; `created` for all others
  std::uint64_t size_bytes = 0;
  Tag digest{};
  std::vector<DataKey> keys;
  std::uint32_t first_entry = 0, entries = 0;
  Id index_object;            // which object of index/ lists it
  bool is_condemned = false;  // marked by prune: readable, but nothing new may refer to it
  bool is_bad = false;        // missing or damaged: read if there is nothing better
  // Found by its own table because an object of index/ cannot be read: readable, its digest is not
  // known, and nothing new may refer to it.
  bool is_recovered = false;

  bool takes_references() const { return !is_condemned && !is_bad && !is_recovered; }
};

// What was found bad of a pack (damage.h): some chunks, or all of it if none is named.
struct BadPack {
  Id pack;
  std::vector<Id> chunks;
};
// Among them: what is no chunk, its header, padding or table.
inline constexpr Id kPackFrame{};

struct IndexEntry {
  Id id;
  std::uint32_t pack = 0;  // into packs()
  std::uint32_t offset_bytes = 0, stored_bytes = 0, plain_bytes = 0;
  std::uint16_t key = 0;
  BlobKind kind = BlobKind::kData;
  bool is_bad = false;  // known to be damaged: read if there is nothing better

  ChunkLabel label() const { return {id, kind, plain_bytes}; }
  bool is_compressed() const { return stored_bytes != plain_bytes + kTagBytes; }
};

class Index {
 public:
  // Copies of one chunk that can be told from each other; further ones are in entries() alone.
  static constexpr std::size_t kMaxCopies = 64;

  // A pack listed twice counts once, as it was listed first: objects come in the order in which the
  // store received them.
  void add(Pack pack, const Id& index_object, bool is_condemned);
  // After all packs are added: puts the copies of every chunk in their order. `arrived` gives the
  // store's time of a pack, or nothing where its file is missing or too short; it is asked only of
  // packs that hold copies.
  void order_copies(const std::function<std::optional<Instant>(const PackInfo&)>& arrived);

  // Nothing new refers to the pack, or to this copy of the chunk, and reading prefers other copies.
  void distrust(const Id& pack);
  void distrust(const Id& pack, const Id& chunk);
  void distrust(const std::vector<BadPack>& bad);
  void set_recovered(const Id& pack);
  void add_unreadable(const Id& index_object) { unreadable_objects_.push_back(index_object); }

  // The best copy: one that a new snapshot may refer to, else one that is fine, else any.
  const IndexEntry* find(const Id& id) const;
  // All copies, the best first; empty if there is none.
  std::vector<const IndexEntry*> copies(const Id& id) const;
  // find, but only what a new snapshot may refer to.
  const IndexEntry* find_usable(const Id& id) const;
  bool is_bad(const IndexEntry& entry) const { return entry.is_bad || packs_[entry.pack].is_bad; }
  bool is_usable(const IndexEntry& entry) const {
    return !entry.is_bad && packs_[entry.pack].takes_references();
  }
  const PackInfo* find_pack(const Id& id) const;

  // Objects of index/ that list a pack which another one lists too: an interrupted rewriting, or
  // somebody who would like to say what a pack holds.
  const std::vector<Id>& repeating_objects() const { return repeating_objects_; }
  // Objects of index/ that cannot be read. What they list may be needed: whoever deletes what the
  // index does not know must not go on while there are any.
  const std::vector<Id>& unreadable_objects() const { return unreadable_objects_; }
  const std::vector<PackInfo>& packs() const { return packs_; }
  std::span<const IndexEntry> entries() const { return entries_; }
  std::span<const IndexEntry> entries_of(const PackInfo& pack) const {
    return entries().subspan(pack.first_entry, pack.entries);
  }
  std::uint32_t number_of(const IndexEntry& entry) const {
    return static_cast<std::uint32_t>(&entry - entries().data());
  }

 private:
  // Calls `visit(slot)` for each copy in order, until it returns true.
  template <typename Visit>
  void visit_copies(const Id& id, Visit visit) const;
  void insert(std::uint32_t number);
  void put(std::uint32_t number);
  void grow();
  // How well an entry serves a reader: 0 is best.
  int flaws_of(const IndexEntry& entry) const;

  std::vector<PackInfo> packs_;
  std::vector<Id> repeating_objects_, unreadable_objects_;
  std::unordered_map<Id, std::uint32_t, IdHash> pack_numbers_;
  FlatArray<IndexEntry> entries_;
  // Entry number + 1, 0 = free; open addressing. Copies of a chunk are met in their order.
  std::vector<std::uint32_t> slots_;
  std::size_t used_ = 0;
  std::vector<std::uint32_t> later_copies_;  // entries that found another copy before them
};

// The plain content of an object of index/.
std::string encode_packs(const std::vector<Pack>& packs);
Result<std::vector<Pack>> decode_packs(ByteView bytes);
// decode_packs, one by one. After an error some may have been visited.
Status visit_packs(ByteView bytes, const std::function<void(Pack)>& visit);
// A pack of the index as it was written: for repacking and index rewriting.
Pack pack_of(const Index& index, const PackInfo& info);

}  // namespace backcast::store
