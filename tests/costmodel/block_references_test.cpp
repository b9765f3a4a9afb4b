// Who pays for blocks that snapshots share.
#include "costmodel/bill/block_references.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

std::string told(const std::vector<UsageRecord>& records) {
  std::string text;
  for (const UsageRecord& r : records) {
    text += r.backup + ' ' + format_instant(r.start).substr(5, 5) + ".." +
            format_instant(r.end).substr(5, 5) + ' ' + std::to_string(r.quantity) + '\n';
  }
  return text;
}

TEST(BlockReferences, A19_DeletingTheBaseMovesItsBlocksToTheOldestSurvivor) {
  const std::vector<std::uint64_t> sizes{100, 10, 5};
  const std::vector<BlockHolder> holders{{"full", at("2026-01-01"), at("2026-01-10"), {0}},
                                         {"first", at("2026-01-02"), at("2026-02-01"), {0, 1}},
                                         {"second", at("2026-01-03"), at("2026-02-01"), {0, 2}}};
  EXPECT_EQ(told(*charge_blocks(sizes, holders, {})),
            "full 01-01..01-10 100\n"
            "first 01-02..01-10 10\n"
            "first 01-10..02-01 110\n"
            "second 01-03..02-01 5\n");
}

TEST(BlockReferences, DeletingASnapshotFreesOnlyWhatNobodyElseNeeds) {
  const std::vector<std::uint64_t> sizes{100, 10};
  const auto records =
      *charge_blocks(sizes,
                     std::vector<BlockHolder>{{"a", at("2026-01-01"), at("2026-01-05"), {0, 1}},
                                              {"b", at("2026-01-02"), at("2026-01-09"), {0}}},
                     {});
  EXPECT_EQ(told(records), "a 01-01..01-05 110\nb 01-05..01-09 100\n");
}

TEST(BlockReferences, ArchivingAnIncrementMakesAFullCopy) {
  EXPECT_EQ(*full_bytes(std::vector<std::uint64_t>{100, 10, 5}, {"first", {}, {}, {0, 1}}), 110u);
}

TEST(BlockReferences, RefusesUnknownBlocksAndBackwardsLives) {
  const std::vector<std::uint64_t> sizes{1};
  EXPECT_FALSE(charge_blocks(sizes, std::vector<BlockHolder>{{"a", {}, {}, {1}}}, {}).ok());
  EXPECT_FALSE(
      charge_blocks(sizes, std::vector<BlockHolder>{{"a", at("2026-01-02"), at("2026-01-01"), {0}}},
                    {})
          .ok());
}

TEST(BlockReferences, ABillChargesSharedBlocksOnceAndArchivedOnesInFull) {
  const PriceBook prices = book(
      kGbMonth, R"({"service":"S","meter":"storage","storage_class":"s","price":"1",)" + kEvidence +
                    R"(},{"service":"A","meter":"storage","storage_class":"a","price":"1",)"
                    R"("min_days":90,"full_copies":true,)" +
                    kEvidence + "}");
  Biller biller(std::make_shared<PriceBook>(prices));
  const auto add = [&](const char* from, const char* until, const char* backup, const char* in,
                       const char* blocks, UsageKind kind = UsageKind::kStorage) {
    UsageRecord record = stored(from, until, kGB);
    record.kind = kind;
    record.backup = backup;
    record.storage_class = in;
    return biller.add_blocks(record, *parse_blocks(blocks));
  };
  ASSERT_TRUE(add("2026-06-01", "2026-06-16", "s1", "s", "0-9").ok());
  ASSERT_TRUE(add("2026-06-01", "2026-07-01", "s2", "s", "0-4 10").ok());
  ASSERT_TRUE(add("2026-06-16", "2026-07-01", "s1", "a", "0-9").ok());
  ASSERT_TRUE(add("2026-06-16", "2026-07-01", "s2", "a", "0-4 10").ok());
  ASSERT_TRUE(add("2026-06-16", "2026-07-01", "s1", "a", "0-9", UsageKind::kDeletion).ok());
  const Invoice invoice = *biller.finish();
  std::string lines;
  for (const InvoiceLine& line : invoice.lines) {
    if (line.group == kNone) continue;
    lines += invoice.groups[line.group].storage_class + ' ' + to_string(line.quantity) + ' ' +
             line.description + '\n';
  }
  // s: 11 blocks half a month, then 6; a: 10 and 6 blocks half a month; 75 days missing of 10.
  EXPECT_EQ(lines, "s 8.5 \na 8 \na 25 early deletion\n");
}

TEST(BlockReferences, ReadsNumbersAndRanges) {
  EXPECT_EQ(*parse_blocks(" 3  5-7 "), (std::vector<std::uint32_t>{3, 5, 6, 7}));
  for (const char* text :
       {"a", "3-", "-3", "7-5", "5 5", "5 3", "1-9999999999", "67108864", "1,2"}) {
    EXPECT_FALSE(parse_blocks(text).ok()) << text;
  }
}

// At every moment the records sum to the union of the blocks held, counted one by one.
RC_GTEST_PROP(BlockReferences, RecordsSumToTheUnion, ()) {
  const auto sizes =
      *rc::gen::container<std::vector<std::uint64_t>>(6, rc::gen::inRange<std::uint64_t>(0, 50));
  std::vector<BlockHolder> holders;
  const int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) {
    const auto born = *rc::gen::inRange<std::int64_t>(0, 20);
    const auto life = *rc::gen::inRange<std::int64_t>(0, 20);
    const auto blocks = *rc::gen::container<std::set<std::uint32_t>>(rc::gen::inRange(0u, 6u));
    holders.push_back({std::to_string(i),
                       from_unix_seconds(born),
                       from_unix_seconds(born + life),
                       {blocks.begin(), blocks.end()}});
  }
  const auto records = *charge_blocks(sizes, holders, {});
  for (std::int64_t second = 0; second < 40; ++second) {
    const Instant now = from_unix_seconds(second);
    std::set<std::uint32_t> held;
    for (const BlockHolder& h : holders) {
      if (h.born <= now && now < h.gone) held.insert(h.blocks.begin(), h.blocks.end());
    }
    std::uint64_t expected = 0, charged = 0;
    for (const std::uint32_t block : held) expected += sizes[block];
    for (const UsageRecord& r : records) {
      if (r.start <= now && now < r.end) charged += r.quantity;
    }
    RC_ASSERT(charged == expected);
  }
}

}  // namespace
}  // namespace backcast::cost
