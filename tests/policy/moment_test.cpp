// One grammar of moments and lengths for options and scenarios.
#include "engine/policy/time/moment.h"

#include <gtest/gtest.h>

namespace backcast::policy {
namespace {

std::string moment(std::string_view text) {
  const auto read = parse_moment(text, parse_instant("2024-01-31T06:00:00Z")->instant);
  return read.ok() ? format_instant(*read) : "refused";
}

TEST(Moment, LengthsAreDurationsOrUnitsOfTheCalendar) {
  EXPECT_EQ(moment("2026-03-01"), "2026-03-01T00:00:00Z");
  EXPECT_EQ(moment("+90s"), "2024-01-31T06:01:30Z");
  EXPECT_EQ(moment("+1 day"), moment("+1d"));
  EXPECT_EQ(moment("+2 weeks 1 hour"), "2024-02-14T07:00:00Z");
  EXPECT_EQ(moment("+1 month"), "2024-02-29T06:00:00Z");
  EXPECT_EQ(moment("+13mo"), "2025-02-28T06:00:00Z");
  EXPECT_EQ(moment("+1y"), "2025-01-31T06:00:00Z");
  EXPECT_EQ(moment("+1 year 1 month 2d"), "2025-03-02T06:00:00Z");
  EXPECT_EQ(moment(" +5 minutes "), "2024-01-31T06:05:00Z");
}

TEST(Moment, AnythingElseIsRefused) {
  for (const char* text : {"", "+", "1y", "+y", "+1", "+1 lifetime", "+0y", "-1d", "+1d 1y", "+-1y",
                           "+300y", "+99999999999y", "+2262y", "tomorrow", "+1.5y"}) {
    EXPECT_EQ(moment(text), "refused") << text;
  }
}

}  // namespace
}  // namespace backcast::policy
