// backcast optimize: the cheapest values that meet every requirement, and what more would buy.
// Successive halving over a grid: every candidate runs a few replications, the better half runs
// twice as many, until few have run them all. Chosen over evolutionary search because policies
// are small grids of whole numbers, every candidate is looked at, and the result does not depend
// on luck.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "cli/planning/sweep_file.h"
#include "cli/planning/sweep_report.h"
#include "cli/planning/trials.h"
#include "cli/planning/varied.h"
#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "reports/run/headline.h"

namespace backcast::cli {
namespace {

constexpr std::uint32_t kFirstReplications = 4;
constexpr std::size_t kAlwaysKept = 8;

struct Options {
  ScenarioOptions scenario;
  SweepPlan plan;
  std::string minimize = "cost_total";
  double at_least = 1.0;  // the quantile of requirements that state none
  std::string report;
};

struct Candidate {
  std::uint32_t row = 0;
  sim::Measures measures;
  std::uint32_t replications = 0;
  bool feasible = false;
  std::size_t front = 0;  // 0 = nothing is better in every way

  double of(std::string_view name) const {
    for (const sim::Measure& m : measures) {
      if (m.name == name) return m.value;
    }
    return 0;
  }
};

// Cheaper or equal, fresher or equal, covering as much or more, and not the same.
bool dominates(const Candidate& a, const Candidate& b, const std::string& minimize) {
  if (a.feasible != b.feasible) return a.feasible;
  const double x[] = {a.of(minimize), a.of("rpo_seconds_worst"), -a.of("coverage_days_mean")};
  const double y[] = {b.of(minimize), b.of("rpo_seconds_worst"), -b.of("coverage_days_mean")};
  bool better = false;
  for (int i = 0; i < 3; ++i) {
    if (x[i] > y[i]) return false;
    better = better || x[i] < y[i];
  }
  return better;
}

// Numbers the Pareto fronts and sorts by front, then by what is minimized.
void rank(std::vector<Candidate>& candidates, const std::string& minimize) {
  for (Candidate& c : candidates) {
    c.front = static_cast<std::size_t>(
        std::count_if(candidates.begin(), candidates.end(),
                      [&](const Candidate& other) { return dominates(other, c, minimize); }));
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
    if (a.front != b.front) return a.front < b.front;
    return a.of(minimize) < b.of(minimize);
  });
}

// Whether the replications that ran hold often enough; as many as a verdict needs come at the end.
bool looks_feasible(const sim::RunResult& judged) {
  return std::all_of(judged.requirements.begin(), judged.requirements.end(), [](const auto& one) {
    return one.replicated ? one.replicated->held >= one.replicated->required
                          : one.verdict == sim::Verdict::kHolds;
  });
}

Result<PreparedScenario, Errors> prepared_for(const Options& options, const BaseScenario& base,
                                              std::uint32_t row) {
  const SweepPlan& plan = options.plan;
  BACKCAST_TRY(PreparedScenario prepared, with_values(base, plan.factors, plan.values(row)));
  for (sim::Requirement& r : prepared.loaded.scenario.requirements) {
    if (!r.quantile) r.quantile = options.at_least;
  }
  return prepared;
}

// Runs every candidate; false if it was interrupted, which leaves the rest as they were.
Result<bool, Errors> evaluate(const Options& options, const BaseScenario& base,
                              std::vector<Candidate>& candidates, std::uint32_t replications,
                              Interruptible& interruptible, reports::Progress& progress) {
  std::vector<char> feasible(candidates.size(), 0);
  const sim::Trial trial = [&](std::uint32_t i) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const PreparedScenario prepared, prepared_for(options, base, candidates[i].row));
    sim::RunResult judged;
    auto means = mean_measures(prepared, replications, interruptible.stop,
                               {.spread = nullptr, .judged = &judged});
    feasible[i] = looks_feasible(judged) ? 1 : 0;
    progress.advance(replications);
    return means;
  };
  sim::ReplicationOptions how;
  how.count = static_cast<std::uint32_t>(candidates.size());
  how.threads = options.scenario.threads;
  how.stop = &interruptible.stop;
  BACKCAST_TRY(const sim::Replications runs, sim::replicate(trial, how));
  for (std::size_t i = 0; i < runs.rows.size(); ++i) {
    Candidate& c = candidates[i];
    c.measures.clear();
    c.replications = replications;
    for (std::size_t m = 0; m < runs.names.size(); ++m) {
      c.measures.push_back({runs.names[m], runs.rows[i][m]});
    }
    c.feasible = feasible[i] != 0;
  }
  return !runs.partial;
}

