#include "scenarios/load/vendor_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/service/quota.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {

std::string cloud_in(const Node& node, const Profile& profile, const std::string& region) {
  const std::vector<std::string> clouds = clouds_of(profile);
  const auto stated = node.text("cloud");
  if (clouds.empty()) {
    if (stated) {
      node.fault_at("cloud", fmt::format("{} has no clouds", profile.name), "leave the field out");
    }
    return {};
  }
  if (stated && std::find(clouds.begin(), clouds.end(), *stated) == clouds.end()) {
    node.fault_at("cloud", fmt::format("{} has no cloud {}", profile.name, printable(*stated)),
                  did_you_mean(*stated, clouds));
    return {};
  }
  const std::string known = cloud_of(profile, region);
  if (stated && !known.empty() && known != *stated) {
    node.fault_at("cloud", fmt::format("{} is a region of {}", printable(region), known),
                  "leave \"cloud\" out, or give another region");
    return {};
  }
  if (stated) return *stated;
  const bool must_be_known = !profile.rules->copies.anywhere;
  if (known.empty() && !region.empty() && must_be_known) {
    node.fault_at("region", fmt::format("the cloud of region {} is not known", printable(region)),
                  fmt::format("give \"cloud\" beside it ({}), or a region such as \"{}-…\"",
                              fmt::join(clouds, ", "), clouds.front()));
  }
  return known;
}

void check_delta(const Node& fields, const Profile& profile, const std::string& cloud) {
  const auto delta = fields.text("delta");
  const auto* possible = said_for_cloud(profile, cloud, "deltas");
  if (!delta || possible == nullptr) return;
  const auto names = possible->get<std::vector<std::string>>();
  if (std::find(names.begin(), names.end(), *delta) != names.end()) return;
  fields.fault_at("delta",
                  fmt::format("backups of {}{}{} are not {}", profile.name,
                              cloud.empty() ? "" : " on ", cloud, printable(*delta)),
                  fmt::format("leave the field out: they are {}", fmt::join(names, " or ")));
}

void check_kind(const Node& fields, const sim::Service& service) {
  const Status known = policy::check_kind(*service.rules, service.kind);
  if (known.ok()) return;
  fields.fault_at("kind", known.error().message, did_you_mean(service.kind, service.rules->kinds));
}

Plan read_plan(const Node& fields, const sim::Project& project) {
  Plan plan;
  const auto read = [&](const char* key, policy::ServicePlan& into) {
    const auto name = fields.text(key);
    if (!name) return;
    const auto known = policy::parse_service_plan(*name);
    if (known) {
      into = *known;
    } else {
      fields.fault_at(key,
                      fmt::format("{} has no plan {}", project.rules->vendor, printable(*name)),
                      "give \"free\", \"serverless\", \"dedicated\" or \"business-critical\"");
    }
  };
  if (project.rules->has_plans) {
    read("plan", plan.plan);
    read("copies_from_plan", plan.copies_from);
  } else if (fields.has("copies_from_plan")) {
    fields.fault_at("copies_from_plan",
                    fmt::format("{} has no plans that decide on copies", project.provider),
                    "leave the field out");
  }
  return plan;
}

void check_project(const Node& own, const sim::Project& project) {
  const auto refuse = [&](const char* field, bool acts, const char* because) {
    if (!acts && own.has(field)) own.fault_at(field, because, "leave the field out");
  };
  const bool bills = project.quota_mode == policy::QuotaMode::kBill;
  if (Status grace = policy::check_grace(*project.rules); !grace.ok() && own.has("grace_days")) {
    own.fault_at("grace_days", std::move(grace).error());
  }
  refuse("quota_mode", project.quota_bytes.has_value(), "needs a \"quota\"");
  refuse("quota_ceiling", bills, "the ceiling is that of \"quota_mode\": \"bill\"");
}

void check_plan(const Build& build, const Node& node, std::string_view field,
                const sim::Service& service) {
  Status allowed = policy::check_plan(*service.rules, build.plan_of_project[service.project].plan);
  if (!allowed.ok()) node.fault_at(field, std::move(allowed).error());
}

