// Histories from outside: our own JSON, and what other tools print. Readers are pure: text in,
// snapshots or an error with file, pointer and line out. Memory stays at the text plus the
// snapshots read: the elements of a large export are parsed one at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/policy/retention/history.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {

// What the sizes and new bytes of one source count, where its tool counts before compression.
struct Counted {
  bool is_stored = false;  // bytes as stored; else raw ones, the new bytes as well as the sizes
  std::string note{};
};

struct History {
  std::string tool;  // "restic", "borg", "kopia", "zfs", "csv", "backcast"
  std::vector<Snapshot> snapshots{};
  std::map<std::string, Counted> counted{};     // by source_name; restic 0.17 and newer
  std::optional<std::uint64_t> stored_bytes{};  // of the whole store, where the tool says so
};

inline constexpr std::uint64_t kMaxHistoryBytes = 2ULL << 30;  // of text
inline constexpr std::size_t kMaxSnapshots = 5'000'000;

struct ImportOptions {
  std::string name;  // stands in error messages: the path, or "-"
  Zone zone{};       // of times written without an offset (borg 1, names of ZFS snapshots, CSV)
};

// "restic": `restic snapshots --json`, also grouped; sizes and new bytes as stored where the list
//           tells that (engine/policy/retention/stored_counts.h).
// "borg":   `borg list --json`, or `borg info --json` for sizes (1.x and 2).
// "kopia":  `kopia snapshot list --json --all`.
// "zfs":    `zfs list -H -p -t snapshot -o name,creation[,used[,refer[,userrefs]]]`; what has a
//           hold is protected. With the default columns the time must stand in the name, as sanoid
//           and zfs-auto-snapshot write it.
// "csv":    a header out of csv_columns(); "time" is required.
// "backcast": our own, as to_json writes it, or what `backcast snapshots --json` and
//           `backcast stats --json` print.
// "":      whichever of them wrote it, judging by its beginning.
// Errors: kBadInput for an unknown tool (with the nearest name), text that is cut off, or a value
// that cannot be read.
Result<History> import_history(std::string_view tool, std::string_view text,
                               const ImportOptions& options);
std::vector<std::string_view> import_tools();

// Which of them wrote the text, judging by its beginning; "" if none is recognised.
std::string_view recognise_tool(std::string_view text);

// Adds what `restic stats --json [--mode raw-data]` says about the whole repository.
Status add_restic_stats(History& history, std::string_view text, const ImportOptions& options);

// {"backcast_history": 1, "tool": ..., "counted": {SOURCE: {"as_stored", "note"}},
//  "snapshots": [{"id", "time", ...}]}, oldest first as read;
// unknown and default values are left out. Reads back to an equal value.
std::string to_json(const History& history);

std::vector<std::string_view> csv_columns();

}  // namespace backcast::policy
