#include "cli/service/apply_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <deque>
#include <nlohmann/json.hpp>

#include "cli/service/client.h"
#include "engine/api/routes/values.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "engine/env/env.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/schedule/schedule.h"
#include "rehearsal/twin/scenario_commands.h"

namespace backcast::cli {
namespace {

using nlohmann::json;
using Held = study::ServiceState::Held;

// Words that mean the same, in one form: policies, rules and zones may have been typed.
std::string retention_words(const std::string& words) {
  const auto policy = policy::parse_policy(words);
  return !words.empty() && policy.ok() ? policy::to_text(*policy) : words;
}

std::string rule_words(const std::string& words) {
  const auto rule = policy::parse_schedule(words);
  return rule.ok() ? policy::print(*rule) : words;
}

std::string zone_words(const std::string& zone) {
  return zone == "UTC" ? std::string() : zone;
}

// The fields of what is wanted that are other than those that are there, "a: 1 -> 2, b: 3 -> 4".
// A field that is not said stays.
struct Differing {
  json body = json::object();
  std::string detail;

  void add(const char* field, const json& before, const json& after) {
    if (before == after) return;
    body[field] = after;
    detail +=
        fmt::format("{}{}: {} -> {}", detail.empty() ? "" : ", ", field, text(before), text(after));
  }
  static std::string text(const json& value) {
    if (value.is_string()) {
      return value.get<std::string>().empty() ? "none" : value.get<std::string>();
    }
    if (value.is_null() || value.empty()) return "none";
    if (!value.is_array()) return value.dump();
    std::vector<std::string> copies;
    for (const json& copy : value) {
      if (copy.is_string()) {  // a region
        copies.push_back(copy.get<std::string>());
        continue;
      }
      const std::string kept = text(copy.at("retention"));
      copies.push_back(fmt::format("{} ({})", copy.at("region").get<std::string>(),
                                   kept == "none" ? "for ever" : kept));
    }
    return fmt::format("{}", fmt::join(copies, ", "));
  }
};

class Planner {
 public:
  Planner(const scenario::Loaded& loaded, const study::ServiceState& state, const Sources& sources)
      : loaded_(loaded),
        scenario_(loaded.scenario),
        state_(state),
        sources_(sources),
        said_(rehearsal::commands_of(loaded.scenario)),
        names_projects_(loaded.document.root().contains("projects")) {}

  Result<ApplyPlan, Errors> plan(const std::vector<control::AppliedScenario>& applied) {
    refuse_what_is_not_run();
    find_clusters();
    check_sources();
    if (!faults_.empty()) return std::move(faults_);
    plan_projects();
    for (const Held& held : made_) plan_new(held.cluster);
    for (std::size_t i = 0; i < said_.clusters.size(); ++i) plan_cluster(i);
    plan_limits();
    if (!faults_.empty()) return std::move(faults_);
    plan_scenario(applied);
    say_what_is_no_policy();
    return std::move(plan_);
  }

 private:
  void fault(const std::string& pointer, std::string message, std::string hint) {
    Error error = bad_input(std::move(message), std::move(hint));
    error.where = loaded_.document.locate(pointer);
    error.where.file = loaded_.document.name();
    error.where.pointer = pointer;
    faults_.push_back(std::move(error));
  }

  static std::string at(const char* list, std::size_t index, const char* field = "") {
    return fmt::format("/{}/{}{}", list, index, field);
  }

  void refuse_what_is_not_run() {
    if (!scenario_.repositories.empty()) {
      fault("/repositories", "a service keeps one repository for each project and region",
            "leave this out, and have one project for what is to share its content");
    }
    if (!scenario_.fleets.empty()) {
      fault("/fleets", "a service runs clusters one by one, not fleets that are kept as sums",
            "name the clusters under \"services\"");
    }
    for (std::size_t i = 0; i < scenario_.services.size(); ++i) {
      const sim::Service& s = scenario_.services[i];
      const bool leaves = std::any_of(s.elsewhere.begin(), s.elsewhere.end(),
                                      [&](const sim::Place& p) { return p.book != s.book; });
      if (leaves) {
        fault(at("services", i, "/schedules"),
              "copies with another provider are made by no service",
              "leave \"provider\" and \"price_book\" of the copy out");
      }
    }
  }

  std::string place_of(std::size_t service) const {
    const auto& services = loaded_.document.root().value("services", json::array());
    return service < services.size() ? at("services", service, "/name") : "/fleets";
  }

