// A scenario run and billed: what every study of one stands on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "engine/base/error.h"
#include "scenarios/load/load.h"
#include "sim/model/result.h"
#include "sim/run/run.h"
#include "study/run/changed_fields.h"

namespace backcast::study {

// What is asked of a scenario beside its document.
struct Question {
  std::string name;                   // of the scenario, as its user calls it
  std::optional<std::uint64_t> seed;  // instead of the document's
  std::string until;                  // stop the run here: RFC 3339, or "+90d" after its start
  std::vector<FieldValue> changes;    // of the document
  std::vector<FieldValue> assumed;    // the same, of what nobody states
  scenario::Given given;              // the same that the document was loaded with
  bool bill = true;                   // where the scenario has a price book
  bool tells_ages = false;            // usage tells the age of what was deleted, book or not
};

// A scenario that is ready to run, as often as wanted and from several threads.
struct PreparedScenario {
  scenario::Loaded loaded;
  std::shared_ptr<const cost::PriceBook> book;  // null: no bill
  std::string name;                             // as Question::name
  std::vector<std::string> not_billed;          // as RunResult::not_billed
  std::vector<sim::Scenario> extremes;          // of its scenario, see sim/run/extremes.h
  std::shared_ptr<const Question> question;     // that it is an answer to
};

struct ScenarioRun {
  sim::RunResult result;
  std::optional<cost::Invoice> invoice;  // none without a price book
};

// The document with the changes that are asked for. Errors: every fault of the changed document; an
// assumption about what the document states.
Result<scenario::Loaded, Errors> changed(scenario::Loaded written, const Question& question);
// Ready to run as it is, but for the seed and the end that are asked for. The price book is found
// and checked before anything is simulated. Errors: every fault of the book; an end outside the
// run.
Result<PreparedScenario, Errors> prepare_changed(scenario::Loaded loaded, const Question& question);
// Both of them.
Result<PreparedScenario, Errors> prepare(scenario::Loaded written, const Question& question = {});

// Where a time that decides is stated by nobody, its extremes run as well, and the requirements
// tell what all of them share. Errors: the usage that no row prices.
Result<ScenarioRun, Errors> run(const PreparedScenario& prepared,
                                const sim::RunOptions& options = {});

// The same for a variant of its scenario, which runs as it is.
Result<sim::RunResult, Errors> run_variant(const PreparedScenario& prepared,
                                           const sim::Scenario& variant,
                                           const sim::RunOptions& options);

}  // namespace backcast::study
