// backcast sweep: a scenario over many values of its fields, on one machine or many.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>

#include "cli/planning/sweep_file.h"
#include "cli/planning/sweep_report.h"
#include "cli/planning/trials.h"
#include "cli/planning/varied.h"
#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "engine/base/text.h"

namespace backcast::cli {
namespace {

constexpr std::uint64_t kMaxPartBytes = 4ULL << 30;
constexpr const char* kCost = "cost_total";

struct Options {
  ScenarioOptions scenario;
  SweepPlan plan;
  std::string design = "grid", shard, output, measure = kCost;
  std::string report;
  bool show_plan = false;
  std::vector<std::string> merge;
};

struct Shard {
  std::uint32_t index = 1, count = 1;  // 1-based
};

Result<Shard> parse_shard(const std::string& text) {
  Shard shard;
  if (text.empty()) return shard;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.index);
  const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, shard.count)
                            : std::from_chars_result{end, std::errc::invalid_argument};
  if (second.ec != std::errc() || second.ptr != end || shard.index < 1 ||
      shard.index > shard.count) {
    return bad_input("--shard " + text + " is not i/n with 1 <= i <= n", "such as --shard 3/8");
  }
  return shard;
}

reports::Table plan_table(const SweepPlan& plan) {
  reports::Table table{"sweep_plan", {{"row", "Row", true}}, {}};
  for (const sim::Factor& f : plan.factors) table.columns.push_back({f.pointer, f.pointer});
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    table.rows.push_back({{std::to_string(row), ""}});
    for (const std::string& value : plan.values(row)) table.rows.back().push_back({value, ""});
  }
  return table;
}

reports::Table rows_table(const SweepRows& rows) {
  reports::Table table = plan_table(rows.plan);
  table.name = "sweep";
  std::vector<std::vector<reports::Cell>> done;
  for (const auto& [row, measures] : rows.done) {
    if (done.empty()) {
      for (const sim::Measure& m : measures) table.columns.push_back({m.name, m.name, true});
    }
    done.push_back(std::move(table.rows[row]));
    for (const sim::Measure& m : measures) {
      done.back().push_back({exact(m.value), shown(m.name, m.value)});
    }
  }
  table.rows = std::move(done);
  return table;
}

std::pair<const char*, const char*> effect_titles(sim::Design design) {
  if (design == sim::Design::kMorris) return {"Mean effect", "Spread of it"};
  if (design == sim::Design::kSaltelli) return {"Alone", "With interactions"};
  return {"Share of variance", "Interactions"};
}

reports::Table effects_table(const SweepRows& rows, const std::string& measure) {
  const auto [first, second] = effect_titles(rows.plan.design);
  reports::Table table{"sweep_effects",
                       {{"field", "Field"},
                        {"measure", "Measure"},
                        {"first", first, true},
                        {"second", second, true}},
                       {}};
  const bool has_second =
      rows.plan.design == sim::Design::kMorris || rows.plan.design == sim::Design::kSaltelli;
  std::vector<double> outputs;
  for (const auto& [row, measures] : rows.done) {
    for (const sim::Measure& m : measures) {
      if (m.name == measure) outputs.push_back(m.value);
    }
  }
  if (outputs.size() != rows.plan.rows.size()) return table;
  const auto effects = sim::effects(rows.plan.design, rows.plan.rows, outputs);
  for (std::size_t f = 0; f < effects.size(); ++f) {
    table.rows.push_back({{rows.plan.factors[f].pointer, ""},
                          {measure, ""},
                          {exact(effects[f].first), fmt::format("{:.3f}", effects[f].first)},
                          has_second ? reports::Cell{exact(effects[f].second),
                                                     fmt::format("{:.3f}", effects[f].second)}
                                     : reports::Cell{"", "-"}});
  }
  return table;
}

// Whether the rows have the measure whose effects are to be told.
Status check_measure(const SweepRows& rows, const std::string& measure) {
  if (rows.done.empty()) return kOk;
  std::vector<std::string> names;
  for (const sim::Measure& m : rows.done.begin()->second) names.push_back(m.name);
  if (std::find(names.begin(), names.end(), measure) != names.end()) return kOk;
  const char* why = measure == kCost ? ", since the scenario has no price book" : "";
  return bad_input(
      fmt::format("effects cannot be estimated: the rows have no {}{}", printable(measure), why),
      fmt::format("give --measure one of {}", fmt::join(names, ", ")));
}

