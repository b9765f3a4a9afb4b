// Recorded histories of deduplicated data: what fidelity is measured on and calibration reads.
//
// The text form of a presence table (sim/model/sizes/presence.h):
//   # generations=N ...
//   present,bytes
//   0-4;7-9,102241        (generations 0..4 and 7..9; more than one run: the bytes came back)
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "sim/model/delta_model.h"
#include "sim/model/sizes/presence.h"

namespace backcast::sim {

inline constexpr std::uint32_t kMaxGenerations = 4096;

// Errors: kBadInput with the line, for anything but the form above, more than kMaxGenerations or
// more than 2^63 bytes in all.
Result<PresenceTable> parse_presence_table(std::string_view text, const std::string& name);

// The gaps, in backups, at which an engine exports what was lost.
inline constexpr std::uint32_t kLossGaps[] = {1, 2, 4, 7, 14, 28, 56};
inline constexpr std::size_t kLossGapCount = std::size(kLossGaps);

// What an engine knows of one backup, in bytes as stored.
struct ObservedBackup {
  std::optional<Instant> time;
  std::uint64_t size_bytes = 0;
  std::uint64_t new_bytes = 0;  // in no backup before: what it added to the store
  // Bytes of the backup kLossGaps[i] before that are no longer in this one; nullopt = unknown.
  std::optional<std::uint64_t> lost_bytes[kLossGapCount];
};

// One source's backups, oldest first.
struct ObservedHistory {
  std::vector<ObservedBackup> backups;
  std::optional<double> resurrection_share;
  bool has_losses() const;
};

// Backups of one source are told oldest first: that one of them, counted from 0, is of this moment
// and the one before it of that.
Error not_later(std::size_t backup, Instant at, Instant before);

// What backups say they lost of the one `gap` before.
struct GapLosses {
  std::uint32_t gap = 0;
  std::vector<std::uint32_t> newer;  // the backups that say so
  double all_bytes = 0;              // of the older ones
  double lost_bytes = 0;

  double lost_share() const;  // 0..1
};
// One per gap that at least three backups tell of, rising.
std::vector<GapLosses> losses_by_gap(const ObservedHistory& history);

// The share of backup b - 1 that is still in backup b >= 1, by size and new bytes; 0..1.
double kept_share(const ObservedHistory& history, std::size_t b);
// The same of all bytes over all steps.
double mean_kept_share(const ObservedHistory& history);

// What an engine that kept everything would have exported.
ObservedHistory observe(const PresenceTable& table, const Trace& trace);

}  // namespace backcast::sim
