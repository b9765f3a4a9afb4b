#include "engine/store/packs/pack_check.h"

#include <algorithm>

#include "engine/store/format/chunker.h"
#include "engine/store/repository/damage.h"

namespace backcast::store {

BadPack PackVerdict::as_damage(const PackInfo& pack) const {
  BadPack out{pack.id, {}};
  if (!is_told) return out;
  for (const IndexEntry* entry : bad) out.chunks.push_back(entry->id);
  if (bad.empty()) out.chunks.push_back(kPackFrame);
  return out;
}

PackExaminer::PackExaminer(PackFiles& packs)
    : packs_(packs),
      cipher_(packs.repository().config().project, packs.repository().keys().chunk_id_key()) {}

PackVerdict PackExaminer::examine(const PackInfo& pack, bool opening,
                                  const std::function<bool(std::size_t)>& on_bytes) {
  PackVerdict verdict;
  std::size_t seen = 0;
  std::optional<Error> locked;  // a key was not at hand
  const auto on_chunk = [&](const IndexEntry& entry, ByteView sealed) -> Status {
    ++seen;
    if (on_bytes && !on_bytes(sealed.size())) {
      return Error{Errc::kInterrupted, "interrupted", {}, {}};
    }
    if (!opening || !can_open(entry)) return kOk;
    const auto key = packs_.data_key(entry.pack, entry.key);
    if (!key.ok()) {
      locked = key.error();
    } else if (!opens(entry, *key, sealed)) {
      verdict.bad.push_back(&entry);
    }
    return kOk;
  };
  const auto scanned = scan_pack(packs_, pack, room_, on_chunk);
  if (scanned.ok() && !locked) return verdict;
  verdict.is_locked = scanned.ok();
  verdict.fault = scanned.ok() ? *locked : scanned.error();
  verdict.is_told = opening && !locked && packs_.repository().keys().can_read() &&
                    scanned.error().code == Errc::kCorrupt;
  // Those behind the end of a pack that is too short.
  const auto entries = packs_.index().entries_of(pack);
  for (std::size_t i = seen; i < entries.size() && verdict.is_told; ++i) {
    verdict.bad.push_back(&entries[i]);
  }
  return verdict;
}

bool PackExaminer::can_open(const IndexEntry& entry) const {
  return packs_.repository().keys().can_read() ||
         packs_.index().packs()[entry.pack].keys[entry.key].is_derived;
}

bool PackExaminer::opens(const IndexEntry& entry, const Secret& key, ByteView sealed) {
  cipher_.set_key(key);
  packed_.resize(kMaxChunkBytes);
  plain_.resize(kMaxChunkBytes);
  const ByteSpan plain = ByteSpan(plain_).first(entry.plain_bytes);
  std::uint8_t* const opened = entry.is_compressed() ? packed_.data() : plain.data();
  if (!cipher_.open(entry.label(), sealed, opened)) return false;
  if (entry.is_compressed() &&
      !decompressor_.decompress({opened, sealed.size() - kTagBytes}, plain)) {
    return false;
  }
  return cipher_.id_of(entry.kind, plain) == entry.id;
}

Status distrust_recorded(Repository& repository, Index& index) {
  BACKCAST_TRY(const auto recorded, load_damage(repository));
  std::vector<BadPack> still_bad;
  PackFiles packs(repository, index);
  PackExaminer examiner(packs);
  for (const BadPack& bad : recorded) {
    const PackInfo* pack = index.find_pack(bad.pack);
    if (!pack) continue;
    const bool names_chunks = std::any_of(bad.chunks.begin(), bad.chunks.end(),
                                          [](const Id& id) { return id != kPackFrame; });
    const bool can_tell = !names_chunks || repository.keys().can_read();
    if (!can_tell || !examiner.examine(*pack, names_chunks).ok()) still_bad.push_back(bad);
  }
  index.distrust(still_bad);
  return kOk;
}

}  // namespace backcast::store
