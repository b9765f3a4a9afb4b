// Reads what calibration starts from. Three forms, told apart by their first character:
//   - a presence table (sim/fit/history.h), exact for any subset of the backups;
//   - JSON, either {"rows": [...]} or a bare list; as `backcast stats --json` prints it, or
//     `restic snapshots --json` of restic 0.17 and newer, or the outputs of `borg create --json`
//     in one list (`jq -s .`);
//   - CSV with a header.
// A row of the last two has these fields, in bytes as stored (of restic's list as far as it tells
// them: engine/policy/retention/stored_counts.h); only size_bytes and new_bytes are needed:
//   time            RFC 3339
//   size_bytes      of the whole restore point
//   new_bytes       in no backup before
//   lost_N_bytes    for N = 1, 2, 4, 7, 14, 28, 56: bytes of the backup N before that are gone
//   host, paths     which source it is of (restic: hostname). Backups of several are not one
//                   history: mixed, each would seem to replace all of the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fit/history.h"

namespace backcast::sim {

struct Observations {
  ObservedHistory history;
  std::optional<PresenceTable> table;
  std::vector<std::string> notes;  // what the form could not say
};

// Rows to read, where rows say what they are of: those of this host, of exactly these paths.
struct SourceChoice {
  std::string host;                // "" = any
  std::vector<std::string> paths;  // none = any
};

// Errors: kBadInput with file, line and, for JSON, pointer; more than kMaxObservedBackups rows;
// rows of several sources that `choice` does not tell apart, or a choice where rows do not say.
inline constexpr std::size_t kMaxObservedBackups = 1'000'000;
Result<Observations> read_observations(std::string_view text, const std::string& name,
                                       const SourceChoice& choice = {});

}  // namespace backcast::sim
