#include "scenarios/load/vendor_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/service/service_limits.h"
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
  const bool must_be_known = profile.document->value("rules", std::string("plain")) != "plain";
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
  if (service.rules != "zerops" || service.kind.empty()) return;
  if (policy::is_zerops_kind(service.kind)) return;
  fields.fault_at("kind",
                  fmt::format("Zerops backs up no service of kind {}", printable(service.kind)),
                  did_you_mean(service.kind, policy::kZeropsKinds));
}

PlanRules plan_rules(const Node& fields, const sim::Project& project) {
  PlanRules rules;
  const auto read = [&](const char* key, policy::ServicePlan& plan) {
    const auto name = fields.text(key);
    if (!name) return;
    const auto known = policy::parse_service_plan(*name);
    if (known) {
      plan = *known;
    } else {
      fields.fault_at(key, fmt::format("Zilliz has no plan {}", printable(*name)),
                      "give \"free\", \"serverless\", \"dedicated\" or \"business-critical\"");
    }
  };
  if (project.rules == "zilliz") {
    read("plan", rules.plan);
    read("copies_from_plan", rules.copies.lowest_plan);
  } else if (fields.has("copies_from_plan")) {
    fields.fault_at("copies_from_plan",
                    fmt::format("{} has no plans that decide on copies", project.provider),
                    "leave the field out");
  }
  return rules;
}

void check_project(const Node& own, const sim::Project& project) {
  const auto refuse = [&](const char* field, bool acts, const char* because) {
    if (!acts && own.has(field)) own.fault_at(field, because, "leave the field out");
  };
  const bool bills = project.quota_mode == policy::QuotaMode::kBill;
  refuse("grace_days", project.rules == "zerops", "only Zerops keeps deleted services' backups");
  refuse("quota_mode", project.quota_bytes.has_value(), "needs a \"quota\"");
  refuse("quota_ceiling", bills, "the ceiling is that of \"quota_mode\": \"bill\"");
}

void check_plan(const Build& build, const Node& node, std::string_view field,
                const sim::Service& service) {
  if (service.rules != "zilliz") return;
  Status allowed = policy::zilliz_plan(build.plan_of_project[service.project].plan);
  if (!allowed.ok()) node.fault_at(field, std::move(allowed).error());
}

void check_target(const Build& build, const Node& entry, const Profile& profile,
                  const sim::Service& service, const std::string& region, bool scheduled) {
  const auto* has_copies = said_for_cloud(profile, service.cloud, "copies");
  const bool has_none = has_copies != nullptr && *has_copies == false;
  if (service.rules != "zilliz" && has_none) {
    return entry.fault(fmt::format("{} makes no copies in other regions", service.provider),
                       "leave \"copies\" out; copies that you make yourself are those of a service "
                       "of provider \"plain\"");
  }
  const std::string target = cloud_in(entry, profile, region);
  if (service.rules == "plain" || target.empty() || service.cloud.empty()) return;
  if (service.rules != "zilliz") {
    if (target == service.cloud) return;
    return entry.fault_at("region", policy::explain(policy::CopyFault::kOtherProvider));
  }
  const PlanRules& rules = build.plan_of_project[service.project];
  policy::CopyRequest request;
  request.source_cloud = service.cloud;
  request.target_cloud = target;
  request.cloud_has_copies = !has_none;
  request.same_region = region == service.region;
  request.plan = rules.plan;
  request.made_by = scheduled ? policy::Origin::kAutomatic : policy::Origin::kManual;
  if (const auto days = entry.integer("retention_days")) {
    request.retention_days = static_cast<int>(std::clamp<std::int64_t>(*days, -1, 1'000'000));
  }
  const policy::CopyFault fault = policy::check_copy(request, rules.copies);
  if (fault == policy::CopyFault::kNone) return;
  const bool about_retention =
      fault == policy::CopyFault::kRetentionRange || fault == policy::CopyFault::kRetentionOfManual;
  if (fault == policy::CopyFault::kNoRetention) return entry.fault(policy::explain(fault));
  entry.fault_at(about_retention ? "retention_days" : "region", policy::explain(fault));
}

