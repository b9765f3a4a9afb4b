// --wait: verbs that exclude one another wait for each other, and say so.
#pragma once

#include <string>

#include "cli/shared/context.h"
#include "engine/store/repository/wait.h"

namespace backcast::cli {

inline constexpr const char* kDefaultWait = "10m";

void add_wait_option(CLI::App& verb, std::string& wait);
// The option as the engine takes it; `stop` ends the waiting.
Result<store::Waiting> waiting(const Context& context, const std::string& wait,
                               const std::atomic<bool>& stop);

}  // namespace backcast::cli
