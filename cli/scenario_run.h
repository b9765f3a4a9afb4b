// Load a scenario, run it, bill it: what simulate, validate and compare have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.h"
#include "costmodel/invoice.h"
#include "engine/base/error.h"
#include "reports/run_report.h"
#include "scenarios/load.h"
#include "sim/result.h"

namespace backcast::cli {

struct ScenarioOptions {
  std::string file;                   // path, "-", or the name of a shipped scenario
  std::optional<std::uint64_t> seed;  // instead of the document's
  std::string until;                  // stop the run here: RFC 3339, or "+90d"
  unsigned threads = 0;
  bool bill = true;
};

struct ScenarioRun {
  scenario::Loaded loaded;
  sim::RunResult result;
  std::optional<cost::Invoice> invoice;  // none without a price book
  std::string file, text;

  reports::RunReport report() const;
};

// The price book is found and checked before anything is simulated. Errors: every fault of the
// document, the book, or the usage that no row prices.
Result<ScenarioRun, Errors> run_scenario(const ScenarioOptions& options);

// Options that every verb running scenarios has.
void add_scenario_options(CLI::App& verb, ScenarioOptions& options);

}  // namespace backcast::cli
