// What the parts of the control plane do, each within the transaction of one decision. Rules are
// asked of engine/policy; these keep state, note decisions and tell the outside.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/control/plane/commands.h"
#include "engine/control/plane/core.h"
#include "engine/policy/service/restore_target.h"

namespace backcast::control {

// --- starts.cpp: from a start that is due to the job that runs
struct Asked {  // a backup that is made by hand
  std::vector<std::string> tags;
  std::vector<Copy> copies;
  std::string retention, name, contents;
};
void start_scheduled(Core& core, Id slot);
// The backup, and its job; 0 where the backup was refused.
struct StartedRows {
  Id backup = 0, job = 0;
};
StartedRows start_manual(Core& core, Id cluster, const Asked& asked);
void attempt(Core& core, Id job);
void start_waiting(Core& core);  // those that wait, where there is room now
void give_up_waiting(Core& core, Id job);
// Starts that were missed, once each, where the schedule makes up for them.
void make_up(Core& core, Id cluster);
// The next start of each schedule of a new or changed cluster, and of one alone.
void begin_schedule(Core& core, const SlotRow& slot, bool initial);
void fire(Core& core, Id slot);
void jump_clock(Core& core, Id cluster, Duration by);

// --- ends.cpp: how a job ends
void end_job(Core& core, Id job);
void fail_job(Core& core, const JobRow& job, const std::string& why);
void fail_jobs_of(Core& core, Id cluster, policy::Why why);

// --- keeping.cpp: what is kept, and what is let go
bool is_due(Core& core, const ClusterRow& cluster);
bool store(Core& core, const JobRow& job, Birth birth);
void arrive(Core& core, Id backup, const Birth& birth);
void prune(Core& core, Id vault);
void prune_others(Core& core, const ClusterRow& cluster);
void expire(Core& core, Id vault);
void drop(Core& core, const BackupRow& backup, policy::Code code, const std::string& reason);
void lose_storage(Core& core, const std::string& region, const std::vector<Id>& clusters);
// What the cluster's policy protects, after a change of it.
void note_protection(Core& core, Id cluster);

// --- schedule_commands.cpp
// A new schedule, whose id is made where it has none, or a change of the one with this id; its row.
// Throws what the rules of the vendor refuse.
Id put_schedule(Core& core, Id cluster, Schedule& schedule);
void delete_schedule(Core& core, const SlotRow& slot, bool delete_backups);

// --- copies.cpp: copies to other regions
void start_copies(Core& core, const JobRow& original, const Birth& birth);
void end_copy(Core& core, Id job);
void settle(Core& core, std::uint32_t link);
void fail_copies_to(Core& core, const std::string& region, policy::Why why);
void fail_copies_of(Core& core, Id cluster, policy::Why why,
                    const std::function<bool(const BackupRow&)>& goes);

// --- keys.cpp: keys of clusters
// Whether a cluster may be under the key it names.
Status check_new_key(Core& core, Id project, const Cluster& cluster);
Status check_key(Core& core, const std::string& project, const std::string& key);
Status check_key_of(Core& core, Id cluster);
// The rules on restores of what a key seals, and into what one seals.
Status check_keys_of(Core& core, const Restore& restore);
// As it is now; without a name nothing. What nobody knows opens nothing: it counts as revoked.
std::optional<policy::NamedKey> key_named(Core& core, Id project, const std::string& name);
// Nothing under it can be made or read any more, or again.
void switch_key(Core& core, const std::string& project, const std::string& name, bool revoked);
// One that a backup names and the catalogue does not know.
void adopt_key(Core& core, Id project, const std::string& key, const std::string& region);

// --- owners.cpp: what becomes of clusters, projects and regions
void delete_cluster(Core& core, Id cluster, bool delete_backups);
void delete_project(Core& core, Id project, bool delete_backups);
void purge(Core& core, Id cluster);
void destroy_key(Core& core, Id project);
void switch_schedules(Core& core, Id cluster, bool on);
// Its plan, quota and grace; nothing else of it changes.
void change_plan(Core& core, const Project& project);
// A region, or only what keeps its backups.
enum class Down : std::uint8_t { kRegion, kStore };
void take_down(Core& core, const std::string& region, Down what);
void bring_back(Core& core, const std::string& region, Down what);
void suspend(Core& core, Id cluster, bool suspended);

// --- restores.cpp
StartedRows start_restore(Core& core, Id cluster, const Restore& restore);
void bring_back_data(Core& core, Id job);
void end_restore(Core& core, Id job);
// An export touches nothing that is kept: a job, and no decision.
Id start_export(Core& core, Id backup, const Export& asked);
void end_export(Core& core, const JobRow& job, const Ended& how);

// --- planned.cpp: what a scenario or a drill has planned, as JSON
void begin_planned(Core& core, Id planned);
void end_planned(Core& core, Id planned);
void ask_planned(Core& core, Id planned);

}  // namespace backcast::control
