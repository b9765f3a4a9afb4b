// Civil calendar and zones, against independent formulas and hand-made tables.
#include "engine/policy/time/calendar.h"

#include <gtest/gtest.h>

#include <ctime>
#include <map>

#include "engine/base/instant.h"

namespace backcast::policy {
namespace {

Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}
Zone zone(std::string_view name) {
  return *Zone::find(name);
}
std::string utc(Instant t) {
  return format_instant(t);
}

TEST(Calendar, DaysAgreeWithTheStandardLibraryOverSixCenturies) {
  using namespace std::chrono;
  for (int d = -107'000; d <= 107'000; ++d) {
    const year_month_day expected{sys_days(days(d))};
    const CivilDate date{int(expected.year()), int(unsigned(expected.month())),
                         int(unsigned(expected.day()))};
    ASSERT_EQ(civil_from_days(d), date) << d;
    ASSERT_EQ(days_from_civil(date), d);
    ASSERT_EQ(weekday_monday1(date), int(weekday(sys_days(days(d))).iso_encoding()));
    ASSERT_EQ(days_in_month(date.year, date.month),
              int(unsigned((expected.year() / expected.month() / last).day())));
  }
}

// The C library's %G and %V are an independent ISO week.
TEST(Calendar, IsoWeeksAgreeWithTheCLibrary) {
  for (int d = -30'000; d <= 60'000; ++d) {
    const CivilDate date = civil_from_days(d);
    std::tm tm{};
    const std::time_t t = std::time_t{d} * 86400;
    gmtime_r(&t, &tm);
    char text[16];
    std::strftime(text, sizeof text, "%G %V", &tm);
    int year = 0, week = 0;
    ASSERT_EQ(std::sscanf(text, "%d %d", &year, &week), 2);
    ASSERT_EQ(iso_week(date), (IsoWeek{year, week})) << text;
  }
}

TEST(Calendar, IsoWeekBelongsToTheYearOfItsThursday) {
  EXPECT_EQ(iso_week({2024, 12, 30}), (IsoWeek{2025, 1}));
  EXPECT_EQ(iso_week({2021, 1, 3}), (IsoWeek{2020, 53}));
  EXPECT_EQ(iso_week({2026, 12, 31}), (IsoWeek{2026, 53}));
  EXPECT_EQ(iso_week({2027, 1, 4}), (IsoWeek{2027, 1}));
}

TEST(Calendar, MonthsClampToTheLastDay) {
  EXPECT_EQ(add_months_clamped({2025, 1, 31}, 1), (CivilDate{2025, 2, 28}));
  EXPECT_EQ(add_months_clamped({2024, 1, 31}, 1), (CivilDate{2024, 2, 29}));
  EXPECT_EQ(add_months_clamped({2024, 2, 29}, 12), (CivilDate{2025, 2, 28}));
  EXPECT_EQ(add_months_clamped({2024, 3, 31}, -1), (CivilDate{2024, 2, 29}));
  EXPECT_EQ(add_months_clamped({2024, 1, 15}, -1), (CivilDate{2023, 12, 15}));
  EXPECT_EQ(add_months_clamped({2025, 2, 28}, 1), (CivilDate{2025, 3, 28}));
}

TEST(Calendar, MonthsOverflowIntoTheNext) {
  EXPECT_EQ(add_months_overflowing({2025, 1, 31}, 1), (CivilDate{2025, 3, 3}));
  EXPECT_EQ(add_months_overflowing({2024, 1, 31}, 1), (CivilDate{2024, 3, 2}));
  EXPECT_EQ(add_months_overflowing({2024, 3, 31}, -1), (CivilDate{2024, 3, 2}));
  EXPECT_EQ(add_months_overflowing({2024, 2, 29}, -12), (CivilDate{2023, 3, 1}));
}

TEST(Calendar, MonthsBeyondTheCalendarSaturate) {
  EXPECT_EQ(add_months_clamped({2024, 1, 31}, 2'000'000'000), (CivilDate{9999, 12, 31}));
  EXPECT_EQ(add_months_overflowing({2024, 1, 31}, -2'000'000'000), (CivilDate{1400, 1, 1}));
  EXPECT_EQ(add_months_overflowing({9999, 12, 31}, 1), (CivilDate{9999, 12, 31}));
}

TEST(Zones, UnknownNameSuggestsTheNearest) {
  const auto missing = Zone::find("Europe/Berln");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Errc::kBadInput);
  EXPECT_NE(missing.error().hint.find("Europe/Berlin"), std::string::npos);
  EXPECT_FALSE(Zone::find("").ok());
  EXPECT_FALSE(Zone::find("+99:00").ok());
  EXPECT_FALSE(Zone::find("../../etc/passwd").ok());
}

TEST(Zones, NamesReadBack) {
  for (const char* name :
       {"UTC", "UTC+05:30", "UTC-12:00", "Europe/Berlin", "Pacific/Kiritimati"}) {
    EXPECT_EQ(zone(name).name(), name);
    EXPECT_EQ(zone(zone(name).name()), zone(name));
  }
  EXPECT_EQ(zone("+02:00"), Zone::fixed(std::chrono::hours(2)));
  EXPECT_EQ(zone("-0330").name(), "UTC-03:30");
}

TEST(Zones, SpringGapHasNoInstant) {
  const Zone berlin = zone("Europe/Berlin");
  const LocalInstants gap = to_instants({{2025, 3, 30}, 2, 30, 0}, berlin);
  EXPECT_EQ(gap.count, 0);
  EXPECT_EQ(utc(gap.first), "2025-03-30T01:00:00Z");
  EXPECT_EQ(to_instants({{2025, 3, 30}, 2, 0, 0}, berlin).count, 0);
  EXPECT_EQ(utc(to_instants({{2025, 3, 30}, 1, 59, 59}, berlin).first), "2025-03-30T00:59:59Z");
  EXPECT_EQ(utc(to_instants({{2025, 3, 30}, 3, 0, 0}, berlin).first), "2025-03-30T01:00:00Z");
}

TEST(Zones, AutumnHourComesTwice) {
  const Zone berlin = zone("Europe/Berlin");
  const LocalInstants twice = to_instants({{2025, 10, 26}, 2, 30, 0}, berlin);
  EXPECT_EQ(twice.count, 2);
  EXPECT_EQ(utc(twice.first), "2025-10-26T00:30:00Z");
  EXPECT_EQ(utc(twice.second), "2025-10-26T01:30:00Z");
  EXPECT_EQ(to_instants({{2025, 10, 26}, 3, 0, 0}, berlin).count, 1);
  EXPECT_EQ(to_civil(twice.first, berlin), to_civil(twice.second, berlin));
}

TEST(Zones, HalfHourChangeAndMidnightChange) {
  // Lord Howe moves its clocks by half an hour; Beirut's spring change skips midnight.
  const LocalInstants lord_howe =
      to_instants({{2025, 10, 5}, 2, 15, 0}, zone("Australia/Lord_Howe"));
  EXPECT_EQ(lord_howe.count, 0);
  EXPECT_EQ(to_instants({{2025, 10, 5}, 2, 30, 0}, zone("Australia/Lord_Howe")).count, 1);
  EXPECT_EQ(to_instants({{2025, 3, 30}, 0, 0, 0}, zone("Asia/Beirut")).count, 0);
}

TEST(Zones, ADayThatNeverWas) {
  // Samoa crossed the date line: 30 December 2011 does not exist in Apia.
  const LocalInstants skipped = to_instants({{2011, 12, 30}, 12, 0, 0}, zone("Pacific/Apia"));
  EXPECT_EQ(skipped.count, 0);
  EXPECT_EQ(utc(skipped.first), "2011-12-30T10:00:00Z");
}

TEST(Zones, FarthestOffsets) {
  EXPECT_EQ(to_civil(at("2025-06-01T11:00:00Z"), zone("Pacific/Kiritimati")),
            (CivilTime{{2025, 6, 2}, 1, 0, 0}));
  EXPECT_EQ(to_civil(at("2025-06-01T11:00:00Z"), zone("Etc/GMT+12")),
            (CivilTime{{2025, 5, 31}, 23, 0, 0}));
  EXPECT_EQ(to_civil(at("2025-06-01T11:00:00Z"), zone("UTC+14:00")),
            (CivilTime{{2025, 6, 2}, 1, 0, 0}));
}

TEST(Zones, TransitionsStrictlyAhead) {
  const Zone berlin = zone("Europe/Berlin");
  const Instant spring = at("2025-03-30T01:00:00Z");
  EXPECT_EQ(utc(berlin.next_transition(at("2025-01-01"))), utc(spring));
  EXPECT_EQ(utc(berlin.next_transition(spring)), "2025-10-26T01:00:00Z");
  EXPECT_EQ(berlin.offset_at(spring), std::chrono::hours(2));
  EXPECT_EQ(berlin.offset_at(spring - Duration(1)), std::chrono::hours(1));
  EXPECT_EQ(Zone::utc().next_transition(spring), Instant::max());
  EXPECT_EQ(zone("Asia/Tokyo").next_transition(spring), Instant::max());
}

// Changes by the rule are computed here from the calendar alone.
TEST(Zones, RulesGoOnBeyondTheListedYears) {
  const Zone berlin = zone("Europe/Berlin"), new_york = zone("America/New_York");
  const auto sunday_from = [](int year, int month, int day) {
    CivilDate date{year, month, day};
    while (weekday_monday1(date) != 7) ++date.day;
    return days_from_civil(date) * kDay;
  };
  for (int year = 2026; year <= 2261; ++year) {
    const Instant start = Instant(days_from_civil({year, 1, 1}) * kDay);
    const Instant spring = berlin.next_transition(start);
    ASSERT_EQ(spring, Instant(sunday_from(year, 3, 25) + kHour)) << year;
    ASSERT_EQ(berlin.next_transition(spring), Instant(sunday_from(year, 10, 25) + kHour)) << year;
    const Instant march = new_york.next_transition(start);
    ASSERT_EQ(march, Instant(sunday_from(year, 3, 8) + 7 * kHour)) << year;
    ASSERT_EQ(new_york.next_transition(march), Instant(sunday_from(year, 11, 1) + 6 * kHour));
    ASSERT_EQ(berlin.offset_at(spring), std::chrono::hours(2));
    ASSERT_EQ(new_york.offset_at(march - Duration(1)), std::chrono::hours(-5));
  }
}

TEST(Zones, EndsOfTime) {
  for (const char* name : {"UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"}) {
    const Zone z = zone(name);
    EXPECT_EQ(to_civil(Instant::max(), z).date.year, 2262);
    EXPECT_EQ(to_civil(Instant::min(), z).date.year, 1677);
    EXPECT_EQ(to_instants({{9999, 12, 31}, 0, 0, 0}, z).first, Instant::max());
    EXPECT_EQ(to_instants({{1400, 1, 1}, 0, 0, 0}, z).first, Instant::min());
  }
}

// Every wall-clock quarter hour of a year must map back exactly to the instants that show it.
TEST(Zones, CivilRoundTripByBruteForce) {
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
        "Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"}) {
    const Zone z = zone(name);
    const Instant from = at("2011-01-01"), until = at("2012-06-01");
    std::map<CivilTime, std::vector<Instant>> shown;
    for (Instant t = from; t < until; t += 15 * kMinute) shown[to_civil(t, z)].push_back(t);
    for (Instant t = from + 2 * kDay; t < until - 2 * kDay; t += 15 * kMinute) {
      const CivilTime local = to_civil(t, Zone::utc());
      const LocalInstants found = to_instants(local, z);
      const auto expected = shown.find(local);
      const std::size_t count = expected == shown.end() ? 0 : expected->second.size();
      ASSERT_EQ(std::size_t(found.count), count) << name << ' ' << utc(t);
      if (count > 0) {
        ASSERT_EQ(found.first, expected->second[0]) << name << ' ' << utc(t);
      }
      if (count > 1) {
        ASSERT_EQ(found.second, expected->second[1]) << name << ' ' << utc(t);
      }
    }
  }
}

}  // namespace
}  // namespace backcast::policy
