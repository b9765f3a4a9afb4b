// Runs that go on with a history, and what must come out of them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/run/run.h"
#include "study/history/forecast.h"

namespace backcast::sim::testing {

// One service that goes on with a history; backups take no time.
inline Scenario scenario_with(std::vector<policy::Snapshot> history, const std::string& policy,
                              const std::string& schedule, Instant start, Instant end) {
  Scenario scenario;
  scenario.start = start;
  scenario.end = end;
  scenario.projects.emplace_back();
  Service service;
  service.name = "web";
  service.region = "home";
  service.job.speed.rate_bytes_per_second = 0;  // backups take no time
  service.workload.size_bytes = history.empty() ? 1000 : history.back().size_bytes;
  service.history = std::move(history);
  service.retention = policy::parse_policy(policy).value();
  service.delta.kind = DeltaModel::Kind::kLifetimes;
  service.delta.curve.w1 = 1;
  service.delta.curve.rate1 = 0.02;
  ServiceSchedule run;
  run.rule = policy::parse_schedule(schedule).value();
  run.from = start;
  service.schedules.push_back(std::move(run));
  scenario.services.push_back(std::move(service));
  return scenario;
}

// Birth of each restore point that is there when the run ends.
inline std::multiset<Instant> left_at_the_end(const RunResult& run) {
  std::multiset<Instant> left;
  for (const BackupRecord& b : run.backups) {
    if (b.state == BackupState::kAvailable) left.insert(b.born);
  }
  return left;
}

// The same by the rule book's own forecast.
inline std::multiset<Instant> forecast_left(const Service& service, Instant start, Instant until) {
  const auto forecast = study::forecast(*service.retention, service.history,
                                        service.schedules[0].rule, {start, service.zone}, until)
                            .value();
  std::multiset<Instant> left;
  for (const policy::Snapshot& s : forecast.left) left.insert(s.trusted_time());
  return left;
}

}  // namespace backcast::sim::testing
