// A service under the virtual clock: a scenario is lived through at full speed on generated data,
// then the clock stands, and what came of it can be asked like any service.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/shared/context.h"
#include "engine/base/errors.h"
#include "engine/base/instant.h"
#include "engine/store/format/secret.h"

namespace backcast::cli {

// When the clock of a service's folder stands; nothing: it goes by the machine's. Errors: kFailed
// where a scenario was begun in it and not lived through.
Result<std::optional<Instant>> stands_at(const std::filesystem::path& folder);

// Plays the scenario (a file, or the name of a shipped one) in a folder without a catalogue: every
// backup, copy and deletion with small real bytes, decided by the control plane. Tells how far it
// is and what was decided. Errors: those of the scenario; kBadInput naming what a control plane
// does not play; kInterrupted.
Result<Instant, Errors> live_through(const Context& context, const std::string& scenario,
                                     const std::filesystem::path& folder,
                                     store::SecretText passphrase, const std::atomic<bool>& stop);

}  // namespace backcast::cli
