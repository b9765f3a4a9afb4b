#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string cluster, name = "automatic", rule, zone, retention, cluster_retention;
  std::vector<std::string> copies;
  bool off = false, initial = false, catches_up = false;
};

Status show(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
  BACKCAST_TRY(const json answer, client.get("/v1/clusters/" + escaped(id) + "/schedules"));
  BACKCAST_TRY(const json cluster, client.get("/v1/clusters/" + escaped(id)));
  print(context, table_of("schedules",
                          {{"id", "Schedule"},
                           {"name", "Name"},
                           {"rule", "When"},
                           {"zone", "Zone"},
                           {"retention", "Kept"},
                           {"copies", "Copies"},
                           {"due", "Next"}},
                          answer.at("schedules")));
  const std::string over_all = cluster.at("retention").get<std::string>();
  if (!over_all.empty()) note(context, fmt::format("over all backups: {}", over_all));
  return kOk;
}

// The one that is called so changes; where there is none, it is made.
Status set(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
  const std::string place = "/v1/clusters/" + escaped(id);
  BACKCAST_TRY(const json known, client.get(place + "/schedules"));
  std::string schedule;
  for (const json& one : known.at("schedules")) {
    if (one.at("name") == options.name) schedule = one.at("id");
  }
  if (!options.cluster_retention.empty()) {
    BACKCAST_CHECK(client.ask("PATCH", place, {{"retention", options.cluster_retention}}));
  }
  if (options.off) {
    if (!schedule.empty()) {
      BACKCAST_CHECK(client.ask("DELETE", place + "/schedules/" + escaped(schedule), nullptr));
    }
  } else if (!options.rule.empty()) {
    json asked{{"name", options.name},       {"rule", options.rule},
               {"zone", options.zone},       {"retention", options.retention},
               {"initial", options.initial}, {"catches_up", options.catches_up},
               {"copies", json::array()}};
    for (const std::string& copy : options.copies) {
      const std::size_t equals = copy.find('=');
      asked["copies"].push_back(
          {{"region", copy.substr(0, equals)},
           {"retention", equals == std::string::npos ? "" : copy.substr(equals + 1)}});
    }
    BACKCAST_CHECK(client.ask(
        schedule.empty() ? "POST" : "PATCH",
        place + "/schedules" + (schedule.empty() ? "" : "/" + escaped(schedule)), asked));
  } else if (options.cluster_retention.empty()) {
    return bad_input("nothing to set", "give --schedule, --keep-all or --off");
  }
  return show(context, client, options);
}

}  // namespace

void add_policies(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "policies",
      "When the clusters of a service are backed up: show, set\n\n"
      "  backcast policies set vectors --schedule '30 2 * * *' --zone Europe/Berlin --keep "
      "'native: --ttl 7d'\n"
      "  backcast policies show vectors");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    auto* verb = add_verb<Options>(*noun, context, options, name, help, run);
    verb->add_option("cluster", options->cluster, "Id or name")
        ->required()
        ->type_name(kClusterType);
    return verb;
  };
  add("show", "The schedules of a cluster", show);
  auto* verb = add("set", "Make or change a schedule", set);
  verb->add_option("--name", options->name, "Of the schedule")->capture_default_str();
  verb->add_option("--schedule", options->rule, "As backcast schedule reads it")->type_name("RULE");
  verb->add_option("--zone", options->zone, "In which it is meant; without: UTC");
  verb->add_option("--keep", options->retention, "How long what it makes is kept")
      ->type_name("POLICY");
  verb->add_option("--keep-all", options->cluster_retention, "Which of all backups are kept")
      ->type_name("POLICY");
  verb->add_option("--copy", options->copies, "A copy in another region, and how long it is kept")
      ->type_name("REGION[=POLICY]")
      ->allow_extra_args(false);
  verb->add_flag("--initial", options->initial, "One backup at once");
  verb->add_flag("--catch-up", options->catches_up, "Make up for missed starts");
  verb->add_flag("--off", options->off, "End it")->excludes("--schedule");
}

}  // namespace backcast::cli
