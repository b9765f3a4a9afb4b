#include "engine/kinds/runner/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/kinds/formats/files.h"
#include "engine/kinds/formats/json_fields.h"
#include "engine/kinds/runner/schema_change.h"
#include "engine/store/repository/label.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/upkeep/prune.h"
#include "engine/store/work/backup.h"
#include "engine/store/work/copy.h"
#include "engine/store/work/forget.h"
#include "engine/store/work/restore.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kBackupTag = "backup=", kClusterTag = "cluster=";
// Shares of a job in its percent.
constexpr int kCaptured = 40, kReadBack = 60, kNearlyDone = 95;

constexpr const char* kContentsFile = "contents.json";
constexpr const char* kDataFolder = "data";
constexpr std::uint64_t kMaxContentsBytes = 64 << 20;

// A folder of the spool that goes with its job.
class SpoolFolder {
 public:
  static Result<SpoolFolder> make(env::Env& env, const Path& spool) {
    BACKCAST_CHECK(make_folders(spool));
    SpoolFolder folder(spool / fresh_name(env));
    std::error_code error;
    fs::create_directory(folder.path_, error);
    if (!error) fs::permissions(folder.path_, fs::perms::owner_all, error);
    if (error) return file_error("make the folder", folder.path_, error);
    return folder;
  }
  SpoolFolder(SpoolFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~SpoolFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const Path& path() const { return path_; }

 private:
  explicit SpoolFolder(Path path) : path_(std::move(path)) {}
  Path path_;
};

std::string tagged(const store::Snapshot& snapshot, std::string_view prefix) {
  for (const std::string& tag : snapshot.tags) {
    if (tag.starts_with(prefix)) return tag.substr(prefix.size());
  }
  return {};
}

Result<store::Snapshot> find(store::Repository& repository, const std::string& id) {
  const auto name = store::id_from_hex(id);
  if (!name) return bad_input("\"" + id + "\" is no snapshot");
  return store::load_snapshot(repository, *name);
}

// What an attempt of the same job published before it was killed.
Result<std::optional<store::Snapshot>> published(store::Repository& repository,
                                                 const std::string& backup) {
  std::vector<Error> damaged;
  BACKCAST_TRY(const auto all, store::load_snapshots(repository, &damaged));
  for (const store::Snapshot& one : all) {
    if (tagged(one, kBackupTag) == backup && !one.is_copy) return std::optional(one);
  }
  return std::optional<store::Snapshot>();
}

Result<store::Snapshot> save(store::Repository& repository, const BackupTask& task,
                             const Path& folder, std::uint64_t bytes, JobWatch& watch) {
  store::BackupOptions options;
  options.walk.roots = {folder.string()};
  // Ours first: whatever tags a user gives, these are found.
  options.tags = {std::string(kBackupTag) + task.backup, std::string(kClusterTag) + task.cluster};
  options.tags.insert(options.tags.end(), task.tags.begin(), task.tags.end());
  options.host = task.cluster;
  store::BackupProgress progress;
  const Stopper::Reaches reaches(watch.stopper, progress.stop);
  const auto ticker = repository.env().every(std::chrono::milliseconds(200), [&] {
    const double share = bytes == 0 ? 1.0 : double(progress.read_bytes) / double(bytes);
    watch.percent = kCaptured + int(std::min(share, 1.0) * (kNearlyDone - kCaptured));
  });
  BACKCAST_TRY(store::BackupResult result, store::backup(repository, options, progress));
  if (!result.problems.empty()) {
    // Nothing but this job knows the spool: a file of it that cannot be read is the disk's fault.
    store::ForgetRequest forget;
    forget.snapshots = {store::to_hex(result.snapshot.id)};
    BACKCAST_TRY(const auto plan, store::plan_forget(repository, forget));
    BACKCAST_TRY([[maybe_unused]] const auto gone, store::apply_forget(repository, plan));
    const auto& problem = result.problems.front();
    return failed("cannot save " + problem.path + ": " + problem.what);
  }
  return std::move(result.snapshot);
}

using nlohmann::json;

Result<json> asked_contents(const BackupTask& task) {
  if (task.contents.empty()) return json::object();
  json asked = json::parse(task.contents, nullptr, false);
  if (!asked.is_object() || (list_in(asked, "chosen").empty() && !flag_in(asked, "snapshot"))) {
    return bad_input("the collections that are to be backed up are not named",
                     "name them: {\"chosen\": [{\"database\": \"default\", \"name\": \"docs\"}]}");
  }
  return asked;
}

std::vector<CollectionName> chosen_in(const json& asked) {
  std::vector<CollectionName> chosen;
  for (const json& one : list_in(asked, "chosen")) {
    CollectionName& name =
        chosen.emplace_back(CollectionName{text_in(one, "database"), text_in(one, "name")});
    if (one.contains("shard")) name.shard = static_cast<std::uint32_t>(count_in(one, "shard"));
  }
  return chosen;
}

// Contents that say what was chosen, as they were asked for.
std::string with_chosen(const std::string& contents, const json& asked) {
  if (asked.empty()) return contents;
  json all = json::parse(contents, nullptr, false);
  if (!all.is_object()) all = json::object();
  if (asked.contains("chosen")) all["chosen"] = list_in(asked, "chosen");
  if (flag_in(asked, "snapshot")) all["snapshot"] = true;
  return dumped(all);
}

// As `note` has it, which is written where there is none; "" = it is not known.
Result<std::string> held_before(env::Env& env, const Path& note, ClusterSource& source) {
  if (note.empty()) return std::string();
  BACKCAST_TRY(const auto folder, env.open_folder(note.parent_path().string(), true));
  auto noted = env::read_file(*folder, note.filename().string(), kMaxContentsBytes);
  if (noted.ok() || noted.error().code != Errc::kNotFound) return noted;
  const auto holds = source.describe();  // a new cluster is not there yet
  const std::string text = holds.ok() ? *holds : "{}";
  BACKCAST_CHECK(write_text(env, note, text));
  return text;
}

// Whether the collections that are asked for are there with the rows that were saved, and none of
// them was there before. With other rows they may be somebody else's.
bool came_back(const std::string& saved, const RestoreChoice& choice, const std::string& before,
               const std::string& now) {
  const auto held = collections_in(saved), were = collections_in(before), are = collections_in(now);
  RowsByName wanted;  // by the name that was asked for
  for (const CollectionChoice& one : choice.collections) {
    const auto from = held.find(one.database + "." + one.name);
    if (from == held.end()) return false;
    wanted[(one.to_database.empty() ? one.database : one.to_database) + "." +
           (one.to_name.empty() ? one.name : one.to_name)] = from->second;
  }
  if (choice.collections.empty()) wanted = held;
  return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    const auto is = are.find(one.first);
    return is != are.end() && may_be_equal(is->second, one.second) && !were.contains(one.first);
  });
}

