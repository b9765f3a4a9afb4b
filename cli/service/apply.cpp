#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/apply_plan.h"
#include "cli/service/records.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/terminal.h"
#include "cli/shared/verbs.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"

namespace backcast::cli {
namespace {

struct Options {
  ServerChoice server;
  std::string scenario;
  std::vector<std::string> sources;
  bool yes = false;
};

constexpr int kNotSwitchedOn = 2;

reports::Table table_of(const std::vector<Change>& changes) {
  reports::Table table{
      "changes", {{"change", ""}, {"what", "What"}, {"subject", "Of"}, {"detail", "How"}}, {}};
  for (const Change& change : changes) {
    table.rows.push_back({{std::string(1, change.sign), ""},
                          {change.what, ""},
                          {change.subject, ""},
                          {change.detail, ""}});
  }
  return table;
}

Result<Ok, Errors> switch_on(const Client& client, const std::vector<Change>& changes) {
  std::size_t done = 0;
  for (const Change& change : changes) {
    const auto body = change.body.empty() ? nlohmann::json() : nlohmann::json::parse(change.body);
    if (auto answer = client.ask(change.method, change.target, body); !answer.ok()) {
      Error error = answer.error();
      error.message = fmt::format("{} {}: {}; {} of {} changes are made", change.what,
                                  change.subject, error.message, done, changes.size());
      if (error.hint.empty()) error.hint = "apply it again when that is mended";
      return Errors{std::move(error)};
    }
    ++done;
  }
  return kOk;
}

// "vectors=/srv/vectors", or an object of JSON in place of the path.
Result<Sources> sources_of(const std::vector<std::string>& words) {
  Sources sources;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string place = equals == std::string::npos ? "" : word.substr(equals + 1);
    const auto object = nlohmann::json::parse(place, nullptr, false);
    if (equals == 0 || place.empty() || (place.front() == '{' && !object.is_object())) {
      return bad_input("--source takes NAME=FOLDER or NAME=JSON, not " + printable(word),
                       R"(as vectors=/srv/vectors, or db='{"database": "shop"}')");
    }
    const std::string source =
        object.is_object() ? object.dump() : nlohmann::json{{"path", place}}.dump();
    if (!sources.emplace(word.substr(0, equals), source).second) {
      return bad_input("--source names " + printable(word.substr(0, equals)) + " twice");
    }
  }
  return sources;
}

Result<Ok, Errors> apply(Context& context, const Options& options) {
  BACKCAST_TRY(const Sources sources, all_errors(sources_of(options.sources)));
  BACKCAST_TRY(const scenario::Loaded loaded, scenario::load_file(options.scenario));
  BACKCAST_TRY(const Client client, all_errors(Client::of(options.server)));
  BACKCAST_TRY(const study::ServiceState state, all_errors(fetch_state(client)));
  BACKCAST_TRY(const auto applied, all_errors(fetch_scenarios(client)));
  BACKCAST_TRY(const ApplyPlan plan, plan_apply(loaded, state, applied, sources));
  for (const std::string& line : plan.notes) note(context, line);
  const std::size_t count = plan.changes.size();
  if (count > 0 || context.format != Format::kText) print(context, table_of(plan.changes));
  if (count == 0) {
    note(context, "nothing to do: the service runs this policy");
    return kOk;
  }
  if (!options.yes && !(can_ask() && ask("Switch it on? [y/N] "))) {
    note(context, fmt::format("nothing is changed yet: --yes makes {}",
                              count == 1 ? "this change" : fmt::format("these {} changes", count)));
    context.exit_code = kNotSwitchedOn;
    return kOk;
  }
  BACKCAST_CHECK(switch_on(client, plan.changes));
  note(context, fmt::format("{} change{} made: the policy is on", count, count == 1 ? "" : "s"));
  return kOk;
}

}  // namespace

void add_apply(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "apply",
      "Show what a service would change to run a scenario's policy, and switch it on. Exit code 0 "
      "if the policy is on, 2 if changes were shown and not made\n\n"
      "  backcast apply policy.json\n"
      "  backcast apply policy.json --source vectors=/srv/vectors --yes");
  verb->add_option("scenario", options->scenario, "A scenario file, or \"-\"")
      ->required()
      ->type_name(kScenarioType);
  add_server_options(*verb, options->server);
  verb->add_option("--source", options->sources,
                   "Where the data of a service is that has no cluster yet, which is then made; "
                   "may be given several times")
      ->type_name("NAME=FOLDER|JSON")
      ->allow_extra_args(false);
  verb->add_flag("--yes", options->yes, "Make the changes without asking");
  verb->callback([&context, options] {
    if (auto done = apply(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
