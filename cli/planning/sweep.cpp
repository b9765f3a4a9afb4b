// backcast sweep: a scenario over many values of its fields, on one machine or many.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/planning/scenario_options.h"
#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "reports/html/study_pages.h"
#include "reports/run/measure_tables.h"
#include "study/vary/sweep_file.h"

namespace backcast::cli {
namespace {

constexpr std::uint64_t kMaxPartBytes = 4ULL << 30;

struct Options {
  ScenarioOptions scenario;
  study::SweepPlan plan;
  std::string design = "grid", shard, output, measure = study::kCostTotal;
  std::string report;
  bool show_plan = false;
  std::vector<std::string> merge;
};

reports::Table plan_table(const study::SweepPlan& plan) {
  reports::Table table{"sweep_plan", {{"row", "Row", true}}, {}};
  for (const study::Factor& f : plan.factors) table.columns.push_back({f.pointer, f.pointer});
  for (std::size_t row = 0; row < plan.rows.size(); ++row) {
    table.rows.push_back({{std::to_string(row), ""}});
    for (const std::string& value : plan.values(row)) table.rows.back().push_back({value, ""});
  }
  return table;
}

reports::Table rows_table(const study::SweepRows& rows) {
  reports::Table table = plan_table(rows.plan);
  table.name = "sweep";
  for (const std::string& name : rows.measures()) table.columns.push_back({name, name, true});
  std::vector<std::vector<reports::Cell>> done;
  for (const auto& [row, measures] : rows.done) {
    done.push_back(std::move(table.rows[row]));
    for (const sim::Measure& m : measures) {
      done.back().push_back(reports::measure_cell(m.name, m.value));
    }
  }
  table.rows = std::move(done);
  return table;
}

std::pair<const char*, const char*> effect_titles(study::Design design) {
  if (design == study::Design::kMorris) return {"Mean effect", "Spread of it"};
  if (design == study::Design::kSaltelli) return {"Alone", "With interactions"};
  return {"Share of variance", "Interactions"};
}

reports::Table effects_table(const study::SweepRows& rows, const std::string& measure) {
  const auto [first, second] = effect_titles(rows.plan.design);
  reports::Table table{"sweep_effects",
                       {{"field", "Field"},
                        {"measure", "Measure"},
                        {"first", first, true},
                        {"second", second, true}},
                       {}};
  const bool has_second =
      rows.plan.design == study::Design::kMorris || rows.plan.design == study::Design::kSaltelli;
  const auto effects = study::effects_of(rows, measure);
  for (std::size_t f = 0; f < effects.size(); ++f) {
    table.rows.push_back(
        {{rows.plan.factors[f].pointer, ""},
         {measure, ""},
         {reports::exact(effects[f].first), fmt::format("{:.3f}", effects[f].first)},
         has_second ? reports::Cell{reports::exact(effects[f].second),
                                    fmt::format("{:.3f}", effects[f].second)}
                    : reports::Cell{"", "-"}});
  }
  return table;
}

// Whether the rows have the measure whose effects are to be told.
Status check_measure(const study::SweepRows& rows, const std::string& measure) {
  const std::vector<std::string> names = rows.measures();
  if (names.empty() || std::find(names.begin(), names.end(), measure) != names.end()) return kOk;
  const char* why = measure == study::kCostTotal ? ", since the scenario has no price book" : "";
  return bad_input(
      fmt::format("effects cannot be estimated: the rows have no {}{}", printable(measure), why),
      fmt::format("give --measure one of {}", fmt::join(names, ", ")));
}

// Every run of every row together: what is to be expected where the fields themselves are unsure.
reports::Table spread_table(const study::SweepRows& rows) {
  reports::Table table{"sweep_spread",
                       {{"measure", "Over all rows"},
                        {"runs", "Runs", true},
                        {"p05", "5 %", true},
                        {"p50", "Median", true},
                        {"p95", "95 %", true}},
                       {}};
  for (const study::RowsSpread& s : study::spread_of(rows)) {
    table.rows.push_back({{s.measure, ""},
                          {std::to_string(s.runs), ""},
                          reports::measure_cell(s.measure, s.p05),
                          reports::measure_cell(s.measure, s.p50),
                          reports::measure_cell(s.measure, s.p95)});
  }
  return table;
}

Result<study::SweepRows, Errors> compute(Context& context, const Options& options,
                                         study::Shard shard) {
  BACKCAST_TRY(const study::BaseScenario base, read_base(options.scenario));
  study::SweepPlan plan = options.plan;
  study::name_document(plan, base);
  const std::size_t all = study::rows_of(plan, shard).size();
  Interruptible interruptible;
  BACKCAST_TRY(study::SweepRows rows,
               study::sweep(base, std::move(plan), shard,
                            {options.scenario.threads, watch_of(context, interruptible)}));
  if (rows.interrupted) say_partial(context, rows.done.size(), all, "rows");
  return rows;
}

Result<study::SweepRows> merged(const std::vector<std::string>& paths) {
  std::optional<study::SweepRows> all;
  for (const std::string& path : paths) {
    BACKCAST_TRY(const std::string text, read_text_file(path, kMaxPartBytes));
    BACKCAST_CHECK(study::merge_part(all, text, path));
  }
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

Result<Ok, Errors> show(Context& context, const Options& options, const study::SweepRows& rows,
                        bool whole) {
  if (!options.output.empty()) {
    BACKCAST_CHECK(all_errors(write_output(options.output, study::to_text(rows))));
  } else if (context.format == Format::kJson) {
    print(study::to_text(rows));
  } else {
    print(context, rows_table(rows));
  }
  if (!whole || context.exit_code != 0) return kOk;
  if (const auto missing = rows.missing(); !missing.empty()) {
    return Errors{failed(fmt::format("{} of {} rows are missing: {}", missing.size(),
                                     rows.plan.rows.size(), ranges(missing)),
                         "compute their shards and merge again; row r is in shard r mod n + 1")};
  }
  if (const Status known = check_measure(rows, options.measure); !known.ok()) {
    if (options.measure != study::kCostTotal) return Errors{known.error()};
    note(context, known.error().message + "; " + known.error().hint);
  }
  const auto table = effects_table(rows, options.measure);
  if (!options.report.empty()) {
    const std::string page = reports::sweep_page(rows, options.measure, table, rows_table(rows));
    BACKCAST_CHECK(all_errors(write_output(options.report, page)));
  }
  if (context.format == Format::kText && options.output.empty()) {
    if (!table.rows.empty()) print("\n" + reports::to_terminal(table));
    print("\n" + reports::to_terminal(spread_table(rows)));
  }
  return kOk;
}

Result<Ok, Errors> sweep(Context& context, Options& options) {
  if (!options.merge.empty()) {
    BACKCAST_TRY(const study::SweepRows rows, all_errors(merged(options.merge)));
    return show(context, options, rows, true);
  }
  if (options.scenario.file.empty()) {
    return Errors{bad_input("no scenario", "backcast sweep SCENARIO --vary POINTER=VALUES")};
  }
  BACKCAST_TRY(options.plan.design, all_errors(study::parse_design(options.design)));
  BACKCAST_TRY(const study::Shard shard, all_errors(study::parse_shard(options.shard)));
  BACKCAST_CHECK(all_errors(study::expand(options.plan)));
  if (options.show_plan) {
    print(context, plan_table(options.plan));
    return kOk;
  }
  BACKCAST_TRY(const study::SweepRows rows, compute(context, options, shard));
  return show(context, options, rows, options.shard.empty());
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
  verb->add_option("scenario", options->scenario.file, "A scenario file, \"-\" or shipped name")
      ->type_name(kScenarioType);
  verb->add_option("--vary", options->plan.vary,
                   "POINTER=a,b,c or POINTER=low..high or POINTER=low..high/levels; repeat");
  verb->add_option("--design", options->design,
                   "grid, latin, sobol, morris (screening) or saltelli (Sobol indices)")
      ->capture_default_str();
  verb->add_option("--points", options->plan.points, "Rows, or trajectories, or base points")
      ->check(CLI::Range(1U, study::kMaxPoints));
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
  verb->callback([options, &context] {
    if (auto done = sweep(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
