#include "engine/store/format/index.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

namespace backcast::store {

template <typename Visit>
void Index::visit_copies(const Id& id, Visit visit) const {
  if (slots_.empty()) return;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = IdHash()(id) & mask; slots_[i] != 0; i = (i + 1) & mask) {
    if (entries_[slots_[i] - 1].id == id && visit(i)) return;
  }
}

void Index::put(std::uint32_t number) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = IdHash()(entries_[number].id) & mask;
  while (slots_[i] != 0) i = (i + 1) & mask;
  slots_[i] = number + 1;
}

void Index::grow() {
  std::vector<std::uint32_t> old(std::max<std::size_t>(1024, slots_.size() * 2));
  old.swap(slots_);
  // From a free slot on, as a search goes: copies stay in their order.
  const std::size_t begin =
      static_cast<std::size_t>(std::find(old.begin(), old.end(), 0u) - old.begin());
  for (std::size_t i = 0; i < old.size(); ++i) {
    const std::uint32_t number = old[(begin + i) & (old.size() - 1)];
    if (number != 0) put(number - 1);
  }
}

void Index::insert(std::uint32_t number) {
  if ((used_ + 1) * 3 > slots_.size() * 2) grow();
  std::size_t copies = 0;
  visit_copies(entries_[number].id, [&](std::size_t) { return ++copies == kMaxCopies; });
  if (copies == kMaxCopies) return;
  if (copies > 0) later_copies_.push_back(number);
  put(number);
  ++used_;
}

void Index::add(Pack pack, const Id& index_object, bool is_condemned) {
  const auto number = static_cast<std::uint32_t>(packs_.size());
  if (!pack_numbers_.emplace(pack.id, number).second) {
    repeating_objects_.push_back(index_object);
    return;
  }
  PackInfo info;
  info.id = pack.id;
  info.created = info.arrived = pack.created;
  info.size_bytes = pack.size_bytes;
  info.digest = pack.digest;
  info.keys = std::move(pack.keys);
  info.keys.shrink_to_fit();
  info.first_entry = static_cast<std::uint32_t>(entries_.size());
  info.entries = static_cast<std::uint32_t>(pack.blobs.size());
  info.index_object = index_object;
  info.is_condemned = is_condemned;
  packs_.push_back(std::move(info));
  for (const Blob& blob : pack.blobs) {
    entries_.push_back({blob.id, number, blob.offset_bytes, blob.stored_bytes, blob.plain_bytes,
                        blob.key, blob.kind});
    insert(static_cast<std::uint32_t>(entries_.size() - 1));
  }
}

void Index::order_copies(const std::function<std::optional<Instant>(const PackInfo&)>& arrived) {
  std::unordered_set<std::uint32_t> asked;
  std::vector<std::size_t> slots;
  std::vector<std::uint32_t> numbers;
  const auto earlier = [&](std::uint32_t a, std::uint32_t b) {
    const PackInfo& x = packs_[entries_[a - 1].pack];
    const PackInfo& y = packs_[entries_[b - 1].pack];
    return std::tie(x.arrived, x.created, x.id) < std::tie(y.arrived, y.created, y.id);
  };
  for (const std::uint32_t number : later_copies_) {
    slots.clear();
    numbers.clear();
    visit_copies(entries_[number].id, [&](std::size_t slot) {
      slots.push_back(slot);
      numbers.push_back(slots_[slot]);
      return false;
    });
    for (const std::uint32_t copy : numbers) {
      const std::uint32_t at = entries_[copy - 1].pack;
      if (!asked.insert(at).second) continue;
      PackInfo& pack = packs_[at];
      const auto time = arrived(pack);
      pack.is_bad |= !time;
      if (time) pack.arrived = std::max(pack.created, *time);
    }
    std::stable_sort(numbers.begin(), numbers.end(), earlier);
    for (std::size_t i = 0; i < slots.size(); ++i) slots_[slots[i]] = numbers[i];
  }
}

void Index::distrust(const Id& pack) {
  const auto found = pack_numbers_.find(pack);
  if (found != pack_numbers_.end()) packs_[found->second].is_bad = true;
}

void Index::distrust(const Id& pack, const Id& chunk) {
  const auto found = pack_numbers_.find(pack);
  if (found == pack_numbers_.end()) return;
  const PackInfo& info = packs_[found->second];
  for (std::uint32_t i = info.first_entry; i < info.first_entry + info.entries; ++i) {
    entries_[i].is_bad |= entries_[i].id == chunk;
  }
}

void Index::distrust(const std::vector<BadPack>& bad) {
  for (const BadPack& each : bad) {
    if (each.chunks.empty()) distrust(each.pack);
    for (const Id& chunk : each.chunks) distrust(each.pack, chunk);
  }
}

void Index::set_recovered(const Id& pack) {
  const auto found = pack_numbers_.find(pack);
  if (found != pack_numbers_.end()) packs_[found->second].is_recovered = true;
}

int Index::flaws_of(const IndexEntry& entry) const {
  if (is_usable(entry)) return 0;
  return is_bad(entry) ? 2 : 1;
}

const IndexEntry* Index::find(const Id& id) const {
  const IndexEntry* best = nullptr;
  int flaws = 0;
  visit_copies(id, [&](std::size_t slot) {
    const IndexEntry& entry = entries_[slots_[slot] - 1];
    const int own = flaws_of(entry);
    if (!best || own < flaws) {
      best = &entry;
      flaws = own;
    }
    return flaws == 0;
  });
  return best;
}

std::vector<const IndexEntry*> Index::copies(const Id& id) const {
  std::vector<const IndexEntry*> all;
  visit_copies(id, [&](std::size_t slot) {
    all.push_back(&entries_[slots_[slot] - 1]);
    return false;
  });
  std::stable_sort(all.begin(), all.end(), [&](const IndexEntry* a, const IndexEntry* b) {
    return flaws_of(*a) < flaws_of(*b);
  });
  return all;
}

const IndexEntry* Index::find_usable(const Id& id) const {
  const IndexEntry* entry = find(id);
  return entry && is_usable(*entry) ? entry : nullptr;
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
  std::vector<Pack> packs;
  BACKCAST_CHECK(visit_packs(bytes, [&](Pack pack) { packs.push_back(std::move(pack)); }));
  return packs;
}

Status visit_packs(ByteView bytes, const std::function<void(Pack)>& visit) {
  WireReader in(bytes);
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    BACKCAST_TRY(Pack pack, read_pack(in));
    visit(std::move(pack));
  }
  if (!in.ok() || !in.at_end()) return Error{Errc::kCorrupt, "damaged index", {}, {}};
  return kOk;
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
