// What a vendor's pages allow, checked where the document says otherwise. The rules themselves
// stand in engine/policy and in the profiles; here they meet the fields of a scenario.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/document/node.h"
#include "scenarios/document/profile.h"
#include "sim/model/scenario.h"

namespace backcast::scenario {

struct Build;
struct Plan;

// The cloud of a region that `node` names: known by its name, or stated in "cloud". Under a
// vendor's profile with clouds a fault where it is neither; "" where the profile has none.
std::string cloud_in(const Node& node, const Profile& profile, const std::string& region);
// What a backup adds ("delta") is the vendor's affair where the profile says so.
void check_delta(const Node& fields, const Profile& profile, const std::string& cloud);
// A vendor may back up services of some kinds only.
void check_kind(const Node& fields, const sim::Service& service);

// The plan of a project where plans decide.
Plan read_plan(const Node& fields, const sim::Project& project);
// Fields of a project that nothing acts on under its provider and quota.
void check_project(const Node& own, const sim::Project& project);
// A fault at the field where the plan of the service's project has no backups.
void check_plan(const Build& build, const Node& node, std::string_view field,
                const sim::Service& service);

// Where a copy may go, how long it stays; `plain` copies anywhere.
void check_target(const Build& build, const Node& entry, const Profile& profile,
                  const sim::Service& service, const std::string& region, bool scheduled);
// How a vendor's schedules are written, in which zone, how many there may be, what they are called.
void check_schedule(const Node& node, const sim::ServiceSchedule& schedule,
                    const sim::Service& service);
// A vendor keeps backups by rules of its own, not by those of another tool.
void check_retention_words(const Node& node, std::string_view words, const sim::Service& service);
// A quota that keeps protected and minimum backups goes by a policy that has them.
void check_quota_mode(const Node& fields, const sim::Project& project, const sim::Service& service);

// Restores: which versions and who asks, and where to; deletions: what goes with the owner.
void check_restore(const Node& node, const sim::Service& service, const sim::ScheduledEvent& event);
void check_deletion(const Node& node, const policy::ServiceRules& rules);

}  // namespace backcast::scenario
