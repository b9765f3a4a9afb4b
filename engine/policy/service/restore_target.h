// Where a restore goes: a new cluster in this project or another one, under a key or none, or one
// that runs already; and what refuses it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/service/collections.h"
#include "engine/policy/service/decision.h"
#include "engine/policy/service/service_rules.h"

namespace backcast::policy {

// Whether a project may use a region: `bound` are those that it is bound to; none: any.
bool is_bound(std::span<const std::string> bound, std::string_view region);
// The same with the vendor's code.
Status check_region(const ServiceRules& rules, std::string_view project,
                    std::span<const std::string> bound, std::string_view region);

// A key of a project, which clusters name.
struct NamedKey {
  std::string region;
  bool revoked = false;
};
// Why nothing can be made or read under it in this region now; without a key: nothing.
Why why_no_key(const std::optional<NamedKey>& key, std::string_view region);

struct ClusterState {
  bool deleted = false, suspended = false, restoring = false;
};
Why why_not_running(const ClusterState& cluster);

// What a restore is asked for beside the backup, as its decision bears it.
struct RestoreTarget {
  std::string project, key;  // of the new cluster; "" = as that which the backup is of; none
  std::string into;          // a cluster that is there, by name; "" = another one, or in place
  std::vector<CollectionChoice> collections;  // none: all of it
};
// "project=archive", "key=sealed", "into=vectors", "default.docs=shop.docs:released"
std::vector<std::string> words_of(const RestoreTarget& target);

struct RestoreFacts {
  bool has_backup = false;
  ClusterState cluster;  // that it goes into, of those that must hold; of a new one nothing
  bool region_down = false;
  std::string_view region;  // that it goes into
  // Of the project where a new cluster stands.
  bool project_deleted = false;
  std::span<const std::string> project_regions = {};
  std::optional<CallerRole> role;  // who asks
  bool version_fits = true;
  std::optional<NamedKey> sealed_by, into_key;       // of the backup, and of where it goes
  bool leaves_database = false, name_taken = false;  // as leaves_database and first_taken say
};
// Why it cannot be made, or nothing. What it would change stays as it is then.
Why on_restore(const ServiceRules& rules, const RestoreFacts& facts);

}  // namespace backcast::policy
