// backcast compare: two scenarios under the same luck, and by how much they differ.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/trials.h"
#include "cli/verbs.h"

namespace backcast::cli {
namespace {

const std::string kOfB = "B: ";  // before B's measures while both stand in one row

struct Options {
  ScenarioOptions a, b;
  TrialOptions trials;
};

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
};

// Every replication runs both, so that an interrupted comparison still is one.
Result<Pairs, Errors> run_pairs(const Context& context, const PreparedScenario& a,
                                const PreparedScenario& b, const TrialOptions& options,
                                Interruptible& interruptible) {
  reports::Progress progress(progress_form(context), "comparing", options.replications, "pairs");
  const sim::Trial trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const ScenarioRun run_a, run_prepared(a, {.replication = r, .threads = 1}));
    BACKCAST_TRY(const ScenarioRun run_b, run_prepared(b, {.replication = r, .threads = 1}));
    sim::Measures both = measures_of(run_a);
    for (sim::Measure& m : measures_of(run_b)) both.push_back({kOfB + m.name, m.value});
    return both;
  };
  BACKCAST_TRY(const sim::Replications both,
               sim::replicate(trial, replication_options(options, interruptible, progress)));
  Pairs pairs;
  pairs.a.partial = pairs.b.partial = both.partial;
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
  if (!options.b.seed) b->loaded.scenario.seed = a->loaded.scenario.seed;
  Interruptible interruptible;
  const auto pairs = run_pairs(context, *a, *b, options.trials, interruptible);
  if (!pairs.ok()) return report(context, pairs.error());
  if (pairs->a.rows.empty()) {
    return report(context, Error{Errc::kInterrupted, "stopped before anything was known", {}, ""});
  }
  const auto difference = sim::paired_difference(pairs->b, pairs->a);
  if (!difference.ok()) return report(context, difference.error());
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
      "  backcast compare now.json proposed.json --replications 10000 --within 0.01");
  verb->add_option("a", options->a.file, "The scenario to compare with")->required();
  verb->add_option("b", options->b.file, "The scenario that is compared")->required();
  verb->add_option("--seed", options->a.seed, "Draws from this seed instead of A's");
  verb->add_option("--until", options->a.until, "Stop both runs here: 2026-06-30, or +90d");
  verb->add_option("--threads", options->trials.threads, "The result does not depend on it")
      ->check(CLI::Range(0, 1024));
  add_trial_options(*verb, options->trials);
  verb->callback([options, &context] {
    options->b.until = options->a.until;
    options->b.seed = options->a.seed;
    compare(context, *options);
  });
}

}  // namespace backcast::cli
