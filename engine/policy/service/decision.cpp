#include "engine/policy/service/decision.h"

#include <fmt/format.h>

#include <iterator>

namespace backcast::policy {
namespace {

template <typename... Parts>
struct Overloaded : Parts... {
  using Parts::operator()...;
};
template <typename... Parts>
Overloaded(Parts...) -> Overloaded<Parts...>;

const char* name(AdmissionReason reason) {
  constexpr const char* kNames[] = {"free", "automatic_runs", "too_many_manual"};
  return kNames[static_cast<std::size_t>(reason)];
}

const char* name(QuotaReason reason) {
  constexpr const char* kNames[] = {"within", "kept", "billed", "over_limit", "over_ceiling"};
  return kNames[static_cast<std::size_t>(reason)];
}

const char* name(FateReason reason) {
  constexpr const char* kNames[] = {"stays", "goes_with_owner", "grace_ends", "expires_before"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string code_of_ruled(const Ruled& ruled) {
  constexpr const char* kPlaces[] = {"nowhere", "service", "schedule", "event"};
  return fmt::format("rule:{}:{}:{}:{}@{}{}{}", static_cast<int>(ruled.reason.rule),
                     static_cast<int>(ruled.reason.effect), ruled.reason.ordinal,
                     ruled.reason.detail, kPlaces[static_cast<std::size_t>(ruled.policy.in)],
                     ruled.policy.copy == kNoIndex ? "" : "+copy", ruled.at_once ? ":at_once" : "");
}

}  // namespace

const char* name(Code code) {
  constexpr const char* kNames[] = {
      "history_continued", "backup_started",  "backup_waits",     "backup_completed",
      "backup_failed",     "backup_refused",  "copy_started",     "copy_completed",
      "copy_failed",       "deleted",         "expired",          "quota_exceeded",
      "service_deleted",   "project_deleted", "key_destroyed",    "outage_began",
      "outage_ended",      "burst",           "restore_started",  "restore_completed",
      "restore_failed",    "storage_lost",    "window_missed",    "window_missed",
      "window_missed",     "window_missed",   "clock_jumped",     "schedule_deleted",
      "policy_changed",    "plan_changed",    "deletion_refused", "key_revoked",
      "key_enabled"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Code::kKeyEnabled) + 1);
  return kNames[static_cast<std::size_t>(code)];
}

bool is_decision(Code code) {
  return code != Code::kOutageBegan && code != Code::kOutageEnded && code != Code::kBurst &&
         code != Code::kStorageLost && code != Code::kHistoryContinued;
}

const char* name(Why why) {
  constexpr const char* kNames[] = {"",
                                    "service_deleted",
                                    "suspended",
                                    "region_down",
                                    "skips_overlap",
                                    "waited_too_long",
                                    "failing_time",
                                    "by_chance",
                                    "service_ended",
                                    "region_failed",
                                    "service_ended_on",
                                    "region_failed_on",
                                    "storage_lost",
                                    "history_expiry",
                                    "no_restore_point",
                                    "role",
                                    "version",
                                    "store_down",
                                    "store_failed",
                                    "store_failed_on",
                                    "asked",
                                    "no_backup",
                                    "restoring",
                                    "key_elsewhere",
                                    "revoked_key",
                                    "project_gone",
                                    "project_elsewhere",
                                    "name_taken",
                                    "sealed_database"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Why::kSealedDatabase) + 1);
  return kNames[static_cast<std::size_t>(why)];
}

std::string code_of(const Because& because) {
  return std::visit(Overloaded{[](Why why) { return std::string(name(why)); },
                               [](const Ruled& ruled) { return code_of_ruled(ruled); },
                               [](const Admission& admission) {
                                 return fmt::format("admission:{}", name(admission.reason));
                               },
                               [](const QuotaVerdict& verdict) {
                                 return fmt::format("quota:{}:{}", name(verdict.reason),
                                                    verdict.over_bytes);
                               },
                               [](const Orphaned& orphaned) {
                                 return fmt::format(
                                     "fate:{}:{}", name(orphaned.fate.reason),
                                     orphaned.owner == OwnerKind::kService ? "service" : "project");
                               }},
                    because);
}

std::string to_line(const Decision& decision) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}", format_instant(decision.at), name(decision.code),
                     decision.subject, decision.reason, decision.number,
                     fmt::join(decision.tags, " "),
                     decision.expires ? format_instant(*decision.expires) : std::string());
}

}  // namespace backcast::policy
