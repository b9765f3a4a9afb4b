#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"
#include "engine/base/instant.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string cluster, every = "7d";
};

constexpr int kFailed = 1;

Status list(Context& context, const Client& client, const Options&) {
  BACKCAST_TRY(const json answer, client.get("/v1/drills"));
  print(context, drills_table(answer.at("drills")));
  for (const json& drill : answer.at("drills")) {
    const json& last = drill.at("last");
    if (last.is_object() && last.at("why_not") != "") context.exit_code = kFailed;
  }
  return kOk;
}

Status set(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
  const auto every = parse_duration(options.every);
  if (!every.ok()) return every.error();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*every).count();
  BACKCAST_CHECK(
      client.ask("PUT", "/v1/clusters/" + escaped(id) + "/drill", {{"every_seconds", seconds}}));
  return list(context, client, options);
}

Status off(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
  BACKCAST_CHECK(client.ask("DELETE", "/v1/clusters/" + escaped(id) + "/drill", nullptr));
  return list(context, client, options);
}

}  // namespace

reports::Table drills_table(const json& drills) {
  json rows = json::array();
  for (json drill : drills) {
    const json last = drill.at("last");
    drill.erase("last");
    if (last.is_object()) {
      drill.update(last);
      drill["result"] = last.at("why_not") == "" ? last.at("how") : "FAILED";
    }
    rows.push_back(std::move(drill));
  }
  return table_of("drills",
                  {{"name", "Cluster"},
                   {"project", "Project"},
                   {"every_seconds", "Every s"},
                   {"due", "Next"},
                   {"started", "Last"},
                   {"result", "Result"},
                   {"backup", "Backup"},
                   {"bytes", "Bytes"},
                   {"rows", "Rows"},
                   {"seconds", "Seconds"},
                   {"why_not", "Why not"}},
                  rows);
}

void add_drills(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand("drills",
                                  "Restore drills of a service: list, set, off\n\n"
                                  "  backcast drills set vectors --every 7d\n"
                                  "  backcast drills list");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  add("list", "When each is due, and what the last one measured. Exit code 1 if one failed", list);
  auto* put = add("set", "Restore the newest backup again and again, the first time now", set);
  put->add_option("cluster", options->cluster, "Id or name")->required()->type_name(kClusterType);
  put->add_option("--every", options->every, "How often")->capture_default_str();
  add("off", "No more of them", off)
      ->add_option("cluster", options->cluster, "Id or name")
      ->required()
      ->type_name(kClusterType);
}

}  // namespace backcast::cli
