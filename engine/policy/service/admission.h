// May a backup job start now, beside the jobs that are running, and how long will it take?
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/instant.h"
#include "engine/policy/retention/history.h"

namespace backcast::policy {

// Unlimited where a vendor says nothing.
struct AdmissionRules {
  bool manual_waits_for_automatic = false;  // by hand is refused while an automatic job runs
  std::uint16_t max_manual = UINT16_MAX;    // at a time, waiting ones included
  std::uint32_t refusal_code = 0;           // the vendor's, 0 = none
};

// Jobs of one service that wait or run.
struct RunningJobs {
  std::uint16_t automatic = 0;
  std::uint16_t manual = 0;
};

enum class AdmissionReason : std::uint8_t {
  kFree,           // nothing speaks against it
  kAutomaticRuns,  // refused: an automatic job runs
  kTooManyManual   // refused: as many by hand as may be
};

struct Admission {
  bool admitted = true;
  AdmissionReason reason = AdmissionReason::kFree;
};

// origin: kAutomatic or kManual. No vendor refuses its own automatic jobs.
Admission admit(const AdmissionRules& rules, const RunningJobs& running, Origin origin);
// "an automatic backup is running (96038)"
std::string explain(const Admission& admission, const AdmissionRules& rules);

// What a tool does with a backup that is due while another one of the same service waits or runs.
enum class Overlap : std::uint8_t {
  kBeside,  // starts it all the same
  kSkip,    // leaves it out
  kQueue    // starts it when the other one has ended
};

// How many jobs run at once among several services: those of a project, a region, a cluster.
// Whoever finds no room waits in the order in which they came.
struct ConcurrencyLimit {
  std::uint32_t jobs = 1;
  std::optional<Duration> wait_at_most;  // longer and the start is missed; none = waits for ever
};
constexpr bool has_room(const ConcurrencyLimit& limit, std::uint32_t running) {
  return running < limit.jobs;
}

// ---------------------------------------------------------------------------------------------

// How fast a backup runs. It reads and sends at the same time: the slower of the two counts.
// Zilliz: 700 MB/s of live data, slower above 1,000 collections by an amount the vendor does not
// give; 10 ms for each is our figure.
struct JobSpeed {
  std::uint64_t rate_bytes_per_second = 700'000'000;  // of reading live data; 0 = takes no time
  std::uint64_t send_rate_bytes_per_second = 0;       // of what goes to the store; 0 = no time
  bool reads_changes = false;  // only what has changed is read, not everything
  std::uint32_t free_collections = 1000;
  Duration per_further_collection = std::chrono::milliseconds(10);
};

// What a job moves: live bytes read, and bytes as stored that are sent.
struct JobBytes {
  std::uint64_t read = 0, sent = 0;
};

// The longer of reading and sending in whole seconds, rounded up, and the further collections.
Duration job_duration(const JobSpeed& speed, const JobBytes& bytes, std::uint32_t collections);

}  // namespace backcast::policy
