// The sections of the HTML report about one run.
#pragma once

#include <string>
#include <vector>

#include "reports/run/headline.h"
#include "reports/run/run_report.h"
#include "sim/requirements/watched.h"

namespace backcast::reports {

// A report with its figures, which are costly for a large fleet and therefore computed once.
struct Told {
  const RunReport& report;
  Headline figures;
  std::vector<sim::Watched> watched;  // by requirement

  explicit Told(const RunReport& r)
      : report(r), figures(headline(*r.run)), watched(sim::watched(*r.scenario, *r.run)) {}
};

std::string verdict_section(const Told& told);
std::string why_section(const Told& told);
std::string inputs_section(const Told& told);

}  // namespace backcast::reports
