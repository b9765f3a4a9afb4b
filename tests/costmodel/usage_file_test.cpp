// Usage files: what is read, and what is refused with its line and column.
#include <gmock/gmock.h>

#include <sstream>

#include "costmodel/bill/usage_file.h"
#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<UsageRecord> read(const std::string& text) {
  std::istringstream in(text);
  std::vector<UsageRecord> records;
  const auto done = read_usage(in, "u", [&](const UsageRecord& r) -> Status {
    records.push_back(r);
    return kOk;
  });
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : messages(done.error()));
  return records;
}

std::string refused(const std::string& text) {
  std::istringstream in(text);
  const auto done = read_usage(in, "u", [](const UsageRecord&) -> Status { return kOk; });
  EXPECT_FALSE(done.ok()) << text;
  return done.ok() ? "" : messages(done.error());
}

TEST(UsageFile, ReadsJsonLinesAndCsvAlike) {
  const auto json =
      read(R"({"kind":"storage","start":"2026-01-01","end":"2026-02-01","born":"2025-12-31",)"
           R"("quantity":"5 GiB","objects":7,"project":"p","service":"s","region":"r",)"
           R"("storage_class":"c","backup_kind":"k","backup":"b","tags":["x","y"]})"
           "\n\n"
           R"({"kind":"request","start":"2026-01-01T01:02:03Z","quantity":12,"operation":"put"})");
  const auto csv = read(
      "kind,start,end,born,quantity,objects,project,service,region,storage_class,backup_kind,"
      "backup,tags,operation\r\n"
      "storage,2026-01-01,2026-02-01,2025-12-31,5 GiB,7,\"p\",s,r,c,k,b,x y,\r\n"
      "request,2026-01-01T01:02:03Z,,,12,,,,,,,,,put\r\n");
  ASSERT_EQ(json.size(), 2u);
  ASSERT_EQ(csv.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(to_json_line(json[i]), to_json_line(csv[i]));
  EXPECT_EQ(json[0].quantity, 5 * kGiB);
  EXPECT_EQ(json[0].tags, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(json[1].end, json[1].start);
}

TEST(UsageFile, WhatIsWrittenReadsBack) {
  UsageRecord record = stored("2026-01-01T00:00:00.5Z", "2026-01-02", 123, "r,\"1\"", "Zürich\n");
  record.tags = {"a b", "c"};
  record.born = record.start - kDay;
  const std::string line = to_json_line(record);
  EXPECT_EQ(to_json_line(read(line + "\n").at(0)), line);
}

TEST(UsageFile, NamesLineAndColumnOfEveryFault) {
  EXPECT_THAT(refused("kind,start,end,quantity\nstorage,2026-01-01,2026-01-02,5 GX\n"),
              HasSubstr("u:2:31: quantity: \"5 GX\": unknown unit"));
  EXPECT_THAT(refused("kind,start,end,quantity\nstorag,2026-01-01,2026-01-02,5\n"),
              AllOf(HasSubstr("u:2:1: kind"), HasSubstr("did you mean \"storage\"?")));
  EXPECT_THAT(refused("{\"kind\":\"storage\",\n"), HasSubstr("u:1:1: not a JSON object"));
  EXPECT_THAT(refused(R"({"kind":"storage","start":"2026-01-01","quantity":1})"),
              HasSubstr("missing field \"end\""));
  EXPECT_THAT(refused(R"({"kind":"request","start":"2026-01-01","quantity":1,"regon":"x"})"),
              AllOf(HasSubstr("unknown field \"regon\""), HasSubstr("did you mean \"region\"?")));
  EXPECT_THAT(refused(R"({"kind":"request","start":"2026-01-01","quantity":1.5})"),
              HasSubstr("expected a whole number"));
  EXPECT_THAT(refused(R"({"kind":"request","start":"2026-01-01","quantity":-1})"),
              HasSubstr("cannot be negative"));
  EXPECT_THAT(refused("kind,start,bytes\n"), HasSubstr("unknown column \"bytes\""));
  EXPECT_THAT(refused("kind,kind\n"), HasSubstr("column given twice"));
  EXPECT_THAT(refused("kind,start,quantity\nrequest,2026-01-01\nrequest,2026-01-01,1,2\n"),
              AllOf(HasSubstr("u:2:1: fewer cells"), HasSubstr("u:3:1: more cells")));
  EXPECT_THAT(refused("kind,start,quantity,region\nrequest,2026-01-01,1,\"a\xff\"\n"),
              HasSubstr("not UTF-8"));
  EXPECT_THAT(refused(""), HasSubstr("empty"));
}

TEST(UsageFile, RefusesTimeRunningBackwards) {
  const std::string head = "kind,start,end,quantity,backup\n";
  EXPECT_THAT(refused(head + "storage,2026-01-03,2026-01-02,5,a\n"),
              HasSubstr("u:2:9: time runs backwards"));
  EXPECT_THAT(
      refused(head + "storage,2026-01-03,2026-01-04,5,a\nstorage,2026-01-01,2026-01-02,5,a\n"),
      AllOf(HasSubstr("u:3:9: time runs backwards"), HasSubstr("sort the file")));
}

TEST(UsageFile, RefusesUsageCountedTwice) {
  const std::string head = "kind,start,end,quantity,backup\n";
  EXPECT_THAT(
      refused(head + "storage,2026-01-01,2026-01-03,5,a\nstorage,2026-01-02,2026-01-04,5,a\n"),
      HasSubstr("u:3:9: counted twice"));
  EXPECT_THAT(refused(head + "request,2026-01-01,,5,a\nrequest,2026-01-01,,5,a\n"),
              HasSubstr("u:3:9: counted twice"));
  EXPECT_EQ(read(head + "storage,2026-01-01,2026-01-03,5,a\nstorage,2026-01-03,2026-01-04,5,a\n"
                        "storage,2026-01-01,2026-01-03,5,b\nrequest,2026-01-01,,5,a\n"
                        "request,2026-01-01,,6,a\n")
                .size(),
            5u);
}

TEST(UsageFile, SurvivesAMillionLinesOfGarbage) {
  std::string garbage;
  for (int i = 0; i < 1'000'000; ++i) garbage += "\"x,;{\x01\xfe\n";
  const std::string text = refused(garbage);
  EXPECT_THAT(text, HasSubstr("header"));
  EXPECT_THAT(refused("kind,start,quantity\n" + garbage), HasSubstr("u:21:1"))
      << "stops after a screenful of errors";
  EXPECT_THAT(refused(std::string(17 << 20, '{')), HasSubstr("longer than 16 MiB"));
  EXPECT_THAT(refused("{\"a\":" + std::string(900'000, '[')), HasSubstr("not a JSON object"));
}

TEST(UsageFile, APriceMissingForManyRecordsIsOneCause) {
  Biller biller(std::make_shared<PriceBook>(shipped_book("qdrant")));
  std::istringstream in(
      "kind,start,end,quantity,backup\nstorage,2026-01-01,2026-01-03,5,a\n"
      "storage,2026-01-01,2026-01-03,5,b\n");
  const auto done = read_usage(in, "u", [&](const UsageRecord& r) { return biller.add(r); });
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(biller.finish()->missing.size(), 1u);
}

}  // namespace
}  // namespace backcast::cost