void check_target(const Build& build, const Node& entry, const Profile& profile,
                  const sim::Service& service, const std::string& region, bool scheduled) {
  const auto* has_copies = said_for_cloud(profile, service.cloud, "copies");
  const bool has_none = has_copies != nullptr && *has_copies == false;
  policy::CopyRules rules = service.rules->copies;
  if (!rules.by_plan && has_none) {
    return entry.fault(fmt::format("{} makes no copies in other regions", service.provider),
                       "leave \"copies\" out; copies that you make yourself are those of a service "
                       "of provider \"plain\"");
  }
  const sim::Project& project = build.scenario.projects[service.project];
  const Status bound = policy::check_region(*service.rules, project.name, project.regions, region);
  if (!bound.ok()) return entry.fault_at("region", bound.error());
  const std::string target = cloud_in(entry, profile, region);
  if (target.empty() || service.cloud.empty()) return;
  const Plan& plan = build.plan_of_project[service.project];
  rules.lowest_plan = plan.copies_from;
  policy::CopyRequest request;
  request.source_cloud = service.cloud;
  request.target_cloud = target;
  request.cloud_has_copies = !has_none;
  request.same_region = region == service.region;
  request.plan = plan.plan;
  request.made_by = scheduled ? policy::Origin::kAutomatic : policy::Origin::kManual;
  if (const auto days = entry.integer("retention_days")) {
    request.retention_days = static_cast<int>(std::clamp<std::int64_t>(*days, -1, 1'000'000));
  }
  const policy::CopyFault fault = policy::check_copy(request, rules);
  if (fault == policy::CopyFault::kNone) return;
  const bool about_retention =
      fault == policy::CopyFault::kRetentionRange || fault == policy::CopyFault::kRetentionOfManual;
  if (fault == policy::CopyFault::kNoRetention) return entry.fault(policy::explain(fault));
  entry.fault_at(about_retention ? "retention_days" : "region", policy::explain(fault));
}

void check_schedule(const Node& node, const sim::ServiceSchedule& schedule,
                    const sim::Service& service) {
  const policy::ServiceRules& rules = *service.rules;
  if (rules.schedule.is_utc && node.has("zone")) {
    node.fault_at("zone", fmt::format("schedules of {} are in UTC", service.provider),
                  "leave the field out");
  }
  if (Status name = policy::check_schedule_name(rules, schedule.name); !name.ok()) {
    node.fault_at("name", std::move(name).error());
  }
  if (Status written = policy::check_schedule(rules, schedule.rule); !written.ok()) {
    node.fault(written.error().message, written.error().hint);
  }
  if (!rules.schedule.only_windows) return;
  const bool is_second =
      std::any_of(service.schedules.begin(), service.schedules.end(), [&](const auto& other) {
        return schedule.from < other.until && other.from < schedule.until;
      });
  if (is_second) {
    node.fault(fmt::format("a {} cluster has one automatic backup policy", rules.vendor),
               "leave this schedule out, or let one end (\"until\") before the other begins");
  }
}

void check_retention_words(const Node& node, std::string_view words, const sim::Service& service) {
  const policy::ServiceRules& rules = *service.rules;
  if (!rules.retention.own_words || words.substr(0, words.find(':')) == rules.name) return;
  const bool has_days = !rules.retention.days_words.empty();
  node.fault_at("retention",
                fmt::format("{} does not keep backups by {}", rules.name, printable(words)),
                fmt::format("give \"{}: …\"{}; a service under \"plain\" may be kept in any "
                            "tool's words",
                            rules.name, has_days ? ", or \"retention_days\" in a schedule" : ""));
}

void check_quota_mode(const Node& node, const sim::Project& project, const sim::Service& service) {
  if (!project.quota_bytes) return;
  Status kept = policy::check_quota_policy(project.quota_mode, service.retention, project.name);
  if (!kept.ok()) node.fault_at("retention", std::move(kept).error());
}

void check_restore(const Node& node, const sim::Service& service,
                   const sim::ScheduledEvent& event) {
  const policy::RestoreRules& rules = service.rules->restore;
  const bool has_versions = policy::goes_by_version(rules, service.kind);
  const auto refuse = [&](const char* field, bool acts) {
    if (acts || !node.has(field)) return;
    node.fault_at(field, fmt::format("{} has no rule that uses \"{}\"", service.provider, field),
                  "leave the field out");
  };
  refuse("role", rules.by_role);
  refuse("latest_version", rules.versions == policy::VersionRule::kOriginalOrLatest);
  refuse("backup_version", has_versions);
  refuse("target_version", has_versions);
  // What sets a cluster back, and what you restore yourself, takes the place of what is there.
  refuse("in_place",
         rules.versions == policy::VersionRule::kSetsBack || service.rules->copies.anywhere);
  refuse("collections", rules.of_collections);
  refuse("into", rules.of_collections);
  if (event.in_place && !event.to_region.empty() && event.to_region != service.region) {
    node.fault_at(
        "to_region",
        fmt::format("{} is in {}: in place is nowhere else", service.name, service.region),
        "leave one of the two fields out");
  }
  if (event.target_version && !event.backup_version) {
    node.fault_at("target_version",
                  "whether this version can be restored depends on the backup's version",
                  "give \"backup_version\" as well");
  }
  if (!rules.stays_in_region) return;
  if (!event.to_region.empty() && !event.region.empty() && event.to_region != event.region) {
    node.fault_at(
        "to_region",
        fmt::format("{} restores a backup in the region it lies in", service.rules->vendor),
        "leave \"region\" or \"to_region\" out, or give both the same");
  }
}

void check_deletion(const Node& node, const policy::ServiceRules& rules) {
  if (!node.has("delete_backups") || rules.deletion.as_asked) return;
  node.fault_at("delete_backups", fmt::format("which backups go is {}'s own rule", rules.name),
                "leave the field out");
}

}  // namespace backcast::scenario
