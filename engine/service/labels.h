// What stands beside a backup's snapshot in its repository: all that the catalogue says of it, so
// that it can be taken in again where the catalogue is lost.
#pragma once

#include <string>

#include "engine/control/plane/commands.h"

namespace backcast::service {

// JSON. Of the contents of the backup it has what the snapshot itself does not say.
std::string label_of(const control::Kept& kept);
// kBadInput for what label_of has not written.
Result<control::Kept> read_label(const std::string& text);

}  // namespace backcast::service
