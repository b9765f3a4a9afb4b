// What the verbs that ask a service have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/service/client.h"
#include "cli/shared/parser_view.h"

namespace backcast::cli {

// Of the objects, these fields: {key, title}. Sizes and times stay as they are answered.
reports::Table table_of(const std::string& name,
                        const std::vector<std::pair<std::string, std::string>>& fields,
                        const nlohmann::json& objects);

// --names of a list, for shells that complete.
void add_names(CLI::App& verb, bool& names);
// One of these fields a line for each object, each in letters, digits, dots, hyphens and
// underscores: shells expand what they complete.
void print_names(const nlohmann::json& objects, const std::vector<std::string>& fields);

// Restore drills with what the last one of each measured.
reports::Table drills_table(const nlohmann::json& drills);

// Adds "NOUN VERB": its options are added by the caller to what is returned. `Options` has a member
// `server`.
template <typename Options>
CLI::App* add_verb(CLI::App& noun, Context& context, std::shared_ptr<Options> options,
                   const char* name, const char* help,
                   Status (*run)(Context&, const Client&, const Options&)) {
  auto* verb = noun.add_subcommand(name, help);
  add_server_options(*verb, options->server);
  verb->callback([&context, options, run] {
    const auto client = Client::of(options->server);
    const Status done = client.ok() ? run(context, *client, *options) : client.error();
    if (!done.ok()) report(context, done.error());
  });
  return verb;
}

}  // namespace backcast::cli
