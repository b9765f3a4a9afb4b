// A history: the restore points that exist, as the rules and their readers see them. The engine's
// catalog, the simulator and other tools' exports (import.h) all come down to this.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast::policy {

// Who asked for the restore point. A copy lies in another place than its original.
enum class Origin : std::uint8_t { kAutomatic, kManual, kCopy };

// One restore point. Empty text and missing values are unknown.
struct Snapshot {
  std::string id{};
  Instant time{};                  // when the data was read, as the client stamped it
  std::chrono::seconds offset{0};  // UTC offset the client wrote beside its stamp
  // What totals and quotas count, 0 = unknown: the stored size of a full backup; where the store
  // deduplicates, the size of the data, as stored where its tool tells that.
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

// What one command backs up again and again: a host, a user and paths.
bool is_same_source(const Snapshot& a, const Snapshot& b);

// "user@host:/etc,/home"; what is unknown is left out, "the history" if all of it is.
std::string source_name(const Snapshot& snapshot);

// The restore points of one source, oldest first (equal times as they stood). `source` is the name
// of one, or its host or a path where that fits one alone; "" where there is only one source.
// Errors: kBadInput with the names of those there are.
Result<std::vector<Snapshot>> select_source(std::vector<Snapshot> history,
                                            const std::string& source);

// Hashes, ids of 32 hex digits or more, are shown by their first eight, as their tools do.
std::string_view short_id(std::string_view id);

}  // namespace backcast::policy
