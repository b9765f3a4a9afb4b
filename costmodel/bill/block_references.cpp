#include "costmodel/bill/block_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "engine/base/checked.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

// 400 MB of block numbers: a hundred snapshots of half a terabyte in blocks of 512 KiB.
constexpr std::size_t kMaxBlocks = 100'000'000;

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

Status SharedBlocks::add(const UsageRecord& record, std::vector<std::uint32_t> blocks) {
  if (record.kind != UsageKind::kStorage && record.kind != UsageKind::kDeletion) {
    return bad_input("only storage and deletion have blocks");
  }
  if (record.backup.empty()) return bad_input("blocks belong to a backup", "fill in \"backup\"");
  blocks_ += blocks.size();
  if (blocks_ > kMaxBlocks) return bad_input("more than 100,000,000 block references");
  snapshots_.push_back({record, std::move(blocks)});
  return kOk;
}

Result<std::vector<UsageRecord>> SharedBlocks::records(
    const std::function<Result<bool>(const UsageRecord&)>& is_full_copy) const {
  const auto domain = [](const UsageRecord& r) {
    return std::tie(r.project, r.service, r.region, r.storage_class, r.quantity);
  };
  std::vector<const Snapshot*> order;
  for (const Snapshot& snapshot : snapshots_) order.push_back(&snapshot);
  std::stable_sort(order.begin(), order.end(), [&](const Snapshot* a, const Snapshot* b) {
    return domain(a->record) < domain(b->record);
  });
  std::vector<UsageRecord> records;
  for (auto begin = order.begin(); begin != order.end();) {
    const UsageRecord& like = (*begin)->record;
    const auto end = std::find_if(
        begin, order.end(), [&](const Snapshot* s) { return domain(s->record) != domain(like); });
    BACKCAST_TRY(const bool is_full, is_full_copy(like));
    std::vector<BlockHolder> holders;
    std::map<std::string, const UsageRecord*> by_backup;
    std::uint32_t last_block = 0;
    for (; begin != end; ++begin) {
      const auto& [record, blocks] = **begin;
      if (is_full || record.kind == UsageKind::kDeletion) {
        const auto bytes = checked_mul<std::uint64_t>(record.quantity, blocks.size());
        if (!bytes) return bad_input("more than 2^64 bytes in backup " + printable(record.backup));
        records.push_back(record);
        records.back().quantity = *bytes;
        continue;
      }
      for (const std::uint32_t block : blocks) last_block = std::max(last_block, block);
      holders.push_back({record.backup, record.start, record.end, blocks});
      by_backup[record.backup] = &record;
    }
    const std::vector<std::uint64_t> sizes(std::size_t{last_block} + 1, like.quantity);
    BACKCAST_TRY(std::vector<UsageRecord> charged, charge_blocks(sizes, holders, like));
    for (UsageRecord& record : charged) {
      record.backup_kind = by_backup.at(record.backup)->backup_kind;
      record.tags = by_backup.at(record.backup)->tags;
      records.push_back(std::move(record));
    }
  }
  return records;
}

Result<std::vector<std::uint32_t>> parse_blocks(std::string_view text) {
  std::vector<std::uint32_t> blocks;
  const auto fault = [&](std::string_view item) {
    return bad_input(printable(item) + " is not a block or a range of blocks",
                     "write rising numbers below 2^26, such as 0-1023 4096");
  };
  while (!(text = trim(text)).empty()) {
    const std::string_view item = text.substr(0, std::min(text.find(' '), text.size()));
    text.remove_prefix(item.size());
    std::uint32_t first = 0, last = 0;
    const char* const end = item.data() + item.size();
    auto read = std::from_chars(item.data(), end, first);
    last = first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, last);
    }
    const bool rises = blocks.empty() || first > blocks.back();
    if (read.ec != std::errc() || read.ptr != end || last < first || last >= 1u << 26 || !rises) {
      return fault(item);
    }
    for (std::uint32_t block = first; block <= last; ++block) blocks.push_back(block);
  }
  return blocks;
}

}  // namespace backcast::cost
