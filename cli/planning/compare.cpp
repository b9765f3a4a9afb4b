// backcast compare: two scenarios under the same luck, and by how much they differ.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <tuple>

#include "cli/planning/trials.h"
#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "costmodel/bill/compare.h"
#include "reports/bill/invoice_tables.h"

namespace backcast::cli {
namespace {

const std::string kOfB = "B: ";  // before B's measures while both stand in one row

struct Options {
  ScenarioOptions a, b;
  TrialOptions trials;
  bool lines = false;
  std::string report;
};

// One run of each, told beside each other.
struct Pair {
  ScenarioRun a, b;
};

Result<Pair, Errors> run_both(const PreparedScenario& a, const PreparedScenario& b,
                              unsigned threads) {
  BACKCAST_TRY(ScenarioRun run_a, run_prepared(a, {.threads = threads}));
  BACKCAST_TRY(ScenarioRun run_b, run_prepared(b, {.threads = threads}));
  return Pair{std::move(run_a), std::move(run_b)};
}

// Names that tell the two apart.
std::pair<std::string, std::string> labels(const Pair& pair) {
  const std::string &a = pair.a.result.scenario, &b = pair.b.result.scenario;
  if (a != b) return {a, b};
  return {"A: " + a, "B: " + b};
}

Result<reports::Table, Errors> lines_table(const Pair& pair) {
  if (!pair.a.invoice || !pair.b.invoice) {
    return Errors{bad_input("a scenario without a price book has no bill to compare")};
  }
  const auto rows = cost::compare(*pair.a.invoice, *pair.b.invoice);
  if (!rows.ok()) return Errors{rows.error()};
  const auto [left, right] = labels(pair);
  return reports::compare_table(*rows, std::string(pair.a.invoice->total().currency.code()),
                                {left, right});
}

reports::Table difference_table(const sim::Replications& a, const sim::Replications& b,
                                const std::vector<sim::Summary>& differences, double confidence) {
  reports::Table table{"comparison",
                       {{"measure", "Measure"},
                        {"a_mean", "A", true},
                        {"b_mean", "B", true},
                        {"difference_mean", "B - A", true},
                        {"difference_low", "from", true},
                        {"difference_high", "to", true}},
                       {}};
  const auto cell = [](const std::string& name, double v) {
    return reports::Cell{exact(v), shown(name, v)};
  };
  for (const sim::Summary& s : differences) {
    const auto mean = [&](const sim::Replications& runs) {
      return cell(s.name, sim::mean_estimate(runs.column(s.name), confidence).value);
    };
    const auto& interval = s.mean.interval;
    table.rows.push_back({{s.name, ""},
                          mean(a),
                          mean(b),
                          cell(s.name, s.mean.value),
                          interval ? cell(s.name, interval->low) : reports::Cell{"", "-"},
                          interval ? cell(s.name, interval->high) : reports::Cell{"", "-"}});
  }
  return table;
}

struct Pairs {
  sim::Replications a, b;
  std::optional<reports::Spread> spread_a, spread_b;
  std::unique_ptr<sim::Judge> judge_a, judge_b;  // have heard them all
};

Status write_report(const std::string& path, const Pair& pair, const Pairs& pairs) {
  reports::RunReport both[] = {pair.a.report(), pair.b.report()};
  std::tie(both[0].label, both[1].label) = labels(pair);
  if (pairs.a.rows.size() > 1) {
    both[0].spread = pairs.spread_a;
    both[1].spread = pairs.spread_b;
  }
  return write_output(path, reports::to_html(both));
}

// Every replication runs both, so that an interrupted comparison still is one.
Result<Pairs, Errors> run_pairs(const Context& context, const PreparedScenario& a,
                                const PreparedScenario& b, const TrialOptions& options,
                                Interruptible& interruptible) {
  reports::Progress progress(progress_form(context), "comparing", options.replications, "pairs");
  Bills bills_a(options.replications), bills_b(options.replications);
  Pairs pairs;
  pairs.judge_a = std::make_unique<sim::Judge>(a.loaded.scenario, options.replications);
  pairs.judge_b = std::make_unique<sim::Judge>(b.loaded.scenario, options.replications);
  const sim::Trial trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const ScenarioRun run_a, run_prepared(a, {.replication = r, .threads = 1}));
    BACKCAST_TRY(const ScenarioRun run_b, run_prepared(b, {.replication = r, .threads = 1}));
    bills_a.keep(r, run_a);
    bills_b.keep(r, run_b);
    pairs.judge_a->hear(r, run_a.result);
    pairs.judge_b->hear(r, run_b.result);
    sim::Measures both = measures_of(run_a);
    for (sim::Measure& m : measures_of(run_b)) both.push_back({kOfB + m.name, m.value});
    return both;
  };
  BACKCAST_TRY(const sim::Replications both,
               sim::replicate(trial, replication_options(options, interruptible, progress)));
  pairs.a.partial = pairs.b.partial = both.partial;
  pairs.spread_a = bills_a.spread(both.rows.size());
  pairs.spread_b = bills_b.spread(both.rows.size());
  pairs.a.rows.resize(both.rows.size());
  pairs.b.rows.resize(both.rows.size());
  for (std::size_t m = 0; m < both.names.size(); ++m) {
    const bool is_b = both.names[m].starts_with(kOfB);
    sim::Replications& side = is_b ? pairs.b : pairs.a;
    side.names.push_back(is_b ? both.names[m].substr(kOfB.size()) : both.names[m]);
    for (std::size_t r = 0; r < both.rows.size(); ++r) side.rows[r].push_back(both.rows[r][m]);
  }
  return pairs;
}

