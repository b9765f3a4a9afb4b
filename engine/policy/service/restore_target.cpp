#include "engine/policy/service/restore_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::policy {

bool is_bound(std::span<const std::string> bound, std::string_view region) {
  return bound.empty() || std::find(bound.begin(), bound.end(), region) != bound.end();
}

Status check_region(const ServiceRules& rules, std::string_view project,
                    std::span<const std::string> bound, std::string_view region) {
  if (is_bound(bound, region)) return kOk;
  const std::string code = rules.has_plans ? fmt::format(" ({} 96001)", rules.vendor) : "";
  return bad_input(fmt::format("region {} is not bound to project {}{}", printable(region),
                               printable(project), code),
                   "bind it to the project: list it in its \"regions\"");
}

Why why_no_key(const std::optional<NamedKey>& key, std::string_view region) {
  if (!key) return Why::kNothing;
  if (key->region != region) return Why::kKeyElsewhere;
  return key->revoked ? Why::kRevokedKey : Why::kNothing;
}

Why why_not_running(const ClusterState& cluster) {
  if (cluster.deleted) return Why::kServiceDeleted;
  if (cluster.suspended) return Why::kSuspended;
  return cluster.restoring ? Why::kRestoring : Why::kNothing;
}

std::vector<std::string> words_of(const RestoreTarget& target) {
  std::vector<std::string> words;
  const auto add = [&](const char* what, const std::string& name) {
    if (!name.empty()) words.push_back(fmt::format("{}={}", what, name));
  };
  add("project", target.project);
  add("key", target.key);
  add("into", target.into);
  for (const CollectionChoice& one : target.collections) {
    words.push_back(
        fmt::format("{}={}:{}", to_string(one.from), to_string(one.to), name(one.load)));
  }
  return words;
}

Why on_restore(const ServiceRules& rules, const RestoreFacts& facts) {
  if (!facts.has_backup) return Why::kNoRestorePoint;
  if (const Why why = why_not_running(facts.cluster); why != Why::kNothing) return why;
  if (facts.region_down) return Why::kRegionDown;
  if (facts.project_deleted) return Why::kProjectGone;
  if (!is_bound(facts.project_regions, facts.region)) return Why::kProjectElsewhere;
  if (facts.role && !check_role(rules, *facts.role).ok()) return Why::kRole;
  if (!facts.version_fits) return Why::kVersion;
  if (facts.sealed_by && facts.sealed_by->revoked) return Why::kRevokedKey;
  if (const Why why = why_no_key(facts.into_key, facts.region); why != Why::kNothing) return why;
  if (rules.restore.sealed_databases_apart && facts.into_key && facts.leaves_database) {
    return Why::kSealedDatabase;
  }
  return facts.name_taken ? Why::kNameTaken : Why::kNothing;
}

}  // namespace backcast::policy
