#include "engine/service/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/policy/service/service_rules.h"
#include "engine/service/contents.h"
#include "engine/service/places.h"

namespace backcast::service {
namespace {

namespace fs = std::filesystem;
using control::Id;
using nlohmann::json;

constexpr std::size_t kJobsAtOnce = 2;
constexpr Duration kLookAtCopies = kHour;
constexpr Duration kTellAgain = 5 * kSecond;

// The same for the same number; over many of them even.
std::uint64_t spread(std::uint64_t number) {
  constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  return (number * kStep) >> 32;
}

// A repository and what opens it.
struct Place {
  std::string keyring;
  fs::path repository;
};

Place place_of(const fs::path& folder, const std::string& project, const std::string& key,
               const std::string& region) {
  const std::string keyring = keyring_of(project, key);
  return {keyring, repository_of(folder, keyring, region)};
}

Place place_of(const fs::path& folder, const control::Backup& backup) {
  return place_of(folder, backup.project, backup.key, backup.region);
}

}  // namespace

Runner::Runner(env::Env& env, fs::path folder, store::SecretText passphrase, Log log,
               std::map<std::string, fs::path> buckets)
    : env_(env),
      folder_(std::move(folder)),
      buckets_(std::move(buckets)),
      log_(std::move(log)),
      keys_(env, folder_ / "keys", std::move(passphrase)),
      tasks_(env, keys_),
      adoptions_(env, folder_ / "adopted") {}

Runner::~Runner() {
  stop();
}

Status Runner::start(control::ControlPlane& control) {
  control_ = &control;
  BACKCAST_CHECK(kinds::clear_spool(folder_ / "spool"));
  BACKCAST_TRY(const auto held, control.held());
  for (const auto& one : held) held_.put(one.vault, one.backup, one.size_bytes);
  held_.commit();
  BACKCAST_CHECK(tidy_adopted());
  BACKCAST_TRY(const auto running, control.running());
  for (const control::Work& work : running) add({Deed::What::kJob, work.job});
  forget_notes(running);
  BACKCAST_TRY(const auto shelves, control.shelves());
  for (const auto& shelf : shelves) add({Deed::What::kTidy, 0, shelf});
  add({Deed::What::kCopyCatalogue});
  catalogue_copied_ = env_.monotonic();
  for (std::size_t i = 0; i < kJobsAtOnce; ++i) threads_.emplace_back([this] { work(jobs_); });
  threads_.emplace_back([this] { work(upkeep_); });
  ticker_ = env_.every(kSecond, [this] { report_progress(); });
  return kOk;
}

// What a service that was killed had taken in, and no backup needs.
Status Runner::tidy_adopted() {
  if (adoptions_.empty()) return kOk;
  control::BackupFilter being_made;
  being_made.state = "CREATING";
  being_made.limit = INT64_MAX;
  BACKCAST_TRY(const auto made, control_->backups(being_made));
  return adoptions_.tidy(made.page);
}

fs::path Runner::note_of(Id job) const {
  return folder_ / "restoring" / std::to_string(job);
}

// Of restores that have ended.
void Runner::forget_notes(const std::vector<control::Work>& running) const {
  std::set<fs::path> needed;
  for (const control::Work& work : running) needed.insert(note_of(work.job));
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder_ / "restoring", none)) {
    if (!needed.contains(entry.path())) fs::remove(entry.path(), none);
  }
}

void Runner::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
    for (const auto& [job, watch] : watched_) watch->stopper.stop();
  }
  jobs_.wake.notify_all();
  upkeep_.wake.notify_all();
  ticker_.reset();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

// ---------------------------------------------------------------- inside a decision

Duration Runner::start_delay(Id cluster, std::uint32_t schedule, Instant, int window_seconds) {
  // Clusters of one window do not all begin in its first second.
  const std::uint64_t at = spread(static_cast<std::uint64_t>(cluster) * 64 + schedule);
  return std::chrono::seconds(at % static_cast<std::uint64_t>(std::max(window_seconds, 1)));
}