void compare(Context& context, const Options& options) {
  auto a = prepare(options.a);
  if (!a.ok()) return report(context, a.error());
  auto b = prepare(options.b);
  if (!b.ok()) return report(context, b.error());
  // The same seed and replication number give both the same failures and jitter.
  if (!options.b.seed) {
    b->loaded.scenario.seed = a->loaded.scenario.seed;
    for (sim::Scenario& extreme : b->extremes) extreme.seed = a->loaded.scenario.seed;
  }
  Interruptible interruptible;
  const auto pairs = run_pairs(context, *a, *b, options.trials, interruptible);
  if (!pairs.ok()) return report(context, pairs.error());
  if (pairs->a.rows.empty()) {
    return report(context, Error{Errc::kInterrupted, "stopped before anything was known", {}, ""});
  }
  const auto difference = sim::paired_difference(pairs->b, pairs->a);
  if (!difference.ok()) return report(context, difference.error());
  if (options.lines || !options.report.empty()) {
    auto pair = run_both(*a, *b, options.trials.threads);
    if (!pair.ok()) return report(context, pair.error());
    const auto conclude = [&](const sim::Judge& judge, sim::RunResult& run) {
      judge.conclude(difference->rows.size(), options.trials.confidence, pairs->a.partial, run);
    };
    conclude(*pairs->judge_a, pair->a.result);
    conclude(*pairs->judge_b, pair->b.result);
    if (!options.report.empty()) {
      if (auto status = write_report(options.report, *pair, *pairs); !status.ok()) {
        return report(context, status.error());
      }
    }
    if (options.lines) {
      auto table = lines_table(*pair);
      if (!table.ok()) return report(context, table.error());
      return print(context, context.format == Format::kText
                                ? reports::without_empty_columns(std::move(*table))
                                : *table);
    }
  }
  const auto summaries = sim::summarize(*difference, options.trials.confidence);
  if (context.format == Format::kText) {
    print(fmt::format("A: {}\nB: {}\n{} replication{}, the same draws for both{}\n\n",
                      a->loaded.scenario.title, b->loaded.scenario.title, difference->rows.size(),
                      difference->rows.size() == 1 ? "" : "s",
                      pairs->a.partial ? " (partial: interrupted)" : ""));
  }
  print(context, difference_table(pairs->a, pairs->b, summaries, options.trials.confidence));
  if (pairs->a.partial) {
    say_partial(context, difference->rows.size(), options.trials.replications, "replications");
  }
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "compare",
      "Two scenarios under the same luck: what the second costs and holds more or less\n\n"
      "  backcast compare now.json proposed.json --replications 200\n"
      "  backcast compare now.json proposed.json --replications 10000 --within 0.01\n"
      "  backcast compare now.json --set '/services/0/growth/per_year=60%'\n"
      "  backcast compare now.json proposed.json --lines --report both.html");
  verb->add_option("a", options->a.file, "The scenario to compare with")->required();
  verb->add_option("b", options->b.file, "The scenario that is compared; A itself with --set");
  add_set_option(*verb, options->b);
  verb->add_option("--seed", options->a.seed, "Use this random seed instead of A's");
  verb->add_option("--until", options->a.until, "Stop both runs here: 2026-06-30, or +90d");
  verb->add_option("--threads", options->trials.threads, "The result does not depend on it")
      ->check(CLI::Range(0, 1024));
  add_trial_options(*verb, options->trials);
  verb->add_flag("--lines", options->lines,
                 "The two invoices line by line with the difference, of one run each");
  verb->add_option("--report", options->report,
                   "Also write one HTML page here, the two side by side");
  verb->callback([options, &context] {
    if (options->b.file.empty()) {
      if (options->b.changes.empty()) {
        return report(context, bad_input("there is nothing to compare with",
                                         "name a second scenario, or say with --set what changes"));
      }
      options->b.file = options->a.file;
    }
    options->b.until = options->a.until;
    options->b.seed = options->a.seed;
    compare(context, *options);
  });
}

}  // namespace backcast::cli
