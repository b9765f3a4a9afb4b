// One pass over a pack, front to back: its digest, and each of its chunks as stored.
#pragma once

#include <functional>

#include "engine/store/packs/blob_reader.h"

namespace backcast::store {

using OnSealed = std::function<Status(const IndexEntry& entry, ByteView sealed)>;

// Buffers of a scanning thread, kept between packs.
struct ScanRoom {
  std::vector<std::uint8_t> bytes;
};

// Calls `on_chunk` for the chunks of the pack in order; then compares size and digest with what the
// index says. Errors: kCorrupt naming the pack; those of `on_chunk`, which end the scan.
Status scan_pack(PackFiles& packs, const PackInfo& pack, ScanRoom& room, const OnSealed& on_chunk);

// The table that the pack itself carries. kCorrupt if it is damaged.
Result<Pack> read_pack_table(Repository& repository, const Id& pack);

}  // namespace backcast::store
