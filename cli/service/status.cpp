#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"
#include "reports/parts/table.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

constexpr int kBroken = 1;

// The newest backup of each by its birth.
json with_newest(json clusters) {
  for (json& cluster : clusters) {
    if (!cluster.at("newest").is_null()) cluster["newest"] = cluster.at("newest").at("born");
  }
  return clusters;
}

void show(Context& context, const json& answer) {
  const reports::Table clusters = table_of("clusters",
                                           {{"name", "Cluster"},
                                            {"project", "Project"},
                                            {"state", "State"},
                                            {"backups", "Backups"},
                                            {"newest", "Newest"},
                                            {"running", "Running"},
                                            {"due", "Next"}},
                                           with_newest(answer.at("clusters")));
  const reports::Table requirements = table_of("requirements",
                                               {{"scenario", "Scenario"},
                                                {"name", "Requirement"},
                                                {"state", "State"},
                                                {"since", "Since"},
                                                {"observed", "Worst"},
                                                {"limit", "Limit"},
                                                {"statement", "What"},
                                                {"why", "Why"}},
                                               answer.at("requirements"));
  print(context, clusters);
  for (const reports::Table& more : {requirements, drills_table(answer.at("drills"))}) {
    if (more.rows.empty()) continue;
    print("\n");
    print(context, more);
  }
}

Status status(Context& context, const Client& client) {
  BACKCAST_TRY(json answer, client.get("/v1/status"));
  BACKCAST_TRY(const json drills, client.get("/v1/drills"));
  answer.update(drills);
  if (context.format == Format::kJson) {
    print(answer.dump(2) + "\n");
  } else {
    show(context, answer);
  }
  for (const json& one : answer.at("requirements")) {
    if (one.at("state") == "broken") context.exit_code = kBroken;
  }
  for (const json& drill : answer.at("drills")) {
    const json& last = drill.at("last");
    if (last.is_object() && last.at("why_not") != "") context.exit_code = kBroken;
  }
  return kOk;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto server = std::make_shared<ServerChoice>();
  auto* verb = app.add_subcommand(
      "status",
      "How the clusters of a service stand, what was required when a scenario was applied, and "
      "restore drills. Exit code 1 if a requirement is broken or a drill failed\n\n"
      "  backcast status");
  add_server_options(*verb, *server);
  verb->callback([&context, server] {
    const auto client = Client::of(*server);
    const Status done = client.ok() ? status(context, *client) : client.error();
    if (!done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
