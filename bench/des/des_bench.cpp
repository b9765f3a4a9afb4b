// Events per second of each engine on the same work, and the ratios between them. A run ends with
// the table that issue readers compare: ratios of one session, never absolute times.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "bench/des/work.h"

namespace {

using bench_des::Engine;
using bench_des::Work;

constexpr std::uint64_t kMinEvents = 6'000'000;

std::map<std::pair<std::string, std::int64_t>, double> g_best_events_per_second;
std::map<std::int64_t, std::uint64_t> g_checksums;

void run(benchmark::State& state, const std::string& name, Engine engine) {
  const auto services = static_cast<std::uint32_t>(state.range(0));
  const auto days =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(3, kMinEvents / (2 * services)));
  std::uint64_t events = 0;
  for (auto _ : state) {
    Work work(services, days);
    const double seconds = engine(work);
    state.SetIterationTime(seconds);
    const std::uint64_t checksum = work.checksum();
    if (g_checksums.emplace(services, checksum).first->second != checksum) {
      state.SkipWithError("checksum differs from the other engines");
      return;
    }
    events += work.events();
    double& best = g_best_events_per_second[{name, services}];
    best = std::max(best, static_cast<double>(work.events()) / seconds);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}

void print_link_ratios() {
#ifdef BACKCAST_BENCH_SIMGRID
  std::printf("\n%-34s %14s %14s %10s %12s\n", "shared link, live transfers", "ours /s",
              "SimGrid /s", "ratio", "sum differs");
  for (const std::uint32_t transfers : {100U, 1'000U}) {
    bench_des::LinkRun ours = bench_des::run_link(transfers);
    for (int i = 0; i < 20; ++i) {
      ours.seconds = std::min(ours.seconds, bench_des::run_link(transfers).seconds);
    }
    const bench_des::LinkRun theirs = bench_des::run_simgrid_link(transfers);
    std::printf("%-34u %14.0f %14.0f %9.0fx %12.1e\n", transfers, transfers / ours.seconds,
                transfers / theirs.seconds, theirs.seconds / ours.seconds,
                std::abs(ours.sum_of_ends / theirs.sum_of_ends - 1));
  }
#endif
}

void print_ratios() {
  const auto speed = [](const char* name, std::int64_t services) {
    const auto found = g_best_events_per_second.find({name, services});
    return found == g_best_events_per_second.end() ? 0.0 : found->second;
  };
  std::printf("\n%-34s %10s %10s %10s\n", "kernel against (best of run)", "1e3", "1e5", "1e6");
  for (const char* other : {"presorted", "textbook", "ns3", "simgrid_timers", "lanes"}) {
    std::printf("%-34s", other);
    for (const std::int64_t services : {1'000, 100'000, 1'000'000}) {
      const double kernel = speed("kernel", services), base = speed(other, services);
      if (kernel > 0 && base > 0) {
        std::printf(" %9.2fx", kernel / base);
      } else {
        std::printf(" %10s", "-");
      }
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::pair<const char*, Engine> engines[] = {
      {"kernel", bench_des::run_kernel},
      {"textbook", bench_des::run_textbook},
      {"presorted", bench_des::run_presorted},
      {"lanes", bench_des::run_lanes},
#ifdef BACKCAST_BENCH_NS3
      {"ns3", bench_des::run_ns3},
#endif
#ifdef BACKCAST_BENCH_SIMGRID
      {"simgrid_timers", bench_des::run_simgrid_timers},
#endif
  };
  for (const auto& [name, engine] : engines) {
    benchmark::RegisterBenchmark(name, [name = std::string(name), engine = engine](
                                           benchmark::State& s) { run(s, name, engine); })
        ->Arg(1'000)
        ->Arg(100'000)
        ->Arg(1'000'000)
        ->UseManualTime()
        ->Iterations(3)
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  print_ratios();
  print_link_ratios();
}
