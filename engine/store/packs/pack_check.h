// Is a pack what was written, and if not, which of its chunks are affected?
#pragma once

#include <functional>

#include "engine/store/packs/pack_scan.h"

namespace backcast::store {

struct PackVerdict {
  std::optional<Error> fault;          // missing, not readable, or other bytes than were written
  std::vector<const IndexEntry*> bad;  // chunks that do not open, or are not what their id says
  bool is_told = true;                 // every chunk but those in `bad` is known to be whole
  bool is_locked = false;              // sealed to keys that are not at hand: no damage

  bool ok() const { return !fault && bad.empty(); }
  // What to record: the chunks, or the whole pack where they cannot be told.
  BadPack as_damage(const PackInfo& pack) const;
};

// One per thread.
class PackExaminer {
 public:
  explicit PackExaminer(PackFiles& packs);
  // Reads it once. With `opening` each chunk is opened as far as the keys at hand open it; without
  // private key a damaged pack is suspect as a whole. `on_bytes` is told of every chunk read;
  // false ends the reading with kInterrupted.
  PackVerdict examine(const PackInfo& pack, bool opening,
                      const std::function<bool(std::size_t)>& on_bytes = nullptr);

 private:
  bool can_open(const IndexEntry& entry) const;
  bool opens(const IndexEntry& entry, const Secret& key, ByteView sealed);

  PackFiles& packs_;
  ScanRoom room_;
  ChunkCipher cipher_;
  Decompressor decompressor_;
  std::vector<std::uint8_t> packed_, plain_;
};

// For who deletes: what damage/ records is looked at again, for it may be mended, or have been a
// disk that could not be read for a while. What still is bad the index no longer relies on.
Status distrust_recorded(Repository& repository, Index& index);

}  // namespace backcast::store
