#include "reports/run/headline.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"

namespace backcast::reports {
namespace {

void count_backups(const sim::RunResult& run, Headline& figures) {
  for (const auto& backup : run.backups) {
    figures.backups.add(backup);
    if (backup.state != sim::BackupState::kAvailable) continue;
    figures.oldest_kept = std::min(figures.oldest_kept.value_or(backup.born), backup.born);
  }
  for (const auto& fleet : run.fleets) figures.backups.add(fleet.backups);
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
  figures.ages = sim::ages_by_region(run);
  for (const sim::AgeLine& line : figures.ages) {
    if (figures.worst_ages.empty() || figures.worst_ages.back().region != line.region) {
      figures.worst_ages.push_back({line.region, {}, Duration(-1), {}});
    }
    WorstAge& worst = figures.worst_ages.back();
    const sim::AgeStep* step = sim::worst(line.steps);
    if (step == nullptr || step->until - step->born <= worst.age) continue;
    worst = {line.region, run.services[line.service].name, step->until - step->born, step->until};
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
    figures.failing += outcome.verdict == sim::Verdict::kFails ? 1 : 0;
    figures.unknown += outcome.verdict == sim::Verdict::kUnknown ? 1 : 0;
  }
  figures.verdict = sim::verdict_of(run);
  count_backups(run, figures);
  sum_storage(run, figures);
  find_worst_ages(run, figures);
  return figures;
}

RunReport report_of(const study::PreparedScenario& prepared, const study::ScenarioRun& run) {
  RunReport report;
  report.run = &run.result;
  report.scenario = &prepared.loaded.scenario;
  report.invoice = run.invoice ? &*run.invoice : nullptr;
  report.fillings = study::fillings_of(run);
  report.scenario_file = prepared.name;
  report.scenario_text = prepared.loaded.text;
  report.chosen = study::chosen_values(prepared);
  return report;
}

std::string cost_text(const RunReport& report) {
  if (report.invoice == nullptr) return {};
  if (!report.spread) {
    const std::string known = cost::to_string(report.invoice->total());
    if (report.invoice->is_complete()) return known;
    return report.invoice->lines.empty() ? "not known: prices are missing"
                                         : "incomplete, known part " + known;
  }
  const cost::MonthSpend& range = report.spread->total;
  return fmt::format("median {} {}, P5–P95 {}–{}", cost::to_string(range.p50, 2),
                     report.invoice->total().currency.code(), cost::to_string(range.p05, 2),
                     cost::to_string(range.p95, 2));
}

std::vector<std::string> filling_lines(const RunReport& report) {
  const auto day = [](Instant at) {
    return at == sim::kNever ? std::string("later") : format_instant(at).substr(0, 10);
  };
  std::vector<std::string> lines;
  for (const study::Filling& filling : report.fillings) {
    const bool is_spread = filling.replications > 1;
    if (filling.full == sim::kNever && (!is_spread || filling.filled == 0)) continue;
    std::string line = filling.what + ": ";
    if (is_spread) {
      line += fmt::format("{}, P10–P90 {} to {}, in {} of {} replications", day(filling.p50),
                          day(filling.p10), day(filling.p90), filling.filled, filling.replications);
    } else {
      line += day(filling.full);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

double ratio_of(const sim::RepositoryResult& repository) {
  return static_cast<double>(repository.logical_bytes) /
         static_cast<double>(repository.stored_bytes);
}

std::vector<std::string> repository_lines(const sim::RunResult& run) {
  std::vector<std::string> lines;
  for (const sim::RepositoryResult& r : run.repositories) {
    std::string line = fmt::format(
        "{} in {}: {} service{} hold{} {}, {} of it unique, stored as {}", r.name, r.region,
        grouped(r.services), r.services == 1 ? "" : "s", r.services == 1 ? "s" : "",
        format_bytes(r.logical_bytes), format_bytes(r.unique_bytes), format_bytes(r.stored_bytes));
    if (r.stored_bytes > 0) line += fmt::format(": {:.2f} to 1", ratio_of(r));
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string total_text(const cost::Invoice& invoice) {
  const std::string known = cost::to_string(invoice.total());
  if (invoice.is_complete()) return "total " + known;
  return invoice.lines.empty() ? "nothing of the bill is known"
                               : "known part " + known + ": the bill is incomplete";
}

std::vector<std::string> not_on_the_bill(const sim::RunResult& run) {
  std::vector<std::string> lines;
  for (const auto& left : run.left_out) {
    lines.push_back(fmt::format("{}: up to {}", left.what, format_bytes(left.peak_bytes)));
  }
  lines.insert(lines.end(), run.not_billed.begin(), run.not_billed.end());
  return lines;
}

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string backups_text(const Headline& figures) {
  const sim::BackupCounts& counts = figures.backups;
  std::string text = grouped(counts.made) + " made";
  const auto add = [&](std::uint64_t count, std::string_view word, std::string_view separator) {
    if (count > 0) text += fmt::format("{}{} {}", separator, grouped(count), word);
  };
  add(counts.from_history, "there before", ", ");
  add(counts.copies, counts.copies == 1 ? "copy" : "copies", ", ");
  text += fmt::format("; {} left at the end", grouped(counts.available));
  add(counts.deleted, "deleted", ", ");
  add(counts.failed, "failed", ", ");
  add(counts.refused, "refused", ", ");
  add(counts.running, "still running", ", ");
  return text;
}

}  // namespace backcast::reports
