// Cost of one next() per kind of schedule, called run after run as the simulator does, and of the
// civil time under it.
#include <benchmark/benchmark.h>

#include "engine/policy/schedule/schedule.h"

namespace {

using namespace backcast;
using namespace backcast::policy;

const Instant kStart = parse_instant("2025-01-01")->instant;
const Instant kEnd = parse_instant("2035-01-01")->instant;

void next_run(benchmark::State& state, const char* text, const char* zone_name) {
  const Schedule schedule = *parse_schedule(text);
  const Zone zone = *Zone::find(zone_name);
  Instant t = kStart;
  for (auto _ : state) {
    const auto run = next(schedule, t, zone);
    t = run && *run < kEnd ? *run : kStart;
  }
  state.SetItemsProcessed(state.iterations());
}

#define NEXT_BENCHMARK(name, text, zone) BENCHMARK_CAPTURE(next_run, name, text, zone)

NEXT_BENCHMARK(cron_daily_utc, "30 2 * * *", "UTC");
NEXT_BENCHMARK(cron_daily_berlin, "30 2 * * *", "Europe/Berlin");
NEXT_BENCHMARK(cron_six_hourly_utc, "0 */6 * * *", "UTC");
NEXT_BENCHMARK(cron_monthly_berlin, "0 0 1 * *", "Europe/Berlin");
NEXT_BENCHMARK(cron_leap_day_monday, "0 0 29 2 */7", "Europe/Berlin");
NEXT_BENCHMARK(cron_never, "0 0 30 2 *", "Europe/Berlin");
NEXT_BENCHMARK(zilliz, "zilliz: 1,2,3,5 02:00-04:00", "UTC");
NEXT_BENCHMARK(every, "@every 12h", "UTC");
NEXT_BENCHMARK(qdrant, "qdrant: 0 2 * * 1-5", "UTC");
NEXT_BENCHMARK(robfig, "robfig: 0 30 2 * * *", "Europe/Berlin");
NEXT_BENCHMARK(oncalendar, "oncalendar: Mon..Fri 02:30 Europe/Berlin", "UTC");
NEXT_BENCHMARK(aws, "aws: cron(0 2 ? * 6#3 *)", "UTC");
NEXT_BENCHMARK(kopia, "kopia: every 6h at 09:00,18:00", "Europe/Berlin");

void civil_time(benchmark::State& state, const char* zone_name) {
  const Zone zone = *Zone::find(zone_name);
  Instant t = kStart;
  for (auto _ : state) {
    benchmark::DoNotOptimize(to_civil(t, zone));
    t += 7919 * kSecond;
    if (t > kEnd) t = kStart;
  }
}
BENCHMARK_CAPTURE(civil_time, utc, "UTC");
BENCHMARK_CAPTURE(civil_time, berlin, "Europe/Berlin");

void wall_clock_to_instants(benchmark::State& state) {
  const Zone zone = *Zone::find("Europe/Berlin");
  std::int64_t local = unix_seconds(kStart);
  for (auto _ : state) {
    benchmark::DoNotOptimize(to_instants(civil_from_local_seconds(local), zone));
    local += 7919;
    if (local > unix_seconds(kEnd)) local = unix_seconds(kStart);
  }
}
BENCHMARK(wall_clock_to_instants);

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_schedule("*/15 2-5,7 1,15 * mon-fri"));
}
BENCHMARK(parse);

}  // namespace
