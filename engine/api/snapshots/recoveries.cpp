#include "engine/api/snapshots/recoveries.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/api/snapshots/multipart.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::size_t kAtOnce = 8;
constexpr auto kPause = std::chrono::milliseconds(50);
constexpr const char* kField = "snapshot";
// Where the vendor's documents say that a server keeps them: COLLECTION/NAME beneath it.
constexpr std::string_view kServersOwn = "file:///qdrant/snapshots/";

std::atomic<std::uint64_t> next_file{0};

// Gone with it, if it is there.
class OwnFile {
 public:
  explicit OwnFile(std::string path) : path_(std::move(path)) {}
  ~OwnFile() { ::unlink(path_.c_str()); }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string last_step(const std::string& location) {
  const std::string path = location.substr(0, location.find_first_of("?#"));
  return path.substr(path.rfind('/') + 1);
}

// What a caller names that is a snapshot of ours already.
struct Ours {
  Part part;
  std::string name;
};
std::optional<Ours> ours_of(const Recovery& asked) {
  const std::string& location = asked.location;
  if (location.empty()) return std::nullopt;
  if (asked.part.shard && location.find("://") == std::string::npos) {
    return Ours{asked.part, location};  // of a shard the name alone
  }
  if (!location.starts_with(kServersOwn)) return std::nullopt;
  const std::string path = location.substr(kServersOwn.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string::npos || path.find('/', slash + 1) != std::string::npos) {
    return std::nullopt;
  }
  return Ours{{path.substr(0, slash), asked.part.shard}, path.substr(slash + 1)};
}

Failure wrong_sum(const std::string& is, const std::string& wanted) {
  return {400, fmt::format("Snapshot checksum mismatch: expected {}, got {}", wanted, is)};
}

// The version of the server that made it, where the snapshot says so.
std::string version_in(const control::Backup& backup, const std::string& collection) {
  const json contents = json::parse(backup.contents, nullptr, false);
  if (!contents.is_object() || !contents.contains("databases")) return {};
  for (const json& database : contents["databases"]) {
    for (const json& one : database.value("collections", json::array())) {
      if (one.value("name", "") == collection) return one.value("version", "");
    }
  }
  return {};
}

}  // namespace

bool names_ours(const Recovery& asked) {
  return ours_of(asked).has_value();
}

Recoveries::~Recoveries() {
  stop_ = true;
  for (const Done& one : running_) one.wait();
}

Result<Recoveries::Done, Failure> Recoveries::begin(Recovery asked) {
  const std::lock_guard lock(mutex_);
  std::erase_if(running_, [](const Done& one) {
    return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  if (running_.size() >= kAtOnce) {
    if (!asked.upload.empty()) ::unlink(asked.upload.c_str());
    return Failure{503, "too many snapshots are recovered now", "try again later"};
  }
  running_.push_back(std::async(std::launch::async, [this, asked = std::move(asked)] {
                       const OwnFile upload(asked.upload);
                       return recover(asked);
                     }).share());
  return running_.back();
}

Allowed Recoveries::recover(const Recovery& asked) {
  const auto ours = ours_of(asked);
  if (!ours) {
    BACKCAST_TRY(const control::Backup from, take_in(asked));
    return restore(asked, asked.part, from);
  }
  auto found = snapshots_.find(asked.cluster, ours->part, ours->name);
  if (!found.ok()) {
    if (found.error().status == 404) found.error().status = 400;  // as of a file that is not there
    return found.error();
  }
  const std::string sum = description_of(*found).value("checksum", "");
  if (!asked.checksum.empty() && asked.checksum != sum) return wrong_sum(sum, asked.checksum);
  BACKCAST_CHECK(told(backend().data.check_backup(asked.cluster, ours->part, *found, asked.part)));
  return restore(asked, ours->part, *found);
}

// What it is called, when it lies in `file`.
Result<std::string, Failure> Recoveries::bring(const Recovery& asked, const std::string& file) {
  if (asked.upload.empty()) {
    auto fetched = backend().data.fetch(asked.cluster, asked.location, asked.api_key, file, stop_);
    if (fetched.ok()) return last_step(asked.location);
    Failure failure = failure_of(fetched.error());
    if (failure.status == 404) failure.status = 400;
    return failure;
  }
  BACKCAST_TRY(const FormFile part, told(find_field(asked.upload, asked.content_type, kField)));
  BACKCAST_CHECK(told(copy_part(asked.upload, part, file)));
  return last_step(part.file_name);
}

Result<control::Backup, Failure> Recoveries::take_in(const Recovery& asked) {
  const OwnFile file(
      fmt::format("{}/recover-{}-{}", backend().scratch_folder, ::getpid(), next_file++));
  BACKCAST_TRY(const std::string name, bring(asked, file.path()));
  const Status fine =
      backend().data.check_file(asked.cluster, asked.part, file.path(), asked.checksum);
  if (!fine.ok()) {
    Failure failure = failure_of(fine.error());
    if (fine.error().code == Errc::kCorrupt) failure.status = 400;  // the sender's
    return failure;
  }
  BACKCAST_TRY(const std::string taken_in, told(backend().data.take_in(file.path())));
  const auto started = snapshots_.take(asked.caller, asked.cluster, asked.part, taken_in, name);
  const Allowed done = started.ok() ? wait_for(started->job, "the snapshot could not be taken in")
                                    : Allowed(started.error());
  // Where the service ends, the job goes on with it at the next start.
  if (!stop_) backend().data.release(taken_in);
  BACKCAST_CHECK(done);
  return told(backend().control.backup(started->backup));
}

Allowed Recoveries::restore(const Recovery& asked, const Part& of, const control::Backup& from) {
  json collection{{"database", "default"},
                  {"name", of.collection},
                  {"to_name", asked.part.collection},
                  {"replaces", true},
                  {"priority", asked.priority}};
  if (asked.part.shard) collection["shard"] = *asked.part.shard;
  control::Restore restore;
  restore.cluster = asked.cluster.id;
  restore.backup = from.id;
  restore.into = asked.cluster.id;
  restore.to_region = asked.cluster.region;
  restore.backup_version = version_in(from, of.collection);
  if (!restore.backup_version.empty()) restore.target_version = asked.cluster.version;
  restore.choice = json{{"collections", json::array({std::move(collection)})}}.dump();
  BACKCAST_TRY(const control::Started started,
               told(backend().control.restore(asked.caller, restore)));
  if (started.backup.empty()) {
    BACKCAST_TRY(const control::Job job, told(backend().control.job(started.job)));
    return Failure{400, "the snapshot cannot be recovered here: " + job.reason};
  }
  return wait_for(started.job, "the snapshot could not be recovered");
}

Allowed Recoveries::wait_for(const std::string& job, const char* what) {
  while (!stop_) {
    BACKCAST_TRY(const control::Job now, told(backend().control.job(job)));
    if (!now.ended) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    if (now.state == "SUCCESSFUL") return kOk;
    return Failure{500, fmt::format("{}: {}", what, now.reason)};
  }
  return Failure{503, "the service ends; what it had begun goes on when it starts again"};
}

}  // namespace backcast::api