control::Begun Runner::begin(const control::Work& work, Instant) {
  decided_.push_back({Deed::What::kJob, work.job});
  return {};
}

void Runner::cancel(const control::Work& work, Instant) {
  decided_.push_back({Deed::What::kCancel, work.job});
}

void Runner::put(const control::Work& work) {
  held_.put(work.vault, work.backup, work.size_bytes);
}

void Runner::remove(Id vault, Id backup) {
  held_.remove(vault, backup);
  decided_.push_back({Deed::What::kRemove, backup});
}

void Runner::changed(Id backup) {
  decided_.push_back({Deed::What::kLabel, backup});
}

std::uint64_t Runner::held_bytes(Id vault) {
  return held_.total_bytes(vault);
}

std::uint64_t Runner::freed_bytes(Id vault, const std::vector<Id>& backups) {
  return held_.bytes_of(vault, backups);
}

void Runner::destroy_key(Id project) {
  decided_.push_back({Deed::What::kDestroyKey, project});
}

void Runner::committed() {
  held_.commit();
  for (const Deed& deed : decided_) add(deed);
  decided_.clear();
}

void Runner::rolled_back() {
  held_.roll_back();
  decided_.clear();
}

void Runner::add(Deed deed) {
  const bool is_job = deed.what == Deed::What::kJob;
  Lane& lane = is_job ? jobs_ : upkeep_;
  {
    const std::lock_guard guard(mutex_);
    if (deed.what == Deed::What::kCancel) {
      std::erase_if(jobs_.queue, [&](const Deed& queued) { return queued.id == deed.id; });
      const auto running = watched_.find(deed.id);
      if (running != watched_.end()) running->second->stopper.stop();
      return;
    }
    lane.queue.push_back(std::move(deed));
  }
  lane.wake.notify_one();
}

// ---------------------------------------------------------------- on threads of its own

void Runner::work(Lane& lane) {
  while (true) {
    Deed deed;
    {
      std::unique_lock lock(mutex_);
      lane.wake.wait(lock, [&] { return stopping_ || !lane.queue.empty(); });
      if (stopping_) return;
      deed = std::move(lane.queue.front());
      lane.queue.pop_front();
    }
    if (deed.what == Deed::What::kJob) {
      do_job(deed.id);
    } else if (Status done = keep_house(deed); !done.ok()) {
      log_(to_string(done.error()));
    }
  }
}

Status Runner::keep_house(const Deed& deed) {
  switch (deed.what) {
    case Deed::What::kRemove:
      return remove_bytes(deed.id);
    case Deed::What::kLabel:
      return label(house(), deed.id);
    case Deed::What::kDestroyKey:
      return destroy(deed.id);
    case Deed::What::kTidy:
      return tidy(house(), deed.shelf);
    case Deed::What::kCopyCatalogue:
      return copy_catalogue(house(), env_.now());
    case Deed::What::kJob:
    case Deed::What::kCancel:
      break;
  }
  return kOk;
}

Result<Rebuilt> Runner::rebuild(control::ControlPlane& control) {
  control_ = &control;
  return service::rebuild(house());
}

void Runner::report_progress() {
  if (env_.monotonic() - catalogue_copied_ > kLookAtCopies) {
    catalogue_copied_ = env_.monotonic();
    add({Deed::What::kCopyCatalogue});
  }
  std::vector<std::pair<Id, int>> moved;
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [job, watch] : watched_) moved.emplace_back(job, watch->percent.load());
  }
  for (const auto& [job, percent] : moved) {
    if (Status told = control_->progress(job, percent); !told.ok()) {
      log_(to_string(told.error()));
    }
  }
}

bool Runner::rests(Duration time) {
  std::unique_lock lock(mutex_);
  return !jobs_.wake.wait_for(lock, time, [this] { return stopping_; });
}

