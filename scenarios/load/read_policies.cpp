// Schedules, retention, copies and job model of a service, each handed to the parser of its rule in
// engine/policy; nothing about any vendor's rules is decided here.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "scenarios/load/build.h"
#include "scenarios/load/vendor_checks.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

// The text of engine/policy/schedule/schedule.h that the fields of a schedule stand for, and the
// field that is to blame if it is wrong.
struct ScheduleText {
  std::string text;
  std::string field;
};

std::optional<ScheduleText> schedule_text(const Node& node, const policy::ScheduleRules& rules) {
  const auto cron = node.text("cron"), rule = node.text("rule"), every = node.text("every");
  const auto weekdays = node.text("weekdays");
  const int said = (cron ? 1 : 0) + (rule ? 1 : 0) + (every ? 1 : 0) + (weekdays ? 1 : 0);
  if (said != 1) {
    node.fault(
        said == 0 ? "the schedule has no time" : "the schedule has more than one time",
        "give exactly one of \"cron\", \"weekdays\" with \"window\", \"every\", and \"rule\"");
    return std::nullopt;
  }
  if (rule) return ScheduleText{*rule, "rule"};
  if (weekdays) return ScheduleText{*weekdays, "weekdays"};
  const std::string prefix(rules.words);
  if (every) {
    if (std::isdigit(static_cast<unsigned char>(every->empty() ? ' ' : every->front()))) {
      const auto period = node.duration("every");
      if (!period) return std::nullopt;
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*period);
      return ScheduleText{fmt::format("{}@every {}s", prefix, seconds.count()), "every"};
    }
    if (*every != "daily" && *every != "weekly" && *every != "monthly") {
      node.fault_at("every", fmt::format("{} is not a duration", printable(*every)),
                    "give \"daily\", \"weekly\", \"monthly\", or such as \"6h\"");
      return std::nullopt;
    }
    return ScheduleText{(rules.names_periods ? prefix : std::string()) + *every, "every"};
  }
  return ScheduleText{prefix + *cron, "cron"};
}

// The parts of a window are parsed apart so that each fault stands at its own field.
std::optional<policy::Schedule> read_window(const Node& node) {
  policy::WindowSchedule window;
  auto weekdays = policy::parse_window_weekdays(node.text("weekdays").value_or(""));
  if (weekdays.ok()) {
    window.weekdays = *weekdays;
  } else {
    node.fault_at("weekdays", std::move(weekdays).error());
  }
  if (!node.has("window")) {
    node.fault("a schedule by weekdays needs a \"window\"", "such as \"02:00-04:00\", in UTC");
    return std::nullopt;
  }
  auto open = policy::parse_window_hours(node.text("window").value_or(""));
  if (!open.ok()) {
    node.fault_at("window", std::move(open).error());
    return std::nullopt;
  }
  window.open_minute = *open;
  return policy::Schedule(window);
}

std::optional<policy::Schedule> read_rule(const Node& node, const policy::ScheduleRules& rules) {
  const auto text = schedule_text(node, rules);
  if (!text) return std::nullopt;
  if (text->field == "weekdays") return read_window(node);
  auto rule = policy::parse_schedule(text->text);
  if (rule.ok()) return std::move(rule).value();
  Error error = std::move(rule).error();
  error.where = {};  // columns of the text, not of the document
  node.fault_at(text->field, std::move(error));
  return std::nullopt;
}

void check_it_fires(const Build& build, const Node& node, const sim::ServiceSchedule& schedule) {
  if (std::holds_alternative<policy::NoSchedule>(schedule.rule)) return;
  if (policy::next(schedule.rule, build.scenario.start, schedule.zone)) return;
  const char* field = node.has("cron") ? "cron" : node.has("every") ? "every" : "rule";
  node.fault_at(field, fmt::format("{} never fires", node.child(field).value().dump()),
                "see `backcast schedule` for when a schedule runs");
}

// A schedule's fields with the profile's defaults: its times only where the entry has none.
json schedule_fields(const Node& node, const Profile& profile) {
  json fields = profile.document->value("schedule", json::object());
  const bool says_time =
      node.has("cron") || node.has("weekdays") || node.has("every") || node.has("rule");
  if (says_time) {
    for (const char* key : {"cron", "weekdays", "window", "every", "rule"}) fields.erase(key);
  }
  if (node.has("weekdays") && !node.has("window")) {
    if (const auto& preset = profile.document->value("schedule", json::object());
        preset.contains("window")) {
      fields["window"] = preset["window"];
    }
  }
  if (node.has("window") && !says_time) fields["window"] = node.value()["window"];
  fields.merge_patch(node.value());
  return fields;
}

void read_schedule(Build& build, const Node& entry, const Profile& profile, sim::Service& service) {
  build.merged.push_back(schedule_fields(entry, profile));
  const Node node(build.merged.back(), entry.pointer(), build.faults);
  sim::ServiceSchedule schedule;
  schedule.name = node.text("name").value_or(
      service.schedules.empty() ? "schedule"
                                : fmt::format("schedule-{}", service.schedules.size() + 1));
  for (const sim::ServiceSchedule& other : service.schedules) {
    if (other.name == schedule.name) {
      node.fault(fmt::format("two schedules are named \"{}\"", schedule.name),
                 "give each its own \"name\"");
    }
  }
  if (const auto zone = node.text("zone")) {
    auto found = policy::Zone::find(*zone);
    if (found.ok()) {
      schedule.zone = *found;
    } else {
      node.fault_at("zone", std::move(found).error());
    }
  }
  schedule.retention = retention_at_birth(node, *profile.rules);
  schedule.initial_backup = node.boolean("initial_backup").value_or(false);
  const auto missed = node.text("missed");
  schedule.catches_up = missed && *missed == "catch_up";
  schedule.from = instant_of(node, "from", build.scenario.start).value_or(build.scenario.start);
  schedule.until = instant_of(node, "until", build.scenario.start).value_or(Instant::max());
  schedule.copies = read_copies(build, node, profile, service, true);
  read_places(build, node, profile, service);
  if (auto rule = read_rule(node, profile.rules->schedule)) {
    schedule.rule = std::move(*rule);
    check_schedule(node, schedule, service);
    if (!missed) schedule.catches_up = policy::catches_up(schedule.rule);
    check_it_fires(build, node, schedule);
  }
  service.schedules.push_back(std::move(schedule));
}