  void find_clusters() {
    for (std::size_t i = 0; i < said_.clusters.size(); ++i) {
      const control::Cluster& wanted = said_.clusters[i];
      std::vector<const Held*> found;
      for (const Held& held : state_.clusters) {
        if (held.cluster.name != wanted.name) continue;
        if (!names_projects_ || held.cluster.project == wanted.project) found.push_back(&held);
      }
      found_.push_back(found.size() == 1 ? found.front() : nullptr);
      if (found.size() == 1) {
        check_cluster(i, found.front()->cluster);
        continue;
      }
      const std::string whose = names_projects_ ? " in project " + wanted.project : "";
      if (!found.empty()) {
        fault(place_of(i), fmt::format("several clusters are called {}", printable(wanted.name)),
              "name their projects under \"projects\" and \"project\"");
        continue;
      }
      if (const auto source = sources_.find(wanted.name); source != sources_.end()) {
        found_.back() = make_cluster(wanted, source->second);
        check_cluster(i, wanted);
        continue;
      }
      fault(place_of(i), fmt::format("there is no cluster {}{}", printable(wanted.name), whose),
            fmt::format("only you know where its data is: --source {}=/srv/data", wanted.name));
    }
  }

  const Held* make_cluster(const control::Cluster& wanted, const std::string& source) {
    std::array<std::uint8_t, 8> random;
    env::posix_env().random(random);
    Held& made = made_.emplace_back();
    made.cluster = wanted;
    made.cluster.id = fmt::format("in01-{:02x}", fmt::join(random, ""));
    made.cluster.source = source;
    if (made.cluster.kind.empty()) made.cluster.kind = "folder";
    made.schedules_on = true;
    return &made;
  }

  void check_sources() {
    for (const auto& told : sources_) {
      const std::string& name = told.first;
      const bool is_new = std::any_of(made_.begin(), made_.end(),
                                      [&](const Held& held) { return held.cluster.name == name; });
      if (is_new) continue;
      faults_.push_back(
          bad_input(fmt::format("--source {}: the scenario has no such service, or the service "
                                "has its cluster already",
                                printable(name)),
                    "give the data of clusters that are to be made"));
    }
  }

  void check_cluster(std::size_t i, const control::Cluster& is) {
    const control::Cluster& wanted = said_.clusters[i];
    if (wanted.region != is.region) {
      fault(at("services", i, "/region"),
            fmt::format("{} is kept in {}, not in {}", is.name, is.region, wanted.region),
            "a cluster stays in its region");
    }
    if (!wanted.key.empty() && wanted.key != is.key) {
      fault(
          at("services", i, "/key"),
          fmt::format("{} is under {}, not under the key {}", is.name,
                      is.key.empty() ? "the key of its project" : "the key " + is.key, wanted.key),
          "a cluster stays under the key that it was made with");
    }
    const auto project =
        std::find_if(state_.projects.begin(), state_.projects.end(),
                     [&](const control::Project& p) { return p.id == is.project; });
    const std::string rules(scenario_.services[i].rules->name);
    if (project != state_.projects.end() && project->rules != rules) {
      fault(at("services", i, "/provider"),
            fmt::format("under project {} the rules of {} hold, and the scenario is under those of "
                        "{}",
                        is.project, project->rules, rules),
            "give \"provider\", or another project");
    }
  }

  void add(char sign, const char* what, std::string subject, std::string detail, const char* method,
           std::string target, const json& body) {
    plan_.changes.push_back({sign, what, std::move(subject), std::move(detail), method,
                             std::move(target), body.is_null() ? "" : body.dump()});
  }

