// The control plane: clusters, their schedules, backups and jobs, in one catalogue. It decides
// nothing that is a rule: it asks engine/policy, notes the decision, and then acts.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/usage.h"
#include "engine/control/outside/outside.h"
#include "engine/control/plane/commands.h"

namespace backcast::control {

class Core;
class Database;
class OutsideNotes;

struct OpenOptions {
  // False where nothing is lost by a power cut: rehearsals.
  bool durable = true;
  // The time of whoever decides; whole seconds are taken from it.
  std::function<Instant()> clock;
};

// Every call is one transaction; they may come from any thread. Errors: kNotFound for what does not
// exist, kExists for a name that is taken, kBadInput for what can be corrected or the rule book
// refuses (with the vendor's code in its text), kLocked for what cannot be done as things stand,
// kFailed for what the disk does not take.
class ControlPlane {
 public:
  // Opens the catalogue at `path`, or makes it. Errors: kLocked where another process has it.
  static Result<std::unique_ptr<ControlPlane>> open(const std::string& path, Outside& outside,
                                                    OpenOptions options);
  ~ControlPlane();

  // --- time
  // Does what is due next if that is not after `until`; false: nothing was.
  Result<bool> step(Instant until);
  Result<std::optional<Instant>> next_due();
  // The time of the newest decision; 1970 where there is none.
  Instant last_decided();
  // A job that really ran has ended, or moved on (0..100); false: it was stopped before.
  Result<bool> ended(Id job, const Ended& how);
  Status progress(Id job, int percent);

  // --- for what runs the jobs
  // Those that run by the catalogue: after a start nobody does them until they are begun again.
  Result<std::vector<Work>> running();
  // All that is needed to do one.
  struct Detail {
    Work work;
    Project project;
    Cluster cluster, into;    // of the data; that a restore goes into
    Backup backup, original;  // of a copy
    std::string choice;       // of a restore
    Export sent;              // of an export
    std::string key_refusal;  // why what the cluster's key seals cannot be read; "" = it can
    bool in_place = false;    // as Restore::in_place
  };
  Result<Detail> detail(Id job);
  // A backup's bytes, which may be gone by the catalogue.
  struct Bytes {
    Id vault = 0, backup = 0;
    std::string project, key, region, snapshot;
    bool is_wanted = false;  // available, or being made
    bool is_shared = false;  // of bytes_of: another available backup has the same snapshot
  };
  // Those that are available, and copies that are being made: they count from their beginning.
  struct Held {
    Id vault = 0, backup = 0;
    std::uint64_t size_bytes = 0;
  };
  Result<std::vector<Held>> held();
  Result<Bytes> bytes_of(Id backup);
  Result<std::string> project_name(Id project);

  // --- for what keeps the stores and the catalogue in step
  // What lies in one repository by the catalogue, with what is gone.
  struct Shelf {
    std::string project, key, region;
  };
  struct OnShelf {
    Id backup = 0;
    std::string snapshot;  // "" where its job has not ended well
    std::string made_as;   // the backup that its job named: of a copy its original
    bool is_available = false, is_wanted = false;  // wanted: available, or being made
  };
  Result<std::vector<Shelf>> shelves();
  Result<std::vector<OnShelf>> on_shelf(const Shelf& shelf);
  Result<Kept> kept_backup(Id backup);
  // Takes a backup in whose bytes are there; true: the catalogue did not have it. What the
  // catalogue knows better stays. kExists where another backup has its name.
  Result<bool> adopt(const Caller& caller, const Kept& kept);
  // Where the bytes of a backup lie that was decided on in a rehearsal, and what they hold; its
  // sizes stay those that were decided.
  Status lies_in(Id backup, const std::string& snapshot, const std::string& contents);
  // An available backup has no bytes any more.
  Status lost(const Caller& caller, Id backup);
  // The catalogue as it is, into a new file, while others go on with their work.
  Status copy_to(const std::string& path);
  // Whether a file is a catalogue that can be read whole.
  static bool is_whole(const std::string& path);

