#include "study/live/from_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "engine/base/errors.h"
#include "engine/policy/service/service_rules.h"
#include "sim/fit/workload_document.h"
#include "study/history/calibration.h"
#include "study/start/frame.h"
#include "study/start/planned.h"

namespace backcast::study {
namespace {

using Json = Draft::Json;

constexpr std::int64_t kMostDays = 36'500;

std::string seconds_text(Duration d) {
  return fmt::format("{}s", std::chrono::duration_cast<std::chrono::seconds>(d).count());
}

std::string canonical(const std::string& words) {
  const auto policy = policy::parse_policy(words);
  return policy.ok() ? policy::to_text(*policy) : words;
}

// The days that a scenario states for such a policy of what is made: in the rules' own words, or as
// a plain time to live.
std::optional<std::int64_t> days_of(const policy::ServiceRules& rules, const std::string& words) {
  const std::string asked = canonical(words);
  for (std::int64_t days = 1; days <= kMostDays; ++days) {
    const auto of_days = policy::retention_of_days(rules, days);
    if (!of_days.ok()) continue;
    if (policy::to_text(*of_days) == asked) return days;
    if (canonical(fmt::format("native: --ttl {}d", days)) == asked) return days;
  }
  return std::nullopt;
}

policy::Snapshot snapshot_of(const control::Backup& b) {
  policy::Snapshot s;
  s.id = b.id;
  s.time = b.born;
  s.size_bytes = b.size_bytes;
  s.new_bytes = b.added_bytes;
  s.tags = b.tags;
  s.schedule = b.schedule;
  if (b.kind == "manual") s.origin = policy::Origin::kManual;
  s.is_protected = b.is_protected;
  s.end = b.available;
  s.expires = b.expires;
  return s;
}

class FromService {
 public:
  FromService(const ServiceState& state, std::uint32_t days) : state_(state), days_(days) {}

  Result<Started, Errors> start() {
    put_frame();
    for (const ServiceState::Held& held : state_.clusters) put_cluster(held);
    if (services_ == 0) return Errors{nothing()};
    put_limits();
    put_events();
    for (const control::AppliedScenario& applied : state_.scenarios) take_over(applied);
    BACKCAST_TRY(Started made, finish(draft_,
                                      fmt::format("What a service had at {}, written by backcast "
                                                  "simulate --from-server.",
                                                  format_instant(state_.now)),
                                      "from-server.json"));
    BACKCAST_CHECK(say_what_profiles_add(made.text));
    made.services = services_;
    made.left_out = std::move(left_out_);
    made.notes.insert(made.notes.begin(), notes_.begin(), notes_.end());
    return made;
  }

 private:
  Error nothing() const {
    std::string hint = "make a first backup: backcast backups create CLUSTER";
    if (state_.clusters.empty()) hint = "backcast clusters create tells of one";
    return bad_input("the service has no cluster whose data have a known size", hint);
  }

  void put_frame() {
    draft_.set("/name", "from-server");
    draft_.set("/title", "What becomes of a service as it stands");
    draft_.set("/start", format_instant(std::chrono::ceil<std::chrono::seconds>(state_.now)));
    draft_.set("/horizon", fmt::format("{}d", days_));
    draft_.set("/projects", Json::array());
    for (const control::Project& p : state_.projects) {
      if (!p.deleted && is_used(p.id)) put_project(p);
    }
  }

  // What a provider's plan says where the service itself says nothing.
  Result<Ok, Errors> say_what_profiles_add(const std::string& text) {
    BACKCAST_TRY(const Document document, all_errors(Document::parse(text, "from-server.json")));
    BACKCAST_TRY(const scenario::Loaded loaded, scenario::load(document));
    for (const sim::Project& project : loaded.scenario.projects) {
      const auto is = std::find_if(state_.projects.begin(), state_.projects.end(),
                                   [&](const auto& p) { return p.id == project.name; });
      if (is == state_.projects.end()) continue;
      if (project.quota_bytes && !is->quota_bytes) {
        note(project.name, fmt::format("the quota of its plan, {}, is in the scenario; the service "
                                       "keeps none",
                                       format_bytes(*project.quota_bytes)));
      }
      if (project.grace != is->grace) {
        note(project.name, fmt::format("backups of what is deleted stay for {} in the scenario, "
                                       "for {} in the service",
                                       format_duration(project.grace), format_duration(is->grace)));
      }
    }
    return kOk;
  }