  // Those that are wanted for clusters that are to be made; and of those that there are, what the
  // scenario speaks of: without "projects" they stay as they are.
  void plan_projects() {
    for (const control::Project& wanted : said_.projects) {
      const auto is_it = [&](const control::Project& p) { return p.id == wanted.id; };
      const auto is_in = [&](const Held& held) { return held.cluster.project == wanted.id; };
      if (std::any_of(made_.begin(), made_.end(), is_in) &&
          std::none_of(state_.projects.begin(), state_.projects.end(), is_it)) {
        json body = api::json_of(wanted);
        for (const char* field : {"id", "deleted", "key_destroyed"}) body.erase(field);
        add('+', "project", wanted.id, "the rules of " + wanted.rules, "PUT",
            "/v1/projects/" + escaped(wanted.id), body);
      }
    }
    if (!names_projects_) return;
    const json& written = loaded_.document.root().at("projects");
    for (std::size_t i = 0; i < said_.projects.size(); ++i) {
      const control::Project& wanted = said_.projects[i];
      const auto is = std::find_if(state_.projects.begin(), state_.projects.end(),
                                   [&](const control::Project& p) { return p.id == wanted.id; });
      if (is == state_.projects.end()) continue;  // no cluster could be in it
      json before = api::json_of(*is), after = api::json_of(wanted);
      after["plan"] = i < written.size() ? written[i].value("plan", is->plan) : is->plan;
      if (after["quota_bytes"].is_null()) after["quota_mode"] = before["quota_mode"];
      Differing differing;
      for (const char* field :
           {"plan", "quota_bytes", "quota_mode", "quota_ceiling_bytes", "grace_seconds"}) {
        differing.add(field, before.at(field), after.at(field));
      }
      if (!wanted.regions.empty()) {
        differing.add("regions", before.at("regions"), after.at("regions"));
      }
      if (differing.body.empty()) continue;
      add('~', "project", wanted.id, differing.detail, "PUT", "/v1/projects/" + escaped(wanted.id),
          differing.body);
    }
  }

  void plan_new(const control::Cluster& cluster) {
    json body = api::json_of(cluster);
    for (const char* field : {"state", "created", "deleted"}) body.erase(field);
    add('+', "cluster", cluster.project + "/" + cluster.name,
        fmt::format("{} in {}", cluster.kind, cluster.region), "POST", "/v1/clusters", body);
  }

  void plan_cluster(std::size_t i) {
    const control::Cluster& wanted = said_.clusters[i];
    const Held& held = *found_[i];
    const control::Cluster& is = held.cluster;
    const std::string subject = is.project + "/" + is.name;
    const std::string target = "/v1/clusters/" + escaped(is.id);
    Differing differing;
    differing.add("zone", zone_words(is.zone), zone_words(wanted.zone));
    differing.add("retention", retention_words(is.retention), wanted.retention);
    if (!wanted.overlap.empty()) differing.add("overlap", is.overlap, wanted.overlap);
    differing.add("retries", is.retries, wanted.retries);
    if (wanted.retries > 0) {
      differing.add("retry_after_seconds", api::json_of(is).at("retry_after_seconds"),
                    api::json_of(wanted).at("retry_after_seconds"));
    }
    if (!differing.body.empty()) {
      add('~', "cluster", subject, differing.detail, "PATCH", target, differing.body);
    }
    plan_schedules(held, said_.schedules[i], subject, target + "/schedules");
    if (!held.schedules_on && !said_.schedules[i].empty()) {
      add('~', "schedules", subject, "switched on", "PUT", target + "/schedules", {{"on", true}});
    }
  }

  void plan_schedules(const Held& held, const std::vector<control::Schedule>& wanted,
                      const std::string& subject, const std::string& target) {
    for (const control::Schedule& is : held.schedules) {
      if (named(wanted, is.name) != nullptr) continue;
      add('-', "schedule", subject + " " + is.name, is.rule, "DELETE",
          target + "/" + escaped(is.id), nullptr);
    }
    for (const control::Schedule& schedule : wanted) {
      const control::Schedule* is = named(held.schedules, schedule.name);
      json after = api::json_of(schedule);
      const std::string name = subject + " " + schedule.name;
      if (is == nullptr) {
        for (const char* field : {"id", "cluster", "due"}) after.erase(field);
        const std::string kept = schedule.retention.empty() ? "kept for ever" : schedule.retention;
        add('+', "schedule", name, schedule.rule + ", " + kept, "POST", target, after);
        continue;
      }
      const json before = same_words(*is);
      Differing differing;
      if (holds_alike(*is, schedule)) after["from"] = before["from"];
      after["zone"] = zone_words(schedule.zone);
      for (const char* field :
           {"rule", "zone", "retention", "catches_up", "copies", "from", "until"}) {
        differing.add(field, before.at(field), after.at(field));
      }
      if (differing.body.empty()) continue;
      add('~', "schedule", name, differing.detail, "PATCH", target + "/" + escaped(is->id),
          differing.body);
    }
  }

  static const control::Schedule* named(const std::vector<control::Schedule>& schedules,
                                        const std::string& name) {
    const auto found = std::find_if(schedules.begin(), schedules.end(),
                                    [&](const auto& s) { return s.name == name; });
    return found == schedules.end() ? nullptr : &*found;
  }

