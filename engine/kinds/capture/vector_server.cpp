// Collections of a Qdrant server: the snapshots that it made itself, or its storage folder while it
// is down. What is captured has the form of a snapshot of all its storage: one file for each
// collection, and config.json, which says which is which.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/text.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/collection_snapshot.h"
#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kMapping = "config.json";
constexpr const char* kEnding = ".snapshot";
constexpr const char* kChecksum = ".checksum";
constexpr const char* kAliases = "aliases/data.json";
constexpr int kAttempts = 5;
constexpr std::uint64_t kMaxTextBytes = 16 << 20;

// Folders within a folder, in order of names.
Result<std::vector<std::string>> folders_in(const Path& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(error) && !name.starts_with('.')) names.push_back(name);
  }
  if (error) return file_error("list", path, error);
  std::sort(names.begin(), names.end());
  return names;
}

class VectorServer : public ClusterSource {
 public:
  VectorServer(Path path, bool is_storage, env::Env& env)
      : path_(std::move(path)), is_storage_(is_storage), env_(env) {}

  Result<std::string> describe() override {
    BACKCAST_TRY(const auto names, folders_in(root()));
    json collections = json::array();
    for (const std::string& name : names) collections.push_back({{"name", name}});
    return told(collections);
  }

  Result<Captured> capture(const Path& into, Progress& progress) override {
    BACKCAST_TRY(const auto names, folders_in(root()));
    for (const std::string& name : names) {
      if (!is_valid_utf8(name)) return bad_input(printable(name) + " is no name of a collection");
    }
    json collections = json::array(), files = json::object();
    for (const std::string& name : names) {
      BACKCAST_TRY(const Path file,
                   is_storage_ ? pack(name, into, progress) : take_newest(name, into, progress));
      BACKCAST_TRY(const CollectionSnapshot snapshot, read_collection_snapshot(file));
      if (snapshot.shards.empty()) {
        return Error{Errc::kCorrupt, file.string() + " is a snapshot of one shard alone", {}, ""};
      }
      files[name] = file.filename().string();
      collections.push_back({{"name", name},
                             {"version", snapshot.version},
                             {"shards", snapshot.shards.size()},
                             {"segments", snapshot.segments},
                             {"bytes", snapshot.logical_bytes}});
    }
    BACKCAST_TRY(const json aliases, read_aliases());
    const std::string mapping =
        dumped({{"collections_mapping", files}, {"collections_aliases", aliases}});
    BACKCAST_CHECK(write_text(env_, into / kMapping, mapping));
    Captured captured;
    captured.contents = told(collections);
    if (!is_storage_ && names.size() > 1) {
      captured.warnings.emplace_back("each collection is of the moment of its own snapshot");
    }
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
  }

  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_TRY(const auto wanted, wanted_of(from, choice));
    BACKCAST_CHECK(make_folders(root()));
    std::error_code error;
    for (const auto& [name, file] : wanted) {
      if (!choice.replace && fs::exists(root() / name, error)) {
        return Error{Errc::kExists,
                     "there is a collection " + printable(name) + " already; nothing was restored",
                     {},
                     "restore it under another name"};
      }
    }
    const Aside aside(path_ / ".restoring");
    for (const auto& [name, file] : wanted) {
      BACKCAST_CHECK(
          is_storage_ ? unpack_collection_snapshot(env_, file, aside.path() / name, progress.stop)
                      : put_snapshot(file, aside.path() / name));
    }
    BACKCAST_CHECK(sync_folder_tree(env_, path_));
    for (const auto& [name, file] : wanted) {
      fs::remove_all(root() / name, error);
      fs::rename(aside.path() / name, root() / name, error);
      if (error) return file_error("put into its place", root() / name, error);
    }
    return restore_aliases(from, choice);
  }

 private:
  Path root() const { return is_storage_ ? path_ / "collections" : path_; }

  static std::string told(const json& collections) {
    return dumped({{"databases", {{{"name", "default"}, {"collections", collections}}}}});
  }

  Result<json> read_aliases() const {
    std::error_code error;
    if (!is_storage_ || !fs::exists(path_ / kAliases, error)) return json::object();
    BACKCAST_TRY(const std::string text,
                 read_text_file((path_ / kAliases).string(), kMaxTextBytes));
    json aliases = json::parse(text, nullptr, false);
    if (aliases.is_object()) return aliases;
    return Error{Errc::kCorrupt, (path_ / kAliases).string() + " is damaged", {}, ""};
  }

  // Again, until nothing changed meanwhile: only then it is of one moment.
  Result<Path> pack(const std::string& name, const Path& into, Progress& progress) {
    const Path file = into / (name + kEnding);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::error_code ignored;
      fs::remove(file, ignored);
      BACKCAST_TRY(const FolderState before, look_at_folder(env_, root() / name));
      BACKCAST_CHECK(write_collection_snapshot(root() / name, file, progress.bytes, progress.stop));
      BACKCAST_TRY(const FolderState after, look_at_folder(env_, root() / name));
      if (before == after) return file;
    }
    return failed("the storage of the collection " + printable(name) + " keeps changing",
                  "stop the server, or back up the snapshots that it makes itself");
  }

  // The newest by its name, which ends in its date, and its checksum.
  Result<Path> take_newest(const std::string& name, const Path& into, Progress& progress) {
    Path newest;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root() / name, error)) {
      if (entry.path().extension() == kEnding && entry.path().filename() > newest.filename()) {
        newest = entry.path();
      }
    }
    if (error) return file_error("list", root() / name, error);
    if (newest.empty()) {
      return Error{Errc::kNotFound,
                   "the collection " + printable(name) + " has no snapshot",
                   {},
                   "let the server make one first"};
    }
    BACKCAST_CHECK(go_on(progress));
    const Path file = into / newest.filename();
    BACKCAST_CHECK(place_file(newest, file));
    BACKCAST_TRY(const std::uint64_t bytes, file_bytes(file));
    progress.bytes += bytes;
    const Path sidecar = newest.string() + kChecksum;
    if (!fs::exists(sidecar, error)) return file;
    BACKCAST_TRY(const std::string expected, read_text_file(sidecar.string(), kMaxTextBytes));
    BACKCAST_TRY(const std::string sum, sha256_of(file));
    if (trim(expected) == sum) return file;
    return Error{Errc::kCorrupt, newest.string() + " is not what its checksum says", {}, ""};
  }

  // Collections by their name in the cluster, and the file of each.
  Result<std::map<std::string, Path>> wanted_of(const Path& from,
                                                const RestoreChoice& choice) const {
    if (choice.users || choice.max_shards > 0 || !choice.logins.empty() ||
        choice.load != LoadChoice::kAsSaved) {
      return bad_input("snapshots of collections hold no users, load states or other shards");
    }
    BACKCAST_TRY(const std::string text, read_text_file((from / kMapping).string(), kMaxTextBytes));
    const json mapping = json::parse(text, nullptr, false);
    const Error damaged{Errc::kCorrupt, "config.json of the backup is damaged", {}, ""};
    if (!mapping.is_object() || !mapping.contains("collections_mapping")) return damaged;
    std::map<std::string, Path> all, wanted;
    for (const auto& [name, file] : object_in(mapping, "collections_mapping").items()) {
      if (!file.is_string()) return damaged;
      BACKCAST_CHECK(check_name("the collection", name));
      BACKCAST_CHECK(check_name("the file", file.get<std::string>()));
      all.emplace(name, from / file.get<std::string>());
    }
    if (choice.collections.empty()) return all;
    for (const CollectionChoice& one : choice.collections) {
      const std::string to = one.to_name.empty() ? one.name : one.to_name;
      BACKCAST_CHECK(check_name("the collection", to));
      const auto found = all.find(one.name);
      if (found == all.end()) {
        return Error{
            Errc::kNotFound, "the backup has no collection " + printable(one.name), {}, ""};
      }
      if (!wanted.emplace(to, found->second).second) {
        return Error{Errc::kExists, "two collections would be named " + printable(to), {}, ""};
      }
    }
    return wanted;
  }

  // As the server leaves them: the checksum is there before the file has its name.
  Status put_snapshot(const Path& file, const Path& folder) {
    BACKCAST_CHECK(make_folders(folder));
    BACKCAST_TRY(const std::string sum, sha256_of(file));
    BACKCAST_CHECK(write_text(env_, folder / (file.filename().string() + kChecksum), sum));
    return place_file(file, folder / file.filename());
  }

  Status restore_aliases(const Path& from, const RestoreChoice& choice) {
    if (!is_storage_ || !choice.collections.empty()) return kOk;
    BACKCAST_TRY(const std::string text, read_text_file((from / kMapping).string(), kMaxTextBytes));
    const json mapping = json::parse(text, nullptr, false);
    const json aliases = object_in(mapping, "collections_aliases");
    if (aliases.empty()) return kOk;
    BACKCAST_CHECK(make_folders((path_ / kAliases).parent_path()));
    return write_text(env_, path_ / kAliases, dumped(aliases));
  }

  Path path_;
  bool is_storage_;
  env::Env& env_;
};

}  // namespace

Opened open_vector_server(const Node& source, env::Env& env) {
  only_fields(source, {"snapshots", "storage"});
  if (source.has("snapshots") == source.has("storage")) {
    source.fault("give either the folder of its snapshots or that of its storage");
  }
  const bool is_storage = source.has("storage");
  const Path path = path_in(source, is_storage ? "storage" : "snapshots");
  return std::make_unique<VectorServer>(path, is_storage, env);
}

}  // namespace backcast::kinds
