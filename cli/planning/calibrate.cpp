// backcast calibrate: from a recorded history to a workload that a scenario can use.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/planning/watch.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "reports/run/backtest_report.h"
#include "sim/fit/volumes/season.h"
#include "sim/fit/workload_document.h"
#include "study/history/calibration.h"

namespace backcast::cli {
namespace {

constexpr std::uint64_t kMaxInputBytes = 256ULL << 20;

// Ctrl-C while it looks back leaves the fit, without its score.
Result<study::FittedWorkload> calibrate_file(Context& context, const std::string& path,
                                             const sim::SourceChoice& choice, bool looks_back) {
  BACKCAST_TRY(const std::string text, read_text_file(path, kMaxInputBytes));
  Interruptible interruptible;  // not while input is waited for
  BACKCAST_TRY(study::FittedWorkload fitted, study::fit_workload(text, path, choice, looks_back,
                                                                 watch_of(context, interruptible)));
  if (fitted.partial) context.exit_code = exit_code(Errc::kInterrupted);
  return fitted;
}

reports::Cell percent(double share) {
  return {fmt::format("{:.6f}", share), fmt::format("{:.1f} %", 100 * share)};
}

reports::Table gap_table(const sim::Calibration& fit) {
  reports::Table table{"calibration_gaps",
                       {{"gap_backups", "Backups apart", true},
                        {"pairs", "Pairs", true},
                        {"observed_alive_share", "Still alive", true},
                        {"fitted_alive_share", "By the curve", true}},
                       {}};
  for (const sim::GapFit& gap : fit.gaps) {
    table.rows.push_back({{std::to_string(gap.gap), ""},
                          {std::to_string(gap.pairs), ""},
                          percent(gap.observed_alive),
                          percent(gap.fitted_alive)});
  }
  return table;
}

nlohmann::ordered_json curve_json(const sim::SurvivalCurve& curve) {
  return {{"w1", curve.w1},
          {"rate1_per_backup", curve.rate1},
          {"w2", curve.w2},
          {"rate2_per_backup", curve.rate2},
          {"rate3_per_backup", curve.rate3}};
}

nlohmann::ordered_json busy_days(const sim::DeathLaw& law) {
  nlohmann::ordered_json out = {{"curve", curve_json(law.curve)}};
  if (law.by_age) {
    out["by_age"] = {{"exponent", law.by_age->exponent},
                     {"first_age_backups", law.by_age->first_age}};
  }
  return out;
}

// Told nothing of the days to come.
nlohmann::ordered_json backtest_json(const study::Backtest& backtest) {
  nlohmann::ordered_json out = {{"policy", backtest.policy}};
  for (const study::Accuracy& one : backtest.accuracy) {
    if (one.figure != study::Figure::kStoredBytes) continue;
    out["ahead_backups"] = one.ahead;
    out["forecasts"] = one.forecasts;
    out["stored_bytes_error_median"] = one.median;
    out["stored_bytes_error_p95"] = one.p95;
    out["held_share"] = one.held;
  }
  return out;
}

nlohmann::ordered_json outlook_json(const sim::Calibration& fit) {
  nlohmann::ordered_json horizons = nlohmann::ordered_json::array();
  for (const sim::HorizonSpread& spread : fit.outlook) {
    horizons.push_back({{"backups_ahead", spread.steps},
                        {"finished_forecasts", spread.windows},
                        {"size_log_deviation", spread.size},
                        {"new_bytes_log_deviation", spread.change}});
  }
  const sim::OutlookPrior& prior = sim::outlook_prior();
  return {{"horizons", horizons},
          {"shape_log_deviation", fit.shape_spread},
          {"prior", prior.name},
          {"scale", prior.scale},
          {"held_development", prior.held_development},
          {"held_left_out", prior.held_left_out}};
}

nlohmann::ordered_json to_json(const study::FittedWorkload& answer) {
  using json = nlohmann::ordered_json;
  const sim::Calibration& fit = answer.fit;
  json curve = curve_json(fit.curve);
  curve["shape_is_prior"] = fit.shape_is_prior;
  json gaps = json::array();
  for (const sim::GapFit& gap : fit.gaps) {
    gaps.push_back({{"gap_backups", gap.gap},
                    {"pairs", gap.pairs},
                    {"observed_alive_share", gap.observed_alive},
                    {"fitted_alive_share", gap.fitted_alive}});
  }
  json out = {{"version", 1},
              {"workload", json::parse(sim::workload_json(fit))},
              {"curve", curve},
              {"busy_days", busy_days(fit.busy_days)},
              {"gaps", gaps},
              {"backups", fit.backups},
              {"new_bytes_per_backup", fit.new_bytes_per_backup},
              {"growth_bytes_per_backup", fit.growth_bytes_per_backup},
              {"outlook", outlook_json(fit)},
              {"new_bytes_log_deviation", fit.new_bytes_log_deviation},
              {"bursts", fit.bursts}};
  if (const sim::Season& season = fit.season; season.any()) {
    out["season"] = {
        {"amplitude", season.amplitude},
        {"period_seconds", std::chrono::duration_cast<std::chrono::seconds>(season.period).count()},
        {"peak", format_instant(season.peak)}};
  }
  if (const sim::Rewrites& rewrites = fit.rewrites; rewrites.any()) {
    out["rewrites"] = {{"every_backups", rewrites.every_steps},
                       {"next_backups", rewrites.next_steps},
                       {"new_bytes", rewrites.new_bytes},
                       {"share", rewrites.share}};
  }
  if (const sim::LullSeen& lull = fit.lull; lull.steps > 0) {
    out["lull"] = {
        {"backups", lull.steps}, {"pace", lull.pace}, {"left_backups", sim::kLullStepsLeft}};
  }
  if (fit.error_median) {
    out["out_of_sample"] = {{"shared_bytes_error_median", *fit.error_median},
                            {"shared_bytes_error_p95", *fit.error_p95}};
  }
  if (answer.looked_back) out["backtest"] = backtest_json(*answer.looked_back);
  if (fit.resurrection_share) out["resurrection_share"] = *fit.resurrection_share;
  out["warnings"] = fit.warnings;
  out["notes"] = answer.notes;
  return out;
}

std::string season_words(const sim::Season& season) {
  constexpr std::array<const char*, 12> kMonths{"January",   "February", "March",    "April",
                                                "May",       "June",     "July",     "August",
                                                "September", "October",  "November", "December"};
  const char* const period = season.period == sim::kSeasonYear      ? "year"
                             : season.period == sim::kSeasonQuarter ? "quarter"
                                                                    : "month";
  const std::chrono::year_month_day peak{std::chrono::floor<std::chrono::days>(season.peak)};
  return fmt::format("Sizes swing by ±{:.0f} % over a {}, highest about {} {}.\n",
                     100 * season.amplitude, period, static_cast<unsigned>(peak.day()),
                     kMonths[static_cast<unsigned>(peak.month()) - 1]);
}

// The 90 % interval a month of daily backups ahead, and what it stands on.
std::string outlook_words(const sim::Calibration& fit) {
  constexpr double kSides = 1.645;  // standard deviations of a normal law's 5th and 95th percentile
  const sim::HorizonSpread& month = fit.outlook[1];
  const auto range = [](double spread) {
    return fmt::format("{:.0f} % to +{:.0f} %", 100 * (std::exp(-kSides * spread) - 1),
                       100 * (std::exp(kSides * spread) - 1));
  };
  const sim::OutlookPrior& prior = sim::outlook_prior();
  return fmt::format(
      "{} backups ahead the size may be off by {} and the new bytes until then by {} (90 %){}: "
      "from {} finished forecast{} of this history and {}. 90 % intervals of stored bytes made so "
      "held "
      "{:.0f} % of the time on histories left out.\n",
      month.steps, range(prior.scale * month.size), range(prior.scale * month.change),
      fit.lull.steps > 0 ? ", beside how long the quiet days go on" : "", month.windows,
      month.windows == 1 ? "" : "s", prior.name, 100 * prior.held_left_out);
}

std::string describe(const study::FittedWorkload& answer) {
  const sim::Calibration& fit = answer.fit;
  std::string text = fmt::format(
      "{} backups, the last of {}; {} new per backup, net growth {}{} per backup{}.\n", fit.backups,
      format_bytes(static_cast<std::uint64_t>(fit.size_bytes)),
      format_bytes(static_cast<std::uint64_t>(fit.new_bytes_per_backup)),
      fit.growth_bytes_per_backup < 0 ? "-" : "",
      format_bytes(static_cast<std::uint64_t>(std::fabs(fit.growth_bytes_per_backup))),
      fit.lull.steps > 0 ? fmt::format(" before the {} quiet ones at the end", fit.lull.steps)
                         : "");
  if (fit.season.any()) text += season_words(fit.season);
  if (const sim::Rewrites& rewrites = fit.rewrites; rewrites.any()) {
    text += fmt::format(
        "Every {} backups some {} more are new ({:.1f} % of the data), as where it is compacted; "
        "the next in {}.\n",
        rewrites.every_steps, format_bytes(static_cast<std::uint64_t>(rewrites.new_bytes)),
        100 * rewrites.share, rewrites.next_steps);
  }
  text += outlook_words(fit) + "\n";
  text += fit.shape_is_prior ? "How long bytes live is a prior; only one step was seen:\n\n"
                             : "How long bytes live, seen and fitted:\n\n";
  text += reports::to_terminal(gap_table(fit)) + "\n";
  if (fit.error_median) {
    text += fmt::format(
        "Volumes given: fitted on the first two thirds, shared bytes of the last third are off by "
        "{:.1f} % (median), {:.1f} % (95th percentile).\n",
        100 * *fit.error_median, 100 * *fit.error_p95);
  }
  if (const auto& age = fit.busy_days.by_age) {
    text += fmt::format(
        "Age says better than the curve which bytes die (exponent {:.2g}: {}), as where data is "
        "compacted or rotated; --recorded makes use of it.\n",
        age->exponent, age->exponent > 3 ? "the youngest first" : "the young before the old");
  }
  if (answer.looked_back) text += reports::backtest_sentence(*answer.looked_back) + ".\n";
  if (fit.resurrection_share) {
    text += fmt::format("{:.1f} % of all bytes went away and came back.\n",
                        100 * *fit.resurrection_share);
  }
  for (const std::string& note : answer.notes) text += "Note: " + note + ".\n";
  for (const std::string& warning : fit.warnings) text += "Warning: " + warning + ".\n";
  text += "\nFor a service of a scenario:\n\n" + sim::workload_json(fit);
  return text;
}

}  // namespace

void add_calibrate(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand(
      "calibrate",
      "Fit a workload to a recorded history\n\n"
      "  backcast stats /srv/backup --json | backcast calibrate -   # from our own repository\n"
      "  backcast calibrate history.csv --json > fit.json        # "
      "time,size_bytes,new_bytes,...\n\n"
      "Reads `backcast stats --json`, a presence table, `restic snapshots --json`, CSV, and what "
      "`backcast import` writes.");
  auto path = std::make_shared<std::string>();
  auto workload_only = std::make_shared<bool>(false);
  auto recorded = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "The history, - for standard input")->required();
  auto choice = std::make_shared<sim::SourceChoice>();
  verb->add_option("--host", choice->host, "Only backups of this machine");
  verb->add_option("--path", choice->paths, "Only backups of exactly this path; may be given often")
      ->expected(1)
      ->take_all();
  verb->add_flag("--workload", *workload_only, "Print only the fields for a scenario's service");
  verb->add_option("--recorded", *recorded,
                   "Print only the fields for a service that replays the sizes and new bytes of "
                   "this CSV file (time,size_bytes,new_bytes)")
      ->type_name("CSV");
  verb->callback([&context, path, choice, workload_only, recorded] {
    const bool prints_fit = recorded->empty() && !*workload_only &&
                            (context.format == Format::kText || context.format == Format::kJson);
    const auto answer = calibrate_file(context, *path, *choice, prints_fit);
    if (!answer) return report(context, answer.error());
    if (!recorded->empty()) return print(sim::recorded_workload_json(answer->fit, *recorded));
    if (*workload_only) return print(sim::workload_json(answer->fit));
    switch (context.format) {
      case Format::kJson:
        return print(to_json(*answer).dump(2) + "\n");
      case Format::kText:
        return print(describe(*answer));
      case Format::kCsv:
      case Format::kMarkdown:
        return print(context, gap_table(answer->fit));
    }
  });
}

}  // namespace backcast::cli
