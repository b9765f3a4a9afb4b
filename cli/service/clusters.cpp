#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"
#include "engine/base/text.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string cluster, project, region, kind = "folder", source, version, key, backup, into;
  std::vector<std::string> collections;
  bool delete_backups = false, wait = false, in_place = false, names = false;
};

Status list(Context& context, const Client& client, const Options& options) {
  const std::string query = options.project.empty() ? "" : "?project=" + escaped(options.project);
  BACKCAST_TRY(const json answer, client.get("/v1/clusters" + query));
  if (options.names) {
    print_names(answer.at("clusters"), {"name", "id"});
    return kOk;
  }
  print(context, table_of("clusters",
                          {{"id", "Cluster"},
                           {"name", "Name"},
                           {"project", "Project"},
                           {"region", "Region"},
                           {"kind", "Kind"},
                           {"version", "Version"},
                           {"state", "State"}},
                          answer.at("clusters")));
  return kOk;
}

Status create(Context& context, const Client& client, const Options& options) {
  json cluster{{"name", options.cluster}, {"project", options.project}, {"region", options.region},
               {"kind", options.kind},    {"version", options.version}, {"key", options.key}};
  if (!options.source.empty()) {
    const json source = json::parse(options.source, nullptr, false);
    if (!source.is_object()) {
      return bad_input("--source is no object of JSON: " + printable(options.source),
                       R"(as '{"path": "/srv/vectors"}')");
    }
    cluster["source"] = source;
  }
  BACKCAST_TRY(const json made, client.ask("POST", "/v1/clusters", cluster));
  print(context, table_of("clusters", {{"id", "Cluster"}, {"name", "Name"}, {"state", "State"}},
                          json::array({made})));
  return kOk;
}

Status remove(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
  BACKCAST_CHECK(client.ask(
      "DELETE",
      "/v1/clusters/" + escaped(id) + (options.delete_backups ? "?delete_backups=true" : ""),
      nullptr));
  summarize(context, fmt::format("{} is deleted\n", id));
  return kOk;
}

// "articles", "shop.articles" or "shop.articles=shop.articles_before".
json collection_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  const auto parts = [](const std::string& name) {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? std::pair(std::string("default"), name)
                                    : std::pair(name.substr(0, dot), name.substr(dot + 1));
  };
  const auto [database, name] = parts(text.substr(0, equals));
  json collection{{"database", database}, {"name", name}};
  if (equals != std::string::npos) {
    const auto [to_database, to_name] = parts(text.substr(equals + 1));
    collection["to_database"] = to_database;
    collection["to_name"] = to_name;
  }
  return collection;
}

Status restore(Context& context, const Client& client, const Options& options) {
  json asked = json::object();
  if (!options.into.empty()) {
    BACKCAST_TRY(asked["into"], client.cluster_id(options.into));
  }
  json collections = json::array();
  for (const std::string& text : options.collections) collections.push_back(collection_of(text));
  if (!collections.empty()) asked["choice"] = {{"collections", std::move(collections)}};
  if (options.in_place) asked["in_place"] = true;
  BACKCAST_TRY(const json started,
               client.ask("POST", "/v1/backups/" + escaped(options.backup) + "/restore", asked));
  if (options.wait) BACKCAST_CHECK(client.wait_for(context, started.at("job")));
  print(context,
        table_of("restores", {{"backup", "Backup"}, {"job", "Job"}}, json::array({started})));
  return kOk;
}

}  // namespace

void add_clusters(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "clusters",
      "Clusters of a service: list, create, delete, restore\n\n"
      "  backcast clusters create vectors --project shop --region eu --source '{\"path\": "
      "\"/srv/vectors\"}'\n"
      "  backcast clusters restore backup12_3 --collection articles=articles_before --wait");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  auto* all = add("list", "List clusters", list);
  all->add_option("--project", options->project, "Only its own")->type_name(kProjectType);
  add_names(*all, options->names);
  auto* make = add("create", "Tell of a cluster whose data is to be backed up", create);
  make->add_option("name", options->cluster, "Unique in its project")->required();
  make->add_option("--project", options->project, "Its project")
      ->required()
      ->type_name(kProjectType);
  make->add_option("--region", options->region, "Where its backups are kept")->required();
  make->add_option("--kind", options->kind, "Of its data: folder, postgresql and others")
      ->capture_default_str();
  make->add_option("--source", options->source, "Where its data is, by kind")->type_name("JSON");
  make->add_option("--data-version", options->version, "Version of its server")->type_name("1.2.3");
  make->add_option("--cluster-key", options->key,
                   "That seals its backups, of its region; without: that of the project")
      ->type_name("KEY");
  auto* gone = add("delete", "Forget a cluster", remove);
  gone->add_option("cluster", options->cluster, "Id or name")->required()->type_name(kClusterType);
  gone->add_flag("--delete-backups", options->delete_backups,
                 "Its backups, too, where the rules leave it to you");
  auto* back = add("restore", "Restore a backup", restore);
  back->add_option("backup", options->backup, "Its id")->required()->type_name(kBackupType);
  back->add_option("--into", options->into, "Another cluster than that it came from")
      ->type_name(kClusterType);
  back->add_option("--collection", options->collections,
                   "Only this one, and under which name: DATABASE.NAME=DATABASE.NAME")
      ->type_name("NAME[=NAME]")
      ->allow_extra_args(false);
  back->add_flag("--in-place", options->in_place,
                 "All that the cluster it came from holds now gives way to the backup");
  back->add_flag("--wait", options->wait, "Until it is done");
}

}  // namespace backcast::cli
