// A cluster in a folder: float32 vectors and payload in segments that nobody changes once they are
// written, and cluster.json, which says which of them are the cluster's.
#include <fmt/format.h>

#include <regex>
#include <set>

#include "engine/base/text.h"
#include "engine/kinds/capture/folder_restore.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/tar_folder.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

constexpr int kAttempts = 10;
constexpr Duration kLockPatience = std::chrono::seconds(30);
constexpr Duration kLockPause = std::chrono::milliseconds(20);
constexpr const char* kLockFile = "lock";
constexpr std::uint64_t kMaxTextBytes = 16 << 20;
constexpr std::size_t kNameInFolder = 200;  // bytes of the collection's name in its folder's

// A segment must have the rows that the catalogue says it has: a torn one is told now, not when it
// is needed.
Status place_segment(const Path& from, const Path& to, const Segment& segment,
                     std::uint32_t dimension, const std::string& new_name, Progress& progress) {
  BACKCAST_CHECK(go_on(progress));
  const Path vectors = from / (segment.file + kVectors);
  BACKCAST_TRY(const std::uint64_t size, file_bytes(vectors));
  if (size / sizeof(float) / dimension != segment.rows || size % (sizeof(float) * dimension) != 0) {
    return Error{
        Errc::kCorrupt,
        fmt::format("{} has {} bytes; {} rows of {} floats have {}", vectors.string(), size,
                    segment.rows, dimension, segment.rows * dimension * sizeof(float)),
        {},
        ""};
  }
  BACKCAST_CHECK(place_file(vectors, to / (new_name + kVectors)));
  BACKCAST_CHECK(place_file(from / (segment.file + kPayload), to / (new_name + kPayload)));
  progress.bytes += size;
  return kOk;
}

Status place_collection(const Path& from, const Path& to, const FolderCollection& collection,
                        Progress& progress) {
  BACKCAST_CHECK(make_folders(to));
  BACKCAST_TRY(const std::uint32_t dimension, read_dimension(from));
  BACKCAST_CHECK(copy_whole(from / kSchemaFile, to / kSchemaFile));
  for (const Segment& segment : collection.segments) {
    BACKCAST_CHECK(place_segment(from, to, segment, dimension, segment.file, progress));
  }
  return kOk;
}

// Undoes what a restore that failed has placed.
class Placed {
 public:
  Placed() = default;
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;
  ~Placed() {
    std::error_code ignored;
    for (const Path& folder : folders_) fs::remove_all(folder, ignored);
  }
  void add(Path folder) { folders_.push_back(std::move(folder)); }
  void keep() { folders_.clear(); }

 private:
  std::vector<Path> folders_;
};

class FolderCluster : public ClusterSource {
 public:
  FolderCluster(Path path, env::Env& env) : path_(std::move(path)), env_(env) {}

  Status choose(std::vector<CollectionName> collections) override {
    for (const CollectionName& one : collections) {
      if (one.shard) return no_shards();
    }
    chosen_ = std::move(collections);
    return kOk;
  }

  Result<std::string> describe() override {
    BACKCAST_TRY(const FolderCatalog catalog, read_catalog(path_));
    return describe_catalog(catalog, path_);
  }

