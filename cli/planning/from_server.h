// A scenario that goes on from what a service has, in place of a file.
#pragma once

#include <cstdint>
#include <string>

#include "cli/planning/scenario_options.h"
#include "cli/service/client.h"

namespace CLI {
class App;
}

namespace backcast::cli {

struct FromServer {
  ServerChoice server;
  std::uint32_t days = 90;
  std::string output;   // "" = the scenario is not kept
  bool prints = false;  // the scenario, in place of its run
};
void add_from_server(CLI::App& verb, FromServer& options);

// Whether the verb was asked to; `scenario` then is the service's, and its file is written. Errors:
// a file and a service, or none of them.
Result<bool, Errors> take_from_server(Context& context, const CLI::App& verb,
                                      const FromServer& options, ScenarioOptions& scenario);

}  // namespace backcast::cli