// Every run of every row together: what is to be expected where the fields themselves are unsure.
reports::Table spread_table(const SweepRows& rows) {
  reports::Table table{"sweep_spread",
                       {{"measure", "Over all rows"},
                        {"runs", "Runs", true},
                        {"p05", "5 %", true},
                        {"p50", "Median", true},
                        {"p95", "95 %", true}},
                       {}};
  if (rows.done.empty()) return table;
  const sim::Measures& measures = rows.done.begin()->second;
  for (std::size_t m = 0; m < measures.size(); ++m) {
    const std::string& name = measures[m].name;
    sim::Histogram all;
    for (const auto& [row, spread] : rows.spread) all.add(spread[m]);
    table.rows.push_back({{name, ""}, {std::to_string(all.count()), ""}});
    for (const double p : {0.05, 0.5, 0.95}) {
      const double value = value_of_count(name, all.quantile(p));
      table.rows.back().push_back({exact(value), shown(name, value)});
    }
  }
  return table;
}

Result<SweepRows, Errors> compute(Context& context, const Options& options, SweepPlan plan,
                                  Shard shard) {
  BACKCAST_TRY(const BaseScenario base, read_base(options.scenario));
  plan.document_hash = hash_of(base.text);
  std::vector<std::uint32_t> mine;
  for (std::uint32_t row = shard.index - 1; row < plan.rows.size(); row += shard.count) {
    mine.push_back(row);
  }
  Interruptible interruptible;
  reports::Progress progress(progress_form(context), "sweeping", mine.size(), "rows");
  SweepRows rows;
  rows.plan = std::move(plan);
  std::vector<std::vector<sim::Histogram>> spread(mine.size());
  const sim::Trial trial = [&](std::uint32_t i) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const PreparedScenario prepared,
                 with_values(base, rows.plan.factors, rows.plan.values(mine[i])));
    return mean_measures(prepared, rows.plan.replications, interruptible.stop,
                         {.spread = &spread[i], .judged = nullptr});
  };
  if (mine.empty()) return rows;
  sim::ReplicationOptions how;
  how.count = static_cast<std::uint32_t>(mine.size());
  how.threads = options.scenario.threads;
  how.stop = &interruptible.stop;
  how.progress = [&](std::uint32_t n) { progress.advance(n); };
  BACKCAST_TRY(const sim::Replications done, sim::replicate(trial, how));
  for (std::size_t i = 0; i < done.rows.size(); ++i) {
    sim::Measures& measures = rows.done[mine[i]];
    rows.spread[mine[i]] = std::move(spread[i]);
    for (std::size_t m = 0; m < done.names.size(); ++m) {
      measures.push_back({done.names[m], done.rows[i][m]});
    }
  }
  if (done.partial) {
    rows.interrupted = true;
    say_partial(context, rows.done.size(), mine.size(), "rows");
  }
  return rows;
}

Result<SweepRows, Errors> merged(const std::vector<std::string>& paths) {
  std::optional<SweepRows> all;
  for (const std::string& path : paths) {
    auto text = read_text_file(path, kMaxPartBytes);
    if (!text.ok()) return Errors{std::move(text).error()};
    auto part = parse_sweep(*text, path);
    if (!part.ok()) return Errors{std::move(part).error()};
    if (!all) {
      all = std::move(*part);
      continue;
    }
    if (auto status = merge_into(*all, *part, path); !status.ok()) return Errors{status.error()};
  }
  all->interrupted = false;  // rows that are missing are named instead
  return std::move(*all);
}

// Names rows, "3, 5..7".
std::string ranges(const std::vector<std::uint32_t>& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t last = i;
    while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(rows[i]);
    if (last > i) text += ".." + std::to_string(rows[last]);
    i = last + 1;
  }
  return text;
}