// How many stay for the next round, and how often those then run.
std::size_t survivors(std::size_t candidates) {
  return std::max(std::min(candidates, kAlwaysKept), (candidates + 1) / 2);
}
std::uint64_t runs_in_all(std::size_t candidates, std::uint32_t most) {
  std::uint64_t sum = 0;
  for (std::uint32_t r = std::min(kFirstReplications, most);; r = std::min(2 * r, most)) {
    sum += std::uint64_t{r} * candidates;
    if (r == most) return sum;
    candidates = survivors(candidates);
  }
}

// What the search was sure of and fresh replications refuted, or nobody can know.
std::string refuted_text(const Candidate& candidate, const sim::RunResult& judged) {
  std::string text = fmt::format("the cheapest of the search, row {}, {}", candidate.row,
                                 reports::verdict_sentence(judged));
  for (const auto& outcome : judged.requirements) {
    if (outcome.verdict == sim::Verdict::kHolds || !outcome.replicated) continue;
    text += fmt::format("; {} {}", outcome.name, reports::replicated_text(*outcome.replicated));
  }
  return text;
}

// Judges the cheapest on replications that the search has not seen, since what was chosen for its
// luck must show it again. What does not hold there is left, and the next is judged. The judged run
// of the one that holds, or none.
Result<std::optional<sim::RunResult>, Errors> confirm(
    const Context& context, const Options& options, const BaseScenario& base,
    std::vector<Candidate>& candidates, Interruptible& interruptible, std::string& refuted) {
  while (true) {
    rank(candidates, options.minimize);
    const auto best = std::find_if(candidates.begin(), candidates.end(),
                                   [](const Candidate& c) { return c.front == 0 && c.feasible; });
    if (best == candidates.end() || interruptible.stop) return std::optional<sim::RunResult>();
    BACKCAST_TRY(const PreparedScenario prepared, prepared_for(options, base, best->row));
    TrialOptions how;
    how.threads = options.scenario.threads;
    how.replications = sim::wanted_replications(prepared.loaded.scenario);
    BACKCAST_TRY(ScenarioRun run,
                 run_prepared(prepared, {.replication = options.plan.replications, .threads = 1}));
    BACKCAST_TRY(const auto trials, judge(context, prepared, how, interruptible, run));
    if (sim::verdict_of(run.result) == sim::Verdict::kHolds) return std::optional(run.result);
    if (run.result.partial) return std::optional<sim::RunResult>();
    if (refuted.empty()) refuted = refuted_text(*best, run.result);
    best->feasible = false;
  }
}

// "held in 199 of 200 fresh replications" of the requirement that fared worst, or that one run
// decides.
std::string confirmed_text(const sim::RunResult& judged) {
  const sim::ReplicatedOutcome* worst = nullptr;
  for (const auto& outcome : judged.requirements) {
    if (!outcome.replicated) continue;
    if (worst == nullptr || outcome.replicated->held < worst->held) worst = &*outcome.replicated;
  }
  if (worst == nullptr) return "nothing is drawn, so one run decides";
  return "on fresh replications it " + reports::replicated_text(*worst);
}

reports::Table front_table(const Options& options, const std::vector<Candidate>& candidates) {
  reports::Table table{"pareto_front", {}, {}};
  for (const sim::Factor& f : options.plan.factors) table.columns.push_back({f.pointer, f.pointer});
  const std::string names[] = {options.minimize, "rpo_seconds_worst", "coverage_days_mean",
                               "requirements_hold"};
  const char* titles[] = {"Cost", "Worst RPO", "Coverage, days", "Holds"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    table.columns.push_back({names[i], i == 0 ? options.minimize : titles[i], true});
  }
  for (const Candidate& c : candidates) {
    if (c.front != 0 || !c.feasible) continue;
    table.rows.emplace_back();
    for (const std::string& value : options.plan.values(c.row)) {
      table.rows.back().push_back({value, ""});
    }
    for (const std::string& name : names) {
      table.rows.back().push_back({exact(c.of(name)), shown(name, c.of(name))});
    }
  }
  return table;
}

Status write_page(const Options& options, const std::map<std::uint32_t, Searched>& searched,
                  const reports::Table& table) {
  if (options.report.empty()) return kOk;
  std::vector<Searched> all;
  for (const auto& [row, one] : searched) all.push_back(one);
  return write_output(options.report, optimize_page(options.plan, options.minimize, all, table));
}

Error none_found(const Options& options, const std::vector<Candidate>& candidates, std::size_t all,
                 bool complete, const std::string& refuted) {
  if (!complete) {
    return {Errc::kInterrupted, "stopped before a candidate met every requirement", {}, ""};
  }
  const Candidate& best =
      *std::max_element(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
        return a.of("requirements_hold") < b.of("requirements_hold");
      });
  return failed(fmt::format("none of {} candidates meets every requirement in {:g} % of runs", all,
                            100 * options.at_least),
                refuted.empty() ? fmt::format("the best, row {}, does in {:g} %; widen the values",
                                              best.row, 100 * best.of("requirements_hold"))
                                : refuted + "; widen the values");
}

