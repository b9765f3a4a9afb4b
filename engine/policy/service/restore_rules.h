// What a backup may be restored to: which version, where, and who may ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/instant.h"

namespace backcast::policy {

struct Version {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};
std::string to_string(const Version& version);  // "1.4.0"
// "2.5", "v2.5.3" or "2.5.3-rc1"; nothing for what begins with no version.
std::optional<Version> parse_version(std::string_view text);

enum class VersionRule : std::uint8_t {
  kSameMinor,         // a server takes a snapshot of its own minor version, patch not lower
  kSetsBack,          // the cluster is set back to the backup's version, whatever it runs
  kOriginalOrLatest,  // a new cluster runs the latest version, or for 30 days the backup's own
};

// Who asks, in the words of the vendor that has such rules.
enum class CallerRole : std::uint8_t {
  kOrganizationOwner,
  kProjectAdmin,
  kCustomWithBackup,
  kCustomWithoutBackup,
  kOther,
};
// "organization_owner", "project_admin", "custom_with_backup", "custom_without_backup", "other".
std::optional<CallerRole> parse_caller_role(std::string_view name);

struct RestoreRules {
  VersionRule versions = VersionRule::kSameMinor;
  bool stays_in_region = false;  // a new cluster stands where the backup lies
  bool by_role = false;
  bool of_collections = false;  // some of them alone, into a cluster that runs
  // Each database of a cluster under a key has a key of its own: what comes into one stays in the
  // database that it was in.
  bool sealed_databases_apart = false;
};

// Whether versions decide on the restores of a service of this kind. Under kSameMinor it must be a
// server whose rule is known: Qdrant's.
bool goes_by_version(const RestoreRules& rules, std::string_view kind);

struct RestoreVersions {
  Version backup, target;
  std::optional<Version> latest;  // that is offered; none: the target is
};
// Why a backup made at `born` cannot be restored to the target now, or "".
std::string version_refusal(VersionRule rule, const RestoreVersions& versions, Instant born,
                            Instant now);

// kOriginalOrLatest: which version the new cluster runs.
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
VersionChoice version_choice(Instant born, Instant now, Version original, Version latest);
std::string explain(const VersionChoice& choice);

// The most shards of a collection that a cluster of so many compute units takes.
int max_shards(std::uint32_t compute_units);

enum class SnapshotFit : std::uint8_t { kFits, kOtherMinor, kOlderPatch };
SnapshotFit snapshot_fit(Version snapshot, Version server);
std::string explain(SnapshotFit fit);

}  // namespace backcast::policy
