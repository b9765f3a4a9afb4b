#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/print_json.h"
#include "cli/shared/progress.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/upkeep/check.h"
#include "reports/parts/escape.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  RepositoryOptions repository;
  store::CheckOptions check;
};

void print_json(const store::CheckResult& result) {
  json damage = json::array(), affected = json::array();
  for (const auto& d : result.damage) damage.push_back({{"object", d.object}, {"what", d.what}});
  for (const auto& a : result.affected) {
    affected.push_back({{"snapshot", a.snapshot}, {"path", a.path}, {"what", a.what}});
  }
  const json out = {{"type", "summary"},
                    {"version", 1},
                    {"ok", result.ok()},
                    {"snapshots", result.snapshots},
                    {"packs", result.packs},
                    {"chunks", result.chunks},
                    {"stored_bytes", result.stored_bytes},
                    {"read_bytes", result.read_bytes},
                    {"forgotten", result.forgotten},
                    {"orphans", result.orphans},
                    {"opened_trees", result.opened_trees},
                    {"opened_data", result.opened_data},
                    {"damage", damage},
                    {"affected", affected},
                    {"intact", result.intact}};
  cli::print_json(out);
}

void print_text(const Context& context, const store::CheckResult& result) {
  summarize(context,
            fmt::format("Checked {} snapshots, {} chunks in {} packs, {}\n", result.snapshots,
                        result.chunks, result.packs, format_bytes(result.stored_bytes)));
  summarize(
      context,
      result.read_bytes > 0
          ? fmt::format("Read {} and compared every byte{}\n", format_bytes(result.read_bytes),
                        result.opened_data ? "; opened and identified every chunk" : "")
          : std::string("Data was not read; --read-data does\n"));
  if (!result.opened_trees) {
    note(context, "Trees were not opened: with the passphrase, damage is traced to files.");
  }
  if (result.orphans > 0) {
    note(context,
         fmt::format(
             "{} packs belong to backups that are at work or were interrupted; prune removes "
             "what is left over",
             result.orphans));
  }
  for (const auto& damage : result.damage) {
    print(reports::terminal_text(fmt::format("damaged  {}: {}", damage.object, damage.what)) +
          '\n');
  }
  for (const auto& affected : result.affected) {
    print(fmt::format("affected snapshot {} {}: {}\n", affected.snapshot.substr(0, 8),
                      affected.path.empty() ? "as a whole" : printable(affected.path, 4096),
                      reports::terminal_text(affected.what)));
  }
  if (!result.ok()) {
    print(fmt::format("{} of {} snapshots are intact\n", result.intact.size(), result.snapshots));
    note(context,
         "Bad packs are recorded: the next backup stores again what of them the source still has. "
         "backcast repair tidies up.");
  } else {
    summarize(context, "Everything is there\n");
  }
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository,
               options.check.open_data ? open_repository(options.repository, Access::kUnlockLater)
                                       : open_repository_as_given(options.repository));
  store::CheckProgress progress;
  const auto state = [&]() -> reports::ProgressState {
    return {progress.bytes,
            progress.expected_bytes,
            {},
            fmt::format("{} packs", progress.packs.load())};
  };
  auto result = [&] {
    ProgressLine line(context, "checking", state, progress.stop);
    return store::check(*repository, options.check, progress);
  }();
  if (!result.ok()) return result.error();
  if (context.format == Format::kJson) {
    print_json(*result);
  } else {
    print_text(context, *result);
  }
  if (!result->ok()) context.exit_code = 1;
  return kOk;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("check",
                                  "Is everything there, and what was written?\n\n"
                                  "  backcast check /srv/backup\n"
                                  "  backcast check /srv/backup --read-data\n"
                                  "  backcast check /srv/backup --open-data --passphrase-file p");
  add_repository_options(*verb, options->repository);
  verb->add_flag("--read-data", options->check.read_data,
                 "Read every byte and compare it with what was written; needs no passphrase");
  verb->add_flag("--open-data", options->check.open_data,
                 "Also open, decompress and identify every chunk; needs the passphrase");
  verb->add_option("--threads", options->check.threads, "Threads (default: one per core)")
      ->check(CLI::Range(1, 256));
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
