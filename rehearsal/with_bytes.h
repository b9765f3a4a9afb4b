// A scenario under a control plane, and real bytes for all that it decides.
#pragma once

#include <filesystem>
#include <functional>

#include "engine/store/format/secret.h"
#include "rehearsal/bytes/real_bytes.h"
#include "rehearsal/twin/twin.h"

namespace backcast::rehearsal {

// What is asked of the bytes when all has been played.
using AtEnd = std::function<Status(RealBytes& bytes, control::ControlPlane& plane)>;

// Has play() make them in `folder`, which is empty; the passphrase seals the keys of projects.
void add_bytes(const sim::Scenario& scenario, const std::filesystem::path& folder,
               store::SecretText passphrase, TwinOptions& how, AtEnd at_end);

}  // namespace backcast::rehearsal
