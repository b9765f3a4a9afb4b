#include "cli/service/drills.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/api/routes/metrics.h"
#include "engine/kinds/capture/cluster_source.h"
#include "engine/kinds/runner/schema_change.h"
#include "engine/service/places.h"

namespace backcast::service {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Duration kLook = kSecond, kPoll = kSecond / 5;
// Ids of clusters that a drill makes for itself.
constexpr const char* kScratch = "restore-drill-";
const control::Caller kCaller{"restore drill"};

// What was saved and what came back must be the same. The sum of the rows that were counted.
Result<std::uint64_t> compared(const std::string& saved, const std::string& restored) {
  std::uint64_t sum = 0;
  const kinds::RowsByName back = kinds::collections_in(restored);
  for (const auto& [name, rows] : kinds::collections_in(saved)) {
    const auto found = back.find(name);
    if (found == back.end()) return failed(name + " was saved and did not come back");
    if (!kinds::may_be_equal(rows, found->second)) {
      return failed(fmt::format("{} came back with {} rows of {}", name, *found->second, *rows));
    }
    sum += rows ? *rows : found->second.value_or(0);
  }
  return sum;
}

}  // namespace

Drills::Drills(DrillPlace place) : place_(std::move(place)), thread_([this] { run(); }) {}

Drills::~Drills() {
  stop_ = true;
  thread_.join();
}

void Drills::run() {
  tidy();
  while (!stop_) {
    if (Status done = do_next(); !done.ok()) place_.log(to_string(done.error()));
    place_.env.sleep(kLook);
  }
}

// A restore goes on when a service is started again, into what it began.
bool Drills::is_restoring() {
  const auto running = place_.control.running();
  if (!running.ok()) return false;
  return std::any_of(running->begin(), running->end(), [&](const control::Work& work) {
    if (work.kind != control::WorkKind::kRestore) return false;
    const auto detail = place_.control.detail(work.job);
    return detail.ok() && detail->into.id.starts_with(kScratch);
  });
}

void Drills::tidy() {
  while (!stop_ && is_restoring()) place_.env.sleep(kPoll);
  if (stop_) return;
  const auto clusters = place_.control.clusters();
  if (!clusters.ok()) return;
  for (const control::Cluster& cluster : *clusters) {
    if (!cluster.id.starts_with(kScratch) || cluster.deleted) continue;
    (void)place_.control.delete_cluster(kCaller, cluster.id, true);
    std::error_code ignored;
    fs::remove_all(place_.folder / "clusters" / folder_name(cluster.id), ignored);
  }
}

Status Drills::do_next() {
  BACKCAST_TRY(const auto drills, place_.control.drills());
  if (drills.empty() || drills.front().due > place_.now()) return kOk;
  const control::DrillResult result = drill(drills.front());
  if (stop_) return kOk;  // the next start does it again
  return place_.control.note_drill(result);
}

control::DrillResult Drills::drill(const control::Drill& due) {
  control::DrillResult result;
  result.cluster = due.cluster;
  result.started = place_.now();
  const Duration from = place_.env.monotonic();
  const auto act = [&]() -> Status {
    BACKCAST_TRY(const control::Cluster cluster, place_.control.cluster(due.cluster));
    control::BackupFilter newest;
    newest.cluster = due.cluster;
    newest.state = "AVAILABLE";
    newest.limit = 1;
    BACKCAST_TRY(const control::Backups found, place_.control.backups(newest));
    if (found.page.empty()) return failed("there is no backup to restore");
    const control::Backup& backup = found.page.front();
    result.backup = backup.id;
    result.bytes = backup.size_bytes;
    return restore(backup, cluster, result);
  };
  if (Status done = act(); !done.ok()) result.why_not = to_string(done.error());
  result.ended = result.started + (place_.env.monotonic() - from);
  return result;
}