  Result<Captured> capture(const Path& into, Progress& progress) override {
    for (int attempt = 1;; ++attempt) {
      BACKCAST_TRY(const FolderCatalog whole, read_catalog(path_));
      BACKCAST_TRY(FolderCatalog catalog, chosen_of(whole));
      Status done = capture_of(catalog, into, progress);
      if (done.ok()) return captured(catalog, into);
      // A segment that was there a moment ago: a client merged or dropped it, and says so in a
      // newer catalogue.
      BACKCAST_TRY(const FolderCatalog now, read_catalog(path_));
      if (now.generation == catalog.generation || attempt == kAttempts) return done.error();
      BACKCAST_CHECK(empty_folder(into));
    }
  }

  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_CHECK(make_folders(path_));
    BACKCAST_TRY(const auto lock, wait_for_lock(progress));
    BACKCAST_TRY(const FolderCatalog backup, read_catalog(from));
    FolderCatalog cluster;
    if (auto found = read_catalog(path_); found.ok()) {
      cluster = *std::move(found);
    } else if (found.error().code != Errc::kNotFound) {
      return found.error();
    }
    BACKCAST_CHECK(check_shapes(describe_catalog(backup, from), cluster, choice));
    BACKCAST_TRY(FolderPlan plan, plan_folder_restore(backup, cluster, choice));
    BACKCAST_CHECK(remove_leftovers(cluster));
    Placed placed;
    for (Placing& place : plan.placing) {
      BACKCAST_CHECK(put(from, place, placed, progress));
      plan.catalog.find_database(place.to_database)->collections.push_back(place.restored);
    }
    BACKCAST_CHECK(sync_folder_tree(env_, path_));
    BACKCAST_CHECK(write_text(env_, path_ / kCatalogFile, write_catalog(plan.catalog)));
    placed.keep();
    remove_folders_of(plan.gone);
    return kOk;
  }

  Result<std::string> look_into(const Path& file, const CollectionName& as) override {
    BACKCAST_CHECK(check_target(as));
    const Aside aside(file.string() + ".look");
    BACKCAST_CHECK(check_only_files(file));
    const TarVisitor keep_texts = [&](const TarEntry& entry, const auto& content) -> Status {
      const Path place = aside.path() / entry.path;
      const bool is_text = place.filename() == kSchemaFile || entry.path == kCatalogFile;
      if (!is_text) return content([](ByteView) -> Status { return kOk; });
      if (entry.node.kind != source::NodeKind::kFile || entry.node.size_bytes > kMaxTextBytes) {
        return not_ours(file);
      }
      BACKCAST_CHECK(make_folders(place.parent_path()));
      return write_file(place, content);
    };
    BACKCAST_CHECK(read_tar(file, keep_texts));
    BACKCAST_TRY(FolderCatalog catalog, only_collection(aside.path(), file));
    FolderDatabase& database = catalog.databases.front();
    database.collections.front().name = as.name;
    std::error_code error;
    fs::rename(aside.path() / database.name, aside.path() / as.database, error);
    if (error) return not_ours(file);  // its files are not there
    database.name = as.database;
    return describe_catalog(catalog, aside.path());
  }

  Result<Captured> adopt(const Path& file, const CollectionName& as, const Path& into,
                         Progress& progress) override {
    BACKCAST_CHECK(check_target(as));
    BACKCAST_CHECK(check_only_files(file));
    const Aside aside(into.string() + ".adopted");
    BACKCAST_CHECK(untar(env_, file, aside.path(), progress.stop));
    BACKCAST_TRY(const FolderCatalog saved, only_collection(aside.path(), file));
    FolderCatalog catalog;
    catalog.generation = saved.generation;
    catalog.databases = {{as.database, {saved.databases.front().collections.front()}}};
    FolderCollection& collection = catalog.databases.front().collections.front();
    const Path from = aside.path() / saved.databases.front().name / collection.folder;
    collection.name = collection.folder = as.name;
    collection.aliases.clear();
    BACKCAST_CHECK(place_collection(from, into / as.database / as.name, collection, progress));
    return captured(catalog, into);
  }

 private:
  static Error no_shards() {
    return bad_input("a cluster in a folder does not keep its shards apart",
                     "take the whole collection");
  }
  static Status check_target(const CollectionName& as) {
    if (as.shard) return no_shards();
    BACKCAST_CHECK(check_name("the collection", as.name));
    return check_name("the database", as.database);
  }
  static Error not_ours(const Path& file) {
    return bad_input(file.filename().string() + " is no collection of a cluster in a folder",
                     "only what was downloaded from such a cluster comes back into one");
  }

  // Of what a tar held: the database with one collection that it must be.
  static Result<FolderCatalog> only_collection(const Path& folder, const Path& file) {
    auto catalog = read_catalog(folder);
    if (!catalog.ok()) return not_ours(file);
    std::erase_if(catalog->databases, [](const auto& one) { return one.collections.empty(); });
    if (catalog->databases.size() != 1 || catalog->databases.front().collections.size() != 1) {
      return not_ours(file);
    }
    return std::move(*catalog);
  }

  // What takes the place of a collection has its vectors and its shards.
  Status check_shapes(const std::string& saved, const FolderCatalog& cluster,
                      const RestoreChoice& choice) const {
    const std::string now = describe_catalog(cluster, path_);
    for (const CollectionChoice& one : choice.collections) {
      if (one.shard) return no_shards();
      if (!one.replaces) continue;
      const CollectionName as{one.to_database.empty() ? one.database : one.to_database,
                              one.to_name.empty() ? one.name : one.to_name};
      BACKCAST_CHECK(check_fit(saved, {one.database, one.name}, now, as));
    }
    return kOk;
  }

  Result<FolderCatalog> chosen_of(FolderCatalog whole) const {
    if (chosen_.empty()) return whole;
    FolderCatalog part;
    part.generation = whole.generation;
    for (const CollectionName& one : chosen_) {
      const FolderCollection* found = whole.find(one.database, one.name);
      if (found == nullptr) {
        return Error{Errc::kNotFound,
                     fmt::format("the cluster has no collection {} in the database {}",
                                 printable(one.name), printable(one.database)),
                     {},
                     ""};
      }
      if (part.find(one.database, one.name) != nullptr) continue;
      if (part.find_database(one.database) == nullptr) part.databases.push_back({one.database, {}});
      part.find_database(one.database)->collections.push_back(*found);
    }
    return part;
  }

  Status capture_of(const FolderCatalog& catalog, const Path& into, Progress& progress) {
    for (const FolderDatabase& database : catalog.databases) {
      for (const FolderCollection& collection : database.collections) {
        BACKCAST_CHECK(place_collection(path_ / database.name / collection.folder,
                                        into / database.name / collection.folder, collection,
                                        progress));
      }
    }
    return kOk;
  }

  Result<Captured> captured(FolderCatalog& catalog, const Path& into) {
    Captured result;
    if (catalog.scaling != "{}") {
      result.warnings.emplace_back("settings of scaling are not part of a backup");
      catalog.scaling = "{}";
    }
    for (FolderDatabase& database : catalog.databases) {
      for (FolderCollection& collection : database.collections) {
        if (std::exchange(collection.ttl_seconds, 0) == 0) continue;
        result.warnings.push_back(fmt::format("the time to live of {}.{} is not part of a backup",
                                              database.name, collection.name));
      }
    }
    BACKCAST_CHECK(write_text(env_, into / kCatalogFile, write_catalog(catalog)));
    result.contents = describe_catalog(catalog, into);
    BACKCAST_TRY(result.logical_bytes, folder_bytes(into));
    return result;
  }

  Status empty_folder(const Path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      fs::remove_all(entry.path(), error);
      if (error) break;
    }
    if (error) return file_error("empty", folder, error);
    return kOk;
  }

  Result<std::unique_ptr<env::Lock>> wait_for_lock(const Progress& progress) {
    BACKCAST_TRY(const auto folder, env_.open_folder(path_.string(), false));
    const Duration began = env_.monotonic();
    while (true) {
      auto lock = folder->lock(kLockFile, env::LockKind::kExclusive);
      if (lock.ok() || lock.error().code != Errc::kLocked) return lock;
      if (env_.monotonic() - began > kLockPatience) return lock;
      BACKCAST_CHECK(go_on(progress));
      env_.sleep(kLockPause);
    }
  }

  // In a folder of a name that only restores give, so that what a killed one left is known.
  Status put(const Path& from, Placing& place, Placed& placed, Progress& progress) {
    place.restored.folder = place.restored.name.substr(0, kNameInFolder) + '.' + fresh_name(env_);
    const Path to = path_ / place.to_database / place.restored.folder;
    placed.add(to);
    return place_collection(from / place.database / place.saved.folder, to, place.saved, progress);
  }

  // Of restores that were killed. The lock says that no other is at work.
  Status remove_leftovers(const FolderCatalog& catalog) {
    static const std::regex kFresh(R"(.*\.r[0-9a-f]{16})");
    std::set<Path> listed;
    for (const FolderDatabase& database : catalog.databases) {
      for (const auto& one : database.collections) {
        listed.insert(path_ / database.name / one.folder);
      }
    }
    std::error_code error;
    for (const auto& database : fs::directory_iterator(path_, error)) {
      if (!database.is_directory(error)) continue;
      for (const auto& entry : fs::directory_iterator(database.path(), error)) {
        if (!std::regex_match(entry.path().filename().string(), kFresh)) continue;
        if (listed.count(entry.path()) == 0) fs::remove_all(entry.path(), error);
      }
    }
    if (error) return file_error("remove leftovers of a restore in", path_, error);
    return kOk;
  }

  void remove_folders_of(const FolderCatalog& catalog) {
    std::error_code ignored;
    for (const FolderDatabase& database : catalog.databases) {
      for (const FolderCollection& collection : database.collections) {
        fs::remove_all(path_ / database.name / collection.folder, ignored);
      }
    }
  }

  Path path_;
  env::Env& env_;
  std::vector<CollectionName> chosen_;
};

}  // namespace

Opened open_folder_cluster(const Node& source, env::Env& env) {
  only_fields(source, {"path"});
  return std::make_unique<FolderCluster>(path_in(source, "path"), env);
}

}  // namespace backcast::kinds
