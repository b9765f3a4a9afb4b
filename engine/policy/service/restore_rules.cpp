#include "engine/policy/service/restore_rules.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace backcast::policy {
namespace {

constexpr Duration kVersionChoice = std::chrono::hours(30 * 24);

}  // namespace

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

std::optional<CallerRole> parse_caller_role(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"organization_owner", "project_admin",
                                                   "custom_with_backup", "custom_without_backup",
                                                   "other"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<CallerRole>(i);
  }
  return std::nullopt;
}

bool goes_by_version(const RestoreRules& rules, std::string_view kind) {
  return rules.versions != VersionRule::kSameMinor || kind == "qdrant";
}

std::string version_refusal(VersionRule rule, const RestoreVersions& versions, Instant born,
                            Instant now) {
  if (rule == VersionRule::kSetsBack) return {};
  if (rule == VersionRule::kSameMinor) {
    const SnapshotFit fit = snapshot_fit(versions.backup, versions.target);
    return fit == SnapshotFit::kFits ? std::string() : explain(fit);
  }
  const Version latest = versions.latest.value_or(versions.target);
  if (versions.target == latest) return {};
  if (versions.target != versions.backup) {
    return "a restore runs the backup's own version or the latest";
  }
  const VersionChoice choice = version_choice(born, now, versions.backup, latest);
  return choice.original ? std::string() : explain(choice);
}

VersionChoice version_choice(Instant born, Instant now, Version original, Version latest) {
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

std::optional<Version> parse_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  Version version;
  const std::array<int*, 3> parts{&version.major, &version.minor, &version.patch};
  std::size_t read = 0;
  for (int* part : parts) {
    const auto end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, *part);
    if (number.ec != std::errc() || *part < 0) return std::nullopt;
    text = std::string_view(number.ptr, static_cast<std::size_t>(end - number.ptr));
    ++read;
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  if (read < 2) return std::nullopt;
  return version;
}

int max_shards(std::uint32_t compute_units) {
  // Zilliz Cloud Limits; sizes between its bands, which are not sold, take the lower one.
  if (compute_units < 4) return 2;
  if (compute_units < 12) return 4;
  return compute_units <= 64 ? 8 : 16;
}

SnapshotFit snapshot_fit(Version snapshot, Version server) {
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