void read_job(const Node& node, sim::JobModel& job) {
  job.speed.rate_bytes_per_second = node.bytes_per_second("rate").value_or(0);
  job.speed.send_rate_bytes_per_second = node.bytes_per_second("send_rate").value_or(0);
  job.speed.reads_changes = node.text("reads") == "changes";
  if (const auto overlap = node.text("overlap")) {
    job.overlap = *overlap == "skip"    ? policy::Overlap::kSkip
                  : *overlap == "queue" ? policy::Overlap::kQueue
                                        : policy::Overlap::kBeside;
  }
  job.copy_rate_bytes_per_second = node.bytes_per_second("copy_rate").value_or(0);
  job.restore_rate_bytes_per_second = node.bytes_per_second("restore_rate").value_or(0);
  job.speed.free_collections = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(node.integer("collections_free").value_or(0), 0, UINT32_MAX));
  job.speed.per_further_collection = std::chrono::milliseconds(
      std::clamp<std::int64_t>(node.integer("ms_per_collection").value_or(0), 0, 3'600'000));
  job.failure_probability = node.share_up_to_one("failure_probability").value_or(0);
  job.duration_spread = node.number("duration_spread").value_or(0);
  job.retries = static_cast<std::uint32_t>(node.integer("retries").value_or(0));
  job.retry_after = node.duration("retry_after").value_or(5 * kMinute);
}

}  // namespace

std::optional<policy::RetentionPolicy> retention_at_birth(const Node& node,
                                                          const policy::ServiceRules& rules) {
  if (const auto word = node.text("retention_days")) {
    Status allowed = policy::check_forever(rules);
    if (*word != "forever") {
      node.fault_at("retention_days", fmt::format("{} is not a number of days", printable(*word)),
                    "give a number such as 7, or \"forever\"");
    } else if (!allowed.ok()) {
      node.fault_at("retention_days", std::move(allowed).error());
    }
    return std::nullopt;
  }
  const auto days = node.integer("retention_days");
  if (!days) return std::nullopt;
  auto policy = policy::retention_of_days(rules, *days);
  if (policy.ok()) return std::move(policy).value();
  node.fault_at("retention_days", std::move(policy).error());
  return std::nullopt;
}

std::vector<sim::CopyRule> read_copies(Build& build, const Node& node, const Profile& profile,
                                       const sim::Service& service, bool scheduled) {
  std::vector<sim::CopyRule> rules;
  for (const Node& entry : node.items("copies")) {
    const auto region = entry.text("region");
    if (!region) continue;
    const Profile* keeper = keeper_of(build, entry, profile);
    if (keeper != nullptr && keeper->name == profile.name) {  // of others, see read_places
      check_target(build, entry, profile, service, *region, scheduled);
    }
    for (const sim::CopyRule& other : rules) {
      if (other.region == *region) entry.fault_at("region", "this region is given twice");
    }
    const bool is_permanent = !scheduled && service.rules->retention.manual_permanent;
    rules.push_back(
        {*region, is_permanent ? std::nullopt : retention_at_birth(entry, *profile.rules)});
  }
  return rules;
}

void read_schedules(Build& build, const Node& node, const Profile& profile, sim::Service& service) {
  for (const Node& entry : node.items("schedules")) read_schedule(build, entry, profile, service);
  if (!service.schedules.empty()) check_plan(build, node, "schedules", service);
}

void read_retention(const Node& node, const sim::Project& project, sim::Service& service) {
  if (const auto text = node.text("retention")) {
    check_retention_words(node, *text, service);
    auto policy = policy::parse_policy(*text);
    if (policy.ok()) {
      service.retention = std::move(policy).value();
      if (project.quota_bytes)
        policy::take_quota_as_limit(*service.retention, *project.quota_bytes);
      if (!service.history.empty()) {
        service.retention = policy::for_source(*service.retention, service.history.back());
      }
    } else {
      Error error = std::move(policy).error();
      error.where = {};
      node.fault_at("retention", std::move(error));
    }
  }
  check_quota_mode(node, project, service);
}

void read_policies(Build& build, const Node& node, const Profile& profile, sim::Service& service) {
  const Node store = node.child("store");
  service.store.storage_class = store.text("class").value_or("");
  service.store.object_bytes = store.bytes("object_size").value_or(0);
  service.store.retrieval = store.boolean("retrieval").value_or(false);
  read_schedules(build, node, profile, service);
  read_job(node.child("job"), service.job);
  if (const auto zone = node.text("zone")) {
    auto found = policy::Zone::find(*zone);
    if (found.ok()) {
      service.zone = *found;
    } else {
      node.fault_at("zone", std::move(found).error());
    }
  }
  read_retention(node, build.scenario.projects[service.project], service);
}

}  // namespace backcast::scenario
