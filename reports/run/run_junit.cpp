#include <fmt/format.h>

#include <utility>

#include "reports/parts/escape.h"
#include "reports/run/headline.h"
#include "reports/run/run_report.h"

namespace backcast::reports {
namespace {

void add_case(std::string& out, const std::string& suite, const sim::RequirementOutcome& outcome,
              bool unknown_passes) {
  out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", xml_text(suite),
                     xml_text(outcome.name + ": " + outcome.statement));
  if (outcome.verdict == sim::Verdict::kHolds) {
    out += "/>\n";
    return;
  }
  std::string message = sim::shown(outcome.verdict), text;
  for (const std::string& line : outcome_lines(outcome)) {
    if (text.empty()) message += ": " + line;
    text += line + "\n";
  }
  const bool fails = outcome.verdict == sim::Verdict::kFails;
  if (!fails && unknown_passes) {
    out += fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", xml_text(message));
    return;
  }
  for (const auto& step : outcome.trace) {
    text += fmt::format("{}  {}\n", format_instant(step.at), step.text);
  }
  out += fmt::format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                     fails ? xml_text(outcome.kind) : "unknown", xml_text(message), xml_text(text));
}

// A suite without cases would be a success.
constexpr std::string_view kNothingProved = "the scenario states no requirements";

}  // namespace

std::string to_junit(std::span<const RunReport> reports, bool unknown_passes,
                     std::span<const NotRun> not_run) {
  std::string suites;
  std::size_t tests = 0, failures = 0, skipped = 0;
  for (const RunReport& report : reports) {
    std::vector<sim::RequirementOutcome> outcomes = report.run->requirements;
    if (outcomes.empty()) {
      sim::RequirementOutcome none;
      none.name = "requirements";
      none.statement = "something is required";
      none.verdict = sim::Verdict::kUnknown;
      none.unknown_because = kNothingProved;
      outcomes.push_back(std::move(none));
    }
    std::size_t failing = 0, unknown = 0;
    for (const auto& outcome : outcomes) {
      failing += outcome.verdict == sim::Verdict::kFails ? 1 : 0;
      unknown += outcome.verdict == sim::Verdict::kUnknown ? 1 : 0;
    }
    if (!unknown_passes) failing += std::exchange(unknown, 0);
    const std::string& suite = label_of(report);
    suites += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
        "time=\"0\">\n",
        xml_text(suite), outcomes.size(), failing, unknown);
    for (const auto& outcome : outcomes) add_case(suites, suite, outcome, unknown_passes);
    suites += "  </testsuite>\n";
    tests += outcomes.size();
    failures += failing;
    skipped += unknown;
  }
  for (const NotRun& one : not_run) {
    const std::string name = xml_text(one.name);
    suites += fmt::format(
        "  <testsuite name=\"{0}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" "
        "time=\"0\">\n    <testcase classname=\"{0}\" name=\"can be run\" time=\"0\">\n"
        "      <error message=\"the scenario could not be run\">{1}</error>\n    </testcase>\n"
        "  </testsuite>\n",
        name, xml_text(one.why));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"backcast\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "time=\"0\">\n{}</testsuites>\n",
      tests + not_run.size(), failures, not_run.size(), skipped, suites);
}

}  // namespace backcast::reports