Status Drills::restore(const control::Backup& backup, const control::Cluster& of,
                       control::DrillResult& result) {
  control::Cluster scratch = of;
  std::array<std::uint8_t, 8> random;
  place_.env.random(random);
  scratch.id = fmt::format("{}{}-{:02x}", kScratch, of.id, fmt::join(random, ""));
  scratch.name = scratch.id;
  scratch.source.clear();
  scratch.retention.clear();
  scratch.tags.clear();
  scratch.key.clear();  // it lives for minutes, and a key is of one region
  scratch.region = backup.region;
  const fs::path data = place_.folder / "clusters" / folder_name(scratch.id);
  const std::string source = json{{"path", data.string()}}.dump();
  if (!kinds::open_source(of.kind, source, place_.env).ok()) {
    // A kind of data that comes back into a server of its own: all of it is read and proved.
    result.how = "read";
    const fs::path file = place_.folder / "scratch" / scratch.id;
    const Status done = place_.write_file(backup, file.string());
    std::error_code ignored;
    fs::remove(file, ignored);
    return done;
  }
  result.how = "restored";
  BACKCAST_CHECK(place_.control.create_cluster(kCaller, scratch));
  const auto act = [&]() -> Status {
    control::Restore asked;
    asked.cluster = of.id;
    asked.backup = backup.id;
    asked.into = scratch.id;
    asked.to_region = backup.region;
    BACKCAST_TRY(const control::Started started, place_.control.restore(kCaller, asked));
    result.job = started.job;
    BACKCAST_CHECK(wait_for(started.job));
    BACKCAST_TRY(const auto back, kinds::open_source(of.kind, source, place_.env));
    BACKCAST_TRY(const std::string described, back->describe());
    BACKCAST_TRY(result.rows, compared(backup.contents, described));
    return kOk;
  };
  const Status done = act();
  if (!stop_) {
    BACKCAST_CHECK(place_.control.delete_cluster(kCaller, scratch.id, true));
    std::error_code error;
    fs::remove_all(data, error);
    if (error) return failed("cannot remove " + data.string() + ": " + error.message());
  }
  return done;
}

Status Drills::wait_for(const std::string& job) {
  while (!stop_) {
    BACKCAST_TRY(const control::Job now, place_.control.job(job));
    if (now.state == "SUCCESSFUL") return kOk;
    if (now.ended) return failed(fmt::format("{} has ended as {}: {}", job, now.state, now.reason));
    place_.env.sleep(kPoll);
  }
  return Error{Errc::kInterrupted, "the service stops", {}, {}};
}

std::string Drills::gauges(control::ControlPlane& control) {
  const auto drills = control.drills();
  if (!drills.ok() || drills->empty()) return {};
  std::string text;
  const auto gauge = [&](const char* name, const char* help, const auto& value_of) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
    for (const control::Drill& drill : *drills) {
      const std::optional<double> value = value_of(drill);
      if (!value) continue;
      text += fmt::format("{}{{cluster=\"{}\",project=\"{}\"}} {}\n", name, api::label(drill.name),
                          api::label(drill.project), *value);
    }
  };
  const auto of_last = [](auto value_of) {
    return [value_of](const control::Drill& drill) -> std::optional<double> {
      return drill.last ? std::optional<double>(value_of(*drill.last)) : std::nullopt;
    };
  };
  gauge("backcast_drill_ok", "Whether the newest restore drill brought everything back.",
        of_last([](const control::DrillResult& r) { return r.why_not.empty() ? 1.0 : 0.0; }));
  gauge("backcast_drill_seconds", "How long it took.", of_last([](const control::DrillResult& r) {
          return std::chrono::duration<double>(r.ended - r.started).count();
        }));
  gauge("backcast_drill_bytes", "What it brought back.",
        of_last([](const control::DrillResult& r) { return static_cast<double>(r.bytes); }));
  gauge("backcast_drill_due_seconds", "When the next one is due, in Unix time.",
        [](const control::Drill& drill) -> std::optional<double> {
          return static_cast<double>(unix_seconds(drill.due));
        });
  return text;
}

}  // namespace backcast::service
