// Times and versions that a run depends on: what the document states, what a profile says with a
// source, and what nobody does.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

using sim::MissingKind;

// One service or fleet with what is said of it.
struct Subject {
  const sim::Service& service;
  const Profile& profile;
  const nlohmann::json& own;  // what the document says
  std::string pointer;        // where the document would say more
  std::uint32_t index = 0;
  bool of_fleet = false;
};

nlohmann::json::json_pointer path_of(std::string_view field) {
  return nlohmann::json::json_pointer("/" + std::string(field));
}

// "none: …" is no source.
bool has_sources(const Profile& profile) {
  const auto sources = profile.document->value("sources", std::vector<std::string>());
  return std::any_of(sources.begin(), sources.end(),
                     [](const std::string& source) { return !source.starts_with("none"); });
}

// The profile's own value of a field; null where it has none, or only an assumption.
const nlohmann::json* said(const Subject& subject, const nlohmann::json& fields,
                           const std::string& field) {
  if (!has_sources(subject.profile)) return nullptr;
  const auto assumptions = subject.profile.document->find("assumptions");
  if (assumptions != subject.profile.document->end() && assumptions->contains(field)) {
    return nullptr;
  }
  const auto path = path_of(field);
  return fields.contains(path) ? &fields.at(path) : nullptr;
}

bool makes_backups(const sim::Scenario& scenario, const Subject& subject) {
  if (!subject.service.schedules.empty()) return true;
  return std::any_of(scenario.events.begin(), scenario.events.end(), [&](const auto& event) {
    const auto& named = subject.of_fleet ? event.fleets : event.services;
    return event.kind == sim::EventKind::kManualBackup &&
           std::find(named.begin(), named.end(), subject.index) != named.end();
  });
}

class Finder {
 public:
  explicit Finder(Build& build) : build_(build) {}

  // A restore that asks for a version, where nobody says which was the latest then.
  void look_at_restores() {
    for (std::uint32_t i = 0; i < build_.scenario.events.size(); ++i) {
      const sim::ScheduledEvent& event = build_.scenario.events[i];
      if (!event.target_version || event.latest_version) continue;
      const bool chooses =
          std::any_of(event.services.begin(), event.services.end(), [&](std::uint32_t service) {
            return build_.scenario.services[service].rules->restore.versions ==
                   policy::VersionRule::kOriginalOrLatest;
          });
      if (!chooses) continue;
      auto& all = build_.scenario.missing;
      auto found = std::find_if(all.begin(), all.end(), [](const auto& missing) {
        return missing.kind == MissingKind::kLatestVersion;
      });
      if (found == all.end()) {
        all.push_back({MissingKind::kLatestVersion, false, {}, {}, {}, {}});
        found = all.end() - 1;
      }
      found->events.push_back(i);
      found->pointers.push_back(event.pointer + "/latest_version");
      build_.assume(fmt::format("the version that {} asks for is offered: nobody states the latest",
                                event.pointer));
    }
  }

  void look_at(const Subject& subject) {
    const nlohmann::json fields =
        with_defaults(subject.profile, subject.service.cloud, nlohmann::json(), nlohmann::json());
    note_said(subject, fields);
    note_quota(subject);
    const auto is_stated = [&](const std::string& field) {
      return subject.own.contains(path_of(field)) || said(subject, fields, field) != nullptr;
    };
    if (makes_backups(build_.scenario, subject)) {
      const bool has_collections =
          subject.service.collections > subject.service.job.speed.free_collections;
      if (!is_stated("job/rate")) {
        add(MissingKind::kBackupTime, subject, "job/rate", false);
      } else if (has_collections && !is_stated("job/ms_per_collection")) {
        add(MissingKind::kBackupTime, subject, "job/ms_per_collection", true);
      }
    }
    const auto is_used = [&](const char* field) {
      return uses(build_.scenario, subject.index, subject.of_fleet, field);
    };
    if (is_used("job/copy_rate") && !is_stated("job/copy_rate")) {
      add(MissingKind::kCopyTime, subject, "job/copy_rate", false);
    }
    if (subject.service.job.retries > 0 && !is_stated("job/retry_after")) {
      add(MissingKind::kRetryTime, subject, "job/retry_after", false);
    }
    if (is_used("job/restore_rate") && !is_stated("job/restore_rate")) {
      add(MissingKind::kRestoreTime, subject, "job/restore_rate", false);
    }
  }

 private:
  void add(MissingKind kind, const Subject& subject, const std::string& field, bool is_part) {
    auto& all = build_.scenario.missing;
    const auto same = [&](const auto& m) { return m.kind == kind && m.is_part == is_part; };
    auto found = std::find_if(all.begin(), all.end(), same);
    if (found == all.end()) {
      all.push_back({kind, is_part, {}, {}, {}, {}});
      found = all.end() - 1;
    }
    (subject.of_fleet ? found->fleets : found->services).push_back(subject.index);
    const std::string pointer = subject.pointer + "/" + field;
    const bool is_new =
        std::find(found->pointers.begin(), found->pointers.end(), pointer) == found->pointers.end();
    if (is_new) found->pointers.push_back(pointer);
  }

  // Which reading of what the provider publishes about its quota the run goes by.
  void note_quota(const Subject& subject) {
    const sim::Project& project = build_.scenario.projects[subject.service.project];
    const auto modes = subject.profile.document->find("quota_modes");
    if (!project.quota_bytes || modes == subject.profile.document->end()) return;
    const std::string mode(policy::name(project.quota_mode));
    if (!modes->contains(mode)) return;
    note(fmt::format("{}: quota_mode {} ({})", subject.profile.name, mode,
                     modes->at(mode).get<std::string>()));
  }

  void note(std::string text) {
    auto& list = build_.scenario.said;
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
  }

  void note_said(const Subject& subject, const nlohmann::json& fields) {
    constexpr std::array<const char*, 5> kFields{"delta", "retention", "job/rate", "job/copy_rate",
                                                 "job/restore_rate"};
    std::string text;
    for (const char* const field : kFields) {
      const auto* value = said(subject, fields, field);
      const bool counts = value != nullptr && value->is_string() &&
                          !subject.own.contains(path_of(field)) &&
                          uses(build_.scenario, subject.index, subject.of_fleet, field);
      if (!counts) continue;
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", field, value->get<std::string>());
    }
    if (text.empty()) return;
    note(subject.profile.name + ": " + text);
  }

  Build& build_;
};

// Members of a fleet say what its "service" says.
std::string where_it_says(const std::string& pointer) {
  return pointer.starts_with("/fleets/") ? pointer + "/service" : pointer;
}

}  // namespace

void find_missing(Build& build) {
  Finder finder(build);
  finder.look_at_restores();
  for (std::uint32_t i = 0; i < build.scenario.services.size(); ++i) {
    finder.look_at({build.scenario.services[i], *build.profile_of_service[i], build.own_fields[i],
                    where_it_says(build.pointer_of_service[i]), i, false});
  }
  for (std::uint32_t i = 0; i < build.scenario.fleets.size(); ++i) {
    finder.look_at({build.scenario.fleets[i].service, *build.profile_of_fleet[i],
                    build.own_fields_of_fleet[i], where_it_says(build.pointer_of_fleet[i]), i,
                    true});
  }
}

}  // namespace backcast::scenario
