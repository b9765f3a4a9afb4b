#include "cli/planning/from_server.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/service/records.h"
#include "cli/shared/output_file.h"
#include "engine/base/errors.h"
#include "study/live/from_service.h"

namespace backcast::cli {
namespace {

constexpr const char* kOption = "--from-server";

Status check(const CLI::App& verb, const ScenarioOptions& scenario, bool is_asked) {
  if (is_asked && !scenario.file.empty()) {
    return bad_input("a scenario and a service are two runs",
                     "give " + scenario.file + " or --from-server");
  }
  if (!is_asked && scenario.file.empty()) {
    return bad_input("nothing to simulate", "name a scenario, or give --from-server");
  }
  for (const char* option : {"--days", "--output", "--print-scenario"}) {
    if (is_asked || verb.count(option) == 0) continue;
    return bad_input(fmt::format("{} is for what a service has", option), "give --from-server");
  }
  return kOk;
}

}  // namespace

void add_from_server(CLI::App& verb, FromServer& options) {
  add_server_choice(verb, options.server, kOption);
  verb.get_option(kOption)->description(
      "Go on from the clusters and backups of a service, at this address or that in "
      "BACKCAST_SERVER");
  verb.add_option("--days", options.days, "Its run is so long")
      ->check(CLI::Range(1U, 36'500U))
      ->capture_default_str();
  verb.add_option("-o,--output", options.output, "Also write the scenario made of it to this file")
      ->type_name("FILE");
  verb.add_flag("--print-scenario", options.prints, "Print that scenario instead of its run");
}

Result<bool, Errors> take_from_server(Context& context, const CLI::App& verb,
                                      const FromServer& options, ScenarioOptions& scenario) {
  const bool is_asked = verb.count(kOption) > 0;
  BACKCAST_CHECK(all_errors(check(verb, scenario, is_asked)));
  if (!is_asked) return false;
  if (!options.output.empty()) BACKCAST_CHECK(all_errors(check_is_new(options.output)));
  BACKCAST_TRY(const Client client, all_errors(Client::of(named_server(options.server))));
  BACKCAST_TRY(const study::ServiceState state, all_errors(fetch_state(client)));
  BACKCAST_TRY(const study::Started made, study::start_from_service(state, options.days));
  for (const std::string& line : made.notes) note(context, line);
  for (const inventory::LeftOut& left : made.left_out) {
    complain(fmt::format("left out {}{}{}", left.reason, left.hint.empty() ? "" : "; ", left.hint));
    context.exit_code = exit_code(Errc::kPartialSource);
  }
  if (!options.output.empty()) {
    BACKCAST_CHECK(all_errors(write_new(options.output, made.text)));
  }
  scenario.file = options.output.empty() ? "from-server.json" : options.output;
  scenario.text = made.text;
  if (options.prints) print(made.text);
  return true;
}

}  // namespace backcast::cli
