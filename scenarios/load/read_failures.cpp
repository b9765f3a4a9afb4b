// What fails by chance and is mended again: what of, how often, for how long.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "scenarios/load/build.h"
#include "sim/model/failures.h"

namespace backcast::scenario {
namespace {

using sim::EventKind;
using sim::FailureLaw;

constexpr double kMostOutages = 100'000;

bool has_link(const sim::Scenario& scenario, const FailureLaw& law) {
  return std::any_of(scenario.links.begin(), scenario.links.end(), [&](const sim::LinkSpec& link) {
    return link.from == law.region && link.to == law.to_region;
  });
}

bool has_region(const sim::Scenario& scenario, const std::string& region) {
  const auto lies_there = [&](const sim::Service& service) {
    const auto copies_there = [&](const auto& place) { return place.region == region; };
    return service.region == region ||
           std::any_of(service.elsewhere.begin(), service.elsewhere.end(), copies_there) ||
           std::any_of(service.schedules.begin(), service.schedules.end(), [&](const auto& s) {
             return std::any_of(s.copies.begin(), s.copies.end(), copies_there);
           });
  };
  return std::any_of(scenario.services.begin(), scenario.services.end(), lies_there) ||
         std::any_of(scenario.fleets.begin(), scenario.fleets.end(),
                     [&](const sim::Fleet& fleet) { return lies_there(fleet.service); });
}

// What fails: a region, a link, a store or jobs. False, and a fault, where that is not clear.
bool read_what(Build& build, const Node& node, FailureLaw& law) {
  const auto region = node.text("region"), to_region = node.text("to_region"),
             store = node.text("store");
  const int given = (region ? 1 : 0) + (store ? 1 : 0) + (node.has("service") ? 1 : 0);
  if (given != 1 || (to_region && !region)) {
    node.fault("a failure is of one thing",
               "give \"region\", \"region\" and \"to_region\" (a link), \"store\", or \"service\"");
    return false;
  }
  if (node.has("share") && !node.has("service")) {
    node.fault_at("share", "nothing acts on \"share\" but with \"service\"", "leave it out");
  }
  law.region = store ? *store : region.value_or("");
  law.to_region = to_region.value_or("");
  if (node.has("service")) {
    law.kind = EventKind::kJobFailures;
    law.share = node.share_up_to_one("share").value_or(1);
    Who who = read_who(build, node, false);
    law.services = std::move(who.services);
    law.fleets = std::move(who.fleets);
    law.name = "jobs " + node.text("name").value_or("");
    if (!node.has("name")) {
      node.fault("failures of jobs need a \"name\", by which they are drawn",
                 "give what they have in common: \"name\": \"credentials\"");
    }
    return true;
  }
  law.kind = store       ? EventKind::kStoreOutage
             : to_region ? EventKind::kLinkOutage
                         : EventKind::kOutage;
  law.name = (store ? "store " : to_region ? "link " : "region ") + law.region;
  if (to_region) law.name += " to " + law.to_region;
  if (node.has("name")) {
    node.fault_at("name", "regions, links and stores are drawn by their own names", "leave it out");
  }
  if (to_region && !has_link(build.scenario, law)) {
    node.fault_at("to_region", fmt::format("there is no link from {} to {}", printable(law.region),
                                           printable(law.to_region)));
  } else if (!to_region && !has_region(build.scenario, law.region)) {
    node.fault_at(store ? "store" : "region",
                  fmt::format("nothing is kept in {}", printable(law.region)));
  }
  return true;
}

void read_failure(Build& build, const Node& node) {
  sim::Scenario& scenario = build.scenario;
  FailureLaw law;
  law.pointer = node.pointer();
  const auto between = node.duration("mtbf"), to_repair = node.duration("mttr");
  if (!read_what(build, node, law) || !between || !to_repair) return;
  law.mean_between = *between;
  law.mean_to_repair = *to_repair;
  bool right = true;
  const auto wrong = [&](const char* field, std::string what, std::string hint) {
    right = false;
    node.fault_at(field, std::move(what), std::move(hint));
  };
  if (*between < kMinute) wrong("mtbf", "shorter than a minute", "give a time such as \"60d\"");
  if (*to_repair < kSecond) wrong("mttr", "shorter than a second", "give a time such as \"4h\"");
  if (*to_repair > scenario.end - scenario.start) {
    wrong("mttr",
          fmt::format("a repair takes {} on average, longer than the run of {}",
                      format_duration(*to_repair), format_duration(scenario.end - scenario.start)),
          "give a shorter time, or lengthen the horizon");
  }
  for (const FailureLaw& other : scenario.failures) {
    if (other.name == law.name) {
      right = false;
      node.fault(fmt::format("failures of {} are given twice", printable(law.name)),
                 "give each once");
    }
  }
  if (right && sim::expected_outages(scenario, law) > kMostOutages) {
    wrong("mtbf",
          fmt::format("about {:.3g} failures in the run; at most {:.0f} are simulated",
                      sim::expected_outages(scenario, law), kMostOutages),
          "give a longer time, or shorten the horizon");
  }
  if (!right) return;
  const double up =
      static_cast<double>(between->count()) /
      (static_cast<double>(between->count()) + static_cast<double>(to_repair->count()));
  std::string what = law.name + " fails by chance";
  if (law.kind == EventKind::kJobFailures) {
    const std::string part = law.share < 1 ? fmt::format("{:g} % of ", 100 * law.share) : "";
    what = fmt::format("{} makes the jobs of {}its services fail by chance",
                       node.text("name").value_or(""), part);
  }
  build.assume(fmt::format(
      "{}: {} between failures and {} to repair on average, working {:.4g} % of the time in the "
      "long run",
      what, format_duration(*between), format_duration(*to_repair), 100 * up));
  scenario.failures.push_back(std::move(law));
}

}  // namespace

void read_failures(Build& build) {
  for (const Node& node : build.root.items("failures")) read_failure(build, node);
}

}  // namespace backcast::scenario