void show(Context& context, const Options& options, const SweepRows& rows, bool whole) {
  if (!options.output.empty()) {
    if (auto status = write_output(options.output, to_text(rows)); !status.ok()) {
      return report(context, status.error());
    }
  } else if (context.format == Format::kJson) {
    print(to_text(rows));
  } else {
    print(context, rows_table(rows));
  }
  if (!whole || context.exit_code != 0) return;
  if (const auto missing = rows.missing(); !missing.empty()) {
    return report(context,
                  Error{Errc::kFailed,
                        fmt::format("{} of {} rows are missing: {}", missing.size(),
                                    rows.plan.rows.size(), ranges(missing)),
                        {},
                        "compute their shards and merge again; row r is in shard r mod n + 1"});
  }
  if (const Status known = check_measure(rows, options.measure); !known.ok()) {
    if (options.measure != kCost) return report(context, known.error());
    note(context, known.error().message + "; " + known.error().hint);
  }
  const auto table = effects_table(rows, options.measure);
  if (!options.report.empty()) {
    const std::string page = sweep_page(rows, options.measure, table, rows_table(rows));
    if (auto status = write_output(options.report, page); !status.ok()) {
      return report(context, status.error());
    }
  }
  if (context.format == Format::kText && options.output.empty()) {
    if (!table.rows.empty()) print("\n" + reports::to_terminal(table));
    print("\n" + reports::to_terminal(spread_table(rows)));
  }
}

void sweep(Context& context, Options& options) {
  if (!options.merge.empty()) {
    const auto rows = merged(options.merge);
    if (!rows.ok()) return report(context, rows.error());
    return show(context, options, *rows, true);
  }
  if (options.scenario.file.empty()) {
    return report(context,
                  bad_input("no scenario", "backcast sweep SCENARIO --vary POINTER=VALUES"));
  }
  const auto design = sim::parse_design(options.design);
  if (!design.ok()) return report(context, design.error());
  const auto shard = parse_shard(options.shard);
  if (!shard.ok()) return report(context, shard.error());
  options.plan.design = *design;
  options.plan.scenario = options.scenario.file;
  if (auto status = expand(options.plan); !status.ok()) return report(context, status.error());
  if (options.show_plan) return print(context, plan_table(options.plan));
  const auto rows = compute(context, options, options.plan, *shard);
  if (!rows.ok()) return report(context, rows.error());
  show(context, options, *rows, options.shard.empty());
}

}  // namespace

void add_sweep(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "sweep",
      "A scenario over many values of its fields\n\n"
      "  backcast sweep my.json --vary '/services/0/change/per_day=1%,2%,5%' --csv\n"
      "  backcast sweep my.json --design sobol --points 256 --vary '/services/0/size=1 TB..9 TB'\n"
      "  backcast sweep my.json --vary ... --shard 3/8 -o part3.jsonl     # on eight machines\n"
      "  backcast sweep --merge part*.jsonl -o all.jsonl");
  verb->add_option("scenario", options->scenario.file, "A scenario file, \"-\" or shipped name");
  verb->add_option("--vary", options->plan.vary,
                   "POINTER=a,b,c or POINTER=low..high or POINTER=low..high/levels; repeat");
  verb->add_option("--design", options->design,
                   "grid, latin, sobol, morris (screening) or saltelli (Sobol indices)")
      ->capture_default_str();
  verb->add_option("--points", options->plan.points, "Rows, or trajectories, or base points")
      ->check(CLI::Range(1U, sim::kMaxPoints));
  verb->add_option("--replications", options->plan.replications, "Runs per row")
      ->check(CLI::Range(1U, 1'000'000U));
  verb->add_option("--design-seed", options->plan.seed,
                   "Random seed of the design points; runs keep their own");
  verb->add_option("--measure", options->measure, "Measure to analyse")->capture_default_str();
  verb->add_flag("--plan", options->show_plan, "Only print the rows");
  verb->add_option("--shard", options->shard, "Only every n-th row: i/n, from 1/n to n/n");
  verb->add_option("-o,--output", options->output, "Write the rows here, as JSON lines");
  verb->add_option("--report", options->report,
                   "Also write one HTML page here: heat maps and effects of the whole sweep");
  verb->add_option("--merge", options->merge, "Merge the parts of a sharded sweep");
  add_scenario_options(*verb, options->scenario);
  verb->callback([options, &context] { sweep(context, *options); });
}

}  // namespace backcast::cli
