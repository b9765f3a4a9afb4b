#include "engine/policy/service/restore_rules.h"

#include <fmt/format.h>

namespace backcast::policy {
namespace {

constexpr Duration kVersionChoice = std::chrono::hours(30 * 24);

}  // namespace

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

VersionChoice zilliz_version_choice(Instant born, Instant now, Version original, Version latest) {
  if (now - born > kVersionChoice) return {false, VersionReason::kTooOld};
  const bool older = original.major < latest.major ||
                     (original.major == latest.major && original.minor < latest.minor);
  if (!older) return {false, VersionReason::kSameMinor};
  return {true, VersionReason::kChoice};
}

std::string explain(const VersionChoice& choice) {
  switch (choice.reason) {
    case VersionReason::kChoice:
      return "the original version or the latest: the backup is at most 30 days old";
    case VersionReason::kTooOld:
      return "the latest version only: the backup is older than 30 days";
    case VersionReason::kSameMinor:
      return "the latest version only: the original is no older minor version";
  }
  return {};
}

SnapshotFit qdrant_snapshot_fit(Version snapshot, Version server) {
  if (snapshot.major != server.major || snapshot.minor != server.minor) {
    return SnapshotFit::kOtherMinor;
  }
  return server.patch < snapshot.patch ? SnapshotFit::kOlderPatch : SnapshotFit::kFits;
}

std::string explain(SnapshotFit fit) {
  switch (fit) {
    case SnapshotFit::kFits:
      return "same minor version, patch not lower";
    case SnapshotFit::kOtherMinor:
      return "a snapshot restores only into the same minor version";
    case SnapshotFit::kOlderPatch:
      return "the server's patch version is lower than the snapshot's";
  }
  return {};
}

}  // namespace backcast::policy
