#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string name, role = "view", cluster;
  std::vector<std::string> projects;
  bool names = false;
};

const std::vector<std::pair<std::string, std::string>> kFields{
    {"name", "Token"},      {"role", "Role"},       {"projects", "Projects"},
    {"cluster", "Cluster"}, {"created", "Created"}, {"revoked", "Revoked"}};

Status list(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const json answer, client.get("/v1/tokens"));
  if (options.names) {
    print_names(answer.at("tokens"), {"name"});
    return kOk;
  }
  print(context, table_of("tokens", kFields, answer.at("tokens")));
  return kOk;
}

Status create(Context& context, const Client& client, const Options& options) {
  json asked{{"name", options.name}, {"role", options.role}, {"projects", options.projects}};
  if (!options.cluster.empty()) {
    BACKCAST_TRY(asked["cluster"], client.cluster_id(options.cluster));
  }
  BACKCAST_TRY(const json made, client.ask("POST", "/v1/tokens", asked));
  note(context, "This is the only time the token is shown");
  print(made.at("token").get<std::string>() + "\n");
  return kOk;
}

Status revoke(Context& context, const Client& client, const Options& options) {
  BACKCAST_CHECK(client.ask("DELETE", "/v1/tokens/" + escaped(options.name), nullptr));
  summarize(context, options.name + " is revoked\n");
  return kOk;
}

}  // namespace

void add_token(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "token",
      "Who may ask a service: create, list, revoke\n\n"
      "  backcast token create nightly --role manage --project shop > nightly.token\n"
      "  backcast token create vectors --role manage --cluster vectors > vectors.key");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  auto* make = add("create", "Make a token and print it, this once", create);
  make->add_option("name", options->name, "As the audit log will call it")->required();
  make->add_option("--role", options->role, "What it may do")
      ->capture_default_str()
      ->check(CLI::IsMember({"organization_owner", "project_admin", "manage", "view"}));
  make->add_option("--project", options->projects, "The only ones it reaches; without: all")
      ->allow_extra_args(false);
  make->add_option("--cluster", options->cluster,
                   "The only one it is for: it may do nothing but handle that one's snapshots")
      ->type_name(kClusterType);
  add_names(*add("list", "List tokens, never their secrets", list), options->names);
  add("revoke", "Revoke a token at once", revoke)
      ->add_option("name", options->name, "Its name")
      ->required()
      ->type_name(kTokenType);
}

}  // namespace backcast::cli
