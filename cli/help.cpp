// backcast help: what --help prints, asked for the way people ask.
#include "cli/help.h"

#include <CLI/CLI.hpp>

#include "cli/shared/verbs.h"

namespace backcast::cli {

std::vector<std::string> without_help_verb(const CLI::App& app,
                                           const std::vector<std::string>& given) {
  if (given.size() < 2 || given[1] != "help") return given;
  // Nothing but verbs is taken over: help asked for a whole command line never runs it.
  std::vector<std::string> words = {given[0]};
  const CLI::App* verb = &app;
  for (std::size_t i = 2; i < given.size(); ++i) {
    if (given[i] == "--help" || given[i] == "-h") return {given[0], "help", "--help"};
    const auto below =
        verb->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == given[i]; });
    if (below.empty() && verb != &app) break;
    words.push_back(given[i]);
    if (below.empty()) return words;  // refused as a verb that is none
    verb = below.front();
  }
  words.push_back("--help");
  return words;
}

void add_help(CLI::App& app, Context&) {
  app.add_subcommand("help",
                     "Help of a verb\n\n"
                     "  backcast help simulate\n"
                     "  backcast help prices show");
}

}  // namespace backcast::cli
