#include <CLI/CLI.hpp>

#include "cli/shared/verbs.h"

namespace backcast::cli {

void add_version(CLI::App& app, Context&) {
  auto* verb = app.add_subcommand("version", "Print the version");
  verb->callback([] { print("backcast " BACKCAST_VERSION "\n"); });
}

}  // namespace backcast::cli
