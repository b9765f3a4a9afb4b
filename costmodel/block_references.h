// Incremental snapshots share blocks: the store holds their union, and deleting one frees only what
// nobody else needs. So that a bill still sums over backups, each block is charged to one of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/usage.h"

namespace backcast::cost {

struct BlockHolder {
  std::string backup;
  Instant born{};
  Instant gone{};                     // exclusive; the end of the bill for what is still there
  std::vector<std::uint32_t> blocks;  // indices into the sizes, each once
};

// Storage records of constant size whose sum at any moment is the union of the blocks then held.
// A block is charged to its oldest surviving holder (Qdrant's rule is not published; this one never
// makes a younger backup dearer than it was while the older one lived, before that one goes).
// `like` gives project, service, region and class. Records by backup, then start. Errors: kBadInput
// for an unknown block, a holder that is gone before it is born, or more than 2^64 bytes.
Result<std::vector<UsageRecord>> charge_blocks(std::span<const std::uint64_t> block_bytes,
                                               std::span<const BlockHolder> holders,
                                               const UsageRecord& like);

// What a holder occupies where nothing is shared: moving an increment into an archive makes a full
// copy. Errors: as charge_blocks.
Result<std::uint64_t> full_bytes(std::span<const std::uint64_t> block_bytes,
                                 const BlockHolder& holder);

}  // namespace backcast::cost
