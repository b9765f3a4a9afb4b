#include "reports/headline.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast::reports {
namespace {

void count_backups(const sim::RunResult& run, Headline& figures) {
  for (const auto& backup : run.backups) {
    if (backup.original != sim::kNone) {
      ++figures.copies;
    } else {
      ++(backup.of_history ? figures.from_history : figures.made);
    }
    switch (backup.state) {
      case sim::BackupState::kRunning:
        ++figures.running;
        break;
      case sim::BackupState::kAvailable:
        ++figures.kept;
        figures.oldest_kept = std::min(figures.oldest_kept.value_or(backup.born), backup.born);
        break;
      case sim::BackupState::kDeleted:
        ++figures.deleted;
        break;
      case sim::BackupState::kFailed:
        ++figures.failed;
        break;
      case sim::BackupState::kRefused:
        ++figures.refused;
        break;
    }
  }
  for (const auto& fleet : run.fleets) {
    figures.made += fleet.made;
    figures.copies += fleet.copies;
    figures.kept += fleet.available;
    figures.deleted += fleet.deleted;
    figures.failed += fleet.failed;
    figures.refused += fleet.refused;
    figures.running += fleet.running;
  }
}

void sum_storage(const sim::RunResult& run, Headline& figures) {
  // (instant, change) of every storage series; their sum over time has the peak.
  std::vector<std::pair<Instant, std::int64_t>> changes;
  for (const auto& series : run.series) {
    if (series.kind != sim::SeriesKind::kStoredBytes) continue;
    std::uint64_t before = 0;
    for (const auto& point : series.points) {
      changes.emplace_back(point.at, static_cast<std::int64_t>(point.value - before));
      before = point.value;
    }
    figures.stored_last_bytes += before;
  }
  std::sort(changes.begin(), changes.end());
  std::uint64_t now = 0;
  for (const auto& [at, change] : changes) {
    now += static_cast<std::uint64_t>(change);
    figures.stored_peak_bytes = std::max(figures.stored_peak_bytes, now);
  }
}

void find_worst_ages(const sim::RunResult& run, Headline& figures) {
  figures.ages = restore_ages(run);
  for (const AgeLine& line : figures.ages) {
    if (figures.worst_ages.empty() || figures.worst_ages.back().region != line.region) {
      figures.worst_ages.push_back({line.region, {}, Duration(-1), {}});
    }
    WorstAge& worst = figures.worst_ages.back();
    for (const AgeStep& step : line.steps) {
      if (step.until - step.born <= worst.age) continue;
      worst = {line.region, run.services[line.service].name, step.until - step.born, step.until};
    }
  }
  for (const auto& fleet : run.fleets) {
    for (const auto& age : fleet.worst_ages) {
      const auto place = std::lower_bound(
          figures.worst_ages.begin(), figures.worst_ages.end(), age.region,
          [](const WorstAge& w, const std::string& region) { return w.region < region; });
      const WorstAge own{age.region, run.services[fleet.service].name, age.age, age.at};
      if (place == figures.worst_ages.end() || place->region != age.region) {
        figures.worst_ages.insert(place, own);
      } else if (age.age > place->age) {
        *place = own;
      }
    }
  }
  std::erase_if(figures.worst_ages, [](const WorstAge& w) { return w.age < Duration(0); });
}

}  // namespace

Headline headline(const sim::RunResult& run) {
  Headline figures;
  figures.required = run.requirements.size();
  for (const auto& outcome : run.requirements) {
    if (!outcome.checked) {
      ++figures.unchecked;
    } else if (!outcome.holds) {
      ++figures.failing;
    }
  }
  figures.verdict = figures.failing > 0     ? Verdict::kFails
                    : figures.unchecked > 0 ? Verdict::kUnknown
                    : figures.required > 0  ? Verdict::kHolds
                                            : Verdict::kNone;
  count_backups(run, figures);
  sum_storage(run, figures);
  find_worst_ages(run, figures);
  return figures;
}

std::string cost_text(const RunReport& report) {
  if (report.invoice == nullptr) return {};
  if (!report.spread) return cost::to_string(report.invoice->total());
  const CostRange& range = report.spread->total;
  return fmt::format("median {} {}, P5–P95 {}–{}", cost::to_string(range.p50, 2),
                     report.invoice->total().currency.code(), cost::to_string(range.p05, 2),
                     cost::to_string(range.p95, 2));
}

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "HOLDS";
    case Verdict::kFails:
      return "FAILS";
    case Verdict::kUnknown:
      return "UNKNOWN";
    case Verdict::kNone:
      break;
  }
  return "NO REQUIREMENTS";
}

std::string verdict_sentence(const sim::RunResult& run) {
  std::string failing;
  std::size_t failing_count = 0, unchecked_count = 0;
  for (const auto& outcome : run.requirements) {
    if (!outcome.checked) {
      ++unchecked_count;
    } else if (!outcome.holds) {
      ++failing_count;
      failing += (failing.empty() ? "" : ", ") + outcome.name;
    }
  }
  const std::size_t count = run.requirements.size();
  if (count == 0) return "the scenario requires nothing";
  std::string text;
  if (failing_count > 0) {
    text = fmt::format("{} of {} requirements not met: {}", failing_count, count, failing);
  } else if (unchecked_count == 0) {
    text = count == 1 ? "the one requirement is met"
                      : fmt::format("all {} requirements are met", count);
  } else {
    text = fmt::format("{} of {} requirements met", count - unchecked_count, count);
  }
  if (unchecked_count > 0) text += fmt::format("; {} could not be checked", unchecked_count);
  return text;
}

std::string replicated_text(const sim::ReplicatedOutcome& told) {
  const double share =
      100 * static_cast<double>(told.held) / static_cast<double>(told.replications);
  std::string text =
      fmt::format("held in {} of {} replications: {:.1f} % ({:g} % confidence: {:.1f} to {:.1f} %)",
                  grouped(told.held), grouped(told.replications), share, 100 * told.confidence,
                  100 * told.share_low, 100 * told.share_high);
  if (told.earliest_failure == sim::kNever) return text;
  const auto day = [](Instant at) { return format_instant(at).substr(0, 10); };
  return text + fmt::format("; first failed {} at the earliest, {} in the median of those",
                            day(told.earliest_failure), day(told.median_failure));
}

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string backups_text(const Headline& figures) {
  std::string text = grouped(figures.made) + " made";
  const auto add = [&](std::size_t count, std::string_view word, std::string_view separator) {
    if (count > 0) text += fmt::format("{}{} {}", separator, grouped(count), word);
  };
  add(figures.from_history, "there before", ", ");
  add(figures.copies, figures.copies == 1 ? "copy" : "copies", ", ");
  text += fmt::format("; {} left at the end", grouped(figures.kept));
  add(figures.deleted, "deleted", ", ");
  add(figures.failed, "failed", ", ");
  add(figures.refused, "refused", ", ");
  add(figures.running, "still running", ", ");
  return text;
}

}  // namespace backcast::reports
