// What a schedule does that its author may not expect: never run, or run oddly when clocks change.
#pragma once

#include <string>
#include <vector>

#include "engine/policy/schedule/schedule.h"

namespace backcast::policy {

struct Finding {
  enum class Kind : std::uint8_t {
    kNever,    // there is no run at all
    kSkipped,  // a time that clocks skip: no run for it
    kMoved,    // a time that clocks skip: one run at the moment of the change instead
    kTwice,    // a time that clocks show twice: two runs
    kHole,     // more than the usual time between two runs because clocks go back
  };
  Kind kind;
  Instant when{};    // the change of clocks; `from` for kNever
  std::string text;  // one sentence for people
};

// Findings for runs in [from, until), in order of time. A schedule that runs every hour is not
// told about skipped or repeated hours, only about holes. At most 100 findings.
std::vector<Finding> diagnose(const Schedule& schedule, const Zone& zone, Instant from,
                              Instant until);

}  // namespace backcast::policy