Path place_of(const store::Snapshot& snapshot, const Path& restored) {
  return snapshot.paths.empty() ? restored : Path(restored.string() + snapshot.paths.front());
}

Result<std::string> contents_of(store::Repository& repository, const store::Snapshot& snapshot) {
  std::string text;
  BACKCAST_CHECK(store::dump_file(repository, snapshot,
                                  snapshot.paths.front() + '/' + kContentsFile,
                                  [&](ByteView bytes) -> Status {
                                    text += as_text(bytes);
                                    if (text.size() > kMaxContentsBytes)
                                      return failed("the list of contents is too long");
                                    return kOk;
                                  }));
  return text;
}

}  // namespace

Result<Stored> Tasks::back_up(const BackupTask& task, JobWatch& watch) {
  BACKCAST_TRY(const auto repository, keys_.open(task.keyring, task.repository, true));
  BACKCAST_TRY(const auto before, published(*repository, task.backup));
  Stored stored;
  if (before) {
    BACKCAST_TRY(stored.contents, contents_of(*repository, *before));
    stored.snapshot = store::to_hex(before->id);
    stored.logical_bytes = before->content_bytes - stored.contents.size();
    stored.added_bytes = before->added_stored_bytes;
    BACKCAST_CHECK(measure(*repository, *before, stored.contents));
    return stored;
  }
  BACKCAST_TRY(const SpoolFolder spool, SpoolFolder::make(env_, task.spool));
  BACKCAST_TRY(const auto source, open_source(task.data.kind, task.data.source, env_));
  BACKCAST_TRY(const json asked, asked_contents(task));
  const std::vector<CollectionName> chosen = chosen_in(asked);
  BACKCAST_CHECK(source->choose(chosen));
  BACKCAST_CHECK(make_folders(spool.path() / kDataFolder));
  Progress progress;
  const Stopper::Reaches reaches(watch.stopper, progress.stop);
  const Path data = spool.path() / kDataFolder;
  if (!task.adopted.empty() && chosen.size() != 1) return bad_input("a file holds one collection");
  const bool captures = task.adopted.empty();
  const Result<std::string> held = captures ? source->describe() : std::string();
  BACKCAST_TRY(Captured captured, captures
                                      ? source->capture(data, progress)
                                      : source->adopt(task.adopted, chosen[0], data, progress));
  const Result<std::string> holds = captures ? source->describe() : std::string();
  watch.percent = kCaptured;
  captured.contents = with_chosen(captured.contents, asked);
  BACKCAST_CHECK(write_text(env_, spool.path() / kContentsFile, captured.contents));
  BACKCAST_TRY(const store::Snapshot snapshot,
               save(*repository, task, spool.path(), captured.logical_bytes, watch));
  BACKCAST_CHECK(measure(*repository, snapshot, captured.contents));
  watch.percent = 100;
  return Stored{store::to_hex(snapshot.id),
                captured.logical_bytes,
                snapshot.added_stored_bytes,
                std::move(captured.contents),
                std::move(captured.warnings),
                held.ok() && holds.ok() ? schema_change(*held, *holds) : std::string()};
}

