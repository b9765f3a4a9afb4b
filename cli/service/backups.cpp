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
  std::string cluster, backup, tag, state, file, name, bucket, directory;
  std::vector<std::string> tags;
  std::uint64_t limit = 100;
  bool wait = false, encrypted = false, all = false, names = false;
};

Status list(Context& context, const Client& client, const Options& options) {
  std::string query = fmt::format("?limit={}", options.limit);
  if (!options.cluster.empty()) {
    BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
    query += "&cluster=" + escaped(id);
  }
  if (!options.tag.empty()) query += "&tag=" + escaped(options.tag);
  if (!options.state.empty()) query += "&state=" + escaped(options.state);
  if (options.all) query += "&with_gone=true";
  BACKCAST_TRY(const json answer, client.get("/v1/backups" + query));
  if (options.names) {
    print_names(answer.at("backups"), {"id"});
    return kOk;
  }
  print(context, table_of("backups",
                          {{"id", "Backup"},
                           {"cluster", "Cluster"},
                           {"kind", "Kind"},
                           {"state", "State"},
                           {"born", "Made"},
                           {"expires", "Expires"},
                           {"size_bytes", "Bytes"},
                           {"region", "Region"},
                           {"tags", "Tags"}},
                          answer.at("backups")));
  return kOk;
}

Status create(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const std::string id, client.cluster_id(options.cluster));
  BACKCAST_TRY(const json made, client.ask("POST", "/v1/clusters/" + escaped(id) + "/backups",
                                           {{"tags", options.tags}, {"name", options.name}}));
  if (made.at("job") == "") {
    BACKCAST_TRY(const json refused,
                 client.get("/v1/backups/" + escaped(made.at("backup").get<std::string>())));
    return failed("the backup is refused: " + refused.at("reason").get<std::string>());
  }
  if (options.wait) BACKCAST_CHECK(client.wait_for(context, made.at("job")));
  print(context, table_of("backups", {{"backup", "Backup"}, {"job", "Job"}}, json::array({made})));
  return kOk;
}

Status remove(Context& context, const Client& client, const Options& options) {
  BACKCAST_CHECK(client.ask("DELETE", "/v1/backups/" + escaped(options.backup), nullptr));
  summarize(context, fmt::format("{} is deleted\n", options.backup));
  return kOk;
}

Status tag(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const json now, client.ask("PUT", "/v1/backups/" + escaped(options.backup) + "/tags",
                                          {{"tags", options.tags}}));
  print(context, table_of("backups", {{"id", "Backup"}, {"tags", "Tags"}}, json::array({now})));
  return kOk;
}

Status download(Context& context, const Client& client, const Options& options) {
  BACKCAST_CHECK(client.download("/v1/backups/" + escaped(options.backup) + "/data" +
                                     (options.encrypted ? "?encrypted=true" : ""),
                                 options.file));
  summarize(context, fmt::format("{} is in {}\n", options.backup, options.file));
  return kOk;
}

Status send(Context& context, const Client& client, const Options& options) {
  BACKCAST_TRY(const json started,
               client.ask("POST", "/v1/backups/" + escaped(options.backup) + "/export",
                          {{"bucket", options.bucket}, {"directory", options.directory}}));
  if (options.wait) BACKCAST_CHECK(client.wait_for(context, started.at("job")));
  print(context,
        table_of("exports", {{"backup", "Backup"}, {"job", "Job"}}, json::array({started})));
  return kOk;
}

}  // namespace

void add_backups(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* noun = app.add_subcommand(
      "backups",
      "Backups of a service: list, create, delete, tag, download, export\n\n"
      "  backcast backups create vectors --tags before-migration,protected --wait\n"
      "  backcast backups download backup12_3 vectors.tar");
  noun->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto run) {
    return add_verb<Options>(*noun, context, options, name, help, run);
  };
  const auto add_tags = [&](CLI::App* verb) {
    return verb->add_option("--tags", options->tags, "Separated by commas")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B");
  };
  const auto add_backup = [&](CLI::App* verb) {
    verb->add_option("backup", options->backup, "Its id")->required()->type_name(kBackupType);
    return verb;
  };
  auto* all = add("list", "List backups, newest first", list);
  add_names(*all, options->names);
  all->add_option("--cluster", options->cluster, "Id or name")->type_name(kClusterType);
  all->add_option("--tag", options->tag, "Only those that have it");
  all->add_option("--state", options->state, "CREATING, AVAILABLE, DELETED, FAILED, REFUSED");
  all->add_option("--limit", options->limit, "At most so many")->capture_default_str();
  all->add_flag("--all", options->all, "Deleted, failed and refused ones, too");
  auto* make = add("create", "Make a backup now", create);
  make->add_option("service", options->cluster, "Cluster: id or name")
      ->required()
      ->type_name(kClusterType);
  add_tags(make);
  make->add_option("--name", options->name, "What to call it");
  make->add_flag("--wait", options->wait, "Until it is made");
  add_backup(add("delete", "Delete a backup", remove));
  add_tags(add_backup(add("tag", "Replace the tags of a backup", tag)))->required();
  auto* load = add_backup(add("download", "The data of a backup into a new file", download));
  load->add_option("file", options->file, "Where to")->required();
  load->add_flag("--encrypted", options->encrypted, "As an age file to the project's key");
  auto* out = add_backup(add("export", "Send the files of a backup to a bucket", send));
  out->add_option("--bucket", options->bucket, "As the service calls it")->required();
  out->add_option("--directory", options->directory,
                  "Above the backup's own folder there; without: none");
  out->add_flag("--wait", options->wait, "Until it is there");
}

}  // namespace backcast::cli
