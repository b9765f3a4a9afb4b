#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string project, name, region;
  bool names = false;
};

void show(Context& context, const json& keys) {
  print(context, table_of("keys",
                          {{"project", "Project"},
                           {"name", "Key"},
                           {"region", "Region"},
                           {"created", "Created"},
                           {"state", "State"}},
                          keys));
}

Status list(Context& context, const Client& client, const Options& options) {
  const std::string query = options.project.empty() ? "" : "?project=" + escaped(options.project);
  BACKCAST_TRY(const json answer, client.get("/v1/keys" + query));
  if (options.names) {
    print_names(answer.at("keys"), {"name"});
    return kOk;
  }
  show(context, answer.at("keys"));
  return kOk;
}

Status create(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const json made,
               client.ask("POST", "/v1/projects/" + escaped(options.project) + "/keys",
                          {{"name", options.name}, {"region", options.region}}));
  show(context, json::array({made}));
  return kOk;
}

Status switch_to(Context& context, const Client& client, const Options& options,
                 const char* state) {
  BACKCAST_TRY(const json key, client.ask("PUT",
                                          "/v1/projects/" + escaped(options.project) + "/keys/" +
                                              escaped(options.name),
                                          {{"state", state}}));
  show(context, json::array({key}));
  return kOk;
}

Status revoke(Context& context, const Client& client, const Options& options) {
  return switch_to(context, client, options, "REVOKED");
}

Status enable(Context& context, const Client& client, const Options& options) {
  return switch_to(context, client, options, "ENABLED");
}

}  // namespace

void add_keys(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "keys",
      "Keys that seal the backups of single clusters: list, create, revoke, enable\n\n"
      "  backcast keys create billing --project shop --region eu\n"
      "  backcast clusters create invoices --project shop --region eu --cluster-key billing\n"
      "  backcast keys revoke billing --project shop");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  const auto add_key = [&](CLI::App* verb) {
    verb->add_option("name", options->name, "Of the key")->required();
    verb->add_option("--project", options->project, "Its project")
        ->required()
        ->type_name(kProjectType);
    return verb;
  };
  auto* all = add("list", "List keys, never what they are", list);
  all->add_option("--project", options->project, "Only its own")->type_name(kProjectType);
  add_names(*all, options->names);
  add_key(add("create", "Make a key", create))
      ->add_option("--region", options->region, "Of the clusters that may be under it")
      ->required();
  add_key(add("revoke", "Nothing under it can be made or read from now on", revoke));
  add_key(add("enable", "Take a revocation back", enable));
}

}  // namespace backcast::cli
