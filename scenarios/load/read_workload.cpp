// Size, growth, change and delta model of a service.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "scenarios/document/size_csv.h"
#include "scenarios/load/build.h"
#include "sim/fit/death_law.h"
#include "sim/fit/history.h"
#include "sim/model/past.h"
#include "sim/model/portable_math.h"
#include "sim/model/sizes/season.h"

namespace backcast::scenario {
namespace {

using sim::DeltaModel;

constexpr double kMostStoredShare = 100;  // as far as a fleet draws it
constexpr double kMostGrowthSpread = 3;   // a year

void read_growth(Build& build, const Node& node, sim::Growth& growth) {
  const Instant start = build.scenario.start;
  if (const auto v = node.signed_bytes("per_day")) growth.bytes_per_day = *v;
  if (const auto v = node.signed_share("per_year")) {
    growth.share_per_year = *v;
    if (*v < kFastestShrinking) {
      node.fault_at("per_year", "must be greater than -100% a year",
                    "give a share above -100% a year");
    }
  }
  const auto read_spread = [&](const char* field, double& spread) {
    spread = node.share(field).value_or(0);
    if (spread <= kMostGrowthSpread) return;
    node.fault_at(field, "more than 300% a year", "give a share such as \"20%\"");
  };
  read_spread("differs", growth.differs_per_year);
  read_spread("wanders", growth.wanders_per_year);
  if (node.has("season")) {
    const Node season = node.child("season");
    if (const auto v = season.share_up_to_one("amplitude")) growth.season_amplitude = *v;
    if (const auto v = season.duration("period")) {
      growth.season_period = *v;
      if (*v < kHour)
        season.fault_at("period", "a season must last at least an hour", "give at least 1h");
    }
    growth.season_peak = instant_of(season, "peak", start).value_or(start);
  }
  for (const Node& step : node.items("steps")) {
    const auto at = instant_of(step, "at", start);
    const auto by = step.signed_bytes("by");
    if (at && by) growth.steps.push_back({*at, *by});
  }
  std::stable_sort(growth.steps.begin(), growth.steps.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  if (const auto path = node.text("csv")) {
    auto points = read_size_csv(beside(build.document.name(), *path));
    if (points.ok()) {
      growth.recorded = std::move(*points);
    } else {
      node.fault_at("csv", std::move(points).error());
    }
  }
}

// A daily rate of change as a rate of operational time: R(1 day) = 1 - share.
double rate_of(double share_per_day) {
  return -sim::portable_log(1 - std::min(share_per_day, 0.999999));
}

double days_of(std::optional<Duration> duration) {
  return static_cast<double>(duration.value_or(Duration{0}).count()) /
         static_cast<double>(kDay.count());
}

// Little changes now, and nobody knows for how long.
void read_lull(Build& build, const Node& node, const std::string& name, sim::Lull& lull) {
  const auto pace = node.share_up_to_one("pace");
  const auto left = node.duration("left");
  if (!pace || !left) return;
  if (*left <= Duration{0}) {
    return node.fault_at("left", "a lull that is over changes nothing", "leave \"lull\" out");
  }
  if (*pace >= 1) {
    return node.fault_at("pace", "a lull of usual days changes nothing", "leave \"lull\" out");
  }
  lull = {*pace, days_of(left)};
  build.assume(fmt::format(
      "{0} changes and grows at {1:.0f} % of its usual pace now, and nobody knows for how long: "
      "every replication draws it, half of them at most {2}, the first run {2}",
      name, 100 * *pace, format_duration(*left)));
}

// How days scatter, and how far the days to come may be from the path.
void read_randomness(Build& build, const Node& node, const std::string& name,
                     sim::Workload& workload) {
  const Node change = node.child("change");
  workload.noise = {change.number("noise").value_or(0), change.number("noise_tail").value_or(0),
                    change.number("noise_persistence").value_or(0)};
  if (workload.noise.spread == 0) {
    for (const char* field : {"noise_tail", "noise_persistence"}) {
      if (change.has(field)) {
        change.fault_at(field, fmt::format("\"{}\" without \"noise\" says nothing", field),
                        "give \"noise\" beside it, or leave it out");
      }
    }
  }
  const Node bursts = change.child("bursts");
  if (change.has("bursts")) {
    workload.random_bursts = {bursts.share_up_to_one("per_day").value_or(0),
                              bursts.share_up_to_one("beyond").value_or(0),
                              bursts.number("tail").value_or(1)};
  }
  const Node outlook = node.child("outlook");
  for (const char* field : {"differs", "wanders"}) {
    if (node.has("outlook") && node.child("growth").has(field)) {
      node.child("growth").fault_at(
          field, fmt::format("\"{}\" and \"outlook\" both draw sizes", field),
          "leave one of them out: an outlook knows how far sizes may be from their path");
    }
  }
  workload.outlook.tail = outlook.number("tail").value_or(0);
  workload.outlook.shape = outlook.number("shape").value_or(0);
  if (outlook.has("lull")) read_lull(build, outlook.child("lull"), name, workload.outlook.lull);
  if (outlook.has("shape") && change.items("mixture").size() < 2) {
    outlook.fault_at("shape",
                     "\"shape\" bends a \"mixture\" of two or three parts, and there is none",
                     "give \"mixture\" in \"change\", or leave \"shape\" out");
  }
  for (const Node& point : outlook.items("points")) {
    const double days = days_of(point.duration("after"));
    auto& points = workload.outlook.points;
    if (days <= (points.empty() ? 0 : points.back().days)) {
      point.fault_at("after", "the points of an outlook are not in order of time",
                     "list them from the nearest to the farthest, each once");
    }
    points.push_back({days, point.number("size").value_or(0), point.number("change").value_or(0)});
  }
  if (const auto held = outlook.share_up_to_one("held"); held && !workload.outlook.points.empty()) {
    build.assume(
        fmt::format("the sizes and changes of {} to come are a forecast: replications draw "
                    "them, the first run is its middle path; 90 % intervals of such "
                    "forecasts held {:.0f} % of the time before",
                    name, 100 * *held));
  }
}

void read_first_rewrite(const Node& change, sim::Workload& workload) {
  const auto first = change.duration("rewrite_first");
  if (!first) return;
  workload.rewrite_first = *first;
  if (!change.has("rewrite_every")) {
    change.fault_at("rewrite_first", "nothing says how often the data is rewritten",
                    "give \"rewrite_every\" too, or \"events\" for a single one");
  } else if (*first <= Duration{0} || *first > workload.rewrite_every) {
    change.fault_at("rewrite_first", "the first rewrite is not within one \"rewrite_every\"",
                    "give a time after the start of the run, at most \"rewrite_every\"");
  }
}

void read_change(Build& build, const Node& node, sim::Service& service) {
  const Node change = node.child("change");
  sim::SurvivalCurve& curve = service.delta.curve;
  if (change.has("per_day") && change.has("mixture")) {
    change.fault("\"per_day\" and \"mixture\" contradict each other", "give one of them");
  }
  // What is rewritten compresses unlike the whole: as stored, another share of it is new.
  const double new_share = change.share("new_stored_share").value_or(service.workload.stored_share);
  const double density =
      service.workload.stored_share > 0 ? new_share / service.workload.stored_share : 1;
  if (const auto v = change.share_up_to_one("per_day")) {
    curve.w1 = 1;
    curve.rate1 = rate_of(*v * density);
  }
  double left = 1;
  int part_number = 0;
  for (const Node& part : change.items("mixture")) {
    const double share = part.share_up_to_one("share").value_or(0);
    const double rate = rate_of(part.share_up_to_one("per_day").value_or(0) * density);
    left -= share;
    if (part_number == 0) curve.w1 = share, curve.rate1 = rate;
    if (part_number == 1) curve.w2 = share, curve.rate2 = rate;
    if (part_number == 2) curve.rate3 = rate;
    ++part_number;
  }
  if (part_number == 3 && (left > 1e-9 || left < -1e-9)) {
    change.fault_at("mixture", "the shares of three parts must add up to 100%");
  } else if (left < -1e-9) {
    change.fault_at("mixture", "the shares add up to more than 100%");
  }
  read_randomness(build, node, service.name, service.workload);
  const Node weekdays = change.child("weekdays");
  if (weekdays.value().is_array() && weekdays.value().size() == 7) {
    for (std::size_t day = 0; day < 7; ++day) {
      const auto& factor = weekdays.value()[day];
      if (factor.is_number()) service.workload.weekday_factor[day] = factor.get<double>();
    }
  }
  if (const auto v = change.duration("rewrite_every")) {
    service.workload.rewrite_every = *v;
    service.workload.rewrite_share = change.share_up_to_one("rewrite_share").value_or(1);
    if (*v < kHour) change.fault_at("rewrite_every", "shorter than an hour", "give at least 1h");
  }
  read_first_rewrite(change, service.workload);
  const bool needs_change = service.delta.kind == DeltaModel::Kind::kLifetimes ||
                            service.delta.kind == DeltaModel::Kind::kIncremental ||
                            service.delta.kind == DeltaModel::Kind::kDifferential;
  if (needs_change && !change.has("per_day") && !change.has("mixture") && !change.has("by_age")) {
    node.fault(fmt::format("\"{}\" does not say how much of its data changes", service.name),
               "give \"change\": {\"per_day\": \"1%\"} (\"0%\" for data that is only added to)");
  }
}

// As stored, beside the season that the newest restore point was made in.
std::optional<double> newest_known_bytes(const std::vector<policy::Snapshot>& history,
                                         const sim::Growth& growth) {
  constexpr double kLeastFactor = 1e-6;  // a trough of nothing tells no size
  const sim::Season season{growth.season_amplitude, growth.season_period, growth.season_peak};
  for (auto s = history.rbegin(); s != history.rend(); ++s) {
    if (s->size_bytes == 0) continue;
    const double factor = season.factor(s->trusted_time());
    return std::ceil(static_cast<double>(s->size_bytes) / std::max(factor, kLeastFactor));
  }
  return std::nullopt;
}

// What the recorded backups share where bytes die by age.
void read_by_age(Build& build, const Node& change, const std::vector<RecordedBackup>& backups,
                 sim::Service& service) {
  for (const char* other : {"per_day", "mixture", "rewrite_every", "new_stored_share"}) {
    if (change.has(other)) {
      change.fault_at("by_age", fmt::format("\"by_age\" and \"{}\" contradict each other", other),
                      "\"by_age\" takes all that changes from the record");
    }
  }
  const char* const instead = "give \"mixture\" instead of \"by_age\"";
  if (!service.history.empty()) {
    change.fault_at("by_age", "\"by_age\" knows no restore points from before the record", instead);
  }
  if (backups.back().at < build.scenario.end) {
    change.fault_at("by_age", "the record ends before the run", instead);
  }
  if (backups.size() > sim::kMaxGenerations) {
    return change.fault_at(
        "by_age",
        fmt::format("{} recorded backups are more than {}", backups.size(), sim::kMaxGenerations),
        instead);
  }
  const Node law = change.child("by_age");
  sim::DeathLaw deaths;
  deaths.by_age = {law.number("exponent").value_or(0), law.number("first_age").value_or(1)};
  sim::ObservedHistory volumes;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    sim::ObservedBackup& seen = volumes.backups.emplace_back();
    seen.size_bytes = backups[i].size_bytes;
    seen.new_bytes = backups[i].new_bytes;
    service.workload.recorded_busy[i].operational_time = static_cast<double>(i);
  }
  service.delta.trace = std::make_shared<sim::Trace>(sim::overlaps_by(deaths, volumes));
}

// Sizes and new bytes of real backups, replayed: each day is as busy as it was, by the curve that
// "per_day" or "mixture" gives.
void read_recorded_change(Build& build, const Node& change, sim::Service& service) {
  const auto path = change.text("csv");
  if (!path && change.has("by_age")) {
    change.fault_at("by_age", "no record to take volumes from", "give \"csv\" beside it");
  }
  if (!path) return;
  auto backups = read_history_csv(beside(build.document.name(), *path));
  if (!backups.ok()) return build.faults.add(std::move(backups).error());
  if (service.workload.noise.spread > 0 || change.has("weekdays") || change.has("bursts") ||
      !service.workload.outlook.points.empty()) {
    change.fault_at("csv", "a recorded history has its own busy days",
                    "leave out \"noise\", \"weekdays\", \"bursts\" and \"outlook\"");
  }
  double operational_time = 0;
  std::uint64_t before_bytes = 0;
  for (const RecordedBackup& b : *backups) {
    if (before_bytes > 0) {
      const auto kept = static_cast<double>(b.size_bytes - b.new_bytes);
      operational_time += service.delta.curve.advance(kept / static_cast<double>(before_bytes));
    }
    before_bytes = b.size_bytes;
    service.workload.recorded_busy.push_back({b.at, operational_time});
    service.workload.growth.recorded.push_back({b.at, b.size_bytes});
  }
  service.workload.size_bytes = backups->front().size_bytes;
  if (change.has("by_age")) read_by_age(build, change, *backups, service);
}

void read_trace(Build& build, const Node& node, sim::Service& service) {
  const bool is_trace = service.delta.kind == DeltaModel::Kind::kTrace;
  const auto path = node.text("trace");
  if (is_trace != path.has_value()) {
    node.fault(is_trace ? "\"delta\": \"trace\" needs a \"trace\", the path of a presence table"
                        : "a \"trace\" is used by \"delta\": \"trace\" alone");
    return;
  }
  if (!is_trace) return;
  const std::string file = beside(build.document.name(), *path);
  auto text = read_text_file(file, 256 << 20);
  if (!text.ok()) return node.fault_at("trace", std::move(text).error());
  auto table = sim::parse_presence_table(*text, file);
  if (!table.ok()) return node.fault_at("trace", std::move(table).error());
  auto trace = std::make_shared<sim::Trace>(table->trace());
  if (service.workload.size_bytes == 0) service.workload.size_bytes = trace->size(0);
  build.assume(fmt::format("after the {} recorded generations of {} its data stays as it is",
                           table->generations, service.name));
  service.delta.trace = std::move(trace);
}

// Where the restore points that exist are known exactly, the curve goes on from the newest of them.
void read_known(Build& build, const Node& node, sim::Service& service) {
  sim::DeltaModel& delta = service.delta;
  if (delta.known == nullptr) return;
  const bool has_curve = delta.kind == DeltaModel::Kind::kLifetimes || delta.chained();
  if (!has_curve || delta.trace != nullptr) {
    return node.fault(
        "a presence table says what restore points share; this \"delta\" does not ask",
        "leave it out, or take \"delta\": \"lifetimes\"");
  }
  delta.known_until =
      sim::past_generations(service.workload, delta, service.history, build.scenario.start)
          .back()
          .operational_time;
}

DeltaModel::Kind delta_kind(const std::string& name) {
  if (name == "lifetimes") return DeltaModel::Kind::kLifetimes;
  if (name == "half-of-disk") return DeltaModel::Kind::kHalfOfDisk;
  if (name == "incremental") return DeltaModel::Kind::kIncremental;
  if (name == "differential") return DeltaModel::Kind::kDifferential;
  if (name == "trace") return DeltaModel::Kind::kTrace;
  return DeltaModel::Kind::kFull;
}

}  // namespace

void read_workload(Build& build, const Node& node, sim::Service& service) {
  sim::Workload& workload = service.workload;
  workload.stored_share = node.share("stored_share").value_or(1);
  if (workload.stored_share > kMostStoredShare) {
    node.fault_at("stored_share", "a backup of more than 100 times its data",
                  "give a share such as \"40%\"");
  }
  read_growth(build, node.child("growth"), workload.growth);
  if (const auto v = node.bytes("size")) {
    workload.size_bytes = *v;
    if (static_cast<double>(*v) > kMaxServiceBytes) {
      node.fault_at("size", "more than 1 EB", "give a smaller size");
    }
  } else if (!workload.growth.recorded.empty()) {
    workload.size_bytes = workload.growth.recorded.front().size_bytes;
  } else if (const auto bytes = newest_known_bytes(service.history, workload.growth);
             bytes && !node.has("size")) {
    workload.size_bytes =
        static_cast<std::uint64_t>(std::min(*bytes / std::max(workload.stored_share, 1e-6), 1e18));
  } else if (!node.has("size") && !node.has("trace") && !node.child("change").has("csv")) {
    node.fault(fmt::format("\"{}\" has no size", service.name), "give \"size\": \"20 GB\"");
  }
  if (node.has("disk") && node.has("disk_used")) {
    node.fault_at("disk_used", "\"disk\" and \"disk_used\" contradict each other",
                  "\"disk\" is the disk in use; \"disk_used\" that as a share of the size");
  }
  const char* disk = node.has("disk") ? "disk" : "disk_used";
  const double disk_bytes = node.has("disk") ? static_cast<double>(node.bytes("disk").value_or(0))
                                             : static_cast<double>(workload.size_bytes) *
                                                   node.share("disk_used").value_or(1);
  if (disk_bytes > kMaxServiceBytes) {
    node.fault_at(disk, "more than 1 EB of disk", "give a smaller one");
  } else if (disk_bytes >= 0) {  // the schema has told of a negative share
    workload.disk_bytes =
        node.has("disk") ? node.bytes("disk").value_or(0) : static_cast<std::uint64_t>(disk_bytes);
  }
  read_collections(node, service);
  service.delta.kind = delta_kind(node.text("delta").value_or("lifetimes"));
  if (node.has("chain")) {
    const Node chain = node.child("chain");
    service.delta.full_every = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(chain.integer("full_every").value_or(0), 0, UINT32_MAX));
    service.delta.synthetic_full = chain.boolean("synthetic_full").value_or(false);
    if (chain.text("dependents") == "merge")
      service.delta.dependents = DeltaModel::Dependents::kMerge;
  }
  read_change(build, node, service);
  read_recorded_change(build, node.child("change"), service);
  read_trace(build, node, service);
  read_known(build, node, service);
}

}  // namespace backcast::scenario
