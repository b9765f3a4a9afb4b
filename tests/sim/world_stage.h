// A small scenario and a stage's time, for tests that put parts of a world on a stage.
#pragma once

#include <string_view>

#include "sim/world/stage.h"

namespace backcast::sim {

inline Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}

// Time passes; what was on the agenda until then is left out.
inline void move_to(Stage& stage, Instant when) {
  stage.agenda.push(when, Due::kManual, 0);
  while (stage.now() < when) stage.agenda.pop();
}

// Two services of 1 GB in one project that run daily at 02:00, each backup a full one; no more than
// one job at once.
inline Scenario two_services() {
  Scenario s;
  s.start = at("2026-01-01");
  s.end = s.start + 10 * kDay;
  s.projects.emplace_back();
  for (const char* name : {"a", "b"}) {
    Service service;
    service.name = name;
    service.region = name == std::string_view("a") ? "here" : "there";
    service.workload.size_bytes = 1'000'000'000;
    service.delta.kind = DeltaModel::Kind::kFull;
    service.job.speed.rate_bytes_per_second = 10'000'000;
    ServiceSchedule daily;
    daily.rule = *policy::parse_schedule("0 2 * * *");
    daily.from = s.start;
    service.schedules.push_back(daily);
    s.services.push_back(service);
  }
  s.links.push_back({"here", "there", 1'000'000'000, 0});
  s.limits.emplace_back();
  return s;
}

}  // namespace backcast::sim
