// backcast help: what --help prints, asked for the way people ask.
#include "cli/help.h"

#include <CLI/CLI.hpp>

#include "cli/shared/verbs.h"

namespace backcast::cli {

std::vector<std::string> without_help_verb(const CLI::App& app,
                                           const std::vector<std::string>& given) {
  if (given.size() < 2 || given[1] != "help") return given;
  std::vector<std::string> words = given;
  words.erase(words.begin() + 1);
  const CLI::App* verb = &app;
  for (std::size_t i = 1; i < words.size() && verb != nullptr; ++i) {
    if (words[i] == "--help" || words[i] == "-h") return given;
    if (words[i].starts_with('-')) continue;
    const auto below =
        verb->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == words[i]; });
    verb = below.empty() ? nullptr : below.front();
  }
  // A word that is no verb is refused as one.
  if (verb != nullptr) words.push_back("--help");
  return words;
}

void add_help(CLI::App& app, Context&) {
  app.add_subcommand("help",
                     "Help of a verb\n\n"
                     "  backcast help simulate\n"
                     "  backcast help prices show");
}

}  // namespace backcast::cli