Result<Stored> Tasks::copy(const CopyTask& task, JobWatch& watch) {
  BACKCAST_TRY(const auto from, keys_.open(task.keyring, task.from, false));
  BACKCAST_TRY(const auto to, keys_.open(task.keyring, task.to, true));
  BACKCAST_TRY(const store::Snapshot snapshot, find(*from, task.snapshot));
  store::CopyProgress progress;
  const Stopper::Reaches reaches(watch.stopper, progress.stop);
  BACKCAST_TRY(const store::CopyResult result,
               store::copy_snapshots(*from, *to, {snapshot}, progress));
  if (!result.skipped.empty()) {
    return Error{
        Errc::kCorrupt, "the original is not whole: " + result.skipped.front().what, {}, ""};
  }
  BACKCAST_TRY(std::string contents, contents_of(*to, snapshot));
  watch.percent = 100;
  return Stored{task.snapshot,
                snapshot.content_bytes - contents.size(),
                result.stored_bytes,
                std::move(contents),
                {}};
}

Status Tasks::restore(const RestoreTask& task, JobWatch& watch) {
  BACKCAST_TRY(const auto repository, keys_.open(task.keyring, task.repository, false));
  BACKCAST_TRY(const store::Snapshot snapshot, find(*repository, task.snapshot));
  BACKCAST_TRY(const auto source, open_source(task.data.kind, task.data.source, env_));
  BACKCAST_TRY(const std::string before, held_before(env_, task.note, *source));
  BACKCAST_TRY(const SpoolFolder spool, SpoolFolder::make(env_, task.spool));
  store::RestoreRequest request;
  request.target = spool.path().string();
  request.selection = store::Selection(snapshot.paths.front());
  {
    store::RestoreProgress progress;
    const Stopper::Reaches reaches(watch.stopper, progress.stop);
    const auto ticker = env_.every(std::chrono::milliseconds(200), [&] {
      const double share = snapshot.content_bytes == 0
                               ? 1.0
                               : double(progress.bytes) / double(snapshot.content_bytes);
      watch.percent = int(std::min(share, 1.0) * kReadBack);
    });
    BACKCAST_TRY(const auto result, store::restore(*repository, snapshot, request, progress));
    if (!result.failures.empty()) {
      const auto& failure = result.failures.front();
      return Error{Errc::kCorrupt,
                   "cannot read back " + failure.path + ": " + failure.what,
                   {},
                   "backcast check --read-data shows what is damaged"};
    }
  }
  watch.percent = kReadBack;
  Progress progress;
  const Stopper::Reaches reaches(watch.stopper, progress.stop);
  Status done =
      source->restore(place_of(snapshot, spool.path()) / kDataFolder, task.choice, progress);
  if (!done.ok() && done.error().code == Errc::kExists && !before.empty()) {
    BACKCAST_TRY(const std::string saved, contents_of(*repository, snapshot));
    const auto now = source->describe();
    if (now.ok() && came_back(saved, task.choice, before, *now)) done = kOk;
  }
  if (done.ok()) watch.percent = 100;
  return done;
}

