#include "sim/words/words.h"

#include <fmt/format.h>

#include <iterator>
#include <set>

#include "engine/base/bytes.h"

namespace backcast::sim {
namespace {

// By Why; of restores, refusal() says what needs other names.
constexpr const char* kWords[] = {"",
                                  "{service} is deleted",
                                  "{service} is suspended",
                                  "{region} is down",
                                  "the one before it is still at work, and the tool skips",
                                  "it waited as long as it may for others to end",
                                  "jobs of this service fail at this time (scenario event)",
                                  "it failed by chance (probability {probability})",
                                  "{service} was deleted",
                                  "{region} went down",
                                  "its service was deleted while it was copied",
                                  "{region} went down while it was copied",
                                  "the storage of {region} was lost",
                                  "expired {expiry}, as its history says",
                                  "there is no restore point to restore from",
                                  "",
                                  "",
                                  "the store in {region} is down",
                                  "the store in {region} went down",
                                  "the store in {region} went down while it was copied",
                                  "somebody wants it gone (scenario event)",
                                  "no such backup is there",
                                  "{service} is being restored",
                                  "",
                                  "the key of {service} is revoked",
                                  "",
                                  "",
                                  "",
                                  "{service} is under a key: no collection leaves its database"};
static_assert(std::size(kWords) == static_cast<std::size_t>(Why::kSealedDatabase) + 1);

std::string words(Why why, const Service& service, const std::string& region, Instant expires) {
  return fmt::format(fmt::runtime(kWords[static_cast<std::size_t>(why)]),
                     fmt::arg("service", service.name), fmt::arg("region", region),
                     fmt::arg("probability", service.job.failure_probability),
                     fmt::arg("expiry", expires == kNever ? "" : format_instant(expires)));
}

// Of a backup, for a reason that need not be its last.
struct Explain {
  const Scenario& scenario;
  const BackupRecord& backup;

