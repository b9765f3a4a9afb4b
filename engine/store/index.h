// Where every chunk lies. Loaded whole: 40 bytes a chunk, about 330 MB per TB of unique data at the
// measured mean of 128 KiB.
#pragma once

#include <unordered_map>
#include <vector>

#include "engine/store/pack.h"

namespace backcast::store {

struct PackInfo {
  Id id;
  Instant created{};
  std::uint64_t size_bytes = 0;
  Tag digest{};
  std::vector<DataKey> keys;
  std::uint32_t first_entry = 0, entries = 0;
  Id index_object;            // which object of index/ lists it
  bool is_condemned = false;  // marked by prune: readable, but nothing new may refer to it
};

struct IndexEntry {
  Id id;
  std::uint32_t pack = 0;  // into packs()
  std::uint32_t offset_bytes = 0, stored_bytes = 0, plain_bytes = 0;
  std::uint16_t key = 0;
  BlobKind kind = BlobKind::kData;

  ChunkLabel label() const { return {id, kind, plain_bytes}; }
  bool is_compressed() const { return stored_bytes != plain_bytes + kTagBytes; }
};

class Index {
 public:
  // A pack listed twice counts once; a chunk in several packs is found in one that is not
  // condemned if there is one.
  void add(Pack pack, const Id& index_object, bool is_condemned);

  const IndexEntry* find(const Id& id) const;
  // find, but nothing in a condemned pack: what a new snapshot may refer to.
  const IndexEntry* find_usable(const Id& id) const;
  const PackInfo* find_pack(const Id& id) const;

  // Objects of index/ that list a pack which another one lists too: an interrupted rewriting.
  const std::vector<Id>& repeating_objects() const { return repeating_objects_; }
  const std::vector<PackInfo>& packs() const { return packs_; }
  const std::vector<IndexEntry>& entries() const { return entries_; }
  std::span<const IndexEntry> entries_of(const PackInfo& pack) const {
    return std::span(entries_).subspan(pack.first_entry, pack.entries);
  }
  std::uint32_t number_of(const IndexEntry& entry) const {
    return static_cast<std::uint32_t>(&entry - entries_.data());
  }

 private:
  std::uint32_t* slot_of(const Id& id);
  void grow();

  std::vector<PackInfo> packs_;
  std::vector<Id> repeating_objects_;
  std::unordered_map<Id, std::uint32_t, IdHash> pack_numbers_;
  std::vector<IndexEntry> entries_;
  std::vector<std::uint32_t> slots_;  // entry number + 1, 0 = free; open addressing
  std::size_t used_ = 0;
};

// The plain content of an object of index/.
std::string encode_packs(const std::vector<Pack>& packs);
Result<std::vector<Pack>> decode_packs(ByteView bytes);
// A pack of the index as it was written: for repacking and index rewriting.
Pack pack_of(const Index& index, const PackInfo& info);

}  // namespace backcast::store
