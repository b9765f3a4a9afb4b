// The state of the control plane as its parts share it: rows of the catalogue, the time of the
// decision that is being made, and the ways to note it. Every part runs inside one transaction.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/control/catalogue/database.h"
#include "engine/control/outside/outside.h"
#include "engine/policy/service/service_rules.h"
#include "engine/policy/service/starts.h"
#include "engine/policy/service/timetable.h"

namespace backcast::control {

enum class BackupState : std::uint8_t { kCreating, kAvailable, kDeleted, kFailed, kRefused };
// kAgain: between two attempts.
enum class JobState : std::uint8_t { kWaits, kRuns, kSuccessful, kFailed, kCanceled, kAgain };

struct ProjectRow {
  Id id = 0;
  std::string name;
  const policy::ServiceRules* rules = nullptr;
  std::optional<policy::Quota> quota;
  Duration grace{0};
  std::vector<std::string> regions;
  bool deleted = false;
};

struct ClusterRow {
  Id id = 0, project = 0;
  std::string name, region, key, zone, retention, overlap;
  policy::Retries retries;
  std::vector<std::string> tags;
  bool deleted = false, suspended = false, restoring = false, schedules_on = true;
  Duration clock_ahead{0};
  std::optional<Instant> newest_automatic;
};

struct SlotRow {
  Id id = 0, cluster = 0;
  std::uint32_t place = 0;  // among the cluster's schedules
  std::string name, rule, zone, retention;
  bool initial = false, catches_up = false;
  Instant from{}, until{};
  policy::Timetable timetable;
};

// Where the policy of a backup's birth is stated, and what it says.
struct Birth {
  policy::PolicyPlace::In in{};
  bool of_copy = false;
  std::string policy;  // "" = none
  policy::PolicyPlace place() const { return {in, 0, of_copy ? 0 : policy::kNoIndex}; }
};

struct BackupRow {
  Id id = 0, cluster = 0, vault = 0, original = 0, sequence = 0;
  std::string label, kind, schedule, region;
  std::vector<std::string> tags;
  bool of_manual = false;
  BackupState state{};
  Instant born{};
  std::optional<Instant> available, expires;
  std::uint64_t size_bytes = 0;
  Birth birth;

  policy::Origin origin() const;
  // How it was asked for: a copy goes by its original.
  policy::Origin made_by() const;
};

struct JobRow {
  Id id = 0, cluster = 0, backup = 0, slot = 0;
  WorkKind kind{};
  JobState state{};
  std::uint32_t attempt = 0;
  std::string fails;  // why it will end badly
  std::string retention;
  Instant scheduled{};
  std::optional<std::uint32_t> link;
  std::string from_region, to_region;
  bool told = false;  // its end has been told by what ran it
};

class OutsideNotes : public Notes {
 public:
  explicit OutsideNotes(Database& database) : database_(database) {}
  void add(const std::string& line) override;
  std::vector<std::string> all() override;

 private:
  Database& database_;
};

class Core {
 public:
  Core(Database& database, Outside& its_outside) : db(database), outside(its_outside) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  ProjectRow project(Id id);
  ClusterRow cluster(Id id);
  SlotRow slot(Id id);
  std::vector<SlotRow> slots_of(Id cluster);
  BackupRow backup(Id id);
  JobRow job(Id id);
  // Those that run, or wait to; 0: of any cluster.
  std::vector<JobRow> open_jobs(WorkKind kind, JobState state, Id cluster = 0);

  // The vault of a cluster in a region; made where there is none yet.
  Id vault(Id cluster, const std::string& region);
  std::vector<Id> vaults_of(Id cluster);
  struct VaultRow {
    Id id = 0, cluster = 0;
    std::string region;
  };
  VaultRow vault_row(Id vault);
  std::vector<BackupRow> held(Id vault);  // available, in the order of their making
  std::int64_t next_sequence();

  // Why nothing of the cluster can run now, or nothing.
  policy::Why why_not(const ClusterRow& cluster);
  bool is_down(const std::string& region);
  // Why nothing can be written to what keeps the backups of the region, or read from it.
  policy::Why why_no_store(const std::string& region);

  void push(Instant at, policy::Due due, Id entity);
  void decide(policy::Code code, const std::string& subject, const std::string& reason = {},
              std::int64_t number = 0, const std::vector<std::string>& tags = {},
              const std::optional<Instant>& expires = {});
  void set_state(Id backup, BackupState state, const std::string& reason);
  // What is said of an available backup has changed.
  void note_changed(Id backup);
  void end_job(Id job, JobState state, const std::string& reason = {});
  // It waits or runs from now on, behind those that do already.
  void set_turn(Id job, JobState state);
  // What links have to be asked, and when.
  void await_links();
  Work work_of(const JobRow& job);

  // Read once each.
  const policy::Schedule& rule_of(const std::string& text);
  const policy::RetentionPolicy* policy_of(const std::string& text);  // null for ""
  // The cluster's own, in which the vendor's size limit is the project's quota; null: none.
  const policy::RetentionPolicy* retention_of(const ClusterRow& cluster);
  const policy::Zone& zone_of(const std::string& text);  // UTC for ""

  Database& db;
  Outside& outside;
  Instant now{};

 private:
  std::map<std::string, policy::Schedule> rules_;
  std::map<std::string, policy::RetentionPolicy> policies_;
  std::map<std::string, policy::Zone> zones_;
};

// The collections that a choice names; none: it is one of all of them.
std::vector<policy::CollectionChoice> collections_in(const std::string& choice);

std::string joined(const std::vector<std::string>& words);
std::vector<std::string> split(const std::string& words);

}  // namespace backcast::control
