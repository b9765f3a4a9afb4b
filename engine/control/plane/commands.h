// What is said to the control plane, and what it says of its state: plain values, in names and
// texts that a catalogue keeps and an interface shows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/instant.h"

namespace backcast::control {

// Who asks, for the audit log: the name of a token, "command line", "scenario".
struct Caller {
  std::string who;
};

// Services that share a quota, a key and an owner.
struct Project {
  std::string id;
  std::string rules = "plain";  // whose rules hold, as policy::service_rules names them
  std::string plan;             // as policy::parse_service_plan reads it; "" = not said
  std::optional<std::uint64_t> quota_bytes;
  std::string quota_mode = "hard";  // "keep", "hard", "bill"
  std::uint64_t quota_ceiling_bytes = UINT64_MAX;
  Duration grace{0};                 // backups of what is deleted stay so long
  std::vector<std::string> regions;  // that it may use; none: any
  std::optional<Instant> deleted, key_destroyed;
};

// Seals the backups of the clusters that name it, apart from what the project's own key seals.
struct ClusterKey {
  std::string project, name;  // unique in its project
  std::string region;         // of the clusters that may name it
  Instant created{};
  // Nothing under it can be made or read any more, until somebody takes that back.
  std::optional<Instant> revoked;
};

// A database cluster or service whose data is backed up.
struct Cluster {
  std::string id;    // "" = made by the control plane
  std::string name;  // of at least one character, unique in its project
  std::string project, cloud, region;
  std::string kind;  // "postgresql", "folder"; see docs/kinds.md
  std::string version;
  std::string key;  // a ClusterKey's name; "" = that of the project. It stays
  std::uint32_t cu = 1, cpu = 0, memory_gib = 0, nodes = 1;
  std::string source;     // JSON that says where its data is
  std::string zone;       // in which it prunes; "" = UTC
  std::string retention;  // looking back over its backups, as parse_policy reads it; "" = none
  std::string overlap;    // "beside", "skip", "queue"; "" = not said: beside
  std::uint32_t retries = 0;
  Duration retry_after{0};
  std::vector<std::string> tags;  // of every backup its schedules make
  std::string state;              // "RUNNING", "SUSPENDED", "RESTORING", "DELETED"
  Instant created{};
  std::optional<Instant> deleted;
};

struct Copy {
  std::string region;
  std::string retention;  // "" = permanent
};

struct Schedule {
  std::string id;  // "" = made by the control plane
  std::string cluster, name;
  std::string rule;       // as parse_schedule reads it
  std::string zone;       // "" = UTC
  std::string retention;  // of what it makes; "" = none
  bool initial = false;   // one backup at once
  bool catches_up = false;
  std::vector<Copy> copies;
  std::optional<Instant> from, until;
  std::optional<Instant> due;  // the next start
};

// Jobs that may run at once among what it covers.
struct Limit {
  std::string name;
  std::uint32_t jobs = 1;
  std::optional<Duration> wait_at_most;
  std::string project, region;        // "" = any
  std::vector<std::string> clusters;  // none: all
};

struct ManualBackup {
  std::string cluster, name;
  std::vector<std::string> tags;
  std::vector<Copy> copies;
  std::string retention;
  std::string contents;  // JSON: the collections that are asked for; "" = all
};

struct Started {
  std::string backup, job;
};

struct Backup {
  std::string id, cluster, project, region;
  std::string key;       // of its cluster, which seals it
  std::string original;  // of a copy
  std::string kind;      // "automatic", "manual", "copy"
  std::string schedule, name;
  std::vector<std::string> tags;
  bool of_manual = false, is_protected = false;
  std::string state;  // "CREATING", "AVAILABLE", "DELETED", "FAILED", "REFUSED"
  Instant born{};
  std::optional<Instant> available, deleted, expires;
  std::uint64_t size_bytes = 0, added_bytes = 0;
  std::string reason;    // as policy::code_of, or what a job that ran said
  std::string contents;  // JSON
  std::string snapshot;  // its name in the store
};

struct BackupFilter {
  std::string cluster, project, region, kind, state, tag, name;
  std::optional<Instant> from, to;  // born from (inclusive) to (exclusive)
  bool with_gone = false;           // deleted, failed and refused ones, too
  std::uint64_t offset = 0, limit = 100;
};
struct Backups {
  std::vector<Backup> page;  // newest first
  std::uint64_t count = 0;   // of all pages
};

struct Job {
  std::string id;
  std::string type;  // "BACKUP", "COPY", "RESTORE", "EXPORT"
  std::string cluster, backup;
  std::string state;  // "PENDING", "IN_PROGRESS", "SUCCESSFUL", "FAILED", "CANCELED"
  std::string reason;
  int progress = 0;  // 0..100
  std::uint32_t attempt = 0;
  std::optional<Instant> started, ended;
};
struct JobFilter {
  std::string cluster, type, state;
  std::uint64_t offset = 0, limit = 100;
};

struct Restore {
  std::string cluster;  // whose backups may serve
  std::string backup;   // "" = the newest that can be read
  std::string into;     // cluster it goes into; "" = where it came from
  // All that the cluster it came from holds, its version and its size give way to the backup's.
  bool in_place = false;
  std::string region;  // from which only, "" = any
  std::string to_region;
  // Of a new cluster: the project that it stands in, "" = that of the cluster the backup is of; and
  // a key of it, "" = none. Who makes the cluster first and names it in `into` leaves them out.
  std::string to_project, key;
  std::optional<Instant> as_of;
  std::string role;  // who asks, as policy::parse_caller_role reads it; "" = not said
  std::string backup_version, target_version, latest_version;  // "1.2.3"; "" = not said
  std::string choice;  // JSON for the kind of data: names, databases, load states
};

// A backup's files as objects in a bucket that the service knows by this name.
struct Export {
  std::string backup, bucket, directory;
};

// An available backup, and all that is needed to take it in again where the catalogue is lost.
struct Kept {
  Project project;
  Cluster cluster;
  Backup backup;
  std::string label;  // as decisions name it
  std::int64_t row = 0, cluster_row = 0;
  std::int64_t changes = 0;  // how often it has changed: the greater one is the later
  // The policy that gave it its expiry, and where that stood (policy::PolicyPlace).
  std::string birth_policy;
  int birth_place = 0;
  bool birth_of_copy = false;
};

// A policy that was switched on as a whole, with what it requires.
struct AppliedScenario {
  std::string name;
  std::string document;               // as its user wrote it
  std::vector<std::string> projects;  // that it speaks of
  Instant applied{};                  // when this document was
  std::string who;                    // applied it
};

// What a restore drill measured.
struct DrillResult {
  std::string cluster, backup, job;  // ids; "" = it did not come so far
  Instant started{}, ended{};
  std::uint64_t bytes = 0;  // of the backup
  std::uint64_t rows = 0;   // that came back and were compared; 0 = this kind tells none
  std::string how;          // "restored" into a place of its own; "read" whole, where none can be
  std::string why_not;      // "" = all of it came back
};

// That the newest backup of a cluster is restored again and again.
struct Drill {
  std::string cluster, name, project;
  Duration every{0};
  Instant due{};
  std::optional<DrillResult> last;
};

// One entry of the audit log.
struct Audit {
  Instant at{};
  std::string who, action, subject, detail;
};

}  // namespace backcast::control
