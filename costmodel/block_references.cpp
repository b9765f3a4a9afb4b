#include "costmodel/block_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/checked.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

Status check(std::span<const std::uint64_t> block_bytes, const BlockHolder& holder) {
  if (holder.gone < holder.born) {
    return bad_input(fmt::format("backup {} is gone before it is born", printable(holder.backup)));
  }
  for (const std::uint32_t block : holder.blocks) {
    if (block < block_bytes.size()) continue;
    return bad_input(fmt::format("backup {} holds block {} of {}", printable(holder.backup), block,
                                 block_bytes.size()));
  }
  return kOk;
}

}  // namespace

Result<std::uint64_t> full_bytes(std::span<const std::uint64_t> block_bytes,
                                 const BlockHolder& holder) {
  BACKCAST_CHECK(check(block_bytes, holder));
  std::uint64_t sum = 0;
  for (const std::uint32_t block : holder.blocks) {
    const auto more = checked_add(sum, block_bytes[block]);
    if (!more) return bad_input("more than 2^64 bytes in one backup");
    sum = *more;
  }
  return sum;
}

Result<std::vector<UsageRecord>> charge_blocks(std::span<const std::uint64_t> block_bytes,
                                               std::span<const BlockHolder> holders,
                                               const UsageRecord& like) {
  std::vector<std::size_t> oldest_first(holders.size());
  for (std::size_t i = 0; i < holders.size(); ++i) {
    BACKCAST_TRY(const std::uint64_t all, full_bytes(block_bytes, holders[i]));
    (void)all;  // no holder is ever charged for more
    oldest_first[i] = i;
  }
  std::stable_sort(oldest_first.begin(), oldest_first.end(),
                   [&](std::size_t a, std::size_t b) { return holders[a].born < holders[b].born; });
  // Until when a block is charged to holders seen so far; they are older than those to come.
  std::vector<Instant> charged_until(block_bytes.size(), Instant::min());
  // Changes of what each holder is charged for. Sums wrap around, but never below zero in truth.
  std::vector<std::map<Instant, std::uint64_t>> changes(holders.size());
  for (const std::size_t i : oldest_first) {
    const BlockHolder& holder = holders[i];
    for (const std::uint32_t block : holder.blocks) {
      const Instant from = std::max(holder.born, charged_until[block]);
      if (from >= holder.gone) continue;
      changes[i][from] += block_bytes[block];
      changes[i][holder.gone] -= block_bytes[block];
      charged_until[block] = holder.gone;
    }
  }
  std::vector<UsageRecord> records;
  for (std::size_t i = 0; i < holders.size(); ++i) {
    std::uint64_t bytes = 0;
    Instant since = holders[i].born;
    for (const auto& [at, change] : changes[i]) {
      if (bytes > 0 && change != 0) {
        UsageRecord record = like;
        record.kind = UsageKind::kStorage;
        record.backup = holders[i].backup;
        record.born = holders[i].born;
        record.start = since;
        record.end = at;
        record.quantity = bytes;
        records.push_back(std::move(record));
      }
      if (change != 0) since = at;
      bytes += change;
    }
  }
  return records;
}

}  // namespace backcast::cost
