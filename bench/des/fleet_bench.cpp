// fleet_bench [SERVICES] [YEARS]: the full policy model (schedule, deltas, retention, ledger) over
// a fleet that shares nothing, on one core and on two, and beside it ns-3's best event list on the
// bare work of as many services (no policy at all).
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/des/work.h"
#include "sim/run/fleet.h"

using namespace backcast;

namespace {

sim::Scenario scenario_of(std::uint64_t services, long years) {
  sim::Scenario scenario;
  scenario.start = from_unix_seconds(1'767'225'600);
  scenario.end = scenario.start + kDay * (365 * years);
  scenario.seed = 1;
  scenario.projects.emplace_back().name = "all";
  sim::Fleet fleet;
  fleet.name = "tenant";
  fleet.count = services;
  fleet.size_bytes = {sim::Distribution::Kind::kLogNormal, 20e9, 1.5};
  sim::Service& service = fleet.service;
  service.name = fleet.name;
  service.region = "home";
  service.workload.size_bytes = 1'000'000'000;
  service.workload.growth.bytes_per_day = 10'000'000;
  service.job.speed.rate_bytes_per_second = 0;
  service.delta.kind = sim::DeltaModel::Kind::kLifetimes;
  service.delta.curve = {0.05, 0.8, 0.25, 0.04, 0.002};
  sim::ServiceSchedule schedule;
  schedule.rule = policy::parse_schedule("30 2 * * *").value();
  schedule.from = scenario.start;
  service.schedules.push_back(schedule);
  service.retention =
      policy::parse_policy("restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 12").value();
  scenario.fleets.push_back(std::move(fleet));
  return scenario;
}

struct Timed {
  double seconds = 0;
  sim::FleetTotals totals;
  std::uint64_t records = 0, fold = 0;
};

Timed run(const sim::Scenario& scenario, unsigned threads) {
  Timed timed;
  const auto begin = std::chrono::steady_clock::now();
  sim::FleetRun run =
      sim::run_fleet(scenario, 0, {.threads = threads}, [&](const UsageRecord& record) {
        ++timed.records;
        timed.fold = (timed.fold ^ record.quantity) * 0x100000001B3ULL;
      });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  timed.seconds = took.count();
  timed.totals = std::move(run.totals);
  return timed;
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

int main(int argc, char** argv) {
  const auto services = static_cast<std::uint64_t>(argc > 1 ? std::atol(argv[1]) : 20'000);
  const long years = argc > 2 ? std::atol(argv[2]) : 10;
  const long before_kib = peak_kib();
  const sim::Scenario scenario = scenario_of(services, years);
  const Timed two = run(scenario, 2);
  const long after_kib = peak_kib();
  const Timed one = run(scenario, 1);
  const auto backups = static_cast<double>(one.totals.backups.made);
  std::printf("%llu services, %ld years: %.4g backups, %.4g deletions, %llu ledger records\n",
              static_cast<unsigned long long>(services), years, backups,
              static_cast<double>(one.totals.backups.deleted),
              static_cast<unsigned long long>(one.records));
  std::printf("one core   %8.2f s  %6.1f ns per backup\n", one.seconds,
              one.seconds / backups * 1e9);
  std::printf("two cores  %8.2f s  %.2fx%s\n", two.seconds, one.seconds / two.seconds,
              one.fold == two.fold ? ", the same ledger" : ", ANOTHER LEDGER");
  std::printf("memory grew by %.1f bytes per service\n",
              1024.0 * static_cast<double>(after_kib - before_kib) / static_cast<double>(services));
#ifdef BACKCAST_BENCH_NS3
  bench_des::Work work(static_cast<std::uint32_t>(services), services > 200'000 ? 10 : 50);
  const double ns3_seconds = bench_des::run_ns3(work);
  const double ns3_rate = static_cast<double>(services) * work.days / ns3_seconds;
  std::printf(
      "ns-3's best list on the bare work: %.2f million service-days a second; the full policy "
      "model "
      "%.2f million on one core: %.1fx\n",
      ns3_rate / 1e6, backups / one.seconds / 1e6, backups / one.seconds / ns3_rate);
#endif
  return one.fold == two.fold ? 0 : 1;
}