void optimize(Context& context, Options& options) {
  options.plan.design = sim::Design::kGrid;
  if (auto status = expand(options.plan); !status.ok()) return report(context, status.error());
  const auto base = read_base(options.scenario);
  if (!base.ok()) return report(context, base.error());
  options.plan.scenario = options.scenario.file;
  options.plan.document_hash = hash_of(base->text);
  std::vector<Candidate> candidates(options.plan.rows.size());
  for (std::uint32_t row = 0; row < candidates.size(); ++row) candidates[row].row = row;
  const std::size_t all = candidates.size();
  Interruptible interruptible;
  std::map<std::uint32_t, Searched> searched;
  std::uint32_t replications = std::min(kFirstReplications, options.plan.replications);
  reports::Progress progress(progress_form(context), "optimizing",
                             runs_in_all(all, options.plan.replications), "runs");
  bool complete = true;
  while (true) {
    const auto done = evaluate(options, *base, candidates, replications, interruptible, progress);
    if (!done.ok()) return report(context, done.error());
    complete = *done;
    std::erase_if(candidates, [](const Candidate& c) { return c.measures.empty(); });
    if (candidates.empty()) {
      return report(context,
                    Error{Errc::kInterrupted, "stopped before anything was known", {}, ""});
    }
    if (candidates.front().measures.front().name != options.minimize &&
        candidates.front().of(options.minimize) == 0 && options.minimize == "cost_total") {
      return report(context, bad_input("the scenario has no price book, so there is no cost",
                                       "add one, or --minimize stored_bytes_mean"));
    }
    rank(candidates, options.minimize);
    for (const Candidate& c : candidates) {
      searched[c.row] = {c.row, c.of(options.minimize), c.of("rpo_seconds_worst"), c.feasible,
                         false};
    }
    if (!complete || replications >= options.plan.replications) break;
    candidates.resize(survivors(candidates.size()));
    replications = std::min(2 * replications, options.plan.replications);
  }
  std::string confirmed, refuted;
  if (complete) {
    const auto judged = confirm(context, options, *base, candidates, interruptible, refuted);
    if (!judged.ok()) return report(context, judged.error());
    complete = !interruptible.stop;
    if (*judged) confirmed = confirmed_text(**judged);
    for (const Candidate& c : candidates) searched[c.row].is_feasible = c.feasible;
  }
  const auto table = front_table(options, candidates);
  for (const Candidate& c : candidates) {
    searched[c.row].is_on_front = c.front == 0 && c.feasible;
  }
  if (table.rows.empty()) {
    return report(context, none_found(options, candidates, all, complete, refuted));
  }
  if (auto status = write_page(options, searched, table); !status.ok()) {
    return report(context, status.error());
  }
  if (context.format == Format::kText) {
    print(fmt::format(
        "{} candidates, {} replication{} at the end{}. The first row is the cheapest that "
        "meets every requirement{}; each other buys freshness or reach.\n\n",
        all, replications, replications == 1 ? "" : "s", complete ? "" : " (partial: interrupted)",
        confirmed.empty() ? "" : ": " + confirmed));
  }
  print(context, table);
  if (!complete) say_partial(context, candidates.size(), all, "candidates");
}

}  // namespace

void add_optimize(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "optimize",
      "The cheapest values that meet every requirement, and the Pareto front beyond them\n\n"
      "  backcast optimize my.json --vary '/services/0/schedules/0/every=6h,12h,24h'\n"
      "      --vary '/services/0/retention=restic: --keep-daily 7,restic: --keep-daily 30'");
  verb->add_option("scenario", options->scenario.file, "A scenario file, \"-\" or shipped name")
      ->required();
  verb->add_option("--vary", options->plan.vary,
                   "POINTER=a,b,c or POINTER=low..high/levels; repeat")
      ->required();
  verb->add_option("--minimize", options->minimize, "The measure to minimize")
      ->capture_default_str();
  verb->add_option("--replications", options->plan.replications,
                   "Runs of those that stay to the end")
      ->check(CLI::Range(1U, 1'000'000U));
  verb->add_option("--at-least", options->at_least,
                   "The share of futures in which requirements must hold that state no quantile")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  verb->add_option("--report", options->report,
                   "Also write one HTML page here: every candidate and the Pareto front");
  add_scenario_options(*verb, options->scenario);
  verb->callback([options, &context] { optimize(context, *options); });
}

}  // namespace backcast::cli