  // Both hold already, and nothing is counted from when they began to.
  bool holds_alike(const control::Schedule& is, const control::Schedule& wanted) const {
    const auto has_begun = [&](const control::Schedule& s) {
      return s.from.value_or(Instant{}) <= state_.now;
    };
    return has_begun(is) && has_begun(wanted) && wanted.rule.find("@every") == std::string::npos;
  }

  static json same_words(control::Schedule schedule) {
    schedule.rule = rule_words(schedule.rule);
    schedule.zone = zone_words(schedule.zone);
    schedule.retention = retention_words(schedule.retention);
    for (control::Copy& copy : schedule.copies) copy.retention = retention_words(copy.retention);
    return api::json_of(schedule);
  }

  // Those of other projects and clusters stay.
  void plan_limits() {
    std::vector<json> wanted, ours, others;
    for (control::Limit limit : said_.limits) {
      for (std::string& cluster : limit.clusters) {
        for (std::uint32_t i = 0; i < found_.size(); ++i) {
          if (cluster == rehearsal::uid_of(i)) {
            cluster = found_[i]->cluster.id;
            break;
          }
        }
      }
      std::sort(limit.clusters.begin(), limit.clusters.end());
      wanted.push_back(api::json_of(limit));
    }
    for (control::Limit limit : state_.limits) {
      std::sort(limit.clusters.begin(), limit.clusters.end());
      (is_ours(limit) ? ours : others).push_back(api::json_of(limit));
    }
    std::sort(wanted.begin(), wanted.end());
    std::sort(ours.begin(), ours.end());
    if (wanted == ours) return;
    json all = others;
    for (const json& limit : wanted) all.push_back(limit);
    add(wanted.empty() ? '-'
        : ours.empty() ? '+'
                       : '~',
        "limits", "of jobs", fmt::format("{} -> {}", ours.size(), wanted.size()), "PUT",
        "/v1/limits", {{"limits", all}});
  }

  bool is_ours(const control::Limit& limit) const {
    const auto speaks_of = [&](const auto& matches) {
      return std::any_of(found_.begin(), found_.end(),
                         [&](const Held* held) { return matches(held->cluster); });
    };
    if (!limit.clusters.empty()) {
      return speaks_of([&](const control::Cluster& c) {
        return std::find(limit.clusters.begin(), limit.clusters.end(), c.id) !=
               limit.clusters.end();
      });
    }
    if (!limit.project.empty()) {
      return speaks_of([&](const control::Cluster& c) { return c.project == limit.project; });
    }
    return true;
  }

  void plan_scenario(const std::vector<control::AppliedScenario>& applied) {
    control::AppliedScenario wanted;
    wanted.name = scenario_.name;
    wanted.document = loaded_.text;
    for (const Held* held : found_) wanted.projects.push_back(held->cluster.project);
    std::sort(wanted.projects.begin(), wanted.projects.end());
    wanted.projects.erase(std::unique(wanted.projects.begin(), wanted.projects.end()),
                          wanted.projects.end());
    const auto is = std::find_if(applied.begin(), applied.end(),
                                 [&](const auto& s) { return s.name == wanted.name; });
    if (is != applied.end() && is->document == wanted.document) return;
    add(is == applied.end() ? '+' : '~', "scenario", wanted.name,
        fmt::format("{} requirements", scenario_.requirements.size()), "PUT",
        "/v1/scenarios/" + escaped(wanted.name),
        {{"document", wanted.document}, {"projects", wanted.projects}});
  }

  void say_what_is_no_policy() {
    const auto say = [&](std::size_t count, const char* what) {
      if (count > 0)
        plan_.notes.push_back(
            fmt::format("{} {} are what may happen, no policy: not "
                        "applied",
                        count, what));
    };
    say(scenario_.events.size(), "events");
    say(scenario_.failures.size(), "failures");
  }

  const scenario::Loaded& loaded_;
  const sim::Scenario& scenario_;
  const study::ServiceState& state_;
  const Sources& sources_;
  rehearsal::Said said_;
  bool names_projects_;
  std::deque<Held> made_;           // clusters that are to be made
  std::vector<const Held*> found_;  // by service of the scenario
  ApplyPlan plan_;
  Errors faults_;
};

}  // namespace

Result<ApplyPlan, Errors> plan_apply(const scenario::Loaded& loaded,
                                     const study::ServiceState& state,
                                     const std::vector<control::AppliedScenario>& applied,
                                     const Sources& sources) {
  return Planner(loaded, state, sources).plan(applied);
}

}  // namespace backcast::cli
