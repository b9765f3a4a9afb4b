#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/service/apply_plan.h"
#include "cli/service/records.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/terminal.h"
#include "cli/shared/verbs.h"
#include "engine/base/errors.h"

namespace backcast::cli {
namespace {

struct Options {
  ServerChoice server;
  std::string scenario;
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

Result<Ok, Errors> apply(Context& context, const Options& options) {
  BACKCAST_TRY(const scenario::Loaded loaded, scenario::load_file(options.scenario));
  BACKCAST_TRY(const Client client, all_errors(Client::of(options.server)));
  BACKCAST_TRY(const study::ServiceState state, all_errors(fetch_state(client)));
  BACKCAST_TRY(const auto applied, all_errors(fetch_scenarios(client)));
  BACKCAST_TRY(const ApplyPlan plan, plan_apply(loaded, state, applied));
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
      "  backcast apply policy.json --yes");
  verb->add_option("scenario", options->scenario, "A scenario file, or \"-\"")
      ->required()
      ->type_name(kScenarioType);
  add_server_options(*verb, options->server);
  verb->add_flag("--yes", options->yes, "Make the changes without asking");
  verb->callback([&context, options] {
    if (auto done = apply(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
