#include "cli/varied.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/trials.h"
#include "engine/base/text.h"

namespace backcast::cli {
namespace {

// Sets a field that exists, or a new one of an object that does. The JSON library throws on what
// is no pointer; none of that leaves this function.
Status replace(const BaseScenario& base, nlohmann::json& changed, const std::string& pointer,
               const std::string& value) {
  const auto fault = [&](std::string message) {
    return Error{Errc::kBadInput, std::move(message), base.document.locate(pointer),
                 "give the JSON pointer of a field, such as /services/0/size"};
  };
  auto parsed = nlohmann::json::parse(value, nullptr, false);
  if (parsed.is_discarded()) return fault(printable(value) + " is not a JSON value");
  try {
    const nlohmann::json::json_pointer at(pointer);
    const bool exists = changed.contains(at);
    const bool can_be_added = !exists && changed.contains(at.parent_pointer()) &&
                              changed.at(at.parent_pointer()).is_object();
    if (!exists && !can_be_added) return fault(printable(pointer) + " is not in the document");
    changed[at] = std::move(parsed);
  } catch (const nlohmann::json::exception&) {
    return fault(printable(pointer) + " is not a JSON pointer into the document");
  }
  return kOk;
}

// Faults of a varied document stand where the user's own has that field, and say what was put
// there.
Errors with_places_of(const BaseScenario& base, const std::vector<sim::Factor>& factors,
                      const std::vector<std::string>& values, Errors errors) {
  std::string varied;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    varied += fmt::format("{}{} = {}", varied.empty() ? "" : ", ", factors[f].pointer, values[f]);
  }
  for (Error& error : errors) {
    if (error.where.file != base.document.name()) continue;
    error.where = base.document.locate(error.where.pointer);
    error.message += fmt::format(" (with {})", varied);
  }
  return errors;
}

}  // namespace

Result<BaseScenario, Errors> read_base(const ScenarioOptions& options) {
  // Loading it whole first gives the faults of the document itself their own lines.
  BACKCAST_TRY(scenario::Given given, read_given(options));
  BACKCAST_TRY(scenario::Loaded loaded, scenario::load_file(options.file, given));
  return BaseScenario{loaded.document, loaded.text, options, std::move(given)};
}

Result<PreparedScenario, Errors> with_values(const BaseScenario& base,
                                             const std::vector<sim::Factor>& factors,
                                             const std::vector<std::string>& values) {
  nlohmann::json changed = base.document.root();
  for (std::size_t f = 0; f < factors.size(); ++f) {
    if (auto status = replace(base, changed, factors[f].pointer, values[f]); !status.ok()) {
      return Errors{std::move(status).error()};
    }
  }
  std::string text = changed.dump(2);
  auto document = Document::parse(text, base.document.name());
  if (!document.ok()) return Errors{std::move(document).error()};
  auto loaded = scenario::load(*document, base.given);
  if (!loaded.ok()) return with_places_of(base, factors, values, std::move(loaded).error());
  loaded->text = std::move(text);
  return prepare(std::move(*loaded), base.options);
}

Result<sim::Measures, Errors> mean_measures(const PreparedScenario& prepared, std::uint32_t count,
                                            const std::atomic<bool>& stop,
                                            std::vector<sim::Histogram>* spread) {
  sim::Measures sums;
  for (std::uint32_t r = 0; r < count; ++r) {
    if (stop) return Errors{Error{Errc::kInterrupted, "interrupted", {}, ""}};
    BACKCAST_TRY(const ScenarioRun run, run_prepared(prepared, {.replication = r, .threads = 1}));
    const sim::Measures measures = measures_of(run);
    if (sums.empty()) sums.resize(measures.size());
    for (std::size_t i = 0; i < measures.size(); ++i) {
      sums[i].name = measures[i].name;
      sums[i].value += measures[i].value;
      if (!spread) continue;
      spread->resize(measures.size());
      if (const auto whole = counted(measures[i])) (*spread)[i].add(*whole);
    }
  }
  for (sim::Measure& m : sums) m.value /= count;
  return sums;
}

}  // namespace backcast::cli
