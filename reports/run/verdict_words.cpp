// Verdicts in words: the same in text, Markdown, the page and JUnit.
#include <fmt/format.h>

#include <algorithm>

#include "reports/run/headline.h"

namespace backcast::reports {
namespace {

std::string names(const sim::RunResult& run, sim::Verdict verdict) {
  std::string text;
  for (const auto& outcome : run.requirements) {
    if (outcome.verdict == verdict) text += (text.empty() ? "" : ", ") + outcome.name;
  }
  return text;
}

std::string day(Instant at) {
  return format_instant(at).substr(0, 10);
}

// How often and how long it did not hold.
std::string failing_text(const sim::RequirementOutcome& outcome) {
  std::string text = fmt::format("first fails {}", format_instant(outcome.first_failure));
  if (outcome.replicated && outcome.replicated->replications > 1) {
    text += fmt::format(" of replication {}", outcome.replicated->first_failing);
  }
  return text + fmt::format("; {} {}, {} in all", outcome.failing_periods,
                            outcome.failing_periods == 1 ? "period" : "periods",
                            format_duration(outcome.failing_time));
}

// Each break-even once, with the fields that would settle it.
std::vector<std::string> break_evens(const sim::RequirementOutcome& outcome) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> lines;
  for (auto from = outcome.missing.begin(); from != outcome.missing.end();) {
    const auto until = std::find_if(from, outcome.missing.end(), [&](const auto& missing) {
      return missing.break_even != from->break_even;
    });
    std::string pointers;
    const auto count = static_cast<std::size_t>(until - from);
    for (std::size_t i = 0; i < std::min(count, kNamed); ++i) {
      pointers += (i == 0 ? "" : ", ") + (from + static_cast<std::ptrdiff_t>(i))->pointer;
    }
    if (count > kNamed) pointers += fmt::format(" and {} more", count - kNamed);
    lines.push_back(fmt::format("{} (give {}, or --assume it)", from->break_even, pointers));
    from = until;
  }
  return lines;
}

}  // namespace

std::string verdict_sentence(const sim::RunResult& run) {
  const Headline figures = headline(run);
  const std::size_t count = figures.required;
  if (count == 0) return "the scenario requires nothing";
  const bool one_future = run.requirements.front().one_future;
  if (one_future && figures.failing == 0) {
    const auto met = std::count_if(
        run.requirements.begin(), run.requirements.end(),
        [](const auto& outcome) { return outcome.replicated && outcome.replicated->held > 0; });
    return fmt::format("in this one future {} of {} requirements {} met; validate tries others",
                       met, count, met == 1 ? "is" : "are");
  }
  const std::size_t met = count - figures.failing - figures.unknown;
  std::string text;
  if (figures.failing > 0) {
    text =
        fmt::format("{}{} of {} requirements not met: {}", one_future ? "in this one future " : "",
                    figures.failing, count, names(run, sim::Verdict::kFails));
  } else if (figures.unknown == 0) {
    text = count == 1 ? "the one requirement is met"
                      : fmt::format("all {} requirements are met", count);
  } else {
    text = fmt::format("{} of {} requirements met", met, count);
  }
  if (figures.unknown == 0) return text;
  return text +
         fmt::format("; {} unknown: {}", figures.unknown, names(run, sim::Verdict::kUnknown));
}

std::string replicated_text(const sim::ReplicatedOutcome& told) {
  const double share =
      100 * static_cast<double>(told.held) / static_cast<double>(told.replications);
  std::string text =
      fmt::format("held in {} of {} replications", grouped(told.held), grouped(told.replications));
  if (told.quantile < 1) text += fmt::format(", {} must", grouped(told.required));
  if (told.held == told.replications) {
    text += fmt::format(": at least {:.1f} % ({:g} % confidence)", 100 * told.low,
                        100 * told.confidence);
  } else {
    text += fmt::format(": {:.1f} % ({:g} % confidence: {:.1f} to {:.1f} %{})", share,
                        100 * told.confidence, 100 * told.low, 100 * told.high,
                        told.close ? ", close" : "");
  }
  if (told.unknown > 0) text += fmt::format("; {} unknown", grouped(told.unknown));
  if (told.earliest_failure == sim::kNever) return text;
  return text + fmt::format("; first failed {} at the earliest, {} in the median of those",
                            day(told.earliest_failure), day(told.median_failure));
}

std::vector<std::string> outcome_lines(const sim::RequirementOutcome& outcome) {
  std::vector<std::string> lines;
  const bool is_replicated = outcome.replicated && outcome.replicated->replications > 1;
  if (!outcome.unknown_because.empty()) lines.push_back("not known: " + outcome.unknown_because);
  if (!outcome.observed.empty()) {
    lines.push_back(fmt::format("{}worst seen {}{}",
                                outcome.one_future ? "in this one future: " : "", outcome.observed,
                                outcome.limit.empty() ? "" : ", limit " + outcome.limit));
  }
  const bool fails = outcome.verdict != sim::Verdict::kHolds;
  if (fails && outcome.first_failure != sim::kNever) lines.push_back(failing_text(outcome));
  if (!outcome.tolerance.empty()) lines.push_back(outcome.tolerance);
  if (is_replicated) lines.push_back(replicated_text(*outcome.replicated));
  for (std::string& line : break_evens(outcome)) lines.push_back(std::move(line));
  if (outcome.verdict != sim::Verdict::kFails) return lines;
  if (outcome.nearness.is_least) {
    lines.push_back("which limit would hold is not known while prices are missing");
    return lines;
  }
  lines.push_back(outcome.would_hold.empty() ? "no limit, of_time or quantile would make it hold"
                                             : "would hold " + outcome.would_hold);
  return lines;
}

std::vector<std::string> grounds(const sim::RunResult& run) {
  std::vector<std::string> lines;
  for (const auto& assumed : run.assumed) {
    lines.push_back(fmt::format("assumed: {} = {}", assumed.pointer, assumed.value));
  }
  for (const std::string& said : run.said) lines.push_back("said by the profile " + said);
  return lines;
}

}  // namespace backcast::reports
