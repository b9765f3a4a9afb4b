// What a backup may be restored to.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/instant.h"

namespace backcast::policy {

struct Version {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};
std::string to_string(const Version& version);  // "1.4.0"

// Zilliz: which version the new cluster runs.
enum class VersionReason : std::uint8_t {
  kChoice,    // young enough, and a newer minor version is out: the original one or the latest
  kTooOld,    // more than 30 days: the latest only
  kSameMinor  // the original is the latest minor: nothing to choose
};
struct VersionChoice {
  bool original = false;  // may be asked for; the latest always may, and is the default
  VersionReason reason = VersionReason::kTooOld;
};
// Up to 30 x 24 hours after the backup, inclusive.
VersionChoice zilliz_version_choice(Instant born, Instant now, Version original, Version latest);
std::string explain(const VersionChoice& choice);

// A Qdrant server takes a snapshot of its own major and minor version, patch not lower. Qdrant
// Cloud restores a backup of any version: it sets the cluster back to the backup's.
enum class SnapshotFit : std::uint8_t { kFits, kOtherMinor, kOlderPatch };
SnapshotFit qdrant_snapshot_fit(Version snapshot, Version server);
std::string explain(SnapshotFit fit);

}  // namespace backcast::policy
