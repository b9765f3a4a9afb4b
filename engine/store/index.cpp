#include "engine/store/index.h"

#include <algorithm>

namespace backcast::store {

std::uint32_t* Index::slot_of(const Id& id) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = IdHash()(id) & mask;; i = (i + 1) & mask) {
    if (slots_[i] == 0 || entries_[slots_[i] - 1].id == id) return &slots_[i];
  }
}

void Index::grow() {
  std::vector<std::uint32_t> old(std::max<std::size_t>(1024, slots_.size() * 2));
  old.swap(slots_);
  for (const std::uint32_t number : old) {
    if (number != 0) *slot_of(entries_[number - 1].id) = number;
  }
}

void Index::add(Pack pack, const Id& index_object, bool is_condemned) {
  const auto number = static_cast<std::uint32_t>(packs_.size());
  if (!pack_numbers_.emplace(pack.id, number).second) {
    repeating_objects_.push_back(index_object);
    return;
  }
  packs_.push_back({pack.id, pack.created, pack.size_bytes, pack.digest, std::move(pack.keys),
                    static_cast<std::uint32_t>(entries_.size()),
                    static_cast<std::uint32_t>(pack.blobs.size()), index_object, is_condemned});
  for (const Blob& blob : pack.blobs) {
    entries_.push_back({blob.id, number, blob.offset_bytes, blob.stored_bytes, blob.plain_bytes,
                        blob.key, blob.kind});
    if ((used_ + 1) * 3 > slots_.size() * 2) grow();
    std::uint32_t* slot = slot_of(blob.id);
    const bool is_new = *slot == 0;
    if (is_new) ++used_;
    if (is_new || packs_[entries_[*slot - 1].pack].is_condemned) {
      *slot = static_cast<std::uint32_t>(entries_.size());
    }
  }
}

const IndexEntry* Index::find(const Id& id) const {
  if (slots_.empty()) return nullptr;
  const std::uint32_t number = *const_cast<Index*>(this)->slot_of(id);
  return number == 0 ? nullptr : &entries_[number - 1];
}

const IndexEntry* Index::find_usable(const Id& id) const {
  const IndexEntry* entry = find(id);
  return entry && !packs_[entry->pack].is_condemned ? entry : nullptr;
}

const PackInfo* Index::find_pack(const Id& id) const {
  const auto found = pack_numbers_.find(id);
  return found == pack_numbers_.end() ? nullptr : &packs_[found->second];
}

std::string encode_packs(const std::vector<Pack>& packs) {
  std::string out;
  WireWriter(out).varint(packs.size());
  for (const Pack& pack : packs) append_pack(out, pack);
  return out;
}

Result<std::vector<Pack>> decode_packs(ByteView bytes) {
  WireReader in(bytes);
  const std::uint64_t count = in.varint();
  std::vector<Pack> packs;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    BACKCAST_TRY(Pack pack, read_pack(in));
    packs.push_back(std::move(pack));
  }
  if (!in.ok() || !in.at_end()) return Error{Errc::kCorrupt, "damaged index", {}, {}};
  return packs;
}

Pack pack_of(const Index& index, const PackInfo& info) {
  Pack pack{info.id, info.created, info.size_bytes, info.digest, info.keys, {}};
  for (const IndexEntry& entry : index.entries_of(info)) {
    pack.blobs.push_back({entry.id, entry.kind, entry.key, entry.offset_bytes, entry.stored_bytes,
                          entry.plain_bytes});
  }
  return pack;
}

}  // namespace backcast::store
