// What must hold: each kind with its own limit, and limits that contradict each other refused.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "costmodel/book/money.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

using sim::RequirementKind;

enum class Limit : std::uint8_t { kNone, kDuration, kBytes, kMoney };

struct KindInfo {
  std::string_view name;
  RequirementKind kind;
  Limit limit;             // what at_most means
  std::string_view takes;  // fields that only some kinds go by, separated by spaces
};
constexpr std::array<KindInfo, 8> kKinds{{
    {"rpo", RequirementKind::kRpo, Limit::kDuration, "region"},
    {"restore_points", RequirementKind::kRestorePoints, Limit::kNone, "region at_least within"},
    {"coverage", RequirementKind::kCoverage, Limit::kNone, "region ladder"},
    {"protected", RequirementKind::kProtected, Limit::kNone, ""},
    {"quota", RequirementKind::kQuota, Limit::kBytes, "region project"},
    {"budget", RequirementKind::kBudget, Limit::kMoney, "region project per"},
    {"copy_within", RequirementKind::kCopyWithin, Limit::kDuration, "region"},
    {"restore_time", RequirementKind::kRestoreTime, Limit::kDuration, ""},
}};

// Fields of other kinds: nothing would act on them.
void check_fields(const Node& node, const KindInfo& info) {
  for (const char* const field :
       {"region", "at_least", "within", "ladder", "project", "per", "at_most"}) {
    const bool acts = std::string_view(field) == "at_most" ? info.limit != Limit::kNone
                                                           : has_word(info.takes, field);
    if (acts || !node.has(field)) continue;
    node.fault_at(field,
                  fmt::format("nothing acts on \"{}\" in a {} requirement", field, info.name),
                  "leave the field out");
  }
}

void read_limit(const Node& node, const KindInfo& info, sim::Requirement& requirement) {
  if (info.limit != Limit::kNone && !node.has("at_most")) {
    constexpr std::array<std::string_view, 4> kExample{"", "\"26h\"", "\"5 GiB\"", "\"25.00\""};
    node.fault(
        fmt::format("a {} requirement needs \"at_most\"", info.name),
        fmt::format("such as \"at_most\": {}", kExample[static_cast<std::size_t>(info.limit)]));
    return;
  }
  if (info.limit == Limit::kDuration) {
    requirement.at_most = node.duration("at_most").value_or(Duration{0});
    if (node.value()["at_most"].is_number()) {
      node.fault_at("at_most", "a number without a unit", "give a duration such as \"26h\"");
    }
  } else if (info.limit == Limit::kBytes) {
    requirement.at_most_bytes = node.bytes("at_most").value_or(0);
  } else if (info.limit == Limit::kMoney) {
    requirement.at_most_amount = node.text("at_most").value_or("");
    std::string_view amount = trim(requirement.at_most_amount);
    if (const auto space = amount.find(' '); space != amount.npos) {
      requirement.currency = amount.substr(space + 1);
      amount = amount.substr(0, space);
    }
    requirement.at_most_amount = amount;
    if (auto parsed = cost::Decimal::parse(amount); !parsed.ok()) {
      node.fault_at("at_most", fmt::format("{} is not an amount of money", printable(amount)),
                    "give a text such as \"25.00 USD\"");
    }
  }
}

void read_counts(const Node& node, const KindInfo& info, sim::Requirement& requirement) {
  requirement.at_least = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(node.integer("at_least").value_or(1), 0, UINT32_MAX));
  requirement.within = node.duration("within").value_or(Duration{0});
  requirement.per_month = node.text("per") == "month";
  if (info.kind == RequirementKind::kRestorePoints && !node.has("at_least")) {
    node.fault("a restore_points requirement needs \"at_least\"", "such as \"at_least\": 7");
  }
  for (const std::string& rung : node.texts("ladder")) {
    auto duration = parse_duration(rung);
    if (duration.ok() && *duration == Duration{0}) {
      node.fault_at("ladder", "every rung must be greater than 0",
                    "give ages such as \"1d\" and \"7d\"");
    } else if (duration.ok()) {
      requirement.ladder.push_back(*duration);
    } else {
      node.fault_at("ladder", std::move(duration).error());
    }
  }
  if (info.kind == RequirementKind::kCoverage && requirement.ladder.empty() &&
      !node.has("ladder")) {
    node.fault("a coverage requirement needs \"ladder\"", "such as [\"1d\", \"7d\", \"30d\"]");
  }
}

// What a project holds is counted over all its services together.
void watch(Build& build, const Node& node, std::uint32_t index, RequirementKind kind) {
  if (kind != RequirementKind::kQuota) return;
  sim::Project& project = build.scenario.projects[index];
  project.watched = true;
  for (const sim::Fleet& fleet : build.scenario.fleets) {
    if (fleet.service.project != index || project.quota_bytes) continue;
    node.fault_at("project",
                  fmt::format("{} is a fleet whose services are simulated apart, so what its "
                              "project holds is not known at every instant",
                              fleet.name),
                  "give the project a \"quota\"; its services are then simulated together");
  }
}

std::optional<double> read_share_that_holds(const Node& node, std::string_view key) {
  const auto share = node.share_up_to_one(key);
  if (share && sim::parts_of(*share) == 0) {
    node.fault_at(key, "must be greater than 0%", "give such as \"95%\"");
  }
  return share;
}

void read_of_time(const Node& node, const KindInfo& info, sim::Requirement& requirement) {
  const auto share = read_share_that_holds(node, "of_time");
  if (!share) return;
  requirement.of_time = *share;
  if (info.kind == RequirementKind::kBudget || info.kind == RequirementKind::kProtected) {
    node.fault_at("of_time", fmt::format("a {} requirement is not judged by time", info.name),
                  "leave the field out");
  }
}

