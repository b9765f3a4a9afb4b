// One simulated run with its bill, told to people and to machines: the verdict first, then why,
// then what it was computed from. simulate, validate and compare all speak through this.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "costmodel/bill/budget.h"
#include "costmodel/bill/invoice.h"
#include "reports/parts/table.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/run/replicate.h"
#include "study/run/trials.h"
#include "study/vary/chosen.h"

namespace backcast::reports {

// `run` and `scenario` must not be null; everything pointed to outlives the report.
struct RunReport {
  const sim::RunResult* run = nullptr;
  const sim::Scenario* scenario = nullptr;   // that was run
  const cost::Invoice* invoice = nullptr;    // null: the scenario has no price book
  std::optional<study::Spread> spread;       // of the bills of replications
  std::vector<sim::Summary> measures;        // of replications; empty for one run
  std::optional<cost::BudgetReport> budget;  // of the bill, or of its spread
  std::vector<study::Filling> fillings;      // when what is limited is full
  std::string label;          // names the policy where several are compared; "" = scenario's name
  std::string scenario_file;  // as the user gave it
  std::string scenario_text;  // the document itself, shown among the inputs
  std::vector<study::ChosenValue> chosen;  // by `backcast new`
};

// What it is called: its label, or the scenario's name.
const std::string& label_of(const RunReport& report);

// Both outlive the report.
RunReport report_of(const study::PreparedScenario& prepared, const study::ScenarioRun& run);

struct Style {
  bool color = false;    // ANSI colours
  bool explain = false;  // every invoice line, every requirement's trace, not only the failed ones
};

// Verdict, failures with their trace, restore points and invoice, for a terminal. A few lines for a
// small scenario; never more than about a hundred without `explain`.
std::string to_terminal(const RunReport& report, const Style& style = {});
// The same for a pull request or a chat.
std::string to_markdown(const RunReport& report);
// {"report": "run", "version": 2, …}: verdict, requirements, backups counted by state, invoice with
// exact decimals as strings. With `backups`, every backup too.
std::string to_json(const RunReport& report, bool backups = false);
// JUnit XML as Jenkins, GitLab and GitHub read it: one suite per report, one case per requirement.
// What is unknown is a failure, or skipped where the caller lets it pass. A scenario that could not
// be run is a suite with one case, in error.
struct NotRun {
  std::string name;  // of the scenario, as it was given
  std::string why;   // a line for each fault
};
std::string to_junit(std::span<const RunReport> reports, bool unknown_passes = false,
                     std::span<const NotRun> not_run = {});
// One self-contained page without any request to a network; several reports stand side by side.
std::string to_html(std::span<const RunReport> reports);

// The parts as tables.
Table requirements_table(const sim::RunResult& run);
Table requirements_table(std::span<const RunReport> reports);  // and whose they are
Table backups_table(const RunReport& report);                  // one row per backup and copy
Table invoice_table(const cost::Invoice& invoice);    // one row per line; sums to the total
Table invoice_summary(const cost::Invoice& invoice);  // one row per item and place, all months
// What each provider's bill comes to; they sum exactly to the total.
Table provider_totals(const cost::Invoice& invoice);
// Or one that bills in another currency than the invoice is in.
bool has_several_providers(const cost::Invoice& invoice);

}  // namespace backcast::reports
