// The command line: global options, then one verb. Results go to standard output, everything else
// to standard error.
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>

#include "cli/help.h"
#include "cli/repository/arguments.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "engine/store/format/secret.h"

namespace {

constexpr const char* kDescription =
    "Prove and price a backup policy before you deploy it.\n\n"
    "  backcast simulate scenarios/zilliz-cross-region.json   # verdict and exact bill\n"
    "  backcast schedule '30 2 * * *' --zone Europe/Berlin    # when would it run?\n";

constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 failed, or validate does not say HOLDS; 2 bad usage or input;\n"
    "3 source partly unreadable; 10 no repository; 11 locked; 12 wrong key; 130 interrupted.";

void add_verbs(CLI::App& app, backcast::cli::Context& context) {
  using namespace backcast::cli;
  // Keep in the order of the help: planning first, then the engine, then the service.
  add_new(app, context);
  add_simulate(app, context);
  add_validate(app, context);
  add_schedule(app, context);
  add_retention(app, context);
  add_import(app, context);
  add_compare(app, context);
  add_sweep(app, context);
  add_optimize(app, context);
  add_calibrate(app, context);
  add_backtest(app, context);
  add_price(app, context);
  add_bill(app, context);
  add_prices(app, context);
  add_rehearse(app, context);
  add_init(app, context);
  add_backup(app, context);
  add_snapshots(app, context);
  add_ls(app, context);
  add_restore(app, context);
  add_dump(app, context);
  add_diff(app, context);
  add_check(app, context);
  add_repair(app, context);
  add_forget(app, context);
  add_unforget(app, context);
  add_prune(app, context);
  add_policy(app, context);
  add_copy(app, context);
  add_key(app, context);
  add_stats(app, context);
  add_serve(app, context);
  add_projects(app, context);
  add_clusters(app, context);
  add_policies(app, context);
  add_backups(app, context);
  add_jobs(app, context);
  add_apply(app, context);
  add_status(app, context);
  add_drills(app, context);
  add_token(app, context);
  add_keys(app, context);
  add_schema(app, context);
  add_help(app, context);
  add_completion(app, context);
  add_man(app, context);
  add_version(app, context);
}

// The verb runs inside. An exit code where there is nothing more to do.
std::optional<int> parse(CLI::App& app, backcast::cli::Context& context, int argc, char** argv) {
  using namespace backcast::cli;
  Arguments given = arrange(app, argc, argv);
  given.words = without_help_verb(app, given.words);
  context.command = std::move(given.command);
  std::vector<const char*> words;
  for (const std::string& word : given.words) words.push_back(word.c_str());
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // help was asked for
    for (const std::string& word : app.remaining(true)) {
      if (const auto reading = check_reading(word); !reading.ok()) {
        report(context, reading.error());
        return context.exit_code;
      }
    }
    report(context, backcast::bad_input(explain(app, e)));
    return context.exit_code;
  }
  return std::nullopt;
}

// Nothing goes on without memory, and what is on the disk does not depend on what would be tidied.
void out_of_memory() {
  constexpr std::string_view kText = "backcast: out of memory\n";
  (void)!::write(STDERR_FILENO, kText.data(), kText.size());
  std::_Exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace backcast::cli;
  backcast::store::keep_process_private();
  std::set_new_handler(out_of_memory);
  Context context;
  CLI::App app(kDescription, "backcast");
  app.footer(kExitCodes);
  set_help_style(app);
  app.require_subcommand(1);
  app.fallthrough();
  std::vector<CLI::Option*> formats;
  const auto add_format = [&](const char* flag, Format format, const char* help) {
    auto* option = app.add_flag_callback(
        flag, [&context, format] { context.format = format; }, help);
    for (CLI::Option* other : formats) option->excludes(other);  // nothing typed is ignored
    formats.push_back(option);
  };
  add_format("--json", Format::kJson, "Print results as JSON");
  add_format("--csv", Format::kCsv, "Print tables as CSV");
  add_format("--markdown", Format::kMarkdown, "Print tables as Markdown");
  app.add_flag("-q,--quiet", context.quiet, "Print only what was asked for, and errors");
  app.add_option_function<std::string>(
         "--color", [&context](const std::string& when) { context.color = wants_color(when); },
         "Colour: on a terminal that has it, always, or never; NO_COLOR is honoured")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");

  app.set_version_flag("--version", "backcast " BACKCAST_VERSION, "Print the version");

  add_verbs(app, context);
  if (const auto code = parse(app, context, argc, argv)) return *code;
  // What was printed may still lie in the buffer: a full disk is told, not cut short in silence.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    report(context, backcast::failed("cannot write to standard output"));
  }
  return context.exit_code;
}
