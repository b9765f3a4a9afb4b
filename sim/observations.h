// Reads what calibration starts from. Three forms, told apart by their first character:
//   - a presence table (sim/history.h), exact for any subset of the backups;
//   - JSON, either {"rows": [...]} or a bare list; as `backcast stats --json` prints it, or
//     `restic snapshots --json` of restic 0.17 and newer, or the outputs of `borg create --json`
//     in one list (`jq -s .`);
//   - CSV with a header.
// A row of the last two has these fields, in bytes as stored; only size_bytes and new_bytes are
// needed:
//   time            RFC 3339
//   size_bytes      of the whole restore point
//   new_bytes       in no backup before
//   lost_N_bytes    for N = 1, 2, 4, 7, 14, 28, 56: bytes of the backup N before that are gone
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history.h"

namespace backcast::sim {

struct Observations {
  ObservedHistory history;
  std::optional<PresenceTable> table;
  std::vector<std::string> notes;  // what the form could not say
};

// Errors: kBadInput with file, line and, for JSON, pointer; more than kMaxObservedBackups rows.
inline constexpr std::size_t kMaxObservedBackups = 1'000'000;
Result<Observations> read_observations(std::string_view text, const std::string& name);

}  // namespace backcast::sim
