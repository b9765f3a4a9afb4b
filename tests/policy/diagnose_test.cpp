#include "engine/policy/schedule/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backcast::policy {
namespace {

using Kind = Finding::Kind;

std::vector<Finding> findings(const char* text, const char* zone) {
  return diagnose(*parse_schedule(text), *Zone::find(zone), parse_instant("2025-01-01")->instant,
                  parse_instant("2026-01-01")->instant);
}

std::vector<Kind> kinds(const char* text, const char* zone) {
  std::vector<Kind> result;
  for (const Finding& f : findings(text, zone)) result.push_back(f.kind);
  return result;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Diagnose, EachDialectTreatsAChangeOfClocksItsOwnWay) {
  EXPECT_THAT(kinds("30 2 * * *", "Europe/Berlin"), ElementsAre(Kind::kMoved));
  EXPECT_THAT(kinds("*/20 2 * * *", "Europe/Berlin"), ElementsAre(Kind::kSkipped, Kind::kTwice));
  EXPECT_THAT(kinds("robfig: 0 30 2 * * *", "Europe/Berlin"),
              ElementsAre(Kind::kSkipped, Kind::kTwice));
  EXPECT_THAT(kinds("oncalendar: 02:30", "Europe/Berlin"), ElementsAre(Kind::kSkipped));
  EXPECT_THAT(kinds("aws: cron(30 2 * * ? *)", "Europe/Berlin"), ElementsAre(Kind::kSkipped));
  EXPECT_THAT(kinds("oncalendar: hourly", "Europe/Berlin"), ElementsAre(Kind::kHole));
  EXPECT_THAT(kinds("cronexpr: 30 2 * * *", "Europe/Berlin"),
              ElementsAre(Kind::kSkipped, Kind::kTwice));
  EXPECT_THAT(kinds("kopia: at 01:00,02:30", "Europe/Berlin"),
              ElementsAre(Kind::kMoved, Kind::kTwice));
  EXPECT_THAT(kinds("kopia: every 1h cron 30 2 * * *", "Europe/Berlin"),
              ElementsAre(Kind::kSkipped, Kind::kTwice));
  EXPECT_THAT(kinds("kopia: every 6h at 12:00", "Europe/Berlin"), IsEmpty());
  EXPECT_EQ(findings("kopia: at 02:30", "Europe/Berlin")[0].text,
            "02:30 does not exist on 2025-03-30 in Europe/Berlin: it runs at 03:30");
}

TEST(Diagnose, NothingToSayWhereClocksDoNotMatter) {
  EXPECT_THAT(kinds("30 2 * * *", "UTC"), IsEmpty());
  EXPECT_THAT(kinds("30 4 * * *", "Europe/Berlin"), IsEmpty());
  EXPECT_THAT(kinds("0 * * * *", "Europe/Berlin"), IsEmpty());
  EXPECT_THAT(kinds("zilliz: 7 02:00-04:00", "Europe/Berlin"), IsEmpty());
  EXPECT_THAT(kinds("@every 1h", "Europe/Berlin"), IsEmpty());
  EXPECT_THAT(kinds("CRON_TZ=UTC 30 2 * * *", "Europe/Berlin"), IsEmpty());
}

TEST(Diagnose, ALineThatNeverRuns) {
  EXPECT_THAT(kinds("0 0 30 2 *", "UTC"), ElementsAre(Kind::kNever));
  EXPECT_THAT(kinds("none", "UTC"), ElementsAre(Kind::kNever));
}

TEST(Diagnose, SaysWhatHappensAndWhen) {
  const auto moved = findings("30 2 * * *", "Europe/Berlin");
  EXPECT_EQ(moved[0].text,
            "02:30 does not exist on 2025-03-30 in Europe/Berlin: it runs once when clocks change, "
            "at 03:00");
  EXPECT_EQ(format_instant(moved[0].when), "2025-03-30T01:00:00Z");
  const auto partly = findings("robfig: 0 30 1-5 * * *", "Europe/Berlin");
  EXPECT_NE(partly[0].text.find("that run is left out"), std::string::npos);
  const auto hole = findings("oncalendar: hourly", "Europe/Berlin");
  EXPECT_NE(hole[0].text.find("no run between 2025-10-26T00:00:00Z and 2025-10-26T02:00:00Z"),
            std::string::npos);
}

}  // namespace
}  // namespace backcast::policy
