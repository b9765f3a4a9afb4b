// Incremental snapshots share blocks: the store holds their union, and deleting one frees only what
// nobody else needs. So that a bill still sums over backups, each block is charged to one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
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

// Snapshots given by their blocks, gathered until all are known: what one is charged for depends on
// those that share with it. Snapshots share within a project, service, region and storage class.
class SharedBlocks {
 public:
  // `record.quantity` is the size of each block. Errors: kBadInput for a kind that is neither
  // storage nor deletion, for storage without a backup id, or more blocks than memory is kept for.
  Status add(const UsageRecord& record, std::vector<std::uint32_t> blocks);
  bool empty() const { return snapshots_.empty(); }

  // Storage records by group, backup, start; deletions as they came, of the full size. Where
  // `is_full_copy` says so of a class, nothing is shared: what is moved there is copied in full.
  Result<std::vector<UsageRecord>> records(
      const std::function<Result<bool>(const UsageRecord&)>& is_full_copy) const;

 private:
  struct Snapshot {
    UsageRecord record;
    std::vector<std::uint32_t> blocks;
  };
  std::vector<Snapshot> snapshots_;
  std::size_t blocks_ = 0;  // of all
};

// Reads "0-1023 4096": block numbers and ranges, each once. Errors: kBadInput for anything else.
Result<std::vector<std::uint32_t>> parse_blocks(std::string_view text);

}  // namespace backcast::cost
