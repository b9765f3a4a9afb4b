#include "scenarios/load/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/base/time_math.h"
#include "engine/policy/time/moment.h"
#include "scenarios/document/schema_check.h"
#include "scenarios/document/shipped.h"
#include "scenarios/document/size_csv.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

void read_header(Build& build) {
  sim::Scenario& scenario = build.scenario;
  scenario.name = build.root.text("name").value_or("");
  scenario.title = build.root.text("title").value_or(scenario.name);
  scenario.description = build.root.prose("description");
  scenario.seed = static_cast<std::uint64_t>(build.root.integer("seed").value_or(1));
  const Node bill = build.root.child("bill");
  scenario.bill.backup_kinds = bill.texts("backup_kinds");
  scenario.bill.because = bill.prose("because");
}

void read_links(Build& build) {
  for (const Node& node : build.root.items("links")) {
    sim::LinkSpec link;
    link.from = node.text("from").value_or("");
    link.to = node.text("to").value_or("");
    link.rate_bytes_per_second = node.bytes_per_second("rate").value_or(1);
    link.per_transfer_bytes_per_second = node.bytes_per_second("per_transfer").value_or(0);
    if (link.from == link.to) node.fault_at("to", "a link needs two different regions");
    for (const sim::LinkSpec& other : build.scenario.links) {
      if (other.from == link.from && other.to == link.to) {
        node.fault(fmt::format("the link from {} to {} is defined twice", link.from, link.to));
      }
    }
    build.scenario.links.push_back(std::move(link));
  }
}

constexpr std::uint64_t kMaxDocumentBytes = 16 << 20;

Result<Loaded, Errors> with_text(Result<Loaded, Errors> loaded, std::string text) {
  if (loaded.ok()) loaded->text = std::move(text);
  return loaded;
}

}  // namespace

std::optional<Instant> instant_of(const Node& node, std::string_view key, Instant start) {
  const auto given = node.text(key);
  if (!given) return std::nullopt;
  auto instant = policy::parse_moment(*given, start);
  if (instant.ok()) return *instant;
  node.fault_at(key, std::move(instant).error());
  return std::nullopt;
}

void read_horizon(Build& build) {
  sim::Scenario& scenario = build.scenario;
  auto start = instant_of(build.root, "start", Instant{});
  if (build.given.start) start = build.given.start;
  scenario.start = start ? std::chrono::floor<std::chrono::seconds>(*start) : Instant{};
  scenario.end = scenario.start + kMaxHorizonYears * 366 * kDay;  // until a horizon is read
  if (start && (*start < from_unix_seconds(0) || *start > from_unix_seconds(4'102'444'800))) {
    build.root.fault_at("start", "the start lies outside 1970 .. 2100");
    scenario.start = Instant{};
  }
  const auto horizon = build.root.text("horizon");
  if (!horizon) return;
  const auto end = policy::after(scenario.start, *horizon);
  if (!end.ok()) {
    build.root.fault_at("horizon",
                        fmt::format("{} is not a duration between 1 second and {} years",
                                    printable(*horizon), kMaxHorizonYears),
                        "give \"30d\", \"6 months\" or \"5 years\"");
    return;
  }
  const Duration length = between(scenario.start, *end);
  if (length < kSecond || length > kMaxHorizonYears * 366 * kDay) {
    build.root.fault_at("horizon",
                        fmt::format("a run lasts from one second to {} years", kMaxHorizonYears),
                        "give \"30d\", \"6 months\" or \"5 years\"");
  } else {
    scenario.end = scenario.start + std::chrono::floor<std::chrono::seconds>(length);
  }
}

const Profile* Build::profile(const Node& node, std::string_view key, const std::string& name) {
  if (const auto found = profiles.find(name); found != profiles.end()) return &found->second;
  auto profile = find_profile(is_path(name) ? beside(document.name(), name) : name);
  if (profile.ok()) return &profiles.emplace(name, std::move(profile).value()).first->second;
  for (Error& error : profile.error()) {
    if (error.where.file.empty()) {
      node.fault_at(key, std::move(error));
    } else {
      faults.add(std::move(error));
    }
  }
  return nullptr;
}

void Build::assume(std::string text) {
  auto& list = scenario.assumptions;
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

Result<Loaded, Errors> load(const Document& document, const Given& given) {
  Build build(document, given);
  for (Error& error : check_schema(document, "schema/scenario.schema.json")) {
    build.faults.add(std::move(error));
  }
  if (document.root().is_object()) {
    read_header(build);
    read_horizon(build);
    read_projects(build);
    read_links(build);
    read_services(build);
    check_given(build);
    read_limits(build);
    read_repositories(build);
    read_events(build);
    read_failures(build);
    read_requirements(build);
    read_pricing(build);
    note_assumptions(build);
  }
  if (!build.faults.any()) find_missing(build);
  if (!build.faults.any()) check_run_size(build);
  if (build.faults.any()) return build.faults.take();
  return Loaded{std::move(build.scenario), std::move(build.pricing), document, {}};
}

Result<Loaded, Errors> load_file(const std::string& path_or_name, const Given& given) {
  if (path_or_name != "-" && !is_path(path_or_name)) {
    if (const auto text = shipped_text(path_or_name + ".json")) {
      auto document = Document::parse(*text, path_or_name + ".json");
      if (!document.ok()) return Errors{std::move(document).error()};
      return with_text(load(*document, given), std::string(*text));
    }
    const auto names = shipped_names("");
    Error error = bad_input(fmt::format("there is no scenario {}", printable(path_or_name)),
                            did_you_mean(path_or_name, std::span<const std::string_view>(names)) +
                                "; or give the path of a file");
    return Errors{std::move(error)};
  }
  auto text = read_text_file(path_or_name, kMaxDocumentBytes);
  if (!text.ok()) {
    Error error = std::move(text).error();
    if (error.code != Errc::kNotFound) return Errors{std::move(error)};
    error.code = Errc::kBadInput;
    error.hint =
        fmt::format("shipped scenarios run by name: {}", fmt::join(shipped_names(""), ", "));
    return Errors{std::move(error)};
  }
  auto document = Document::parse_file(*text, path_or_name);
  if (!document.ok()) return Errors{std::move(document).error()};
  return with_text(load(*document, given), std::move(text).value());
}

Result<sim::Service, Errors> load_workload(const json& fields, const std::string& name) {
  json service = fields;
  service["name"] = "history";
  service["region"] = "anywhere";
  const json whole = {{"name", "workload"},
                      {"start", "2026-01-01"},
                      {"horizon", "1d"},
                      {"provider", "plain"},
                      {"services", {std::move(service)}}};
  auto document = Document::parse(whole.dump(2), name);
  if (!document.ok()) return Errors{std::move(document).error()};
  BACKCAST_TRY(Loaded loaded, load(*document));
  return std::move(loaded.scenario.services.front());
}

}  // namespace backcast::scenario
