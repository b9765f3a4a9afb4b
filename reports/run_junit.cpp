#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/headline.h"
#include "reports/run_report.h"

namespace backcast::reports {
namespace {

void add_case(std::string& out, const std::string& suite, const sim::RequirementOutcome& outcome) {
  out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", xml_text(suite),
                     xml_text(outcome.name + ": " + outcome.statement));
  if (!outcome.checked) {
    out += fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                       xml_text("not checked: " + outcome.observed));
    return;
  }
  if (outcome.holds) {
    out += "/>\n";
    return;
  }
  std::string text =
      fmt::format("first fails {}; {} in all\n", format_instant(outcome.first_failure),
                  format_duration(outcome.failing_time));
  for (const auto& step : outcome.trace) {
    text += fmt::format("{}  {}\n", format_instant(step.at), step.text);
  }
  out +=
      fmt::format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                  xml_text(outcome.kind),
                  xml_text(fmt::format("worst seen {}, limit {}", outcome.observed, outcome.limit)),
                  xml_text(text));
}

}  // namespace

std::string to_junit(std::span<const RunReport> reports) {
  std::string suites;
  std::size_t tests = 0, failures = 0, skipped = 0;
  for (const RunReport& report : reports) {
    const Headline figures = headline(*report.run);
    const std::string suite = report.label.empty() ? report.run->scenario : report.label;
    suites += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
        "time=\"0\">\n",
        xml_text(suite), figures.required, figures.failing, figures.unchecked);
    for (const auto& outcome : report.run->requirements) add_case(suites, suite, outcome);
    suites += "  </testsuite>\n";
    tests += figures.required;
    failures += figures.failing;
    skipped += figures.unchecked;
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"backcast\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
      "time=\"0\">\n{}</testsuites>\n",
      tests, failures, skipped, suites);
}

}  // namespace backcast::reports