  bool is_used(const std::string& project) const {
    return std::any_of(state_.clusters.begin(), state_.clusters.end(),
                       [&](const auto& held) { return held.cluster.project == project; });
  }

  void put_project(const control::Project& p) {
    rules_[p.id] = policy::service_rules(p.rules);
    Json project{{"name", p.id}, {"provider", p.rules}};
    if (!p.plan.empty()) project["plan"] = p.plan;
    if (p.quota_bytes) {
      project["quota"] = exact_size(*p.quota_bytes);
      project["quota_mode"] = p.quota_mode;
      if (p.quota_ceiling_bytes <= static_cast<std::uint64_t>(INT64_MAX)) {
        project["quota_ceiling"] = exact_size(p.quota_ceiling_bytes);
      }
    }
    const auto days = std::chrono::floor<std::chrono::days>(p.grace);
    if (p.grace.count() > 0) project["grace_days"] = days.count();
    if (days != p.grace) {
      note(p.id, fmt::format("a grace of {} counts as {} whole days", format_duration(p.grace),
                             days.count()));
    }
    if (!p.regions.empty()) note(p.id, "which regions it may use is not said in a scenario");
    draft_.set(fmt::format("/projects/{}", projects_++), std::move(project));
  }

  void put_cluster(const ServiceState::Held& held) {
    const control::Cluster& c = held.cluster;
    policy::History history{"backcast"};
    std::map<std::string, policy::History> copies;  // by region
    std::uint64_t in_work = 0;
    for (const control::Backup& b : held.backups) {
      if (b.state != "AVAILABLE") {
        ++in_work;
      } else if (b.kind == "copy" || b.region != c.region) {
        auto& there = copies.try_emplace(b.region, policy::History{"backcast"}).first->second;
        there.snapshots.push_back(snapshot_of(b));
      } else {
        history.snapshots.push_back(snapshot_of(b));
      }
    }
    std::stable_sort(history.snapshots.begin(), history.snapshots.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
    const bool has_size = !history.snapshots.empty() && history.snapshots.back().size_bytes > 0;
    if (!has_size || names_.contains(c.name)) {
      return left_out_.push_back(
          {fmt::format("{}: {}", c.name,
                       has_size ? "another cluster has this name; services of a scenario have one "
                                  "each"
                                : "no backup says how large its data are"),
           has_size ? "" : "make a first one: backcast backups create " + c.name,
           {}});
    }
    names_[c.name] = c.id;
    ids_[c.id] = c.name;
    if (in_work > 0) note(c.name, fmt::format("{} backups in work are not in it", in_work));
    const std::string at = put_fields(held, history);
    std::size_t place = 0;
    for (const auto& [region, there] : copies) {
      draft_.set(fmt::format("{}/history/copies/{}", at, place++),
                 Json{{"region", region},
                      {"points", Json::parse(policy::to_json(there)).at("snapshots")}});
    }
  }

  // Where in the document the service is.
  std::string put_fields(const ServiceState::Held& held, const policy::History& history) {
    const control::Cluster& c = held.cluster;
    places_[c.name] = services_;
    const std::string at = fmt::format("/services/{}", services_++);
    const policy::ServiceRules& rules = *rules_.at(c.project);
    draft_.set(at + "/name", c.name);
    draft_.set(at + "/project", c.project);
    draft_.set(at + "/provider", std::string(rules.name));
    draft_.set(at + "/region", c.region);
    if (!c.cloud.empty()) draft_.set(at + "/cloud", c.cloud);
    if (!c.kind.empty()) draft_.set(at + "/kind", c.kind);
    if (!c.zone.empty() && c.zone != "UTC") draft_.set(at + "/zone", c.zone);
    if (!c.retention.empty()) draft_.set(at + "/retention", c.retention);
    if (!c.overlap.empty()) draft_.set(at + "/job/overlap", c.overlap);
    if (c.retries > 0) {
      draft_.set(at + "/job/retries", c.retries);
      draft_.set(at + "/job/retry_after", seconds_text(c.retry_after));
    }
    if (!c.tags.empty()) {
      note(c.name, "the tags that every backup of its schedules gets are not said in a scenario");
    }
    put_workload(at, c, rules, history);
    draft_.set(at + "/schedules", Json::array());
    std::size_t place = 0;
    for (const control::Schedule& s : held.schedules) {
      draft_.set(fmt::format("{}/schedules/{}", at, place++), schedule_of(c.name, rules, s));
    }
    // The history last: it is long.
    draft_.set(at + "/history/points", Json::parse(policy::to_json(history)).at("snapshots"));
    if (!held.schedules_on) off_.push_back(c.name);
    if (c.state == "SUSPENDED") suspended_.push_back(c.name);
    return at;
  }

  // Growth, as the backups that exist show it with its uncertainty; of a store that keeps only what
  // changes, change as well.
  void put_workload(const std::string& at, const control::Cluster& c,
                    const policy::ServiceRules& rules, const policy::History& history) {
    const bool is_own = rules.name == policy::service_rules("plain")->name;
    const auto footing = footing_of(std::string(rules.name), c.cloud, c.region);
    const bool by_change = footing.ok() && lives_by_change(*footing);
    const auto fit = fit_workload(policy::to_json(history), c.name, {}, false);
    if (!fit.ok()) {
      note(c.name, fmt::format("its data are taken to keep their size, no growth can be told: {}",
                               fit.error().message));
      const char* because = "too few backups tell how much of the data changes: all of it, at most";
      if (by_change && is_own) draft_.choose(at + "/delta", "full", because);
      if (by_change && !is_own) draft_.choose(at + "/change/per_day", "100%", because);
      return;
    }
    const Json fields = Json::parse(sim::workload_json(fit->fit));
    const auto put = [&](const char* field, bool is_asked) {
      if (is_asked && fields.contains(field)) draft_.set(at + "/" + field, fields.at(field));
    };
    put("growth", true);
    put("outlook", true);
    put("change", by_change);
    put("delta", is_own);
    if (fields.contains("growth")) {
      draft_.comment(at + "/growth", fmt::format("As {} backups show it.", fit->fit.backups));
    }
    for (const std::string& text : fit->notes) note(c.name, text);
    for (const std::string& text : fit->fit.warnings) note(c.name, text);
  }

  // What is kept for so many days, or for ever.
  void put_retention(Json& into, const std::string& name, const policy::ServiceRules& rules,
                     const std::string& words) {
    if (words.empty()) return;
    if (const auto days = days_of(rules, words)) {
      into["retention_days"] = *days;
    } else {
      note(name,
           fmt::format("what is kept by \"{}\" is no number of days, and taken to stay", words));
    }
  }

  Json schedule_of(const std::string& name, const policy::ServiceRules& rules,
                   const control::Schedule& s) {
    Json schedule{{"name", s.name}, {"rule", s.rule}};
    if (s.name.empty()) schedule.erase("name");
    if (!s.zone.empty() && s.zone != "UTC") schedule["zone"] = s.zone;
    put_retention(schedule, name, rules, s.retention);
    if (s.catches_up) schedule["missed"] = "catch_up";
    if (s.from && *s.from > state_.now) schedule["from"] = format_instant(*s.from);
    if (s.until) schedule["until"] = format_instant(*s.until);
    for (const control::Copy& copy : s.copies) {
      Json said{{"region", copy.region}};
      put_retention(said, name, rules, copy.retention);
      schedule["copies"].push_back(std::move(said));
    }
    return schedule;
  }

  void put_limits() {
    std::size_t place = 0;
    for (const control::Limit& limit : state_.limits) {
      Json said{{"jobs", limit.jobs}};
      if (limit.wait_at_most) said["wait_at_most"] = seconds_text(*limit.wait_at_most);
      if (!limit.region.empty()) said["region"] = limit.region;
      if (!limit.project.empty()) {
        if (!is_used(limit.project)) continue;
        said["project"] = limit.project;
      }
      for (const std::string& id : limit.clusters) {
        if (ids_.contains(id)) said["service"].push_back(ids_.at(id));
      }
      if (!limit.clusters.empty() && !said.contains("service")) continue;
      draft_.set(fmt::format("/limits/{}", place++), std::move(said));
    }
  }

  // What is off stays off.
  void put_events() {
    std::size_t place = 0;
    const auto put = [&](const char* kind, const std::string& name) {
      Json event{{"at", "+0s"}, {"kind", kind}, {"service", name}};
      if (std::string_view(kind) == "suspend") event["for"] = fmt::format("{}d", days_);
      draft_.set(fmt::format("/events/{}", place++), std::move(event));
    };
    for (const std::string& name : off_) put("disable_schedules", name);
    for (const std::string& name : suspended_) put("suspend", name);
  }

  // What it says beside the policy: the service knows no more than that.
  void take_over(const control::AppliedScenario& applied) {
    const auto document = Document::parse_file(applied.document, "-");
    if (!document.ok()) return note(applied.name, "it was applied, and cannot be read any more");
    const Json root = Json::parse(document->root().dump());
    for (const char* field : {"price_book", "price_options", "prices", "exchange", "quantile"}) {
      if (!root.contains(field)) continue;
      const auto [known, is_new] = prices_.emplace(field, root.at(field));
      if (is_new) draft_.set(std::string("/") + field, root.at(field));
      if (known->second != root.at(field)) {
        note(applied.name, fmt::format("its {} is not that of another scenario that was applied, "
                                       "which is taken",
                                       field));
      }
    }
    for (const Json& service : root.value("services", Json::array())) take_job(root, service);
    for (Json requirement : root.value("requirements", Json::array())) {
      if (requirement.contains("from") || requirement.contains("until")) {
        note(applied.name, fmt::format("{} is for a time of its own run, and left out",
                                       requirement.value("name", "a requirement")));
        continue;
      }
      if (!narrow(root, requirement)) {
        note(applied.name, fmt::format("{} speaks of nothing that is left, and is left out",
                                       requirement.value("name", "a requirement")));
        continue;
      }
      draft_.set(fmt::format("/requirements/{}", requirements_++), std::move(requirement));
    }
  }

  // To those of the scenario's own services that are here. False: none is.
  bool narrow(const Json& root, Json& requirement) const {
    if (requirement.contains("project")) {
      return rules_.contains(requirement.at("project").get<std::string>());
    }
    Json named = requirement.value("service", Json("*"));
    if (named.is_string()) named = Json::array({named});
    if (std::find(named.begin(), named.end(), Json("*")) != named.end()) {
      named = Json::array();
      for (const Json& service : root.value("services", Json::array())) {
        named.push_back(service.value("name", ""));
      }
    }
    Json here = Json::array();
    for (const Json& name : named) {
      if (places_.contains(name.get<std::string>())) here.push_back(name);
    }
    requirement["service"] = here;
    return !here.empty();
  }

  // How fast its jobs are taken to be.
  void take_job(const Json& root, const Json& service) {
    const auto place = places_.find(service.value("name", ""));
    if (place == places_.end()) return;
    Json job = root.value(Json::json_pointer("/defaults/job"), Json::object());
    job.update(service.value("job", Json::object()));
    for (const char* field : {"overlap", "retries", "retry_after"}) job.erase(field);
    for (const auto& [field, value] : job.items()) {
      draft_.set(fmt::format("/services/{}/job/{}", place->second, field), value);
    }
  }

  void note(const std::string& about, const std::string& text) {
    notes_.push_back(about + ": " + text);
  }

  const ServiceState& state_;
  std::uint32_t days_;
  Draft draft_;
  std::size_t projects_ = 0, services_ = 0, requirements_ = 0;
  std::map<std::string, std::size_t> places_;  // of services, by name
  std::map<std::string, Json> prices_;         // fields about prices that were taken over
  std::map<std::string, const policy::ServiceRules*> rules_;  // by project
  std::map<std::string, std::string> names_, ids_;            // of clusters, each by the other
  std::vector<std::string> off_, suspended_;
  std::vector<std::string> notes_;
  std::vector<inventory::LeftOut> left_out_;
};

}  // namespace

Result<Started, Errors> start_from_service(const ServiceState& state, std::uint32_t days) {
  return FromService(state, days).start();
}

}  // namespace backcast::study
