// How schedules read: every kind, what is refused and where, and that printing reads back.
#include <gtest/gtest.h>

#include "engine/policy/schedule/qdrant_schedule.h"
#include "engine/policy/schedule/schedule.h"
#include "engine/policy/schedule/zerops_schedule.h"

namespace backcast::policy {
namespace {

Schedule schedule(std::string_view text) {
  auto parsed = parse_schedule(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : to_string(parsed.error()));
  return parsed.ok() ? *parsed : Schedule{};
}

Error refused(std::string_view text) {
  auto parsed = parse_schedule(text);
  EXPECT_FALSE(parsed.ok()) << text;
  return parsed.ok() ? Error{} : parsed.error();
}

TEST(ScheduleText, SameMeaningInEveryWording) {
  const std::pair<const char*, const char*> kPairs[] = {
      {"daily", "0 0 * * *"},
      {"daily 02:30", "30 2 * * *"},
      {"daily at 2:30", "30 2 * * *"},
      {"hourly", "0 * * * *"},
      {"weekly", "0 0 * * 1"},
      {"weekly on mon,thu at 02:30", "30 2 * * 1,4"},
      {"monthly 15 02:30", "30 2 15 * *"},
      {"@weekly", "0 0 * * 0"},
      {"cron: @monthly", "0 0 1 * *"},
      {"0 4 * * 0", "0 4 * * 7"},
      {"0 0 * * sat-sun", "0 0 * * 6,7"},
      {"0 0 1 JAN *", "0 0 1 1 *"},
      {"robfig: @daily", "robfig: 0 0 * * *"},
      {"robfig: 0 0/15 * * * ?", "robfig: 0 0,15,30,45 * * * *"},
      {"cronexpr: 0 0 * * monday", "cronexpr: 0 0 * * 1"},
      {"cronexpr: 0 0 * * fri-sun", "cronexpr: 0 0 * * 0,5,6"},
      {"cronexpr: 0 0 * * 5-7", "cronexpr: 0 0 * * 0,5,6"},
      {"TZ=Asia/Tokyo 0 4 * * *", "cron: CRON_TZ=Asia/Tokyo 0 4 * * *"},
      {"aws: rate(12 hours)", "@every 12h"},
      {"aws: cron(0 2 ? * SUN *)", "cron(0 2 ? * 1 *)"},
      {"oncalendar: weekly", "oncalendar: Mon 00:00"},
      {"oncalendar: Monday..Friday 02:30", "oncalendar: Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00"},
      {"oncalendar: quarterly", "oncalendar: *-1/3-1"},
      {"kopia: every 60m at 18:00,9:00", "kopia: every 1h at 09:00,18:00"},
      {"zilliz: daily 00:00-02:00", "zilliz: 1,2,3,4,5,6,7 00:00-02:00"},
      {"zerops: daily", "zerops: 5 0 * * *"},
      {"qdrant: @every 90m", "@every 1h30m"},
  };
  for (const auto& [a, b] : kPairs) {
    EXPECT_EQ(schedule(a), schedule(b)) << a << " and " << b;
  }
}

TEST(ScheduleText, PrintingReadsBack) {
  for (const char* text : {"none",
                           "30 2 * * *",
                           "*/20 2 * * *",
                           "0-59 0-23 1-31 1-12 0-7",
                           "*/7,3 1 */2 2 */3",
                           "0 22-2 * * *",
                           "0 0 * * fri-mon",
                           "CRON_TZ=Europe/Berlin 30 2 * * *",
                           "@every 26h3s",
                           "zilliz: 1,7 23:30-01:30 +1h59m59s",
                           "robfig: 15/35 20-35/15 1/2 */2 * *",
                           "robfig: 0 0 0 1-31 * 1",
                           "cronexpr: 0 0 LW,15W * 5#3,1L",
                           "cronexpr: 1 2 3 4 * 5 2030 ",
                           "cronexpr: 0 0 0 * * * 2026,2028-2030",
                           "aws: cron(0/30 8-18 L * ? *)",
                           "aws: cron(0 2 ? JAN,JUL 6L,2#1 2025-2099)",
                           "oncalendar: 2025..2030/2-02,11~03 4..6:*:0/20",
                           "oncalendar: Mon..Wed,Sat *-*-1..7 18:00 America/New_York",
                           "oncalendar: *-*~01..05/2 00:00",
                           "kopia: manual",
                           "kopia: every 90s at 00:00 run-missed cron 0 23 * * *; 5 3 * 2 4",
                           "qdrant: 0 0 1,15 * *",
                           "zerops: monthly"}) {
    const Schedule first = schedule(text);
    EXPECT_EQ(schedule(print(first)), first) << text << " printed as " << print(first);
  }
}

struct Refusal {
  const char* text;
  int column;
  const char* says;
};

TEST(ScheduleText, RefusalsNameThePlaceAndTheReason) {
  for (const Refusal& r : std::initializer_list<Refusal>{
           {"60 0 * * *", 1, "outside 0..59"},
           {"0 24 * * *", 3, "outside 0..23"},
           {"0 0 * * 8", 9, "outside 0..7"},
           {"0 0 * foo *", 7, "is not a month"},
           {"0 0 1-40/3 * *", 5, "outside 1..31"},
           {"0 0 *", 1, "five fields"},
           {"5~10 * * * *", 1, "random"},
           {"*/0 * * * *", 3, "step"},
           {"5/10 * * * *", 1, "needs * or a range"},
           {"0 0 0 * * *", 1, "different tools"},
           {"@reboot", 1, "names no time"},
           {"@fortnightly", 1, "unknown macro"},
           {"robfig: 0 0 0 * * 7", 11, "outside 0..6"},
           {"robfig: 0 0 0 * * fri-mon", 11, "backwards"},
           {"aws: cron(0 2 * * * *)", 10, "must be ?"},
           {"aws: cron(0 2 ? * ? *)", 14, "must be ?"},
           {"aws: rate(0 hours)", 1, "from 1 up"},
           {"aws: rate(5 weeks)", 1, "minutes, hours or days"},
           {"oncalendar: Fri..Mon", 9, "backwards"},
           {"oncalendar: *-13-01", 8, "outside 1..12"},
           {"oncalendar: 12:00:00.5", 9, "fractions"},
           {"oncalendar: *-*~29", 7, "outside 1..28"},
           {"kopia: manual every 1h", 1, "alone"},
           {"kopia: at 25:00", 4, "not a time of day"},
           {"kopia: sometimes", 1, "unknown word"},
           {"weekly mon 2", 12, "time of day"},
           {"monthly 32 02:00", 7, "outside 1..31"},
           {"@every 0s", 8, "no time"},
           {"@every 5 minutes", 8, "not a duration"},
           {"zils: 1 02:00-04:00", 1, "unknown kind"},
       }) {
    const Error error = refused(r.text);
    EXPECT_EQ(error.code, Errc::kBadInput);
    EXPECT_NE(error.message.find(r.says), std::string::npos) << r.text << ": " << error.message;
    EXPECT_EQ(error.where.column, r.column) << r.text << ": " << to_string(error);
  }
}

TEST(ScheduleText, HugeOrBrokenTextIsRefusedAtOnce) {
  EXPECT_FALSE(parse_schedule(std::string(10 << 20, '[')).ok());
  EXPECT_FALSE(parse_schedule(std::string(10 << 20, '1')).ok());
  EXPECT_FALSE(parse_schedule("qdrant: " + std::string(900, '1')).ok());
  EXPECT_FALSE(parse_schedule("0 0 * *\xff *").ok());
  EXPECT_FALSE(parse_schedule("0 0 * * *\n0 1 * * *").ok());
  EXPECT_FALSE(parse_schedule("99999999999999999999 0 * * *").ok());
  EXPECT_FALSE(parse_schedule("   ").ok());
}

// The examples were checked against the vendor's published pattern with a regular expression
// engine.
TEST(QdrantPattern, AcceptsAndRefusesWhatTheApiDoes) {
  for (const char* text :
       {"0 0 * * *", "@daily", "@every 1h30m", "0 */6 * * *", "0 2 * * 1-5", "0 0 1,15 * *",
        "0 0 * * * 2026", "0 0 0 * * * *", "60 25 32 13 9", "@daily junk", "x @every 5m y",
        "junk 0 0 * * *", "00000", "0 0 1-10/2 * *"}) {
    EXPECT_TRUE(passes_qdrant_pattern(text)) << text;
  }
  for (const char* text : {"", "* * * *", "0 2 * * MON", "0 0 L * *", "0 2  * * *", "@every h"}) {
    EXPECT_FALSE(passes_qdrant_pattern(text)) << text;
  }
}

TEST(QdrantPattern, WhatPassesButCannotRunIsReported) {
  for (const char* text : {"qdrant: 60 25 32 13 9", "qdrant: @daily junk", "qdrant: 00000"}) {
    EXPECT_NE(refused(text).message.find("passes Qdrant's pattern"), std::string::npos) << text;
  }
  EXPECT_NE(refused("qdrant: 0 2 * * MON").message.find("does not accept"), std::string::npos);
  EXPECT_NE(refused("qdrant: @reboot").message.find("names no time"), std::string::npos);
}

}  // namespace
}  // namespace backcast::policy