Status Tasks::remove(const std::string& keyring, const Path& path, const std::string& snapshot) {
  auto repository = keys_.open(keyring, path, false);
  if (!repository.ok() && repository.error().code == Errc::kNoRepository) return kOk;
  if (!repository.ok()) return repository.error();
  store::ForgetRequest request;
  request.snapshots = {snapshot};
  auto plan = store::plan_forget(**repository, request);
  if (!plan.ok() && plan.error().code != Errc::kNotFound) return plan.error();
  if (plan.ok()) {
    BACKCAST_TRY([[maybe_unused]] const auto gone, store::apply_forget(**repository, *plan));
  }
  return free_space(**repository, path);
}

Status Tasks::free_space(store::Repository& repository, const Path& path) {
  {
    const std::scoped_lock lock(mutex_);
    const Duration now = env_.monotonic();
    const auto at = freed_.find(path);
    if (at != freed_.end() && now - at->second < kHour) return kOk;
    freed_[path] = now;
  }
  store::PruneProgress progress;
  const auto pruned = store::prune(repository, {}, progress);
  // Whoever prunes just now, or the next, frees it.
  if (!pruned.ok() && pruned.error().code != Errc::kLocked) return pruned.error();
  return kOk;
}

Status Tasks::label(const std::string& keyring, const Path& path, const std::string& snapshot,
                    const std::string& text) {
  const auto id = store::id_from_hex(snapshot);
  if (!id) return bad_input("\"" + snapshot + "\" is no snapshot");
  BACKCAST_TRY(const auto repository, keys_.open(keyring, path, false));
  return store::set_label(*repository, *id, text);
}

Result<std::vector<Labelled>> Tasks::labelled(const std::string& keyring, const Path& path,
                                              std::vector<Error>& damaged) {
  BACKCAST_TRY(const auto repository, keys_.open(keyring, path, false));
  BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository, &damaged));
  // Of a label that cannot be read the one before it holds, or none.
  std::vector<Error> damaged_labels;
  BACKCAST_TRY(const auto labels, store::load_labels(*repository, damaged_labels));
  std::map<store::Id, std::string> texts;
  for (const store::Label& label : labels) texts[label.snapshot] = label.text;
  std::vector<Labelled> all;
  for (const store::Snapshot& one : snapshots) {
    all.push_back({store::to_hex(one.id), tagged(one, kBackupTag), tagged(one, kClusterTag),
                   texts[one.id], one.time});
  }
  return all;
}

Result<std::string> Tasks::contents(const std::string& keyring, const Path& path,
                                    const std::string& id) {
  BACKCAST_TRY(const auto repository, keys_.open(keyring, path, false));
  BACKCAST_TRY(const store::Snapshot snapshot, find(*repository, id));
  return contents_of(*repository, snapshot);
}

Status clear_spool(const Path& spool) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(spool, error)) {
    fs::remove_all(entry.path(), error);
    if (error) break;
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return file_error("empty", spool, error);
  }
  return kOk;
}

}  // namespace backcast::kinds
