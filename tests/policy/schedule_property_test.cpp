// Random schedules in zones whose clocks change: next() against walks over every minute, written
// from the tools' descriptions and sharing no code with it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "engine/policy/schedule/schedule.h"

namespace backcast::policy {
namespace {

const char* const kZones[] = {"UTC",
                              "Europe/Berlin",
                              "America/New_York",
                              "Australia/Lord_Howe",
                              "America/Santiago",
                              "Africa/Cairo",
                              "Pacific/Kiritimati"};
// Days on which some of these zones change their clocks, and some ordinary ones.
const char* const kDays[] = {"2025-03-29", "2025-10-25", "2025-03-08", "2025-11-01",
                             "2025-10-04", "2025-04-05", "2025-09-06", "2025-04-24",
                             "2025-10-30", "2025-02-27", "2024-02-28", "2025-12-30"};

// One field of a cron line: its text and, worked out apart from the parser, its values.
struct Field {
  std::string text;
  std::set<int> values;
  bool starred = false;       // begins with *
  bool unrestricted = false;  // is *
};

rc::Gen<Field> field_gen(int low, int high) {
  return rc::gen::exec([=] {
    const auto value = [&] { return *rc::gen::inRange(low, high + 1); };
    Field f;
    const int shape = *rc::gen::inRange(0, 6);
    if (shape <= 1) {
      f.text = "*";
      f.starred = f.unrestricted = true;
      for (int v = low; v <= high; ++v) f.values.insert(v);
    } else if (shape == 2) {
      const int step = *rc::gen::inRange(2, 21);
      f.text = "*/" + std::to_string(step);
      f.starred = true;
      for (int v = low; v <= high; v += step) f.values.insert(v);
    } else if (shape == 3) {
      const int a = value(), b = value();
      f.text = std::to_string(std::min(a, b)) + '-' + std::to_string(std::max(a, b));
      for (int v = std::min(a, b); v <= std::max(a, b); ++v) f.values.insert(v);
    } else {
      const int count = *rc::gen::inRange(1, 4);
      for (int i = 0; i < count; ++i) {
        const int v = value();
        f.text += (i == 0 ? "" : ",") + std::to_string(v);
        f.values.insert(v);
      }
    }
    return f;
  });
}

struct Line {
  Field minute, hour, day, month, weekday;
  std::string text() const {
    return minute.text + ' ' + hour.text + ' ' + day.text + ' ' + month.text + ' ' + weekday.text;
  }
  bool names(const CivilTime& t, bool either_day) const {
    const int dow = weekday_monday1(t.date) % 7;
    const bool on_weekday =
        weekday.values.count(dow) > 0 || (dow == 0 && weekday.values.count(7) > 0);
    const bool on_day = day.values.count(t.date.day) > 0;
    return minute.values.count(t.minute) > 0 && hour.values.count(t.hour) > 0 &&
           month.values.count(t.date.month) > 0 &&
           (either_day ? on_weekday || on_day : on_weekday && on_day);
  }
};

rc::Gen<Line> line_gen(int last_weekday) {
  return rc::gen::exec([=] {
    Line line{*field_gen(0, 59), *field_gen(0, 23), *field_gen(1, 31), *field_gen(1, 12),
              *field_gen(0, last_weekday)};
    return line;
  });
}

struct Span {
  Instant from;
  Instant until;
};

Span any_days() {
  const Instant day = parse_instant(kDays[*rc::gen::inRange(0, int(std::size(kDays)))])->instant;
  return {day, day + 4 * kDay};
}

Zone any_zone() {
  return *Zone::find(kZones[*rc::gen::inRange(0, int(std::size(kZones)))]);
}

std::vector<Instant> runs_of(const Schedule& schedule, const Zone& zone, const Span& span) {
  std::vector<Instant> runs;
  for (auto t = next(schedule, span.from, zone); t && *t < span.until;
       t = next(schedule, *t, zone)) {
    runs.push_back(*t);
  }
  return runs;
}

// Fails the property with the first run that differs.
void expect_same(const std::vector<Instant>& ours, const std::vector<Instant>& walked) {
  const auto [a, b] = std::mismatch(ours.begin(), ours.end(), walked.begin(), walked.end());
  if (a != ours.end()) RC_LOG() << "next() gives " << format_instant(*a) << '\n';
  if (b != walked.end()) RC_LOG() << "the walk gives " << format_instant(*b) << '\n';
  const bool same = a == ours.end() && b == walked.end();
  RC_ASSERT(same);
}

// cronie's daemon as its comments describe it: a virtual clock of local minutes that waits when
// clocks go back and is caught up when they go forward.
std::vector<Instant> walk_like_cronie(const Line& line, const Zone& zone, const Span& span) {
  const bool either = !line.day.starred && !line.weekday.starred;
  const bool follows_clock = line.minute.starred || line.hour.starred;
  const auto local_minute = [&](Instant t) {
    return (unix_seconds(t) + zone.offset_at(t).count()) / 60;
  };
  const auto named = [&](std::int64_t minute) {
    return line.names(civil_from_local_seconds(minute * 60), either);
  };
  std::vector<Instant> runs;
  std::int64_t virtual_minute = local_minute(span.from - kDay);
  for (Instant t = span.from - kDay + kMinute; t < span.until; t += kMinute) {
    const std::int64_t now = local_minute(t);
    const std::int64_t ahead = now - virtual_minute;
    bool run = false;
    if (ahead > 0 && ahead <= 180) {
      for (std::int64_t m = virtual_minute + 1; m <= now; ++m) {
        if (!follows_clock || m == now || ahead <= 5) run = run || named(m);
      }
      virtual_minute = now;
    } else if (ahead <= 0 && ahead >= -180) {
      run = follows_clock && named(now);
    } else {
      run = named(now);
      virtual_minute = now;
    }
    if (run && t > span.from) runs.push_back(t);
  }
  return runs;
}

// Every minute whose wall-clock time is named; with `once`, only where that time shows first.
std::vector<Instant> walk_minutes(const Line& line, bool either, bool once, const Zone& zone,
                                  const Span& span) {
  std::set<CivilTime> seen;
  std::vector<Instant> runs;
  for (Instant t = span.from - kDay; t < span.until; t += kMinute) {
    const CivilTime local = to_civil(t, zone);
    if (!line.names(local, either)) continue;
    const bool first = seen.insert(local).second;
    if ((first || !once) && t > span.from) runs.push_back(t);
  }
  return runs;
}

RC_GTEST_PROP(ScheduleProperties, CronieEqualsAWalkOverAllMinutes, ()) {
  const Line line = *line_gen(7);
  const Zone zone = any_zone();
  const Span span = any_days();
  RC_LOG() << line.text() << " in " << zone.name() << " from " << format_instant(span.from) << '\n';
  const auto schedule = parse_schedule(line.text());
  RC_ASSERT(schedule.ok());
  expect_same(runs_of(*schedule, zone, span), walk_like_cronie(line, zone, span));
}

RC_GTEST_PROP(ScheduleProperties, RobfigRunsAtEveryShowing, ()) {
  const Line line = *line_gen(6);
  const Zone zone = any_zone();
  const Span span = any_days();
  RC_LOG() << line.text() << " in " << zone.name() << " from " << format_instant(span.from) << '\n';
  const bool either = !line.day.unrestricted && !line.weekday.unrestricted;
  for (const char* kind : {"robfig: ", "cronexpr: "}) {
    const auto schedule = parse_schedule(kind + line.text());
    RC_ASSERT(schedule.ok());
    const auto runs = runs_of(*schedule, zone, span);
    expect_same(runs, walk_minutes(line, either, false, zone, span));
  }
}

RC_GTEST_PROP(ScheduleProperties, AwsRunsOnceWhereClocksGoBack, ()) {
  Line line = *line_gen(6);
  for (Field* f : {&line.day, &line.weekday}) {
    if (f->text.starts_with("*/")) *f = Field{"3", {3}};
  }
  const bool by_weekday = *rc::gen::arbitrary<bool>();
  // AWS numbers Sunday 1, and one of the day fields is "?".
  std::string weekdays;
  for (const int v : line.weekday.values) {
    weekdays += (weekdays.empty() ? "" : ",") + std::to_string(v % 7 + 1);
  }
  const std::string text = "aws: cron(" + line.minute.text + ' ' + line.hour.text + ' ' +
                           (by_weekday ? "?" : line.day.text) + ' ' + line.month.text + ' ' +
                           (by_weekday ? weekdays : "?") + " *)";
  Field all;
  for (int v = 0; v <= 31; ++v) all.values.insert(v);
  (by_weekday ? line.day : line.weekday) = all;
  const Zone zone = any_zone();
  const Span span = any_days();
  RC_LOG() << text << " in " << zone.name() << " from " << format_instant(span.from) << '\n';
  const auto schedule = parse_schedule(text);
  RC_ASSERT(schedule.ok());
  expect_same(runs_of(*schedule, zone, span), walk_minutes(line, false, true, zone, span));
}

// Any text of any kind.
rc::Gen<std::string> spec_gen() {
  return rc::gen::exec([] {
    const Line line = *line_gen(6);
    const auto pick = [](std::vector<std::string> of) {
      return of[static_cast<std::size_t>(*rc::gen::inRange(0, int(of.size())))];
    };
    const std::string number = std::to_string(*rc::gen::inRange(1, 2000));
    const std::string days = pick({"1", "2,4", "1,2,3,5", "7", "6,7", "daily"});
    return pick({line.text(), "CRON_TZ=Europe/Berlin " + line.text(), "robfig: 0 " + line.text(),
                 "robfig: */7 " + line.text(), "cronexpr: " + line.text(),
                 "cronexpr: " + line.minute.text + ' ' + line.hour.text + " LW,15W * 5#3,1L",
                 "aws: cron(" + line.minute.text + ' ' + line.hour.text + " L * ? 2025-2031)",
                 "aws: rate(" + number + " minutes)", "@every " + number + "m",
                 "zilliz: " + days + " 23:30-01:30 +" + number + "s",
                 "kopia: every " + number + "m at 02:30,18:00 run-missed",
                 "kopia: at 00:00 cron " + line.text(), "qdrant: @weekly", "zerops: weekly",
                 "oncalendar: Mon..Fri 02:30 America/New_York", "oncalendar: *-*~03/1 *:0/17",
                 "monthly 31 12:00", "none"});
  });
}

RC_GTEST_PROP(ScheduleProperties, NextIsStrictlyLaterAndPrintingReadsBack, ()) {
  const std::string text = *spec_gen();
  const Zone zone = any_zone();
  const auto schedule = parse_schedule(text);
  RC_ASSERT(schedule.ok());
  const std::string printed = print(*schedule);
  RC_LOG() << text << " prints " << printed << '\n';
  const auto again = parse_schedule(printed);
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == *schedule);
  Instant t = any_days().from + Duration(*rc::gen::inRange<std::int64_t>(0, kDay.count()));
  for (int i = 0; i < 20; ++i) {
    const auto run = next(*schedule, t, zone);
    if (!run) break;
    RC_ASSERT(*run > t);
    // Nothing lies between: asking from just before the run finds the same run.
    if (!std::holds_alternative<EverySchedule>(*schedule) &&
        !std::holds_alternative<KopiaSchedule>(*schedule)) {
      RC_ASSERT(next(*schedule, *run - Duration(1), zone) == run);
    }
    t = *run;
  }
}

TEST(ScheduleProperties, WhatNeverRunsIsFoundQuickly) {
  const Instant t = parse_instant("2025-01-01")->instant;
  for (const char* text :
       {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 * * fri-mon", "oncalendar: *-02-30",
        "aws: cron(0 0 30 2 ? *)", "robfig: 0 0 0 30 2 ?", "oncalendar: 2020-01-01"}) {
    for (const char* zone : kZones) {
      EXPECT_FALSE(next(*parse_schedule(text), t, *Zone::find(zone))) << text << ' ' << zone;
    }
  }
}

TEST(ScheduleProperties, EndsOfTime) {
  for (const char* text :
       {"0 0 1 1 *", "oncalendar: daily", "robfig: * * * * * *", "@every 1h30m", "@every 800000h",
        "cron: CRON_TZ=Europe/Berlin 30 2 * * *", "zilliz: 3 23:00-01:00", "aws: rate(1 minute)",
        "kopia: every 1h at 00:00,23:59 run-missed cron 0 12 * * *", "qdrant: @daily"}) {
    const Schedule schedule = *parse_schedule(text);
    for (const char* name : kZones) {
      const Zone zone = *Zone::find(name);
      EXPECT_FALSE(next(schedule, Instant::max(), zone)) << text;
      EXPECT_FALSE(next(schedule, Instant::max() - kHour, zone)) << text;
      const auto first = next(schedule, Instant::min(), zone);
      EXPECT_TRUE(first && *first > Instant::min()) << text;
    }
  }
}

}  // namespace
}  // namespace backcast::policy
