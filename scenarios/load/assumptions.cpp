// What a run takes for granted and nobody published: said once, and only where the run uses it; and
// the marks of `backcast new` on values that nobody stated.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;
using sim::EventKind;

// The JSON library throws on what is no pointer; none of that leaves this function.
bool has_value(const json& root, const std::string& pointer) {
  try {
    return !pointer.empty() && root.contains(json::json_pointer(pointer_by_place(root, pointer)));
  } catch (const json::exception&) {
    return false;
  }
}

bool copies_without_link(const sim::Scenario& scenario, const sim::Service& service,
                         const std::vector<sim::CopyRule>& copies) {
  return std::any_of(copies.begin(), copies.end(), [&](const sim::CopyRule& copy) {
    return std::none_of(scenario.links.begin(), scenario.links.end(),
                        [&](const sim::LinkSpec& link) {
                          return link.from == service.region && link.to == copy.region;
                        });
  });
}

}  // namespace

std::vector<ChosenField> chosen_fields(const Document& document) {
  std::vector<ChosenField> chosen;
  const auto marks = document.root().find("chosen");
  if (marks == document.root().end()) return chosen;
  for (const auto& [pointer, because] : marks->items()) {
    chosen.push_back({pointer_by_place(document.root(), pointer), because.get<std::string>()});
  }
  return chosen;
}

// A mark on a value that is not there would say nothing of any.
void check_chosen(Build& build) {
  const Node marks = build.root.child("chosen");
  if (!marks.value().is_object()) return;  // as the schema says already
  for (const auto& [pointer, because] : marks.value().items()) {
    if (has_value(build.root.value(), pointer)) continue;
    marks.fault_at(pointer, fmt::format("there is no value at {}", printable(pointer)),
                   "delete the line, or give the JSON pointer of a field, such as /horizon or "
                   "/services/shop/size");
  }
}

bool uses(const sim::Scenario& scenario, std::uint32_t index, bool of_fleet,
          std::string_view field) {
  const sim::Service& service =
      of_fleet ? scenario.fleets[index].service : scenario.services[index];
  const auto names_it = [&](const auto& item) {
    const std::vector<std::uint32_t>& named = of_fleet ? item.fleets : item.services;
    return std::find(named.begin(), named.end(), index) != named.end();
  };
  if (field == "job/copy_rate") {
    for (const sim::ServiceSchedule& schedule : service.schedules) {
      if (copies_without_link(scenario, service, schedule.copies)) return true;
    }
    return std::any_of(scenario.events.begin(), scenario.events.end(), [&](const auto& event) {
      const bool brings_across = event.kind == EventKind::kRestore && !event.to_region.empty();
      return names_it(event) &&
             (brings_across || copies_without_link(scenario, service, event.copies));
    });
  }
  if (field == "job/restore_rate") {
    const bool event =
        std::any_of(scenario.events.begin(), scenario.events.end(),
                    [&](const auto& e) { return e.kind == EventKind::kRestore && names_it(e); });
    return event ||
           std::any_of(scenario.requirements.begin(), scenario.requirements.end(),
                       [&](const auto& r) {
                         return r.kind == sim::RequirementKind::kRestoreTime && names_it(r);
                       });
  }
  if (field == "job/ms_per_collection") {
    return service.collections > service.job.speed.free_collections;
  }
  return true;
}

void note_assumptions(Build& build) {
  check_chosen(build);
  bool timeless = false;
  const auto note = [&](const Profile& profile, const nlohmann::json& own, std::uint32_t index,
                        bool of_fleet) {
    const auto assumptions = profile.document->find("assumptions");
    if (assumptions == profile.document->end()) return;
    for (const auto& [field, text] : assumptions->items()) {
      const bool said = own.contains(nlohmann::json::json_pointer("/" + field));
      if (!said && uses(build.scenario, index, of_fleet, field)) {
        build.assume(text.get<std::string>());
      }
    }
  };
  for (std::uint32_t i = 0; i < build.scenario.services.size(); ++i) {
    timeless = timeless || build.scenario.services[i].job.speed.rate_bytes_per_second == 0;
    note(*build.profile_of_service[i], build.own_fields[i], i, false);
  }
  for (std::uint32_t i = 0; i < build.scenario.fleets.size(); ++i) {
    timeless = timeless || build.scenario.fleets[i].service.job.speed.rate_bytes_per_second == 0;
    note(*build.profile_of_fleet[i], build.own_fields_of_fleet[i], i, true);
  }
  if (timeless) {
    build.assume(
        "backups take no time where no speed is given (\"job\": {\"rate\": \"100 MB/s\"})");
  }
}

}  // namespace backcast::scenario
