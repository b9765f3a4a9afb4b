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

// Shards a collection can have on a cluster of so many compute units; more are cut to it. 1-2: 2,
// 4-8: 4, 12-64: 8, above: 16; sizes that the vendor's table leaves out take the band below.
int zilliz_max_shards(int compute_units);
int zilliz_restored_shards(int shards, int compute_units);

// Qdrant: same major and minor version, patch not lower.
enum class SnapshotFit : std::uint8_t { kFits, kOtherMinor, kOlderPatch };
SnapshotFit qdrant_snapshot_fit(Version snapshot, Version server);
std::string explain(SnapshotFit fit);

}  // namespace backcast::policy
