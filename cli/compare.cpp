// backcast compare: two scenarios under the same luck, and by how much they differ.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/trials.h"
#include "cli/verbs.h"

namespace backcast::cli {
namespace {

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

void compare(Context& context, const Options& options) {
  auto a = prepare(options.a);
  if (!a.ok()) return report(context, a.error());
  auto b = prepare(options.b);
  if (!b.ok()) return report(context, b.error());
  // The same seed and replication number give both the same failures and jitter.
  if (!options.b.seed) b->loaded.scenario.seed = a->loaded.scenario.seed;
  Interruptible interruptible;
  auto runs_a = run_trials(context, *a, options.trials, interruptible);
  if (!runs_a.ok()) return report(context, runs_a.error());
  TrialOptions same = options.trials;
  same.replications = static_cast<std::uint32_t>(runs_a->runs.rows.size());
  same.within.reset();
  if (same.replications == 0) {
    return report(context, Error{Errc::kInterrupted, "stopped before anything was known", {}, ""});
  }
  auto runs_b = run_trials(context, *b, same, interruptible);
  if (!runs_b.ok()) return report(context, runs_b.error());
  const auto difference = sim::paired_difference(runs_b->runs, runs_a->runs);
  if (!difference.ok()) return report(context, difference.error());
  if (difference->rows.empty()) {
    return report(context, Error{Errc::kInterrupted, "stopped before anything was known", {}, ""});
  }
  const auto summaries = sim::summarize(*difference, options.trials.confidence);
  if (context.format == Format::kText) {
    print(fmt::format("A: {}\nB: {}\n{} replication{}, the same draws for both{}\n\n",
                      a->loaded.scenario.title, b->loaded.scenario.title, difference->rows.size(),
                      difference->rows.size() == 1 ? "" : "s",
                      interruptible.stop ? " (partial: interrupted)" : ""));
  }
  print(context,
        difference_table(runs_a->runs, runs_b->runs, summaries, options.trials.confidence));
  if (interruptible.stop) context.exit_code = exit_code(Errc::kInterrupted);
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