  const Service& service() const { return scenario.services[backup.service]; }
  std::string operator()(Why why) const {
    return words(why, service(), backup.region, backup.expires);
  }
  std::string operator()(const Ruled& ruled) const {
    const std::string_view before = ruled.at_once ? "retention would delete it at once: " : "";
    const auto& policy = *policy_at(scenario, backup.service, ruled.policy);
    return fmt::format("{}{}", before, policy::to_text(policy, ruled.reason));
  }
  std::string operator()(const policy::Admission& verdict) const {
    return policy::explain(verdict, service().rules->admission);
  }
  std::string operator()(const policy::QuotaVerdict& verdict) const {
    return policy::explain(verdict);
  }
  std::string operator()(const Orphaned& orphaned) const {
    return policy::explain(orphaned.fate, orphaned.owner, backup.made_by());
  }
};

// The keys that the restore needs: that of what it reads, and that of where it goes.
std::string keys_text(const Scenario& scenario, const RestoreRecord& restore) {
  const ScheduledEvent& event = scenario.events[restore.event];
  std::set<std::string> names;
  for (const std::optional<std::uint32_t>& key :
       {event.key, scenario.services[restore.service].key,
        scenario.services[event.into.value_or(restore.service)].key}) {
    if (key) names.insert(full_name(scenario, scenario.keys[*key]));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string why_not(const Scenario& scenario, const RestoreRecord& restore) {
  const Service& service = scenario.services[restore.service];
  const ScheduledEvent& event = scenario.events[restore.event];
  const Project& project = scenario.projects[event.to_project.value_or(service.project)];
  switch (restore.why_not) {
    case Why::kNoRestorePoint:
      if (!service.rules->restore.stays_in_region) break;
      return fmt::format("there is no restore point in {}, and a restore stays in its region",
                         restore.to_region);
    case Why::kRole:
      return policy::check_role(*service.rules, *event.role).error().message;
    case Why::kVersion:
      return version_refusal(event, service, restore.born, restore.started);
    case Why::kProjectGone:
      return fmt::format("project {} is deleted", project.name);
    case Why::kProjectElsewhere:
      return policy::check_region(*service.rules, project.name, project.regions, restore.to_region)
          .error()
          .message;
    case Why::kKeyElsewhere:
      return fmt::format("the key {} is of region {}, and the restore goes into {}",
                         full_name(scenario, scenario.keys[*event.key]),
                         scenario.keys[*event.key].region, restore.to_region);
    case Why::kRevokedKey:
      return "a key that it needs is revoked: " + keys_text(scenario, restore);
    case Why::kNameTaken:
      return fmt::format("{} has a collection of that name already; nothing was restored",
                         scenario.services[event.into.value_or(restore.service)].name);
    default:
      break;
  }
  return words(restore.why_not, scenario.services[event.into.value_or(restore.service)],
               restore.to_region, kNever);
}

// Which collections, and what they are called then: "default.docs as shop.docs (loaded), ".
std::string parts_text(const ScheduledEvent& event) {
  std::string text;
  for (const policy::CollectionChoice& one : event.collections) {
    text += fmt::format("{}{} as {} ({})", text.empty() ? "" : ", ", to_string(one.from),
                        to_string(one.to), policy::name(one.load));
  }
  return text.empty() ? text : text + " of ";
}

// Where to, beside the region.
std::string target_text(const Scenario& scenario, const RestoreRecord& restore) {
  const ScheduledEvent& event = scenario.events[restore.event];
  const policy::RestoreTarget target = target_of(scenario, event, restore.service);
  std::string text = event.in_place ? ", in place," : "";
  if (!target.into.empty()) text += ", into " + target.into + ",";
  if (!target.project.empty()) text += " of project " + target.project;
  if (!target.key.empty()) text += " under the key " + target.key;
  return text;
}

// What runs once the restore is done, where versions are stated: "; the cluster is set back …".
std::string version_after(const ScheduledEvent& event, const Service& service) {
  if (service.rules->restore.versions == policy::VersionRule::kSetsBack && event.backup_version) {
    const std::string before =
        event.target_version ? fmt::format(" (it ran {})", to_string(*event.target_version)) : "";
    return fmt::format(
        "; the cluster is set back to version {}{}, CPU, memory and node count of then",
        to_string(*event.backup_version), before);
  }
  const auto& runs = event.target_version ? event.target_version : event.latest_version;
  return runs ? fmt::format("; it runs version {}", to_string(*runs)) : "";
}

std::string bytes(std::int64_t number) {
  return format_bytes(static_cast<std::uint64_t>(number));
}

// What became of a backup or copy for the reason that it has.
const char* verb(LogKind kind) {
  return kind == LogKind::kBackupRefused   ? "was refused"
         : kind == LogKind::kCopyFailed    ? "failed"
         : kind == LogKind::kDeleted       ? "deleted"
         : kind == LogKind::kExpired       ? "expired"
         : kind == LogKind::kQuotaExceeded ? "was not stored"
         : kind == LogKind::kWindowMissed  ? "was due but did not start"
                                           : "did not start";
}

// Of a backup or copy.
std::string backup_text(const Scenario& scenario, const BackupRecord& b, const LogEvent& event) {
  switch (event.kind) {
    case LogKind::kBackupStarted:
      return fmt::format("{} started: {} to read", b.id, bytes(event.number));
    case LogKind::kBackupWaits: {
      if (event.about == kNone) return b.id + " waits for the one before it to end";
      const JobLimit& limit = scenario.limits[event.about];
      return fmt::format("{} waits: {} of {} {} at once", b.id, limit.rule.jobs, limit.name,
                         limit.rule.jobs == 1 ? "job runs" : "jobs run");
    }
    case LogKind::kBackupCompleted:
      return fmt::format("{} completed after {}: {} added", b.id,
                         format_duration(event.at - b.born), format_bytes(b.added_bytes));
    case LogKind::kBackupFailed: {
      const Duration after = scenario.services[b.service].job.retry_after;
      return fmt::format("{} failed: {}{}", b.id, std::visit(Explain{scenario, b}, event.reason),
                         event.number == 0 ? "" : ", next attempt in " + format_duration(after));
    }
    case LogKind::kCopyStarted:
      return fmt::format("{} started: {} to move", b.id, bytes(event.number));
    case LogKind::kCopyCompleted:
      return fmt::format("{} completed: {} added", b.id, format_bytes(b.added_bytes));
    default:
      return fmt::format("{} {}: {}", b.id, verb(event.kind), reason_text(scenario, b));
  }
}

// What goes down and comes back: as the scenario says, or drawn.
struct Cause {
  EventKind kind;
  const std::string &region, &to_region;
  Duration lasts;
};
Cause cause_of(const Scenario& scenario, const RunResult& run, std::uint32_t event) {
  if (event < scenario.events.size()) {
    const ScheduledEvent& stated = scenario.events[event];
    return {stated.kind, stated.region, stated.to_region, stated.lasts};
  }
  const Outage& outage = run.outages[event - scenario.events.size()];
  const FailureLaw& law = scenario.failures[outage.law];
  return {law.kind, law.region, law.to_region, outage.lasts};
}

std::string outage_text(const Scenario& scenario, const RunResult& run, const LogEvent& log) {
  const Cause event = cause_of(scenario, run, log.about);
  const bool begins = log.kind == LogKind::kOutageBegan;
  const std::string lasts = begins ? " for " + format_duration(event.lasts) : "";
  const std::string& name =
      log.service == kNone ? event.region : scenario.services[log.service].name;
  switch (event.kind) {
    case EventKind::kOutage:
      return name + (begins ? " goes down" : " is back") + lasts;
    case EventKind::kLinkOutage:
      return fmt::format("the link from {} to {} {}{}", name, event.to_region,
                         begins ? "goes down" : "is back", lasts);
    case EventKind::kStoreOutage:
      return fmt::format("the store in {} {}{}", name, begins ? "goes down" : "is back", lasts);
    case EventKind::kSuspend:
      return name + (begins ? " is suspended" : " runs again") + lasts;
    default:  // kJobFailures
      return fmt::format("jobs of {} {}{}", name, begins ? "fail" : "work again", lasts);
  }
}

// "db: the policy is now schedule nightly (0 2 * * *), retention restic: --keep-daily 7".
std::string policy_text(const Scenario& scenario, const Service& service, const LogEvent& event) {
  std::vector<std::string> parts;
  for (const PolicyChange& change : scenario.events[event.about].changes) {
    if (change.service != event.service) continue;
    if (change.schedules && change.schedules->empty()) parts.emplace_back("no schedule");
    if (change.schedules) {
      for (const std::uint32_t schedule : *change.schedules) {
        const ServiceSchedule& one = service.schedules[schedule];
        const std::string kept = one.retention ? ", " + policy::to_text(*one.retention) : "";
        parts.push_back(fmt::format("schedule {} ({}{})", one.name, policy::print(one.rule), kept));
      }
    }
    if (change.retention) {
      parts.push_back("retention " + policy::to_text(*retention_at(service, *change.retention)));
    }
  }
  return fmt::format("{}: the policy is now {}", service.name, fmt::join(parts, "; "));
}

// "project shop is on plan serious: quota 25.00 GiB, mode keep".
std::string plan_text(const Project& project) {
  std::string text = "project " + project.name;
  text += project.plan.empty() ? " has changed" : " is on plan " + project.plan;
  if (!project.quota_bytes) return text;
  return text + fmt::format(": quota {}, mode {}", format_bytes(*project.quota_bytes),
                            policy::name(project.quota_mode));
}

std::string restore_text(const Scenario& scenario, const RunResult& run, const LogEvent& event) {
  const RestoreRecord& restore = run.restores[event.about];
  if (event.kind == LogKind::kRestoreFailed) {
    return fmt::format("restore of {} failed: {}", scenario.services[restore.service].name,
                       why_not(scenario, restore));
  }
  const BackupRecord& b = run.backups[restore.backup];
  if (event.kind == LogKind::kRestoreStarted) {
    return fmt::format("restore of {}{} ({}) from {} into {}{} started; {} of work is lost",
                       parts_text(scenario.events[restore.event]), b.id,
                       format_bytes(restore.bytes), b.region, restore.to_region,
                       target_text(scenario, restore), format_duration(restore.lost));
  }
  return fmt::format(
      "restore of {} into {} completed after {}{}", b.id, restore.to_region,
      format_duration(restore.completed - restore.started),
      version_after(scenario.events[restore.event], scenario.services[restore.service]));
}

}  // namespace

std::string reason_text(const Scenario& scenario, const BackupRecord& backup) {
  return std::visit(Explain{scenario, backup}, backup.reason);
}

std::string outcome_text(const Scenario& scenario, const RestoreRecord& restore) {
  if (restore.why_not != Why::kNothing) return why_not(scenario, restore);
  const std::string done =
      restore.completed == kNever
          ? "not done when the run ended"
          : "done after " + format_duration(restore.completed - restore.started);
  return done + version_after(scenario.events[restore.event], scenario.services[restore.service]);
}

const std::string& region_of(const Scenario& scenario, const RunResult& run,
                             const LogEvent& event) {
  static const std::string kNowhere;
  if (is_of_restore(event.kind)) return run.restores[event.about].to_region;
  if (event.kind == LogKind::kProjectDeleted || event.kind == LogKind::kKeyDestroyed ||
      event.kind == LogKind::kPlanChanged || event.kind == LogKind::kKeyRevoked ||
      event.kind == LogKind::kKeyEnabled) {
    return kNowhere;
  }
  if (event.backup != kNone) return run.backups[event.backup].region;
  if (event.service != kNone) return scenario.services[event.service].region;
  const Cause cause = cause_of(scenario, run, event.about);
  return cause.kind == EventKind::kLinkOutage ? cause.to_region : cause.region;
}

std::string log_text(const Scenario& scenario, const RunResult& run, const LogEvent& event) {
  const Service* service = event.service == kNone ? nullptr : &scenario.services[event.service];
  switch (event.kind) {
    case LogKind::kHistoryContinued:
      return fmt::format("{} goes on with {} restore points from {} to {}", service->name,
                         service->history.size(),
                         format_instant(service->history.front().trusted_time()),
                         format_instant(service->history.back().trusted_time()));
    case LogKind::kServiceDeleted:
      return service->name +
             (event.about == kNone ? " is deleted" : " is deleted with its project");
    case LogKind::kProjectDeleted:
      return "project " + scenario.projects[event.about].name + " is deleted";
    case LogKind::kKeyDestroyed:
      return fmt::format(
          "the key of project {} is destroyed: no copy of its backups can be opened any more",
          scenario.projects[event.about].name);
    case LogKind::kOutageBegan:
    case LogKind::kOutageEnded:
      return outage_text(scenario, run, event);
    case LogKind::kBurst:
      return service->name + ": a burst of change";
    case LogKind::kStorageLost:
      return "everything stored in " + scenario.events[event.about].region + " is lost";
    case LogKind::kSchedulesOff:
      return service->name +
             ": automatic backups are switched off; existing ones keep their expiry";
    case LogKind::kScheduleDeleted:
      return fmt::format(
          "{}: schedule {} is deleted{}", service->name, service->schedules[event.about].name,
          event.number != 0 ? ", and its backups with it" : "; its backups keep their expiry");
    case LogKind::kPolicyChanged:
      return policy_text(scenario, *service, event);
    case LogKind::kPlanChanged:
      return plan_text(*scenario.events[event.about].becomes);
    case LogKind::kKeyRevoked:
    case LogKind::kKeyEnabled:
      return fmt::format(
          "the key {} is {}", full_name(scenario, scenario.keys[*scenario.events[event.about].key]),
          event.kind == LogKind::kKeyRevoked ? "revoked: nothing under it can be made or read"
                                             : "enabled again");
    case LogKind::kDeletionRefused:
      return fmt::format("{}: no backup is deleted: {}", service->name,
                         words(std::get<Why>(event.reason), *service, service->region, kNever));
    case LogKind::kStartSkipped:
      return fmt::format("{}: the start of {} lies in the hours that the clock has skipped",
                         service->name, format_instant(Instant{Duration{event.number}}));
    case LogKind::kClockJumped:
      return fmt::format("the clock that starts the jobs of {} jumps {} {}", service->name,
                         event.number < 0 ? "back" : "forward",
                         format_duration(Duration{std::abs(event.number)}));
    default:
      return is_of_restore(event.kind) ? restore_text(scenario, run, event)
                                       : backup_text(scenario, run.backups[event.backup], event);
  }
}

}  // namespace backcast::sim
