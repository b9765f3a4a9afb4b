#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/noun.h"
#include "cli/shared/verbs.h"
#include "engine/base/instant.h"
#include "engine/base/size.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerChoice server;
  std::string project, rules, plan, quota, quota_mode, grace;
  std::vector<std::string> regions;
  bool delete_backups = false, names = false;
};

const std::vector<std::pair<std::string, std::string>> kFields{
    {"id", "Project"},        {"rules", "Rules"},          {"plan", "Plan"},
    {"quota_bytes", "Quota"}, {"quota_mode", "Beyond it"}, {"regions", "Regions"},
    {"deleted", "Deleted"}};

Status list(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const json answer, client.get("/v1/projects"));
  if (options.names) {
    print_names(answer.at("projects"), {"id"});
    return kOk;
  }
  print(context, table_of("projects", kFields, answer.at("projects")));
  return kOk;
}

// "none" takes a quota away.
Result<json> quota_of(const std::string& text) {
  if (text == "none") return json(nullptr);
  BACKCAST_TRY(const std::uint64_t bytes, parse_size(text));
  return json(bytes);
}

Status set(Context& context, const Client& client, const Options& options) {
  json asked = json::object();
  if (!options.rules.empty()) asked["rules"] = options.rules;
  if (!options.plan.empty()) asked["plan"] = options.plan;
  if (!options.quota.empty()) {
    BACKCAST_TRY(asked["quota_bytes"], quota_of(options.quota));
  }
  if (!options.quota_mode.empty()) asked["quota_mode"] = options.quota_mode;
  if (!options.grace.empty()) {
    BACKCAST_TRY(const Duration grace, parse_duration(options.grace));
    asked["grace_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(grace).count();
  }
  if (!options.regions.empty()) asked["regions"] = options.regions;
  BACKCAST_TRY(const json now,
               client.ask("PUT", "/v1/projects/" + escaped(options.project), asked));
  print(context, table_of("projects", kFields, json::array({now})));
  return kOk;
}

Status remove(Context& context, const Client& client, const Options& options) {
  BACKCAST_CHECK(client.ask("DELETE",
                            "/v1/projects/" + escaped(options.project) +
                                (options.delete_backups ? "?delete_backups=true" : ""),
                            nullptr));
  summarize(context, fmt::format("{} is deleted\n", options.project));
  return kOk;
}

}  // namespace

void add_projects(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "projects",
      "Projects of a service, whose clusters share rules, a quota and a key: list, set, delete\n\n"
      "  backcast projects set shop --quota '500 GB'\n"
      "  backcast projects set shop --quota none --regions eu,us");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  const auto add_project = [&](CLI::App* verb) {
    verb->add_option("project", options->project, "As you call it")
        ->required()
        ->type_name(kProjectType);
    return verb;
  };
  add_names(*add("list", "List projects", list), options->names);
  auto* verb = add_project(add("set", "Make a project, or change what is given of one", set));
  verb->add_option("--rules", options->rules, "Whose rules hold: a vendor's, or plain");
  verb->add_option("--plan", options->plan, "As the vendor calls it");
  verb->add_option("--quota", options->quota, "That its backups may hold; none: no limit")
      ->type_name("SIZE");
  verb->add_option("--quota-mode", options->quota_mode, "What happens beyond it")
      ->check(CLI::IsMember({"keep", "hard", "bill"}));
  verb->add_option("--grace", options->grace, "How long backups of what is deleted stay")
      ->type_name("LENGTH");
  verb->add_option("--regions", options->regions, "The only ones it may use")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  add_project(add("delete", "Delete a project with its clusters", remove))
      ->add_flag("--delete-backups", options->delete_backups,
                 "Their backups, too, where the rules leave it to you");
}

}  // namespace backcast::cli
