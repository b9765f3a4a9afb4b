// The restore points a service goes on with: read from a file, or given on the command line.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "scenarios/document/size_csv.h"
#include "scenarios/load/build.h"
#include "sim/fit/history.h"

namespace backcast::scenario {
namespace {

constexpr std::uint64_t kMaxPresenceBytes = 256 << 20;
constexpr std::uint64_t kMaxOverheadBytes = 1 << 20;  // of a restore point: trees, chunk headers
// Larger than any backup there is, and sums of a million of them fit.
constexpr std::uint64_t kMaxSizeBytes = 1'000'000'000'000'000'000;

struct Chosen {
  policy::History history;
  std::string name, source;
  std::string presence;  // path of a presence table, "" without one
};

// Written in the document itself.
Result<policy::History> read_points(const nlohmann::json& points, const std::string& name) {
  return policy::import_history(
      "backcast", nlohmann::json{{"backcast_history", 1}, {"snapshots", points}}.dump(),
      {name, policy::Zone::utc()});
}

Result<Chosen> read_chosen(Build& build, const Node& node) {
  const bool is_path = node.value()["history"].is_string();
  const Node field = node.child("history");
  Chosen chosen;
  if (!is_path && field.has("points") == field.has("file")) {
    return bad_input("a history has either \"file\" or \"points\"");
  }
  chosen.name = (is_path ? node.text("history") : field.text("file")).value_or("");
  policy::ImportOptions options{chosen.name, policy::Zone::utc()};
  std::string tool;
  if (!is_path) {
    chosen.source = field.text("source").value_or("");
    if (const auto path = field.text("presence")) {
      chosen.presence = beside(build.document.name(), *path);
    }
    tool = field.text("input").value_or("");
    if (const auto zone = field.text("zone")) {
      BACKCAST_TRY(options.zone, policy::Zone::find(*zone));
    }
  }
  if (!is_path && field.has("points")) {
    chosen.name = "the history";
    BACKCAST_TRY(chosen.history, read_points(field.value()["points"], chosen.name));
    return chosen;
  }
  BACKCAST_TRY(const std::string text, read_text_file(beside(build.document.name(), chosen.name),
                                                      policy::kMaxHistoryBytes));
  BACKCAST_TRY(chosen.history, policy::import_history(tool, text, options));
  return chosen;
}

// What the run cannot go on with is a fault here, not a surprise later.
Status check(const Chosen& chosen, const std::vector<policy::Snapshot>& snapshots, Instant start) {
  if (snapshots.empty()) return bad_input("the history holds no restore point");
  for (const policy::Snapshot& s : snapshots) {
    if (s.size_bytes > kMaxSizeBytes || s.new_bytes > kMaxSizeBytes) {
      return bad_input(fmt::format("{} of {} is larger than 1 EB", s.id, chosen.name));
    }
  }
  const Instant newest = snapshots.back().trusted_time();
  if (newest <= start) return kOk;
  return bad_input(fmt::format("the newest restore point of the history, {}, lies after the start "
                               "of the run, {}",
                               format_instant(newest), format_instant(start)),
                   fmt::format("start with it: \"start\": \"{0}\", or --start {0}",
                               format_instant(std::chrono::ceil<std::chrono::seconds>(newest))));
}

// What the restore points hold and share, as the table says it, in place of what they say.
Status read_presence(const std::string& path, sim::Service& service) {
  BACKCAST_TRY(const std::string text, read_text_file(path, kMaxPresenceBytes));
  BACKCAST_TRY(const sim::PresenceTable table, sim::parse_presence_table(text, path));
  if (table.generations != service.history.size()) {
    return bad_input(
        fmt::format("the presence table {} speaks of {} restore points, the history of {}", path,
                    table.generations, service.history.size()),
        "export both from the same repository at the same time");
  }
  auto trace = std::make_shared<sim::Trace>(table.trace());
  for (std::uint32_t i = 0; i < table.generations; ++i) {
    // A history may say sizes before compression: the table's may be smaller, but not larger.
    const std::uint64_t said = service.history[i].size_bytes, stored = trace->size(i);
    if (said > 0 && stored > said + said / 50 + kMaxOverheadBytes) {
      return bad_input(
          fmt::format("{} holds {} in the history, {} in the presence table {}",
                      service.history[i].id, format_bytes(said), format_bytes(stored), path),
          "export both from the same repository at the same time");
    }
    service.history[i].size_bytes = trace->size(i);
    service.history[i].new_bytes = trace->size(i) - (i > 0 ? trace->shared(i - 1, i) : 0);
  }
  service.delta.known = std::move(trace);
  service.delta.presence = std::make_shared<sim::PresenceTable>(table);
  return kOk;
}

Result<std::vector<policy::Snapshot>> read_copies(const nlohmann::json& points,
                                                  const std::string& name, Instant start) {
  BACKCAST_TRY(policy::History read, read_points(points, name));
  BACKCAST_TRY(auto copies, policy::select_source(std::move(read.snapshots), ""));
  BACKCAST_CHECK(check({{}, name, {}, {}}, copies, start));
  for (policy::Snapshot& copy : copies) copy.origin = policy::Origin::kCopy;
  return copies;
}

bool is_given(const Build& build, const sim::Service& service) {
  const Given& given = build.given;
  if (!given.history) return false;
  return given.service.empty() ? build.root.items("services").size() == 1
                               : given.service == service.name;
}

// What the forecast goes on from, where that is not known well.
void assume_sizes(Build& build, const policy::History& history, const sim::Service& service) {
  const bool knows_sizes = std::any_of(service.history.begin(), service.history.end(),
                                       [](const policy::Snapshot& s) { return s.size_bytes > 0; });
  if (!knows_sizes) {
    return build.assume(
        fmt::format("the history of {} has no sizes: each restore point is as large as "
                    "the data was by the service's growth",
                    service.name));
  }
  const auto counted = history.counted.find(policy::source_name(service.history.front()));
  if (counted != history.counted.end() && !counted->second.is_stored) {
    build.assume(fmt::format("the history of {}: {}", service.name, counted->second.note));
  }
}

}  // namespace

void read_history(Build& build, const Node& node, sim::Service& service) {
  const bool from_outside = is_given(build, service);
  if (!from_outside && !node.has("history")) return;
  const auto fault = [&](Error error) {
    if (from_outside) {
      if (error.where.file.empty()) error.where.file = build.given.history_name;
      return build.faults.add(std::move(error));
    }
    node.fault_at("history", std::move(error));
  };
  auto chosen = from_outside ? Result<Chosen>(Chosen{*build.given.history, build.given.history_name,
                                                     build.given.source, build.given.presence})
                             : read_chosen(build, node);
  if (!chosen.ok()) return fault(std::move(chosen).error());
  auto snapshots = policy::select_source(std::move(chosen->history.snapshots), chosen->source);
  if (!snapshots.ok()) return fault(std::move(snapshots).error());
  service.history = std::move(*snapshots);
  if (auto status = check(*chosen, service.history, build.scenario.start); !status.ok()) {
    return fault(std::move(status).error());
  }
  if (!chosen->presence.empty()) {
    if (auto status = read_presence(chosen->presence, service); !status.ok()) {
      return fault(std::move(status).error());
    }
  }
  assume_sizes(build, chosen->history, service);
}

void read_past_copies(Build& build, const Node& node, const Profile& profile,
                      sim::Service& service) {
  if (!node.has("history") || !node.value()["history"].is_object()) return;
  const Node history = node.child("history");
  if (!history.has("copies")) return;
  if (is_given(build, service) || service.delta.known != nullptr) {
    return history.fault_at("copies",
                            "copies in other regions go with \"points\" or \"file\" here alone",
                            "a history that is given otherwise, or a presence table, does not say "
                            "what copies hold");
  }
  read_places(build, history, profile, service);
  for (const Node& entry : history.items("copies")) {
    sim::PastCopies copies{entry.text("region").value_or(""), {}};
    const bool is_known =
        copies.region == service.region ||
        std::any_of(service.past_copies.begin(), service.past_copies.end(),
                    [&](const sim::PastCopies& known) { return known.region == copies.region; });
    if (is_known) {
      entry.fault_at("region", printable(copies.region) + " has restore points of it already",
                     "give each region once; those of the home region are the \"points\"");
      continue;
    }
    const std::string name = "the copies in " + copies.region;
    auto points = read_copies(entry.value()["points"], name, build.scenario.start);
    if (!points.ok()) {
      entry.fault_at("points", points.error());
      continue;
    }
    copies.points = std::move(*points);
    service.past_copies.push_back(std::move(copies));
  }
}

void check_given(Build& build) {
  const Given& given = build.given;
  if (!given.history || build.faults.any()) return;
  if (given.service.empty() && build.root.items("services").size() != 1) {
    std::vector<std::string> names;
    for (const auto& [name, unused] : build.service_index) names.push_back(name);
    return build.faults.add(
        bad_input("the scenario has several services; one of them goes on with the history",
                  fmt::format("name it: --service {}", names.empty() ? "NAME" : names.front())));
  }
  if (!given.service.empty() && !build.service_index.contains(given.service)) {
    std::vector<std::string> names;
    for (const auto& [name, unused] : build.service_index) names.push_back(name);
    build.faults.add(bad_input(fmt::format("there is no service {}", printable(given.service)),
                               did_you_mean(given.service, names)));
  }
}

}  // namespace backcast::scenario