  // --- what there is
  Result<Project> put_project(const Caller& caller, Project project);
  Result<std::vector<Project>> projects();
  Status delete_project(const Caller& caller, const std::string& id, bool delete_backups);
  Result<Cluster> create_cluster(const Caller& caller, Cluster cluster);
  Result<Cluster> change_cluster(const Caller& caller, const Cluster& cluster);
  Result<Cluster> cluster(const std::string& id);
  Result<std::vector<Cluster>> clusters();
  Status delete_cluster(const Caller& caller, const std::string& id, bool delete_backups);
  Result<ClusterKey> create_key(const Caller& caller, const ClusterKey& key);
  Result<std::vector<ClusterKey>> keys();
  Result<ClusterKey> switch_key(const Caller& caller, const std::string& project,
                                const std::string& name, bool revoked);
  // kLocked where the key has been revoked. "" is that of the project, which nobody revokes.
  Status check_key(const std::string& project, const std::string& key);
  Status suspend(const Caller& caller, const std::string& id, bool suspended);
  Status set_limit(const Caller& caller, const Limit& limit);
  Result<std::vector<Limit>> limits();
  // All that there are, in place of those before.
  Status put_limits(const Caller& caller, const std::vector<Limit>& limits);
  // The same document again changes nothing.
  Result<AppliedScenario> put_scenario(const Caller& caller, AppliedScenario scenario);
  Result<std::vector<AppliedScenario>> scenarios();
  Status delete_scenario(const Caller& caller, const std::string& name);
  // --- restore drills; the first is due at once
  Result<Drill> put_drill(const Caller& caller, const std::string& cluster, Duration every);
  Result<std::vector<Drill>> drills();  // by when they are due
  Status delete_drill(const Caller& caller, const std::string& cluster);
  Status note_drill(const DrillResult& result);

  // --- schedules
  // A new one, or a change of the one with this id, which holds from now on.
  Result<Schedule> put_schedule(const Caller& caller, Schedule schedule);
  Result<std::vector<Schedule>> schedules(const std::string& cluster);
  Status delete_schedule(const Caller& caller, const std::string& id, bool delete_backups);
  Status switch_schedules(const Caller& caller, const std::string& cluster, bool on);
  Result<bool> schedules_are_on(const std::string& cluster);

  // --- backups and jobs
  Result<Started> create_backup(const Caller& caller, const ManualBackup& asked);
  Result<Backups> backups(const BackupFilter& filter);
  Result<Backup> backup(const std::string& id);
  Status delete_backup(const Caller& caller, const std::string& id);
  Status retag(const Caller& caller, const std::string& id, const std::vector<std::string>& tags);
  Result<Started> restore(const Caller& caller, const Restore& restore);
  Result<Started> send(const Caller& caller, const Export& asked);
  Result<std::vector<Job>> jobs(const JobFilter& filter);
  Result<Job> job(const std::string& id);
  Status cancel_job(const Caller& caller, const std::string& id);

  // --- what happened
  // From this number on, at most so many; the first has the number 1.
  struct Decided {
    std::int64_t number = 0;
    policy::Decision decision;
  };
  Result<std::vector<Decided>> decisions(std::int64_t from, std::uint64_t limit);
  Result<std::vector<Audit>> audit(std::uint64_t offset, std::uint64_t limit);
  // The ledger: what backups held between two moments, and what was copied.
  Result<std::vector<UsageRecord>> usage(Instant from, Instant to);

  // --- rehearsals: what will happen, as JSON objects that planned.cpp reads
  enum class PlannedAs : std::uint8_t { kHappens, kIsAsked };
  Status plan(Instant at, Duration lasts, PlannedAs as, const std::string& text);

  // Tokens live in the same file.
  class Tokens& tokens();

 private:
  ControlPlane(std::unique_ptr<Database> database, Outside& outside, OpenOptions options);
  template <typename Act>
  auto transact(Act act) -> decltype(act());
  void audit(const Caller& caller, const char* action, const std::string& subject,
             const std::string& detail = {});
  void add_limit(const Limit& limit);
  Id id_of(const char* sql, const char* what, const std::string& uid);
  Id cluster_id(const std::string& uid);
  Id backup_id(const std::string& uid);

  std::mutex mutex_;
  std::unique_ptr<Database> database_;
  Outside& outside_;
  OpenOptions options_;
  std::unique_ptr<Core> core_;
  std::unique_ptr<OutsideNotes> notes_;
  std::unique_ptr<class Tokens> tokens_;
};

}  // namespace backcast::control
