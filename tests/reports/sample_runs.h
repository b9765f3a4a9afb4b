// Runs made by hand for the report's tests: small ones whose every figure is known, one with
// hostile text everywhere, and a fleet.
#pragma once

#include <memory>

#include "reports/charts/charts.h"
#include "reports/run/run_report.h"

namespace backcast::reports {

// A run and its bill that live together; `report` points into them.
struct Sample {
  sim::Scenario scenario;
  sim::RunResult run;
  cost::Invoice invoice;
  RunReport report() const;
  std::string scenario_text;
};

// One 20 GB service, backed up daily for 60 days from 2026-01-01, kept 7 days, copied to a second
// region two hours later; one backup fails on day 40, so the 26 h RPO fails once. 2.80 USD.
Sample daily_sample();
// The same with `poison` in every string a scenario or a provider could choose.
Sample hostile_sample(const std::string& poison);
// A heat map of 3 × 4 cells and a front of three among ten candidates.
ChartPage sweep_page();
// `services` services backed up weekly for `years`, kept 5 weeks.
Sample fleet_sample(std::uint32_t services, int years);

}  // namespace backcast::reports
