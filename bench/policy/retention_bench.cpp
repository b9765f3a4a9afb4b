// Planning 100,000 restore points under every dialect on one core, and a fleet of 10,000 histories
// in parallel.
#include <benchmark/benchmark.h>
#include <tbb/parallel_for.h>

#include <atomic>

#include "engine/policy/retention/retention.h"

namespace backcast::policy {
namespace {

constexpr Duration kStep = std::chrono::minutes(53);
constexpr const char* kPolicies[] = {
    "native: --keep-last 10 --keep-hourly 48 --keep-daily 30 --keep-weekly 8 --keep-monthly 24 "
    "--keep-tag prod",
    "zerops: maxTotalFiles=50000 maxTotalGiB=1024",
    "zilliz: retentionDays=30",
    "qdrant: --retention-days 365",
    "restic: --keep-last 10 --keep-hourly 48 --keep-daily 30 --keep-weekly 8 --keep-monthly 24 "
    "--keep-yearly 10 --keep-within 1y2m --keep-tag prod",
    "borg: --keep-within 2d -H 48 -d 30 -w 8 -m 24 -y 10",
    "borg2: --keep-within 2d -H 48 -d 30 -w 8 -m 24 -y 10",
    "kopia: --defaults",
    "pbs: --keep-last 10 --keep-hourly 48 --keep-daily 30 --keep-weekly 8 --keep-monthly 24 "
    "--keep-yearly 10",
    "sanoid: hourly=48 daily=30 monthly=24 yearly=10",
    "duplicacy: -keep 0:1800 -keep 30:180 -keep 7:30 -keep 1:7",
    "veeam: --days 14 --weekly 4 --monthly 12 --yearly 10",
    "aws: --cold-after-days 30 --delete-after-days 365",
};

std::vector<Snapshot> history(std::size_t count) {
  constexpr const char* kTypes[] = {"hourly", "daily", "monthly", "yearly"};
  std::vector<Snapshot> snapshots(count);
  for (std::size_t i = 0; i < count; ++i) {
    Snapshot& s = snapshots[i];
    s.time = from_unix_seconds(1'500'000'000) + static_cast<std::int64_t>(i) * kStep;
    s.id = "tank/data@autosnap_" + std::to_string(i) + "_" + kTypes[i % 4];
    s.size_bytes = 1 << 20;
    s.host = "web-1";
    s.paths = {"/srv", "/etc"};
    s.tags = {i % 100 == 0 ? "prod" : i % 30 == 0 ? "weekly" : "daily"};
  }
  return snapshots;
}

PlanContext context_after(const std::vector<Snapshot>& snapshots) {
  return {snapshots.back().time + kStep, Zone::find("Europe/Berlin").value()};
}

void plan_100000(benchmark::State& state) {
  const RetentionPolicy policy = parse_policy(kPolicies[state.range(0)]).value();
  const auto snapshots = history(100'000);
  const PlanContext context = context_after(snapshots);
  for (auto _ : state) benchmark::DoNotOptimize(plan(policy, snapshots, context));
  const std::string_view words = kPolicies[state.range(0)];
  state.SetLabel(std::string(words.substr(0, words.find(':'))));
}
BENCHMARK(plan_100000)->DenseRange(0, std::size(kPolicies) - 1)->Unit(benchmark::kMillisecond);

// Each history is planned from bare numbers, as the simulator does it.
void plan_fleet(benchmark::State& state) {
  const RetentionPolicy policy = parse_policy(kPolicies[4]).value();
  const auto snapshots = history(200);
  std::vector<Point> points;
  for (const Snapshot& s : snapshots) points.push_back(to_point(policy, s));
  const PlanContext context = context_after(snapshots);
  for (auto _ : state) {
    std::atomic<std::size_t> kept{0};
    tbb::parallel_for(tbb::blocked_range<int>(0, 10'000), [&](const auto& range) {
      Plan scratch;
      std::size_t sum = 0;
      for (int h = range.begin(); h != range.end(); ++h) {
        plan(policy, points, context, scratch);
        for (const Verdict& v : scratch.verdicts) sum += v.keep;
      }
      kept += sum;
    });
    benchmark::DoNotOptimize(kept.load());
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(plan_fleet)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace backcast::policy

BENCHMARK_MAIN();