void read_requirement(Build& build, const Node& node, std::size_t number) {
  const auto kind = node.text("kind");
  if (!kind) return;
  const auto info = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const KindInfo& k) { return k.name == *kind; });
  if (info == kKinds.end()) return;  // the schema names it
  check_fields(node, *info);
  sim::Requirement requirement;
  requirement.kind = info->kind;
  requirement.name = node.text("name").value_or(fmt::format("{}-{}", *kind, number + 1));
  Who who = read_who(build, node, true);
  requirement.services = std::move(who.services);
  requirement.fleets = std::move(who.fleets);
  requirement.all_services = !node.has("service");
  requirement.region = node.text("region").value_or("");
  if (requirement.kind == RequirementKind::kCopyWithin && requirement.region.empty()) {
    node.fault("a copy_within requirement needs \"region\"", "the region the copy must reach");
  }
  if (const auto project = node.text("project")) {
    const auto found = build.project_index.find(*project);
    if (found == build.project_index.end()) {
      node.fault_at("project", fmt::format("there is no project {}", printable(*project)));
    } else {
      requirement.project = found->second;
      watch(build, node, *requirement.project, requirement.kind);
    }
  }
  read_limit(node, *info, requirement);
  read_counts(node, *info, requirement);
  requirement.quantile = read_share_that_holds(node, "quantile");
  if (!requirement.quantile) {
    requirement.quantile = read_share_that_holds(build.root, "quantile");
  }
  read_of_time(node, *info, requirement);
  requirement.from = instant_of(node, "from", build.scenario.start);
  requirement.until = instant_of(node, "until", build.scenario.start);
  if (requirement.from && requirement.until && *requirement.from >= *requirement.until) {
    node.fault_at("until", "the requirement ends before it begins");
  }
  for (const sim::Requirement& other : build.scenario.requirements) {
    if (other.name == requirement.name) {
      node.fault_at("name", fmt::format("the requirement \"{}\" is defined twice", other.name));
    }
  }
  build.scenario.requirements.push_back(std::move(requirement));
}

// A restore point of this service takes at least so much, however well it is deduplicated.
std::uint64_t least_bytes(const sim::Scenario& scenario, std::uint32_t service) {
  const sim::Service& s = scenario.services[service];
  const auto at = [&](Instant t) {
    return s.delta.full_bytes(sim::generation_at(s.workload, s.delta.curve, scenario.start, t));
  };
  return std::min(at(scenario.start), at(scenario.end));
}

bool asks_for_points(const sim::Requirement& r) {
  return r.kind == RequirementKind::kRpo || r.kind == RequirementKind::kCoverage ||
         (r.kind == RequirementKind::kRestorePoints && r.at_least > 0);
}

// Restore points that must exist and a quota that has no room for them.
void check_room(const sim::Scenario& scenario, const sim::Requirement& quota, const Node& node) {
  std::uint64_t needed_bytes = 0;
  std::string because;
  for (std::uint32_t i = 0; i < scenario.services.size(); ++i) {
    const auto names_it = [&](const sim::Requirement& r) {
      return std::find(r.services.begin(), r.services.end(), i) != r.services.end();
    };
    const bool counted =
        quota.project ? scenario.services[i].project == *quota.project : names_it(quota);
    const bool stores_full = scenario.services[i].delta.kind == sim::DeltaModel::Kind::kFull;
    std::uint64_t own_bytes = 0;
    for (const sim::Requirement& r : scenario.requirements) {
      if (!counted || !asks_for_points(r) || !names_it(r) || r.region != quota.region) continue;
      const std::uint64_t points =
          stores_full && r.kind == RequirementKind::kRestorePoints ? r.at_least : 1;
      const double bytes =
          static_cast<double>(points) * static_cast<double>(least_bytes(scenario, i));
      const auto whole = static_cast<std::uint64_t>(std::min(bytes, 9e18));
      if (whole <= own_bytes) continue;
      own_bytes = whole;
      because = r.name;
    }
    needed_bytes = quota.project ? needed_bytes + own_bytes : std::max(needed_bytes, own_bytes);
  }
  if (needed_bytes <= quota.at_most_bytes) return;
  node.fault_at("at_most",
                fmt::format("{} and {} contradict each other: what must exist takes at least {}, "
                            "the quota is {}",
                            because, quota.name, format_bytes(needed_bytes),
                            format_bytes(quota.at_most_bytes)),
                "raise the quota, or ask for less");
}

void check_contradictions(const Build& build, const std::vector<Node>& nodes) {
  const sim::Scenario& scenario = build.scenario;
  for (std::size_t i = 0; i < scenario.requirements.size(); ++i) {
    const sim::Requirement& r = scenario.requirements[i];
    if (r.kind == RequirementKind::kQuota) check_room(scenario, r, nodes[i]);
    if (r.kind == RequirementKind::kRpo && r.at_most == Duration{0}) {
      nodes[i].fault_at("at_most", "must be greater than 0",
                        "give at least the time between two backups");
    }
    if (r.from && *r.from >= scenario.end) {
      nodes[i].fault_at("from", "the requirement begins when the run is over");
    }
  }
}

}  // namespace

void read_requirements(Build& build) {
  const auto nodes = build.root.items("requirements");
  for (std::size_t i = 0; i < nodes.size(); ++i) read_requirement(build, nodes[i], i);
  if (!build.faults.any() && nodes.size() == build.scenario.requirements.size()) {
    check_contradictions(build, nodes);
  }
}

}  // namespace backcast::scenario
