// A history: the restore points that exist, as the rules and their readers see them. The engine's
// catalog, the simulator and other tools' exports (import.h) all come down to this.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/instant.h"

namespace backcast::policy {

// Who asked for the restore point. A copy lies in another place than its original.
enum class Origin : std::uint8_t { kAutomatic, kManual, kCopy };

// One restore point. Empty text and missing values are unknown.
struct Snapshot {
  std::string id{};
  Instant time{};                  // when the data was read, as the client stamped it
  std::chrono::seconds offset{0};  // UTC offset the client wrote beside its stamp
  // What totals and quotas count, 0 = unknown: the stored size of a full backup, the size of the
  // data where the store deduplicates.
  std::uint64_t size_bytes = 0;
  std::uint64_t new_bytes = 0;  // what it added to the store when it was made; 0 = unknown
  std::vector<std::string> tags{};
  std::string host{};
  std::string username{};
  std::vector<std::string> paths{};
  std::string schedule{};           // id of the schedule that made it; "" = by hand
  std::vector<std::string> pins{};  // kopia's names for "never delete"
  Origin origin = Origin::kAutomatic;
  bool is_protected = false;         // marked in the store itself, not by a tag
  bool is_incomplete = false;        // the backup did not finish
  std::optional<Instant> end{};      // when the backup finished
  std::optional<Instant> expires{};  // fixed at birth
  // When the store received it. Retention trusts this clock where it is known: a client that stamps
  // its snapshots years back or ahead displaces nothing.
  std::optional<Instant> received{};

  // The time retention goes by.
  Instant trusted_time() const { return received.value_or(time); }
};

}  // namespace backcast::policy
