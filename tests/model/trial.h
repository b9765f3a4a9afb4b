// One sequence in a process of its own: a crash or a hang of it is an answer like any other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/model/sequence.h"

namespace backcast::model {

struct Trial {
  std::optional<std::string> failure;
  std::map<std::string, std::uint64_t> counts;
  std::string fingerprint;
};

Trial try_out(const Sequence& sequence, bool quietly = false);

// What to tell whoever has to mend it: the failure, the shortest sequence found, how to replay it.
std::string report(const Sequence& sequence, const Trial& trial);

}  // namespace backcast::model
