// backcast new: a first scenario from a provider, an inventory or a history.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "cli/repository/repository_options.h"
#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "engine/base/document.h"
#include "engine/base/errors.h"
#include "engine/env/env.h"
#include "study/start/start.h"

namespace backcast::cli {
namespace {

constexpr int kMostLeftOut = 40;  // reasons shown; each with all of its lines

struct Options {
  study::StartChoices choices;
  std::string output;
  std::string inventory, decimal;
  bool fill_down = false;
  std::string history, input, source, zone = "UTC", stats;
  RepositoryOptions keys;  // where the history is that of a repository
};

// The name of the scenario, and of its file.
std::string stem_of(const Options& options) {
  namespace fs = std::filesystem;
  const std::string& from = !options.inventory.empty() ? options.inventory
                            : !options.history.empty() ? options.history
                                                       : options.choices.provider;
  if (!options.output.empty() && options.output != "-") {
    return fs::path(options.output).stem().string();
  }
  const std::string stem = from == "-" ? "plan" : fs::path(from).stem().string();
  // web.json is a history as often as not, and stays what it is.
  return options.history.empty() || from == "-" ? stem : stem + "-plan";
}

Result<study::Started, Errors> from_inventory(const Options& options,
                                              const study::StartChoices& choices) {
  auto text = read_text_file(options.inventory, inventory::kMaxInventoryBytes);
  if (!text.ok()) return Errors{std::move(text).error()};
  inventory::ReadOptions how;
  how.name = options.inventory;
  how.decimal = options.decimal == "comma"   ? inventory::Decimal::kComma
                : options.decimal == "point" ? inventory::Decimal::kPoint
                                             : inventory::Decimal::kUnknown;
  how.fill_down = options.fill_down;
  how.has_region = !choices.region.empty();
  BACKCAST_TRY(const inventory::Inventory list, inventory::read_inventory(*text, how));
  return study::start_from_inventory(list, options.inventory, choices);
}

// The path of the history as the scenario is to call it: from its own folder.
std::string path_from(const std::string& scenario, const std::string& history) {
  namespace fs = std::filesystem;
  if (scenario == "-" || fs::path(history).is_absolute()) return history;
  std::error_code error;
  const fs::path folder = fs::absolute(fs::path(scenario), error).parent_path();
  const fs::path relative = fs::proximate(fs::absolute(fs::path(history), error), folder, error);
  return error ? history : relative.string();
}

// The size of the data, out of what restic stats says.
Result<std::uint64_t> size_in_stats(const std::string& path) {
  BACKCAST_TRY(const std::string text, read_text_file(path, 1 << 20));
  policy::History only{"restic"};
  BACKCAST_CHECK(policy::add_restic_stats(only, text, {path, policy::Zone::utc()}));
  if (text.find("\"total_blob_count\"") != std::string::npos) {
    return bad_input(path + " is the size of the whole repository, not of the data",
                     "restic stats latest --json");
  }
  return *only.stored_bytes;
}

bool is_repository(const std::string& path) {
  std::error_code error;
  return path.find("://") != std::string::npos || std::filesystem::is_directory(path, error);
}

Status read_known(const Options& options, study::KnownHistory& known) {
  known.name = options.history;
  known.input = options.input;
  known.source = options.source;
  BACKCAST_TRY(const policy::Zone zone, policy::Zone::find(options.zone));
  if (is_repository(options.history)) {
    RepositoryOptions repository = options.keys;
    repository.path = options.history;
    BACKCAST_TRY(known.text, stats_document(repository));
  } else {
    BACKCAST_TRY(known.text, read_text_file(options.history, policy::kMaxHistoryBytes));
  }
  BACKCAST_TRY(known.history,
               policy::import_history(options.input, known.text, {options.history, zone}));
  if (!options.stats.empty()) {
    BACKCAST_TRY(known.size_bytes, size_in_stats(options.stats));
  }
  return kOk;
}

Result<study::Started, Errors> from_history(const Options& options,
                                            const study::StartChoices& choices,
                                            const std::string& scenario) {
  study::KnownHistory known;
  BACKCAST_CHECK(all_errors(read_known(options, known)));
  known.file = path_from(scenario, options.history);
  if (options.history == "-" || is_repository(options.history)) {
    // What the scenario goes on with must stand in a file.
    known.file = choices.name + ".history.json";
    const std::string place = (std::filesystem::path(scenario).parent_path() / known.file).string();
    BACKCAST_CHECK(all_errors(write_new(place, known.text)));
  }
  return study::start_from_history(known, choices);
}

Result<study::Started, Errors> started(const Options& options, const study::StartChoices& choices,
                                       const std::string& scenario) {
  if (!options.history.empty()) return from_history(options, choices, scenario);
  if (!options.inventory.empty()) return from_inventory(options, choices);
  return study::start_from_provider(choices);
}

// Rows that are no service: each is told, and the exit code says that some are missing.
void say_left_out(Context& context, const Options& options, const study::Started& made) {
  int shown = 0;
  for (const inventory::LeftOut& left : made.left_out) {
    if (!left.is_expected) context.exit_code = exit_code(Errc::kPartialSource);
    if (shown++ == kMostLeftOut) {
      complain(fmt::format("{} more reasons", made.left_out.size() - kMostLeftOut));
    }
    if (shown > kMostLeftOut) continue;
    complain(fmt::format("{}: left out {}: {}{}{}", options.inventory,
                         inventory::lines_text(left.lines), left.reason,
                         left.hint.empty() ? "" : "; ", left.hint));
  }
}

void what_next(const Context& context, const std::string& file, const study::Started& started) {
  note(context,
       fmt::format("wrote {} with {} service{}; {} of its values were chosen here and are "
                   "marked",
                   file, started.services, started.services == 1 ? "" : "s", started.chosen));
  note(context, "\nNext:");
  note(context, fmt::format("  backcast validate {}", file));
  note(context, fmt::format("  backcast simulate {} --report {}", file,
                            std::filesystem::path(file).replace_extension(".html").string()));
}

Result<Ok, Errors> run(Context& context, const Options& options) {
  if (options.choices.provider.empty() && options.inventory.empty() && options.history.empty()) {
    return Errors{bad_input("say what to begin with",
                            "a provider, such as backcast new plain, or --inventory FILE, or "
                            "--from FILE")};
  }
  study::StartChoices choices = options.choices;
  choices.name = study::scenario_name(stem_of(options));
  choices.today = format_instant(env::posix_env().now()).substr(0, 10);
  const std::string file = options.output.empty() ? choices.name + ".json" : options.output;
  choices.file = file;
  if (file != "-") BACKCAST_CHECK(all_errors(check_is_new(file)));
  BACKCAST_TRY(const study::Started made, started(options, choices, file));
  for (const std::string& line : made.notes) note(context, line);
  say_left_out(context, options, made);
  if (file == "-") {
    print(made.text);
    return kOk;
  }
  BACKCAST_CHECK(all_errors(write_new(file, made.text)));
  what_next(context, file, made);
  return kOk;
}

}  // namespace

void add_new(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "new",
      "Write a first scenario from what you have: a provider, a list of servers, a history\n\n"
      "  backcast new zilliz                      # writes zilliz.json\n"
      "  backcast new qdrant --cloud azure -o search.json\n"
      "  backcast new --inventory servers.csv     # name, size (GB), region, ...\n"
      "  backcast new aws --inventory rvtools.csv --region eu-west-1\n"
      "  restic snapshots --json > web.json; backcast new --from web.json\n"
      "  df -h | backcast new --inventory - -o home.json\n"
      "\nWhat nobody stated is chosen, marked in the file, and counted under every verdict and "
      "bill, with what doubling it does. An existing file is never overwritten.");
  verb->add_option("PROVIDER", options->choices.provider,
                   "Who keeps the backups: a shipped profile, or the path of one");
  verb->add_option("-o,--output", options->output,
                   "The file to write, - for standard output; left out it is named after what the "
                   "scenario is made from");
  auto* list =
      verb->add_option("--inventory", options->inventory,
                       "A list of servers, disks or file systems: CSV with headings, an export of "
                       "RVTools or of a cloud's disks, the output of df; - for standard input")
          ->type_name("FILE");
  verb->add_option("--decimal", options->decimal,
                   "What the comma of 1,500 is in it, where no cell of the column tells: comma or "
                   "point")
      ->check(CLI::IsMember({"comma", "point"}));
  verb->add_flag("--fill-down", options->fill_down,
                 "An empty cell of it is as the one above: merged cells of a spreadsheet");
  auto* from = verb->add_option(
      "--from", options->history,
      "Restore points that exist: what `backcast import` or `stats --json` writes, an export of "
      "restic, borg, kopia, ZFS, or CSV, - for standard input; or a repository of ours");
  from->type_name("FILE")->excludes(list);
  verb->add_option("--input", options->input, "What wrote it, if it is not recognised")
      ->needs(from);
  verb->add_option("--source", options->source, "Of several sources of it, this one alone")
      ->needs(from);
  verb->add_option("--zone", options->zone, "Zone of its times that have no offset")->needs(from);
  verb->add_option("--stats", options->stats,
                   "Output of restic stats latest --json: the size that older versions do not list")
      ->needs(from);
  add_key_options(*verb, options->keys);
  verb->add_option("--cloud", options->choices.cloud, "Which cloud of the provider");
  verb->add_option("--region", options->choices.region, "Region of what states none");
  verb->add_option("--size", options->choices.size, "Size of what states none, such as \"2 TB\"");
  verb->add_option("--start", options->choices.start, "First day of the run; today if left out");
  verb->add_option("--horizon", options->choices.horizon, "How long to simulate: \"5 years\"");
  verb->callback([options, &context] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
