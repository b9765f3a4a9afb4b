// Things that happen at stated times: each kind with the fields it needs and no others.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/text.h"
#include "engine/base/time_math.h"
#include "engine/policy/retention/tags.h"
#include "scenarios/load/build.h"
#include "scenarios/load/vendor_checks.h"

namespace backcast::scenario {
namespace {

using sim::EventKind;

struct KindInfo {
  std::string_view name;
  EventKind kind;
  std::string_view needs;  // fields without which it means nothing, separated by spaces
  std::string_view takes;  // further fields that it goes by
};
constexpr std::array<KindInfo, 20> kKinds{{
    {"manual_backup", EventKind::kManualBackup, "service", "tags copies retention_days"},
    {"delete_service", EventKind::kDeleteService, "service", "delete_backups"},
    {"delete_project", EventKind::kDeleteProject, "project", "delete_backups"},
    {"disable_schedules", EventKind::kDisableSchedules, "service", ""},
    {"enable_schedules", EventKind::kEnableSchedules, "service", ""},
    {"suspend", EventKind::kSuspend, "service for", ""},
    {"clock_jump", EventKind::kClockJump, "service by", ""},
    {"outage", EventKind::kOutage, "region for", ""},
    {"store_outage", EventKind::kStoreOutage, "region for", ""},
    {"link_outage", EventKind::kLinkOutage, "region to_region for", ""},
    {"job_failures", EventKind::kJobFailures, "service for", ""},
    {"storage_loss", EventKind::kStorageLoss, "region", ""},
    {"restore", EventKind::kRestore, "service",
     "region to_region as_of role backup_version latest_version target_version in_place to_project "
     "key into collections"},
    {"burst", EventKind::kBurst, "service rewrites", "adds"},
    {"delete_backup", EventKind::kDeleteBackup, "service", "region as_of tags"},
    {"delete_schedule", EventKind::kDeleteSchedule, "service", "schedule delete_backups"},
    {"change_policy", EventKind::kChangePolicy, "service", "schedules retention"},
    {"change_plan", EventKind::kChangePlan, "project",
     "plan quota quota_mode quota_ceiling copies_from_plan"},
    {"revoke_key", EventKind::kRevokeKey, "project key", ""},
    {"enable_key", EventKind::kEnableKey, "project key", ""},
}};

// Fields that are another kind's: nothing would act on them.
void check_fields(const Node& node, const KindInfo& info) {
  if (!node.value().is_object()) return;
  for (const auto& entry : node.value().items()) {
    const std::string& field = entry.key();
    const bool is_known = std::any_of(kKinds.begin(), kKinds.end(), [&](const KindInfo& kind) {
      return has_word(kind.needs, field) || has_word(kind.takes, field);
    });
    if (!is_known || has_word(info.needs, field) || has_word(info.takes, field)) continue;
    node.fault_at(field, fmt::format("nothing acts on \"{}\" in a {} event", field, info.name),
                  "leave the field out");
  }
}

bool has_needed_fields(const Node& node, const KindInfo& info) {
  bool complete = true;
  for (std::string_view rest = info.needs; !rest.empty();) {
    const auto space = rest.find(' ');
    const std::string_view field = rest.substr(0, space);
    rest = space == rest.npos ? std::string_view() : rest.substr(space + 1);
    if (node.has(field)) continue;
    node.fault(fmt::format("a {} event needs \"{}\"", info.name, field));
    complete = false;
  }
  return complete;
}

std::optional<policy::Version> version_in(const Node& node, std::string_view key) {
  const auto text = node.text(key);
  if (!text) return std::nullopt;
  policy::Version version;
  std::string_view rest = *text;
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto dot = std::min(rest.find('.'), rest.size());
    std::from_chars(rest.data(), rest.data() + dot, *part);
    rest = rest.substr(std::min(dot + 1, rest.size()));
  }
  return version;
}

void read_burst(Build& build, const Node& node, const sim::ScheduledEvent& event) {
  sim::Burst burst;
  burst.at = event.at;
  burst.rewritten_share = node.share_up_to_one("rewrites").value_or(0);
  burst.added_bytes = node.signed_bytes("adds").value_or(0);
  const auto add = [&](sim::Service& service) {
    if (service.delta.by_record() && burst.rewritten_share > 0) {
      node.fault_at("rewrites", "what is rewritten is recorded where bytes die by age",
                    "give \"mixture\" instead of \"by_age\"");
    }
    service.workload.bursts.push_back(burst);
  };
  for (const std::uint32_t service : event.services) add(build.scenario.services[service]);
  for (const std::uint32_t fleet : event.fleets) add(build.scenario.fleets[fleet].service);
}

void check_time(const Build& build, const Node& node, Instant at) {
  if (at < build.scenario.start || at >= build.scenario.end) {
    node.fault_at("at", fmt::format("{} lies outside the run", format_instant(at)),
                  fmt::format("the run is {} .. {}", format_instant(build.scenario.start),
                              format_instant(build.scenario.end)));
  }
}

// The services that an event names, with their profiles.
struct Named {
  sim::Service* service;
  const Profile* profile;
};
std::vector<Named> named_by(Build& build, const sim::ScheduledEvent& event) {
  std::vector<Named> named;
  for (const std::uint32_t i : event.services) {
    named.push_back({&build.scenario.services[i], build.profile_of_service[i]});
  }
  for (const std::uint32_t i : event.fleets) {
    named.push_back({&build.scenario.fleets[i].service, build.profile_of_fleet[i]});
  }
  return named;
}

// By hand a backup is permanent, or has the retention of its call.
void read_manual_retention(const Node& node, const Named& named, sim::ScheduledEvent& event) {
  if (Status allowed = policy::check_manual_retention(*named.service->rules); !allowed.ok()) {
    return node.fault_at("retention_days", std::move(allowed).error());
  }
  event.retention = retention_at_birth(node, *named.service->rules);
  auto* native = event.retention ? std::get_if<policy::NativePolicy>(&*event.retention) : nullptr;
  if (native != nullptr) native->manual_is_permanent = false;
}

void read_manual(Build& build, const Node& node, sim::ScheduledEvent& event) {
  event.tags = node.texts("tags");
  bool first = true;
  const std::vector<Named> all = named_by(build, event);
  for (const Named& named : all) {
    for (const char* const field : {"copies", "retention_days"}) {
      if (named.profile->name == all.front().profile->name || !node.has(field)) continue;
      node.fault_at(field, "the services of this event are with several providers",
                    "write an event for each provider, which has its own rules");
    }
    check_plan(build, node, "kind", *named.service);
    if (const auto& limits = named.service->rules->tags.limits) {
      const policy::TagCheck check = policy::check_tags(event.tags, *limits);
      if (!check.ok()) {
        node.fault_at("tags", policy::explain(check, event.tags, *limits),
                      "use 1 to 24 letters, digits, : - _ per tag");
      }
    }
    if (node.has("copies")) {
      auto copies = read_copies(build, node, *named.profile, *named.service, false);
      if (first) event.copies = std::move(copies);
      read_places(build, node, *named.profile, *named.service);
    }
    if (node.has("retention_days")) read_manual_retention(node, named, event);
    first = false;
  }
}

// Backups lie where the service is, and where copies go.
void read_deletion(Build& build, const Node& node, sim::ScheduledEvent& event) {
  event.tags = node.texts("tags");
  for (const Named& named : named_by(build, event)) {
    const sim::Service& s = *named.service;
    const bool is_known = event.region.empty() || event.region == s.region ||
                          std::any_of(s.elsewhere.begin(), s.elsewhere.end(),
                                      [&](const auto& p) { return p.region == event.region; });
    if (is_known) continue;
    node.fault_at("region",
                  fmt::format("no backups of {} lie in {}", s.name, printable(event.region)),
                  "leave the field out for backups in " + s.region);
  }
}

// What only some kinds of event have, by the rules of each service named and what is in force.
void read_by_kind(Build& build, MidLife& life, const Node& node, sim::ScheduledEvent& event) {
  switch (event.kind) {
    case EventKind::kBurst:
      return read_burst(build, node, event);
    case EventKind::kManualBackup:
      return read_manual(build, node, event);
    case EventKind::kDeleteBackup:
      return read_deletion(build, node, event);
    case EventKind::kDeleteSchedule:
      return life.delete_schedule(node, event);
    case EventKind::kChangePolicy:
      return life.change_policy(node, event);
    case EventKind::kChangePlan:
      return life.change_plan(node, event);
    case EventKind::kRevokeKey:
    case EventKind::kEnableKey:
      if (event.project) event.key = key_in(build, node, *event.project);
      return;
    case EventKind::kRestore:
      read_restore(build, node, event);
      break;
    default:
      break;
  }
  for (const Named& named : named_by(build, event)) {
    if (event.kind == EventKind::kRestore) {
      check_plan(build, node, "kind", *named.service);
      check_restore(node, *named.service, event);
    }
    if (event.kind == EventKind::kDeleteService) check_deletion(node, *named.service->rules);
  }
  if (event.kind == EventKind::kDeleteProject && event.project) {
    check_deletion(node, *build.scenario.projects[*event.project].rules);
  }
}

// What all kinds are read by; nothing (and a fault) where that is not enough.
std::optional<sim::ScheduledEvent> read_event(Build& build, const Node& node) {
  const auto kind = node.text("kind");
  if (!kind) return std::nullopt;
  const auto info = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const KindInfo& k) { return k.name == *kind; });
  if (info == kKinds.end()) return std::nullopt;  // the schema names it
  check_fields(node, *info);
  if (!has_needed_fields(node, *info)) return std::nullopt;
  sim::ScheduledEvent event;
  event.kind = info->kind;
  event.pointer = node.pointer();
  const auto at = instant_of(node, "at", build.scenario.start);
  if (!at) return std::nullopt;
  event.at = *at;
  check_time(build, node, *at);
  Who who = read_who(build, node, false);
  event.services = std::move(who.services);
  event.fleets = std::move(who.fleets);
  event.region = node.text("region").value_or("");
  event.to_region = node.text("to_region").value_or("");
  // What outlasts the run lasts as long as the run.
  const Duration rest = plus(std::max(between(event.at, build.scenario.end), Duration{0}), kSecond);
  const auto length = node.text("for");
  const auto lasts = length == "forever" ? std::optional(rest) : node.duration("for");
  event.lasts = std::min(lasts.value_or(Duration{0}), rest);
  if (lasts == Duration{0}) node.fault_at("for", "must be greater than 0");
  if (const auto by = node.text("by")) {
    const bool back = by->starts_with('-');
    const auto jump = parse_duration(std::string_view(*by).substr(back ? 1 : 0));
    if (!jump.ok()) {
      node.fault_at("by", jump.error());
    } else if (*jump > 366 * kDay) {
      node.fault_at("by", "a clock jump is limited to 366 days", "give at most 366d");
    } else {
      event.jump = back ? -*jump : *jump;
    }
  }
  event.role = policy::parse_caller_role(node.text("role").value_or(""));
  event.backup_version = version_in(node, "backup_version");
  event.latest_version = version_in(node, "latest_version");
  event.target_version = version_in(node, "target_version");
  event.delete_backups = node.boolean("delete_backups").value_or(false);
  event.in_place = node.boolean("in_place").value_or(false);
  event.as_of = instant_of(node, "as_of", build.scenario.start);
  if (const auto project = node.text("project")) {
    const auto found = build.project_index.find(*project);
    if (found == build.project_index.end()) {
      node.fault_at("project", fmt::format("there is no project {}", printable(*project)));
    } else {
      event.project = found->second;
    }
  }
  return event;
}

}  // namespace

void read_events(Build& build) {
  struct Read {
    sim::ScheduledEvent event;
    Node node;
  };
  std::vector<Read> all;
  for (const Node& node : build.root.items("events")) {
    if (auto event = read_event(build, node)) all.push_back({std::move(*event), node});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Read& a, const Read& b) { return a.event.at < b.event.at; });
  MidLife life(build);
  for (Read& one : all) {
    read_by_kind(build, life, one.node, one.event);
    build.scenario.events.push_back(std::move(one.event));
  }
  const auto sort = [](std::vector<sim::Burst>& bursts) {
    std::stable_sort(bursts.begin(), bursts.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
  };
  for (sim::Service& service : build.scenario.services) sort(service.workload.bursts);
  for (sim::Fleet& fleet : build.scenario.fleets) sort(fleet.service.workload.bursts);
}

}  // namespace backcast::scenario
