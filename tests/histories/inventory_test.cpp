#include "histories/inventory/inventory.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/base/bytes.h"
#include "histories/inventory/numbers.h"

namespace backcast::inventory {
namespace {

Inventory read(std::string_view text, ReadOptions options = {}) {
  if (options.name.empty()) options.name = "list.csv";
  auto list = read_inventory(text, options);
  EXPECT_TRUE(list.ok()) << (list.ok() ? "" : to_string(list.error().front()));
  return list.ok() ? std::move(*list) : Inventory{};
}

std::string refusal(std::string_view text, ReadOptions options = {}) {
  options.name = "list.csv";
  const auto list = read_inventory(text, options);
  EXPECT_FALSE(list.ok());
  return list.ok() ? "" : to_string(list.error().front());
}

std::vector<std::uint64_t> sizes(const Inventory& list) {
  std::vector<std::uint64_t> all;
  for (const Item& item : list.items) all.push_back(item.size_bytes);
  return all;
}

TEST(Inventory, NameAndSizeInAnyUnit) {
  const Inventory list = read(
      "Server,Size (GB),Region,Team\n"
      "db,1.5,eu-west-1,data\n"
      "\n"
      "web,\"20 MiB\",us-east-1,shop\n");
  EXPECT_EQ(sizes(list), (std::vector<std::uint64_t>{1'500'000'000, 20 * kMiB}));
  EXPECT_EQ(list.items[1].line, 4);
  EXPECT_EQ(list.items[0].region, "eu-west-1");
  EXPECT_EQ(list.items[0].tags, std::vector<std::string>{"team:data"});
  EXPECT_TRUE(list.left_out.empty());
}

TEST(Inventory, SeparatorsMarksAndTitles) {
  const std::string rows[] = {
      "\xEF\xBB\xBFname;size (GB)\r\ndb;1,5\r\nweb;20\r\n", "sep=;\nname;size (GB)\ndb;1,5\nweb;20",
      "name\tsize (GB)\ndb\t1.5\nweb\t20\n", "name | size (GB)\ndb | 1.5\nweb | 20\n",
      "Servers of the third quarter,,\n,,\nname,size (GB),\ndb,1.5,\nweb,20,\n"};
  for (const std::string& text : rows) {
    EXPECT_EQ(sizes(read(text)), (std::vector<std::uint64_t>{1'500'000'000, 20 * kGB})) << text;
  }
}

TEST(Inventory, ColumnDecidesWhatACommaIs) {
  EXPECT_EQ(sizes(read("name;size (GB)\na;1,500\nb;2,25\n")),
            (std::vector<std::uint64_t>{1'500'000'000, 2'250'000'000}));
  EXPECT_EQ(sizes(read("name;size (GB)\na;1,500\nb;1,234,567\n")),
            (std::vector<std::uint64_t>{1500 * kGB, 1'234'567 * kGB}));
  EXPECT_EQ(sizes(read("name;size (GB)\na;1.500\nb;1.234,5\n")),
            (std::vector<std::uint64_t>{1500 * kGB, 1'234'500'000'000}));
  EXPECT_EQ(sizes(read("name;size (GB)\na;1 500\nb;1'500,5\n")),
            (std::vector<std::uint64_t>{1500 * kGB, 1'500'500'000'000}));
  const std::string both = refusal("name;size (GB)\na;20\nb;1,500\n");
  EXPECT_NE(both.find("can be 1500 or 1.5"), both.npos) << both;
  EXPECT_NE(both.find("list.csv:3"), both.npos) << both;
  EXPECT_EQ(
      sizes(read("name;size (GB)\na;1,500\n", {.name = "list.csv", .decimal = Decimal::kComma})),
      (std::vector<std::uint64_t>{1'500'000'000}));
  EXPECT_EQ(
      sizes(read("name;size (GB)\na;1,500\n", {.name = "list.csv", .decimal = Decimal::kPoint})),
      (std::vector<std::uint64_t>{1500 * kGB}));
  const std::string differ = refusal("name;size (GB)\na;1,500\nb;2.5\nc;2,5\n");
  EXPECT_NE(differ.find("write both ways"), differ.npos) << differ;
}

TEST(Inventory, NoUnitIsRefused) {
  const std::string text = refusal("name,size\ndb,500\n");
  EXPECT_NE(text.find("has no unit"), text.npos) << text;
  const Inventory list = read("name,size\ndb,500 GB\nweb,500\n");
  ASSERT_EQ(list.left_out.size(), 1U);
  EXPECT_EQ(list.left_out[0].lines, std::vector<int>{3});
}

TEST(Inventory, RowsThatAreNoneAreTold) {
  const Inventory list = read(
      "name,size (GB),region\n"
      "db,10,here\n"
      "web,twenty,here\n"
      ",5,here\n"
      "db,10,here\n"
      "cache,1,5,here\n"
      "tmp,-3,here\n"
      "Total,30,\n");
  ASSERT_EQ(list.items.size(), 1U);
  std::vector<int> lines;
  for (const LeftOut& left : list.left_out) {
    lines.insert(lines.end(), left.lines.begin(), left.lines.end());
  }
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<int>{3, 4, 5, 6, 7, 8}));
  for (const LeftOut& left : list.left_out) {
    EXPECT_EQ(left.is_expected, left.lines.front() == 8) << left.reason;
    EXPECT_TRUE(left.is_expected || !left.hint.empty() || left.lines.front() == 7) << left.reason;
  }
}

TEST(Inventory, ASumWithoutANameIsOne) {
  const Inventory list = read("name,size (GB)\na,10\nb,20\n,30\n");
  ASSERT_EQ(list.left_out.size(), 1U);
  EXPECT_EQ(list.left_out[0].reason, "a sum of other rows");
}

TEST(Inventory, MergedCells) {
  const std::string text = "name,size (GB),region\na,1,eu\nb,2,\nc,3,us\nd,4,\n";
  const Inventory list = read(text);
  EXPECT_EQ(list.items.size(), 2U);
  ASSERT_EQ(list.left_out.size(), 1U);
  EXPECT_EQ(list.left_out[0].lines, (std::vector<int>{3, 5}));
  EXPECT_NE(list.left_out[0].hint.find("--fill-down"), std::string::npos);
  const Inventory filled = read(text, {.name = "list.csv", .fill_down = true});
  ASSERT_EQ(filled.items.size(), 4U);
  EXPECT_EQ(filled.items[1].region, "eu");
  EXPECT_EQ(filled.items[3].region, "us");
  ASSERT_FALSE(filled.notes.empty());
  EXPECT_EQ(read(text, {.name = "list.csv", .has_region = true}).items.size(), 4U);
}

TEST(Inventory, SizesAMillionApart) {
  const Inventory list = read(
      "name,used (GB),capacity (GB)\n"
      "a,500,600\n"
      "b,500,600000000\n");
  ASSERT_EQ(list.left_out.size(), 1U);
  EXPECT_NE(list.left_out[0].reason.find("a million times apart"), std::string::npos);
}

TEST(Inventory, SharesOfGrowthAndChange) {
  const Inventory list = read(
      "name;size (GB);growth per year;change per day (%)\n"
      "a;1;20 %;0,5\n"
      "b;1;0,2;1,5\n"
      "c;1;5 GB/day;2\n"
      "d;1;20;2\n");
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[0].growth, "20%");
  EXPECT_EQ(list.items[0].change, "0.5%");
  EXPECT_EQ(list.items[1].growth, "0.2");
  EXPECT_EQ(list.items[2].growth, "5000000000 B/day");
  ASSERT_EQ(list.left_out.size(), 1U);
  EXPECT_EQ(list.left_out[0].lines, std::vector<int>{5});
}

TEST(Inventory, RvTools) {
  const Inventory list = read(
      "VM,Powerstate,Template,CPUs,Provisioned MiB,In Use MiB,Datacenter,Cluster,Annotation\n"
      "sql01,poweredOn,False,8,\"1,048,576\",\"524,288\",Berlin,prod,\"two\nlines, here\"\n"
      "web01,poweredOn,False,2,102400,\"51,200\",Berlin,prod,\n");
  EXPECT_EQ(list.form, "RVTools");
  EXPECT_EQ(sizes(list), (std::vector<std::uint64_t>{512 * kGiB, 50 * kGiB}));
  EXPECT_EQ(list.items[0].site, "Berlin");
  EXPECT_EQ(list.items[1].line, 4);
  const Inventory old =
      read("VM,Provisioned MB,In Use MB,Datacenter\nsql01,1048576,524288,Berlin\n");
  EXPECT_EQ(sizes(old), (std::vector<std::uint64_t>{512 * kGiB}));
}

TEST(Inventory, Df) {
  const Inventory list = read(
      "Filesystem     1K-blocks      Used Available Use% Mounted on\n"
      "udev             8000000         0   8000000   0% /dev\n"
      "/dev/sda1      102400000  51200000  51200000  50% /\n"
      "/dev/mapper/a-very-long-name\n"
      "               204800000 102400000 102400000  50% /srv/my data\n");
  EXPECT_EQ(list.form, "df");
  EXPECT_EQ(sizes(list), (std::vector<std::uint64_t>{51'200'000 * kKiB, 102'400'000 * kKiB}));
  EXPECT_EQ(list.items[1].name, "/srv/my data");
  ASSERT_EQ(list.left_out.size(), 1U);
  EXPECT_TRUE(list.left_out[0].is_expected);
  EXPECT_EQ(
      sizes(read("Filesystem Size Used Avail Use% Mounted on\n/dev/sda1 98G 1.5G 97G 2% /\n")),
      (std::vector<std::uint64_t>{1536 * kMiB}));
  refusal("Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/sda1 98 15 97 2% /\n");
}

TEST(Inventory, DisksOfClouds) {
  const Inventory aws = read(
      "Name,Volume ID,Type,Size,IOPS,Availability Zone,Volume state\n"
      "db,vol-1,gp3,500 GiB,3000,us-east-1a,In-use\n"
      "db,vol-2,gp3,20 GiB,3000,us-east-1b,In-use\n"
      ",vol-3,gp3,8 GiB,3000,eu-west-1a,In-use\n");
  EXPECT_EQ(aws.form, "AWS volumes");
  EXPECT_EQ(aws.provider, "aws");
  ASSERT_EQ(aws.items.size(), 3U);
  EXPECT_EQ(aws.items[0].region, "us-east-1");
  EXPECT_EQ(aws.items[1].name, "db-vol-2");
  EXPECT_EQ(aws.items[2].name, "vol-3");
  EXPECT_EQ(sizes(aws), (std::vector<std::uint64_t>{500 * kGiB, 20 * kGiB, 8 * kGiB}));
  const Inventory azure =
      read("NAME,STORAGE TYPE,SIZE (GIB),RESOURCE GROUP,LOCATION\nos,Premium,128,prod,East US 2\n");
  EXPECT_EQ(azure.provider, "azure");
  ASSERT_EQ(azure.items.size(), 1U);
  EXPECT_EQ(azure.items[0].region, "eastus2");
  EXPECT_EQ(azure.items[0].size_bytes, 128 * kGiB);
  const Inventory gcp =
      read("name,zone,size_gb,type,status\nd1,us-central1-a,\"1,000\",pd-ssd,READY\n");
  EXPECT_EQ(gcp.provider, "gcp");
  ASSERT_EQ(gcp.items.size(), 1U);
  EXPECT_EQ(gcp.items[0].region, "us-central1");
  EXPECT_EQ(gcp.items[0].size_bytes, 1000 * kGiB);
}

TEST(Inventory, WhatIsNoTable) {
  EXPECT_NE(refusal("PK\x03\x04 workbook").find("workbook"), std::string::npos);
  EXPECT_NE(refusal("\xFF\xFEn").find("UTF-16"), std::string::npos);
  EXPECT_NE(refusal("name,size (GB)\nM\xFCnchen,1\n").find("list.csv:2"), std::string::npos);
  EXPECT_NE(refusal("").find("no table"), std::string::npos);
  EXPECT_NE(refusal("what,ever\n1,2\n").find("what, ever"), std::string::npos);
  refusal(std::string_view("name,size (GB)\na\0b,1\n", 21));
}

TEST(Inventory, LinesInWords) {
  EXPECT_EQ(lines_text({3}), "line 3");
  EXPECT_EQ(lines_text({3, 4, 5, 9, 10}), "lines 3-5, 9, 10");
  EXPECT_EQ(lines_text({1, 3, 5, 7}, 2), "lines 1, 3 and 2 more");
}

TEST(Numbers, UnitsInHeadings) {
  EXPECT_EQ(unit_in_heading("Size (GB)"), "GB");
  EXPECT_EQ(unit_in_heading("Provisioned MiB"), "MiB");
  EXPECT_EQ(unit_in_heading("size_gb"), "gb");
  EXPECT_EQ(unit_in_heading("SizeGB"), "GB");
  EXPECT_EQ(unit_in_heading("Size"), "");
  EXPECT_EQ(unit_in_heading("Size (B)"), "B");
  EXPECT_EQ(unit_in_heading("Plan B"), "");
  EXPECT_EQ(unit_bytes("GiB"), kGiB);
  EXPECT_EQ(unit_bytes("To"), kTB);
  EXPECT_EQ(unit_bytes("G"), kGiB);
  EXPECT_EQ(unit_bytes("bytes"), 1U);
  EXPECT_EQ(unit_bytes("parsec"), std::nullopt);
}

// Whatever stands in it: every row is an item or told, and nothing crashes.
RC_GTEST_PROP(Inventory, EveryRowIsSomewhere, ()) {
  const std::vector<std::string> cells{"db",
                                       "web",
                                       "Total",
                                       "",
                                       "1,5",
                                       "1.500",
                                       "20 GB",
                                       "eu-west-1",
                                       "\"a, b\"",
                                       "\"q",
                                       "5%",
                                       "-1",
                                       "9e99",
                                       "\xC3\xA4",
                                       "1 234 567,8 TiB",
                                       "99999999999999999999",
                                       ";",
                                       "\t"};
  const std::vector<std::string> headings{"name",        "size (GB)", "used (GiB)", "region",
                                          "growth/year", "change %",  "policy",     "colour"};
  const auto width = *rc::gen::inRange<std::size_t>(2, headings.size() + 1);
  const std::string separator = *rc::gen::element<std::string>(",", ";", "\t", "|");
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += (i ? separator : "") + headings[i];
  const auto rows = *rc::gen::inRange<int>(0, 12);
  for (int r = 0; r < rows; ++r) {
    text += "\n";
    const auto count = *rc::gen::inRange<std::size_t>(1, width + 2);
    for (std::size_t i = 0; i < count; ++i) {
      text += (i ? separator : "") + *rc::gen::elementOf(cells);
    }
  }
  const auto list = read_inventory(
      text, {.name = "x", .decimal = Decimal::kPoint, .fill_down = *rc::gen::arbitrary<bool>()});
  if (!list.ok()) {
    RC_ASSERT(!list.error().empty());
    return;
  }
  std::set<int> told;
  for (const LeftOut& left : list->left_out) {
    RC_ASSERT(!left.lines.empty());
    for (const int line : left.lines) RC_ASSERT(told.insert(line).second);
  }
  for (const Item& item : list->items) {
    RC_ASSERT(told.insert(item.line).second);
    RC_ASSERT(!item.name.empty());
    RC_ASSERT(item.size_bytes <= kMaxItemBytes);
  }
}

RC_GTEST_PROP(Inventory, NoBytesCrashIt, (const std::string& text)) {
  (void)read_inventory(text, {.name = "x"});
  (void)read_inventory("name,size (GB)\n" + text, {.name = "x"});
  (void)read_inventory("Filesystem 1K-blocks Used Available Use% Mounted on\n" + text,
                       {.name = "x"});
}

}  // namespace
}  // namespace backcast::inventory