void Runner::do_job(Id job) {
  auto watch = std::make_shared<kinds::JobWatch>();
  {
    const std::lock_guard guard(mutex_);
    watched_[job] = watch;
  }
  const auto detail = control_->detail(job);
  Result<control::Ended> ended = detail.ok() ? run(*detail, *watch) : detail.error();
  bool interrupted = false;
  {
    const std::lock_guard guard(mutex_);
    watched_.erase(job);
    interrupted = stopping_ && watch->stopper.stopped();
  }
  if (interrupted) return;  // the next start does it again
  control::Ended how;
  if (ended.ok()) {
    how = *std::move(ended);
  } else {
    how.ok = false;
    how.reason = to_string(ended.error());
  }
  auto taken = control_->ended(job, how);
  while (!taken.ok()) {  // a full disk has room again some time
    log_(to_string(taken.error()));
    if (!rests(kTellAgain)) return;  // the next start does it again
    taken = control_->ended(job, how);
  }
  std::error_code none;
  fs::remove(note_of(job), none);
  if (*taken || how.snapshot.empty()) return;
  // The job was stopped when its snapshot was there already.
  if (Status gone = discard(detail->work.backup, how.snapshot); !gone.ok()) {
    log_(to_string(gone.error()));
  }
}

Result<control::Ended> Runner::run(const control::ControlPlane::Detail& detail,
                                   kinds::JobWatch& watch) {
  if (!detail.key_refusal.empty()) return failed(detail.key_refusal);
  if (detail.work.kind == control::WorkKind::kBackup) return back_up(detail, watch);
  control::Ended ended;
  if (detail.work.kind == control::WorkKind::kExport) {
    BACKCAST_CHECK(send(detail, watch));
    return ended;
  }
  if (detail.work.kind == control::WorkKind::kRestore) {
    BACKCAST_CHECK(restore(detail, watch));
    return ended;
  }
  const Place from = place_of(folder_, detail.original), to = place_of(folder_, detail.backup);
  const kinds::CopyTask task{from.keyring, detail.original.snapshot, from.repository,
                             to.repository};
  BACKCAST_TRY(const kinds::Stored stored, tasks_.copy(task, watch));
  ended.size_bytes = stored.logical_bytes;
  ended.added_bytes = stored.added_bytes;
  ended.contents = detail.original.contents;
  ended.snapshot = stored.snapshot;
  return ended;
}

Result<control::Ended> Runner::back_up(const control::ControlPlane::Detail& detail,
                                       kinds::JobWatch& watch) {
  BACKCAST_TRY(const fs::path adopted, adoptions_.file_of(detail.backup));
  const Place place = place_of(folder_, detail.backup);
  BACKCAST_TRY(const NodePlace node, node_of(detail));
  const kinds::BackupTask task{place.keyring,      detail.backup.id,       detail.cluster.name,
                               place.repository,   folder_ / "spool",      node.data,
                               detail.backup.tags, detail.backup.contents, adopted};
  BACKCAST_TRY(const kinds::Stored stored, tasks_.back_up(task, watch));
  control::Ended ended;
  ended.size_bytes = stored.logical_bytes;
  ended.added_bytes = stored.added_bytes;
  ended.snapshot = stored.snapshot;
  ended.contents = contents_with(stored.contents, detail.cluster, stored.warnings, node.name);
  ended.reason = stored.schema_change;
  return ended;
}

Result<NodePlace> Runner::node_of(const control::ControlPlane::Detail& detail) {
  if (detail.cluster.source.empty()) return NodePlace{"", true, data_of(detail.cluster)};
  BACKCAST_TRY(const auto nodes, nodes_of(detail.cluster.kind, detail.cluster.source));
  return node_for(nodes, policy::service_rules(detail.project.rules)->nodes, detail.work.automatic,
                  spread(static_cast<std::uint64_t>(detail.work.backup)), env_);
}

