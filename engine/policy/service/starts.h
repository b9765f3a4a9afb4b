// From the moment a backup is due to the one at which its job runs or is given up: may it start,
// must it wait, is it tried again?
#pragma once

#include <optional>

#include "engine/policy/service/decision.h"

namespace backcast::policy {

// What is known of the service when one of its backups is due.
struct DueFacts {
  Why why_not{};  // nothing of the service can run now
  bool automatic = true;
  RunningJobs running{};
  bool another = false;  // a job of the service runs, or waits to
  std::optional<Overlap> overlap;
};
struct DueVerdict {
  bool starts = true;
  Code code{};            // where it does not start
  Because why{};          // the same
  bool missed = false;    // the schedule may make up for it
  bool overlaps = false;  // left out beside another job
};
DueVerdict on_due(const AdmissionRules& rules, const DueFacts& facts);

// What is known when its job would begin.
struct AttemptFacts {
  Why why_not{};
  bool runs = false;  // another job of the service
  std::optional<Overlap> overlap;
  const ConcurrencyLimit* full = nullptr;  // a limit that leaves no room
};
struct AttemptVerdict {
  enum class Then : std::uint8_t { kBegins, kWaits, kFails } then{};
  Why why{};              // it fails
  bool overlaps = false;  // it waits for another job of its service, not for a limit
  std::optional<Duration> gives_up_after;
};
AttemptVerdict on_attempt(const AttemptFacts& facts);
// The same for one that waits, when another job has ended: without room it waits on, whatever
// else has become of its service.
AttemptVerdict on_turn(const AttemptFacts& facts);

struct Retries {
  std::uint32_t count = 0;
  Duration after{0};
};
// How long after failing an attempt, counted from 1, is made again; none: it has failed for good.
std::optional<Duration> on_failure(const Retries& retries, std::uint32_t attempt,
                                   bool service_deleted);

}  // namespace backcast::policy
