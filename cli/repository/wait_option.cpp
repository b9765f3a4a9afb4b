#include "cli/repository/wait_option.h"

#include <CLI/CLI.hpp>

namespace backcast::cli {

void add_wait_option(CLI::App& verb, std::string& wait) {
  verb.add_option("--wait", wait,
                  "How long to wait for another prune or repair; 0 gives up at once")
      ->type_name("DURATION")
      ->capture_default_str();
}

Result<store::Waiting> waiting(const Context& context, const std::string& wait,
                               const std::atomic<bool>& stop) {
  store::Waiting out;
  BACKCAST_TRY(out.limit, parse_duration(wait == "0" ? "0s" : wait));
  out.on_wait = [&context, wait](const std::string& holder) {
    note(context, holder + "; waiting for up to " + wait);
  };
  out.stop = &stop;
  return out;
}

}  // namespace backcast::cli
