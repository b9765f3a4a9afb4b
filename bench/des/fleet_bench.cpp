// fleet_bench [SERVICES] [YEARS] [COHORTS]: the full policy model (schedule, deltas, retention,
// ledger) over a fleet that shares nothing, on one core and on all, and what a million services for
// ten years take at that speed.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/fleet.h"

using namespace backcast;

namespace {

double seconds_of(const std::vector<sim::FleetCohort>& cohorts,
                  const std::vector<sim::FleetMember>& members, sim::FleetOptions options,
                  unsigned threads, sim::FleetRun& run) {
  options.threads = threads;
  const auto begin = std::chrono::steady_clock::now();
  auto result = sim::run_fleet(cohorts, members, options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (!result.ok()) {
    std::fprintf(stderr, "fleet_bench: %s\n", to_string(result.error()).c_str());
    std::exit(1);
  }
  run = std::move(*result);
  return took.count();
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, long otherwise) {
    return argc > i ? std::atol(argv[i]) : otherwise;
  };
  const auto services = static_cast<std::uint32_t>(argument(1, 20'000));
  const long years = argument(2, 10);
  const auto cohort_count = static_cast<std::uint32_t>(argument(3, 96));
  std::vector<sim::FleetCohort> cohorts;
  for (std::uint32_t c = 0; c < cohort_count; ++c) {  // starts spread over the night
    sim::FleetCohort cohort;
    cohort.schedule = policy::parse_schedule(std::to_string(c % 60) + " " +
                                             std::to_string(c / 60 % 24) + " * * *")
                          .value();
    cohort.retention =
        policy::parse_policy("restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 12").value();
    cohort.delta.kind = sim::DeltaModel::Kind::kLifetimes;
    cohort.delta.curve = {0.05, 0.8, 0.25, 0.04, 0.002};
    cohorts.push_back(cohort);
  }
  std::vector<sim::FleetMember> members;
  const sim::Draws draws(1, 0);
  const sim::Distribution size{sim::Distribution::Kind::kLogNormal, 20e9, 1.5};
  for (std::uint32_t i = 0; i < services; ++i) {
    members.push_back(
        {static_cast<std::uint64_t>(size.draw(draws, i, sim::Purpose::kFleet, 0)), 10'000'000,
         static_cast<std::uint32_t>(std::uint64_t{i} * cohort_count / services), 0.5F});
  }
  const Instant start = from_unix_seconds(1'767'225'600);
  const sim::FleetOptions options{start, start + kDay * (365 * years), 1, 0, 0};
  sim::FleetRun one, all;
  const double alone = seconds_of(cohorts, members, options, 1, one);
  const double together = seconds_of(cohorts, members, options, 2, all);
  const double days = static_cast<double>(one.backups);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%u services, %ld years, %u cohorts: %.3g backups, %.3g deletions\n", services, years,
              cohort_count, days, static_cast<double>(one.deletions));
  std::printf("one core   %8.2f s  %6.1f ns per backup  %6.2f M service-days/s\n", alone,
              alone / days * 1e9, days / alone / 1e6);
  std::printf("two cores  %8.2f s  %.2fx\n", together, alone / together);
  std::printf("a million services for ten years on two cores: %.1f min at this speed\n",
              together / days * 3.65e9 / 60);
  std::printf("state per service: %zu bytes; peak memory of the process %.0f MB\n",
              sizeof(sim::FleetMember) + sizeof(sim::FleetOutcome),
              static_cast<double>(usage.ru_maxrss) / 1024);
}
