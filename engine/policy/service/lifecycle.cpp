#include "engine/policy/service/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::policy {
namespace {

const char* name_of(OwnerKind owner) {
  return owner == OwnerKind::kService ? "service" : "project";
}

}  // namespace

DeletionRules when_asked(DeletionRules rules, bool delete_backups, Duration grace) {
  if (rules.as_asked) rules.automatic_goes = rules.manual_goes = delete_backups;
  if (rules.grace > Duration{0}) rules.grace = grace;
  return rules;
}

Fate after_deletion(const DeletionRules& rules, Origin made_by, Instant deleted_at,
                    std::optional<Instant> expires) {
  const bool goes = made_by == Origin::kManual ? rules.manual_goes : rules.automatic_goes;
  const Instant end = plus(deleted_at, rules.grace);
  if (expires && (!goes || *expires < end)) return {expires, FateReason::kExpiresBefore};
  if (!goes) return {};
  return {end, rules.grace > Duration(0) ? FateReason::kGraceEnds : FateReason::kGoesWithOwner};
}

std::string explain(const Fate& fate, OwnerKind owner, Origin made_by) {
  const char* kind = made_by == Origin::kManual ? "made by hand" : "automatic";
  const std::string gone = fate.gone_at ? format_instant(*fate.gone_at) : "";
  switch (fate.reason) {
    case FateReason::kStays:
      return fmt::format("kept: {} backups outlive the deleted {}", kind, name_of(owner));
    case FateReason::kGoesWithOwner:
      return fmt::format("deleted: {} backups go with the {}", kind, name_of(owner));
    case FateReason::kGraceEnds:
      return fmt::format("kept until {}: the grace after the {} was deleted", gone, name_of(owner));
    case FateReason::kExpiresBefore:
      return fmt::format("kept until its own expiry {}", gone);
  }
  return {};
}

bool is_described(Instant born, const std::vector<std::string>& tags, Instant as_of,
                  const std::vector<std::string>& wanted) {
  return born <= as_of && std::all_of(wanted.begin(), wanted.end(), [&](const std::string& tag) {
           return std::find(tags.begin(), tags.end(), tag) != tags.end();
         });
}

std::optional<Instant> key_destroyed_at(const DeletionRules& rules, Instant project_deleted_at) {
  if (!rules.destroys_key) return std::nullopt;
  return plus(project_deleted_at, rules.grace);
}

}  // namespace backcast::policy
