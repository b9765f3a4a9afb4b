// A scenario as the simulator runs it: plain values, every default filled in, every name resolved
// to an index. scenarios/ reads it from a document; sweeps change a field and run it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/instant.h"
#include "engine/base/usage.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/schedule/schedule.h"
#include "engine/policy/service/admission.h"
#include "engine/policy/service/collections.h"
#include "engine/policy/service/quota.h"
#include "engine/policy/service/restore_rules.h"
#include "engine/policy/service/restore_target.h"
#include "engine/policy/service/service_rules.h"
#include "sim/model/byte_ages.h"
#include "sim/model/delta_model.h"
#include "sim/model/draws.h"
#include "sim/model/reason.h"
#include "sim/model/verdict.h"
#include "sim/model/workload.h"

namespace backcast::sim {

// Where copies of a schedule's backups go.
struct CopyRule {
  std::string region;
  std::optional<policy::RetentionPolicy> retention;  // none: permanent
};

struct ServiceSchedule {
  std::string name;  // "" where the service has one
  policy::Schedule rule;
  policy::Zone zone;
  std::optional<policy::RetentionPolicy> retention;  // of what it makes: the verdict at birth
  bool initial_backup = false;  // one backup at once when the schedule starts to hold
  std::vector<CopyRule> copies;
  bool catches_up = false;  // a missed start is made up for, once, as soon as possible
  Instant from{};           // holds from here (inclusive) until there (exclusive)
  Instant until = Instant::max();
  // A change of the policy in mid-life makes it, and another one ends it or puts one in its place.
  Instant made = Instant::min(), ended = Instant::max();
  bool is_from_the_start() const { return made == Instant::min(); }
};

// How long a job takes and whether it succeeds. Rates are bytes of live data per second.
struct JobModel {
  policy::JobSpeed speed;                           // of a backup
  std::uint64_t copy_rate_bytes_per_second = 0;     // where no link is given; 0 = no time
  std::uint64_t restore_rate_bytes_per_second = 0;  // 0 = no time
  // None: the scenario does not say. Its jobs then run beside each other, and what a run with
  // overlapping ones shows is not proven.
  std::optional<policy::Overlap> overlap;
  double failure_probability = 0;  // of one attempt
  double duration_spread = 0;      // of every job, as JobChances has it
  std::uint32_t retries = 0;
  Duration retry_after{0};
  // Times that nobody stated, while what may be true of them is tried (extremes.h): at least so
  // long, but never beyond the service's next start.
  std::optional<Duration> backup_takes, copy_takes, restore_takes;
};

// What the ledger says of a service's backups beside their bytes; off unless the scenario says so.
struct StoreModel {
  std::string storage_class;  // "" = the price book's default
  std::uint64_t object_bytes =
      0;                   // a backup is written and read in objects of this size; 0 = uncounted
  bool retrieval = false;  // bytes read back for a restore are recorded
};

// Where restore points of a service lie, and whose bill that is on.
struct Place {
  std::string region;
  // The name of the price book, as UsageRecord::provider has it; "" where the run has only one.
  std::string book;
  std::string storage_class;  // "" = the price book's default
};

// Copies that exist in another region when the run starts: as Service::history.
struct PastCopies {
  std::string region;
  std::vector<policy::Snapshot> points;
};

// Data of a service that can be brought back alone, and its share of all bytes of the service, of
// kWholeShare.
struct Collection {
  policy::CollectionName name;
  std::uint64_t share = 0;
};

// Seals the backups of the services that name it.
struct Key {
  std::string name;
  std::uint32_t project = 0;  // index into Scenario::projects
  std::string region;         // of those services
};

struct Service {
  std::string name;
  std::uint32_t entity = 0;   // whose draws it sees: its place among all services, fleets included
  std::uint32_t project = 0;  // index into Scenario::projects
  std::string provider, cloud, region, kind;
  const policy::ServiceRules* rules = policy::service_rules("plain");
  std::uint32_t collections = 0;
  std::vector<Collection> named_collections;  // none: nobody has named them
  std::optional<std::uint32_t> key;           // index into Scenario::keys
  Workload workload;
  DeltaModel delta;
  std::vector<ServiceSchedule> schedules;  // those from the start first
  // The verdict at pruning, looking back over all backups in the home region after each new one.
  std::optional<policy::RetentionPolicy> retention;
  // What changes in mid-life put in its place, one after the other (PolicyPlace::index).
  std::vector<std::optional<policy::RetentionPolicy>> later_retentions;
  policy::Zone zone;  // of the machine that makes and prunes the backups
  // Restore points that exist in the home region when the run starts: one source, oldest first,
  // none later than the start. Their sizes are bytes as stored; 0 = as the workload says.
  std::vector<policy::Snapshot> history;
  std::vector<PastCopies> past_copies;  // of it, also of what is gone from it; each region once
  JobModel job;
  StoreModel store;
  std::vector<std::string> cost_tags;  // on every record of the ledger, for showback
  std::string book;                    // whose bill its home region is on, as Place::book
  std::vector<Place> elsewhere;        // where its copies go, each region once
};
// The place of a service's restore points in this region; a region that it does not name is its own
// provider's.
Place place_in(const Service& service, const std::string& region);
// The policy that a change has put in the place of the first one, or that one: 0.
const std::optional<policy::RetentionPolicy>& retention_at(const Service& service,
                                                           std::uint32_t index);
// A record of bytes that leave one place for another: egress of the one where another provider
// keeps the other, for which it is the internet; else a transfer between regions.
UsageRecord movement(const Place& from, const Place& to);
// The tags of a record of the ledger: the service's, then those of the backup.
std::vector<std::string> ledger_tags(const Service& service,
                                     const std::vector<std::string>& backup_tags);

// Very many services that share nothing but their policy: simulated one after another, and kept as
// sums. What differs between members is drawn for each, anew in every replication.
struct Fleet {
  std::string name;
  std::uint64_t count = 0;
  std::uint32_t first_entity = 0;  // of its members
  Service service;                 // what they have in common; bears the fleet's name
  std::optional<Distribution> size_bytes, growth_bytes_per_day, growth_share_per_year, stored_share;
  std::optional<Distribution> activity;  // factor of every rate of change
};
std::string member_name(const Fleet& fleet, std::uint64_t member);
// Member number 0..count-1 in full.
Service member_of(const Fleet& fleet, const Draws& draws, std::uint64_t member);
// Whether anything of its members is drawn.
bool has_laws(const Fleet& fleet);

// A fleet whose members are services of their own, one after the other.
struct Expanded {
  Fleet fleet;
  std::uint32_t first_service = 0;  // index into Scenario::services
};

struct Project {
  std::string name;
  std::string provider;
  std::string plan;  // as the provider calls it; "" = it has none
  const policy::ServiceRules* rules = policy::service_rules("plain");
  std::optional<std::uint64_t> quota_bytes;
  policy::QuotaMode quota_mode = policy::QuotaMode::kHard;
  std::uint64_t quota_ceiling_bytes = UINT64_MAX;  // where billing ends and refusing begins
  // A requirement limits its bytes, or a later plan does: they are counted, quota or not.
  bool watched = false;
  Duration grace{0};  // backups of deleted services and of the deleted project stay so long
  std::vector<std::string> regions;  // that it may use; none: any
};
// Of a project that has one.
policy::Quota quota_of(const Project& project);

// Services that back up into one deduplicating repository and have data in common: clones, machines
// of one image. The common part is stored once, however many hold it; what has drifted is each
// one's own. Their copies in another region are one repository there.
struct Repository {
  std::string name;
  std::vector<std::uint32_t> services;  // rising
  std::uint64_t common_bytes = 0;       // in each of them at the start of the run, as stored
  double drift_per_day = 0;             // the share of what is still common that stops to be
};

struct LinkSpec {
  std::string from, to;
  std::uint64_t rate_bytes_per_second = 0;
  std::uint64_t per_transfer_bytes_per_second = 0;  // 0 = no limit
};

// Jobs that may run at once among the services it covers.
struct JobLimit {
  policy::ConcurrencyLimit rule;
  std::optional<std::uint32_t> project;
  std::string region;                   // "" = any
  std::vector<std::uint32_t> services;  // none named: all
  std::string name;                     // "project shop", for people
};
// Whether the limit counts the jobs of this service.
bool covers(const JobLimit& limit, const Service& service, std::uint32_t index);

enum class EventKind : std::uint8_t {
  kManualBackup,
  kDeleteService,
  kDeleteProject,
  kDisableSchedules,
  kEnableSchedules,
  kSuspend,      // the service is stopped: no backup can start
  kOutage,       // a region is down
  kLinkOutage,   // a link is down
  kStoreOutage,  // what keeps the backups of a region is down
  kJobFailures,  // every job of the service fails
  kStorageLoss,  // every backup in a region is gone
  kRestore,
  kClockJump,  // the clock of whoever starts the jobs jumps; data and store keep true time
  kBurst,      // data is rewritten or added; the effect lies in Workload::bursts
  kDeleteBackup,
  kDeleteSchedule,
  kChangePolicy,  // schedules and retention of a service
  kChangePlan,    // of a project: what it may have, and its quota
  kRevokeKey,     // nothing under it can be made or read, until it is enabled again
  kEnableKey
};

// What an event makes of the policy of one service.
struct PolicyChange {
  std::uint32_t service = 0;  // index into Scenario::services, or into Scenario::fleets
  bool of_fleet = false;
  // Indices into Service::schedules. kDeleteSchedule: the one that goes; else those that hold from
  // now on, each in the place of the one of its name; none: they stay as they are.
  std::optional<std::vector<std::uint32_t>> schedules;
  std::optional<std::uint32_t> retention;  // as retention_at counts; none: it stays as it is
};

struct ScheduledEvent {
  Instant at{};
  EventKind kind{};
  std::vector<std::uint32_t> services;  // indices; empty = none named
  std::vector<std::uint32_t> fleets;    // indices into Scenario::fleets
  std::optional<std::uint32_t> project;
  std::string region, to_region;
  Duration lasts{0};
  Duration jump{0};  // of a clock, forward or back
  std::vector<std::string> tags;
  std::vector<CopyRule> copies;
  std::optional<policy::RetentionPolicy> retention;
  bool delete_backups = false;
  std::vector<PolicyChange> changes;  // kDeleteSchedule, kChangePolicy, kChangePlan
  std::optional<Project> becomes;     // kChangePlan
  bool in_place = false;  // a restore: the service is set back, and makes no backup meanwhile
  // A restore into a new cluster of this project, and under this key (Scenario::keys), or under
  // none; of some collections alone, into this service, which runs, or the one they come from.
  std::optional<std::uint32_t> to_project, into;
  std::optional<std::uint32_t> key;  // of kRevokeKey and kEnableKey, too
  std::vector<policy::CollectionChoice> collections;
  // A restore: who asks for it, and which versions the backup had, the provider offers, is wanted.
  std::optional<policy::CallerRole> role;
  std::optional<policy::Version> backup_version, latest_version, target_version;
  std::optional<Instant> as_of;  // the newest backup born at or before this is meant
  std::string pointer;           // where the document says it
};

// What fails by chance and is mended again, in turn, for times with exponential laws.
struct FailureLaw {
  std::string name;  // by which it is drawn: another scenario's law of this name fails alike
  EventKind kind{};  // kOutage, kLinkOutage, kStoreOutage, kJobFailures
  std::string region, to_region;
  std::vector<std::uint32_t> services, fleets;  // of kJobFailures
  double share = 1;                             // of them that each failure strikes, drawn for each
  Duration mean_between{0};                     // from the end of a failure to the next
  Duration mean_to_repair{0};
  std::string pointer;  // where the document says it
};

enum class RequirementKind : std::uint8_t {
  kRpo,            // the newest restore point is never older than at_most
  kRestorePoints,  // at least at_least restore points born within the last `within`
  kCoverage,       // for every rung d, a restore point between d and 2 d old
  kProtected,      // no backup with a protected tag is ever deleted
  kQuota,          // stored bytes of a project, service or region never above at_most_bytes
  kBudget,         // the bill never above at_most_amount
  kCopyWithin,     // every backup has a copy in `region` within at_most
  kRestoreTime     // restoring the newest backup never takes longer than at_most
};

struct Requirement {
  std::string name;
  RequirementKind kind{};
  std::vector<std::uint32_t> services;  // which it speaks of
  std::vector<std::uint32_t> fleets;    // indices into Scenario::fleets
  std::optional<std::uint32_t> project;
  std::string region;  // "" = home region of each service; "any" = anywhere
  Duration at_most{0};
  std::uint64_t at_most_bytes = 0;
  std::string at_most_amount;  // exact decimal
  std::string currency;        // "" = the price book's
  bool per_month = false;      // a budget for each month instead of the whole run
  bool all_services = true;    // no service was named
  std::uint32_t at_least = 0;
  Duration within{0};
  std::vector<Duration> ladder;
  // In at least this share of futures it must hold, its own or the scenario's; none: in all.
  std::optional<double> quantile;
  double of_time = 1;  // so much of the service-time (of copies, of restores) must be good
  std::optional<Instant> from, until;  // checked from .. until (exclusive)
};

// A value that the run depends on and that nobody stated with a source: most are times.
// kLatestVersion is no time: the newest version at the moment of a restore, which decides what may
// be asked for.
enum class MissingKind : std::uint8_t {
  kBackupTime,
  kCopyTime,
  kRestoreTime,
  kRetryTime,
  kLatestVersion
};
struct MissingValue {
  MissingKind kind{};
  bool is_part = false;                         // a speed is stated, but not all of what takes time
  std::vector<std::uint32_t> services, fleets;  // whose it is
  std::vector<std::uint32_t> events;            // kLatestVersion: indices into Scenario::events
  std::vector<std::string> pointers;            // where the document would say it
};

// Which part of the usage the invoice covers.
struct BillScope {
  std::vector<std::string> backup_kinds;  // empty = all
  std::string because;
};

struct Scenario {
  std::string name, title, description;
  Instant start{}, end{};
  std::uint64_t seed = 0;
  std::vector<Project> projects;
  std::vector<Key> keys;
  std::vector<Service> services;
  std::vector<Fleet> fleets;
  std::vector<Expanded> expanded;
  std::vector<Repository> repositories;  // a service is in one at most
  std::vector<LinkSpec> links;
  std::vector<JobLimit> limits;
  std::vector<ScheduledEvent> events;  // by time, then as written; those that are drawn follow
  std::vector<FailureLaw> failures;
  std::vector<Requirement> requirements;
  BillScope bill;
  std::vector<std::string> assumptions;  // every input that nobody published
  std::vector<std::string> notes;        // what the loader filled in, for --explain
  std::vector<MissingValue> missing;     // at most one of a kind
  std::vector<std::string> said;         // what the verdict stands on: values of profiles
  std::vector<AssumedValue> assumed;
  // How the bytes that deletions free are dated; none: as the deleted restore point, where no fee
  // asks for it.
  std::optional<AgeScale> ages = AgeScale{};
};

// Where a restore of this service goes, by name: the fields of the event.
policy::RestoreTarget target_of(const Scenario& scenario, const ScheduledEvent& restore,
                                std::uint32_t service);
// "shop/sealed"
std::string full_name(const Scenario& scenario, const Key& key);
// Why the versions that a restore names do not allow it, or "".
std::string version_refusal(const ScheduledEvent& restore, const Service& service, Instant born,
                            Instant now);

// The policy that a service of the scenario finds there; null: none is stated.
const policy::RetentionPolicy* policy_at(const Scenario& scenario, std::uint32_t service,
                                         const PolicyPlace& place);

// Whether another seed can change the run: something fails by chance, jobs take longer or shorter,
// a start is drawn within its window, days are uneven, or the services themselves are drawn.
bool is_drawn(const Scenario& scenario);

}  // namespace backcast::sim