Status Runner::restore(const control::ControlPlane::Detail& detail, kinds::JobWatch& watch) {
  BACKCAST_TRY(kinds::RestoreChoice choice,
               choice_of(detail.choice, detail.backup.contents, detail.in_place));
  const Place place = place_of(folder_, detail.backup);
  const kinds::RestoreTask task{place.keyring,           detail.backup.snapshot, place.repository,
                                folder_ / "spool",       data_of(detail.into),   std::move(choice),
                                note_of(detail.work.job)};
  BACKCAST_CHECK(tasks_.restore(task, watch));
  if (!detail.in_place) return kOk;
  // In place the cluster is again as it was: its version and size, too.
  const json contents = json::parse(detail.backup.contents, nullptr, false);
  if (!contents.is_object() || !contents.contains("configuration")) return kOk;
  BACKCAST_TRY(control::Cluster was, control_->cluster(detail.cluster.id));
  read_configuration(contents["configuration"], was);
  BACKCAST_CHECK(control_->change_cluster({"restore"}, was));
  return kOk;
}

Status Runner::send(const control::ControlPlane::Detail& detail, kinds::JobWatch& watch) {
  const auto bucket = buckets_.find(detail.sent.bucket);
  if (bucket == buckets_.end()) {
    return failed("no bucket is called " + detail.sent.bucket,
                  "serve --bucket names those that exports go to");
  }
  const Place place = place_of(folder_, detail.backup);
  std::string directory = detail.sent.directory;
  if (!directory.empty() && !directory.ends_with('/')) directory += '/';
  return tasks_.send({place.keyring, detail.backup.snapshot, place.repository, bucket->second,
                      directory + detail.backup.id, fmt::format("export-{}", detail.work.job)},
                     watch);
}

Status Runner::remove_bytes(Id backup) {
  BACKCAST_TRY(const auto bytes, control_->bytes_of(backup));
  if (bytes.snapshot.empty() || bytes.is_shared) return kOk;
  const Place place = place_of(folder_, bytes.project, bytes.key, bytes.region);
  return tasks_.remove(place.keyring, place.repository, bytes.snapshot);
}

Status Runner::discard(Id backup, const std::string& snapshot) {
  BACKCAST_TRY(const auto bytes, control_->bytes_of(backup));
  if (bytes.is_wanted) return kOk;  // another attempt takes it as its own
  const Place place = place_of(folder_, bytes.project, bytes.key, bytes.region);
  return tasks_.remove(place.keyring, place.repository, snapshot);
}

Status Runner::destroy(Id project) {
  BACKCAST_TRY(const std::string name, control_->project_name(project));
  BACKCAST_TRY(const auto keys, control_->keys());
  std::vector<std::string> keyrings{name};
  for (const control::ClusterKey& key : keys) {
    if (key.project == name) keyrings.push_back(keyring_of(name, key.name));
  }
  for (const std::string& keyring : keyrings) {
    std::vector<fs::path> repositories;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(repositories_of(folder_, keyring), error)) {
      repositories.push_back(entry.path());
    }
    BACKCAST_CHECK(keys_.destroy(keyring, repositories));
  }
  return kOk;
}

Status Runner::write_file(const control::Backup& backup, bool encrypted, const std::string& file) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  BACKCAST_CHECK(control_->check_key(backup.project, backup.key));
  const Place place = place_of(folder_, backup);
  const kinds::ExportTask task{place.keyring, backup.snapshot, place.repository, encrypted};
  BACKCAST_CHECK(tasks_.download(task, [&](ByteView bytes) -> Status {
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    if (!out) return failed("cannot write " + file);
    return kOk;
  }));
  out.close();
  if (!out) return failed("cannot write " + file);
  return kOk;
}

kinds::DataPlace Runner::data_of(const control::Cluster& cluster) const {
  if (!cluster.source.empty()) {
    const auto nodes = nodes_of(cluster.kind, cluster.source);
    const auto primary = [](const NodePlace& node) { return node.primary; };
    // What is no list of nodes, the kind of data refuses in its own words.
    return nodes.ok() ? std::find_if(nodes->begin(), nodes->end(), primary)->data
                      : kinds::DataPlace{cluster.kind, cluster.source};
  }
  // A cluster that a restore made has its data here.
  const fs::path own = folder_ / "clusters" / folder_name(cluster.id);
  std::error_code ignored;
  fs::create_directories(own, ignored);
  return {cluster.kind, json{{"path", own.string()}}.dump()};
}

}  // namespace backcast::service