void check_schedule(const Node& node, const sim::ServiceSchedule& schedule,
                    const sim::Service& service) {
  const std::string& rules = service.rules;
  if (rules != "plain" && node.has("zone")) {
    node.fault_at("zone", fmt::format("schedules of {} are in UTC", service.provider),
                  "leave the field out");
  }
  if (rules == "qdrant") {
    if (Status name = policy::qdrant_display_name(schedule.name); !name.ok()) {
      node.fault_at("name", std::move(name).error());
    }
  }
  if (rules != "zilliz") return;
  if (!std::holds_alternative<policy::ZillizWindow>(schedule.rule)) {
    node.fault(
        "a Zilliz policy takes weekdays and a window of two hours, no other schedule",
        "give \"weekdays\": \"1,2,3,5\" with \"window\": \"02:00-04:00\", or {} for every day");
  }
  const bool is_second =
      std::any_of(service.schedules.begin(), service.schedules.end(), [&](const auto& other) {
        return schedule.from < other.until && other.from < schedule.until;
      });
  if (is_second) {
    node.fault("a Zilliz cluster has one automatic backup policy",
               "leave this schedule out, or let one end (\"until\") before the other begins");
  }
}

void check_retention_words(const Node& node, std::string_view words, const sim::Service& service) {
  const bool is_vendor = service.rules != "plain";
  if (!is_vendor || words.substr(0, words.find(':')) == service.rules) return;
  node.fault_at(
      "retention", fmt::format("{} does not keep backups by {}", service.rules, printable(words)),
      fmt::format("give \"{}: …\"{}; a service under \"plain\" may be kept in any "
                  "tool's words",
                  service.rules,
                  service.rules == "zerops" ? "" : ", or \"retention_days\" in a schedule"));
}

void check_quota_mode(const Build& build, const Node& node, const sim::Service& service) {
  const sim::Project& project = build.scenario.projects[service.project];
  if (!project.quota_bytes || project.quota_mode != policy::QuotaMode::kKeep) return;
  const bool has_minimums =
      service.retention && std::holds_alternative<policy::NativePolicy>(*service.retention);
  if (has_minimums) return;
  node.fault_at("retention",
                fmt::format("the quota of project {} keeps minimum and protected backups, and this "
                            "policy has none",
                            printable(project.name)),
                "give a \"zerops: …\" policy, or \"quota_mode\": \"hard\" in the project");
}

void check_restore(const Node& node, const sim::Service& service,
                   const sim::ScheduledEvent& event) {
  const bool is_zilliz = service.rules == "zilliz";
  const bool has_versions = is_zilliz || service.rules == "qdrant" || service.kind == "qdrant";
  const auto refuse = [&](const char* field, bool acts) {
    if (acts || !node.has(field)) return;
    node.fault_at(field, fmt::format("{} has no rule that uses \"{}\"", service.provider, field),
                  "leave the field out");
  };
  refuse("role", is_zilliz);
  refuse("latest_version", is_zilliz);
  refuse("backup_version", has_versions);
  refuse("target_version", has_versions);
  if (event.target_version && !event.backup_version) {
    node.fault_at("target_version",
                  "whether this version can be restored depends on the backup's version",
                  "give \"backup_version\" as well");
  }
  if (!is_zilliz) return;
  if (!event.to_region.empty() && !event.region.empty() && event.to_region != event.region) {
    node.fault_at("to_region", "Zilliz restores a backup in the region it lies in",
                  "leave \"region\" or \"to_region\" out, or give both the same");
  }
}

void check_deletion(const Node& node, const std::string& rules) {
  if (!node.has("delete_backups") || (rules != "zilliz" && rules != "zerops")) return;
  node.fault_at("delete_backups", fmt::format("which backups go is {}'s own rule", rules),
                "leave the field out");
}

}  // namespace backcast::scenario
