#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string cluster, job;
  bool wait = false, names = false;
};

const std::vector<std::pair<std::string, std::string>> kFields{
    {"id", "Job"},          {"type", "Type"},   {"cluster", "Cluster"},
    {"backup", "Backup"},   {"state", "State"}, {"progress", "%"},
    {"started", "Started"}, {"ended", "Ended"}, {"reason", "Reason"}};

Status list(Context& context, const Client& client, const Options& options) {
  std::string query;
  if (!options.cluster.empty()) {
    BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
    query = "?cluster=" + escaped(id);
  }
  BACKCAST_TRY(const json answer, client.get("/v1/jobs" + query));
  if (options.names) {
    print_names(answer.at("jobs"), {"id"});
    return kOk;
  }
  print(context, table_of("jobs", kFields, answer.at("jobs")));
  return kOk;
}

Status show(Context& context, const Client& client, const Options& options) {
  if (options.wait) BACKCAST_CHECK(client.wait_for(context, options.job));
  BACKCAST_TRY(const json job, client.get("/v1/jobs/" + escaped(options.job)));
  print(context, table_of("jobs", kFields, json::array({job})));
  return kOk;
}

Status cancel(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const json job,
               client.ask("POST", "/v1/jobs/" + escaped(options.job) + "/cancel", nullptr));
  print(context, table_of("jobs", kFields, json::array({job})));
  return kOk;
}

}  // namespace

void add_jobs(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand("jobs",
                                  "Jobs of a service: list, show, cancel\n\n"
                                  "  backcast jobs show job-00000012 --wait");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  auto* all = add("list", "List jobs, newest first", list);
  all->add_option("--cluster", options->cluster, "Id or name")->type_name(kClusterType);
  add_names(*all, options->names);
  auto* one = add("show", "How far a job is", show);
  one->add_option("job", options->job, "Its id")->required()->type_name(kJobType);
  one->add_flag("--wait", options->wait, "Until it has ended");
  add("cancel", "End a backup that is being made", cancel)
      ->add_option("job", options->job, "Its id")
      ->required()
      ->type_name(kJobType);
}

}  // namespace backcast::cli
