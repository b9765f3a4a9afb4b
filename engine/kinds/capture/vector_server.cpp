// Collections of a Qdrant server: the snapshots that it made itself, or its storage folder while it
// is down. What is captured has the form of a snapshot of all its storage: one file for each
// collection, and config.json, which says which is which.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/document.h"
#include "engine/base/text.h"
#include "engine/kinds/capture/replica_state.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/collection_snapshot.h"
#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kDatabase = "default";
constexpr const char* kMapping = "config.json";  // of a collection: its configuration
constexpr const char* kReplicas = "replica_state.json";
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

  Status choose(std::vector<CollectionName> collections) override {
    for (const CollectionName& one : collections) {
      BACKCAST_CHECK(check_name("the collection", one.name));
      if (one.database != kDatabase) return no_collection(one.name);
    }
    chosen_ = std::move(collections);
    return kOk;
  }

  Result<std::string> describe() override {
    BACKCAST_TRY(const auto names, folders_in(root()));
    json collections = json::array();
    for (const std::string& name : names) {
      collections.push_back(is_storage_ ? shape_of(name) : json{{"name", name}});
    }
    return described(collections);
  }

  Result<Captured> capture(const Path& into, Progress& progress) override {
    return chosen_.empty() ? capture_all(into, progress) : capture_chosen(into, progress);
  }

  Result<std::string> look_into(const Path& file, const CollectionName& as) override {
    BACKCAST_CHECK(check_name("the collection", as.name));
    BACKCAST_TRY(const json entry, entry_of(file, as));
    return described(json::array({entry}));
  }

  Result<Captured> adopt(const Path& file, const CollectionName& as, const Path& into,
                         Progress& progress) override {
    BACKCAST_CHECK(check_name("the collection", as.name));
    BACKCAST_CHECK(go_on(progress));
    BACKCAST_CHECK(place_file(file, into / (as.name + kEnding)));
    Captured captured;
    BACKCAST_TRY(captured.contents, look_into(into / (as.name + kEnding), as));
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
  }

  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_TRY(const auto wanted, wanted_of(from, choice));
    BACKCAST_CHECK(make_folders(root()));
    BACKCAST_CHECK(check_free(wanted, choice));
    const Aside aside(path_ / ".restoring");
    for (const Wanted& one : wanted) {
      BACKCAST_CHECK(is_storage_ ? unpack_collection_snapshot(env_, one.file, aside.path() / one.to,
                                                              progress.stop)
                                 : put_snapshot(one.file, aside.path() / one.to));
    }
    for (const Wanted& one : wanted) {
      if (is_storage_ && one.replaces) BACKCAST_CHECK(keep_replicas(one, aside.path() / one.to));
    }
    BACKCAST_CHECK(sync_folder_tree(env_, path_));
    for (const Wanted& one : wanted) {
      BACKCAST_CHECK(exchange_folders(aside.path() / one.to, place_of(one)));
    }
    if (is_storage_ && choice.replace && choice.collections.empty()) {
      BACKCAST_CHECK(set_others_aside(wanted, aside.path()));
    }
    return restore_aliases(from, choice);
  }

 private:
  Path root() const { return is_storage_ ? path_ / "collections" : path_; }

  static Error no_collection(const std::string& name) {
    return Error{Errc::kNotFound, "the server has no collection " + printable(name), {}, ""};
  }

  static std::string described(const json& collections) {
    return dumped({{"databases", {{{"name", kDatabase}, {"collections", collections}}}}});
  }

  static json parameters_of(const std::string& config) {
    return object_in(json::parse(config, nullptr, false), "params");
  }

  // What it is called and how it is laid out; of a collection that cannot be read its name alone.
  json shape_of(const std::string& name) const {
    json shape{{"name", name}};
    const auto config = read_text_file((root() / name / kMapping).string(), kMaxTextBytes);
    const json parameters = config.ok() ? parameters_of(*config) : json::object();
    if (parameters.contains("vectors")) shape["vectors"] = parameters["vectors"];
    if (parameters.contains("shard_number")) shape["shards"] = parameters["shard_number"];
    json shards = json::array();
    const auto folders = folders_in(root() / name);
    for (const std::string& folder : folders.ok() ? *folders : std::vector<std::string>()) {
      std::uint32_t number = 0;
      const char* end = folder.data() + folder.size();
      const auto read = std::from_chars(folder.data(), end, number);
      if (read.ec == std::errc() && read.ptr == end) shards.push_back(number);
    }
    shape["shard_ids"] = std::move(shards);
    return shape;
  }

  // A snapshot of a collection, or of the one shard that is asked for.
  Result<json> entry_of(const Path& file, const CollectionName& as) const {
    BACKCAST_TRY(const CollectionSnapshot snapshot, read_collection_snapshot(file));
    json entry{{"name", as.name},
               {"version", snapshot.version},
               {"segments", snapshot.segments},
               {"bytes", snapshot.logical_bytes}};
    if (snapshot.shards.empty()) {
      entry["shard"] = as.shard.value_or(0);
      return entry;
    }
    const json parameters = parameters_of(snapshot.config);
    if (parameters.contains("vectors")) entry["vectors"] = parameters["vectors"];
    entry["shards"] = parameters.contains("shard_number") ? parameters["shard_number"]
                                                          : json(snapshot.shards.size());
    return entry;
  }

  Result<Captured> capture_all(const Path& into, Progress& progress) {
    BACKCAST_TRY(const auto names, folders_in(root()));
    for (const std::string& name : names) {
      if (!is_valid_utf8(name)) return bad_input(printable(name) + " is no name of a collection");
    }
    json collections = json::array(), files = json::object();
    for (const std::string& name : names) {
      BACKCAST_TRY(const Path file, is_storage_
                                        ? pack(root() / name, into / (name + kEnding), progress)
                                        : take_newest(name, into, progress));
      BACKCAST_TRY(json entry, entry_of(file, {kDatabase, name}));
      if (entry.contains("shard")) {
        return Error{Errc::kCorrupt, file.string() + " is a snapshot of one shard alone", {}, ""};
      }
      files[name] = file.filename().string();
      collections.push_back(std::move(entry));
    }
    BACKCAST_TRY(const json aliases, read_aliases());
    const std::string mapping =
        dumped({{"collections_mapping", files}, {"collections_aliases", aliases}});
    BACKCAST_CHECK(write_text(env_, into / kMapping, mapping));
    Captured captured;
    captured.contents = described(collections);
    if (!is_storage_ && names.size() > 1) {
      captured.warnings.emplace_back("each collection is of the moment of its own snapshot");
    }
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
  }

  // One file for each, of its name; there is no config.json.
  Result<Captured> capture_chosen(const Path& into, Progress& progress) {
    json collections = json::array();
    for (const CollectionName& one : chosen_) {
      std::error_code error;
      const Path from =
          one.shard ? root() / one.name / std::to_string(*one.shard) : root() / one.name;
      if (!fs::is_directory(from, error)) return no_collection(one.name);
      const Path file = into / (one.name + kEnding);
      if (is_storage_) {
        BACKCAST_TRY([[maybe_unused]] const Path packed, pack(from, file, progress));
      } else {
        BACKCAST_TRY(const Path newest, take_newest(one.name, into, progress));
        fs::rename(newest, file, error);
        if (error) return file_error("rename", newest, error);
      }
      BACKCAST_TRY(json entry, entry_of(file, one));
      // A shard's own files do not say what its vectors are.
      if (one.shard) entry["vectors"] = shape_of(one.name).value("vectors", json());
      collections.push_back(std::move(entry));
    }
    Captured captured;
    captured.contents = described(collections);
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
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
  Result<Path> pack(const Path& from, const Path& file, Progress& progress) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::error_code ignored;
      fs::remove(file, ignored);
      BACKCAST_TRY(const FolderState before, look_at_folder(env_, from));
      BACKCAST_CHECK(write_collection_snapshot(from, file, progress.bytes, progress.stop));
      BACKCAST_TRY(const FolderState after, look_at_folder(env_, from));
      if (before == after) return file;
    }
    return failed("what the server has in " + from.string() + " keeps changing",
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

  struct Wanted {
    std::string name, to;  // as saved, as restored
    Path file;
    std::optional<std::uint32_t> shard;
    bool replaces = false;
    Priority priority = Priority::kSnapshot;
  };

  Path place_of(const Wanted& one) const {
    return one.shard ? root() / one.to / std::to_string(*one.shard) : root() / one.to;
  }

  // Every collection of the backup, and its file.
  Result<std::map<std::string, Path>> files_of(const Path& from) const {
    std::map<std::string, Path> all;
    std::error_code error;
    if (!fs::exists(from / kMapping, error)) {
      for (const auto& entry : fs::directory_iterator(from, error)) {
        if (entry.path().extension() == kEnding) all[entry.path().stem().string()] = entry.path();
      }
      if (error) return file_error("list", from, error);
      return all;
    }
    BACKCAST_TRY(const std::string text, read_text_file((from / kMapping).string(), kMaxTextBytes));
    const json mapping = json::parse(text, nullptr, false);
    const Error damaged{Errc::kCorrupt, "config.json of the backup is damaged", {}, ""};
    if (!mapping.is_object() || !mapping.contains("collections_mapping")) return damaged;
    for (const auto& [name, file] : object_in(mapping, "collections_mapping").items()) {
      if (!file.is_string()) return damaged;
      BACKCAST_CHECK(check_name("the collection", name));
      BACKCAST_CHECK(check_name("the file", file.get<std::string>()));
      all.emplace(name, from / file.get<std::string>());
    }
    return all;
  }

  Result<std::vector<Wanted>> wanted_of(const Path& from, const RestoreChoice& choice) const {
    if (choice.users || choice.max_shards > 0 || !choice.logins.empty() ||
        choice.load != LoadChoice::kAsSaved) {
      return bad_input("snapshots of collections hold no users, load states or other shards");
    }
    BACKCAST_TRY(const auto all, files_of(from));
    std::vector<Wanted> wanted;
    if (choice.collections.empty()) {
      for (const auto& [name, file] : all) wanted.push_back({name, name, file, {}, choice.replace});
      return wanted;
    }
    std::set<std::string> names;
    for (const CollectionChoice& one : choice.collections) {
      const std::string to = one.to_name.empty() ? one.name : one.to_name;
      BACKCAST_CHECK(check_name("the collection", to));
      const auto found = all.find(one.name);
      if (found == all.end()) {
        return Error{
            Errc::kNotFound, "the backup has no collection " + printable(one.name), {}, ""};
      }
      if (!names.insert(to).second) {
        return Error{Errc::kExists, "two collections would be named " + printable(to), {}, ""};
      }
      if (one.replaces && !is_storage_) {
        return bad_input("only the server itself puts its snapshots in the place of a collection",
                         "give the source as \"storage\", or recover it at the server");
      }
      wanted.push_back(
          {one.name, to, found->second, one.shard, one.replaces || choice.replace, one.priority});
    }
    return wanted;
  }

  // In place goes what the backup does not have.
  Status set_others_aside(const std::vector<Wanted>& wanted, const Path& aside) const {
    BACKCAST_TRY(const auto names, folders_in(root()));
    for (const std::string& name : names) {
      const bool stays = std::any_of(wanted.begin(), wanted.end(),
                                     [&](const Wanted& one) { return one.to == name; });
      std::error_code error;
      if (!stays) fs::rename(root() / name, aside / name, error);
      if (error) return file_error("remove", root() / name, error);
    }
    return kOk;
  }

  // Which replicas there are is the cluster's to know, not the snapshot's.
  Status keep_replicas(const Wanted& one, const Path& restored) {
    const json shards =
        one.shard ? json::array({*one.shard}) : shape_of(one.to).value("shard_ids", json::array());
    for (const json& shard : shards) {
      const std::string number = std::to_string(shard.get<std::uint32_t>());
      const auto before =
          read_text_file((root() / one.to / number / kReplicas).string(), kMaxTextBytes);
      const Path folder = one.shard ? restored : restored / number;
      std::error_code error;
      if (!before.ok() || !fs::is_directory(folder, error)) continue;
      BACKCAST_CHECK(
          write_text(env_, folder / kReplicas, state_after_recovery(*before, one.priority)));
    }
    return kOk;
  }

  // Nothing is touched unless all of it can come.
  Status check_free(const std::vector<Wanted>& wanted, const RestoreChoice& choice) {
    std::error_code error;
    for (const Wanted& one : wanted) {
      if (one.replaces && choice.replace) continue;
      if (one.replaces || one.shard) {
        BACKCAST_TRY(const std::string now, describe());
        const CollectionName as{kDatabase, one.to, one.shard};
        BACKCAST_TRY(const std::string saved, look_into(one.file, as));
        BACKCAST_CHECK(check_fit(saved, as, now, as));
      } else if (fs::exists(root() / one.to, error)) {
        return Error{
            Errc::kExists,
            "there is a collection " + printable(one.to) + " already; nothing was restored",
            {},
            "restore it under another name"};
      }
    }
    return kOk;
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
    std::error_code error;
    json aliases = json::object();
    if (fs::exists(from / kMapping, error)) {
      BACKCAST_TRY(const std::string text,
                   read_text_file((from / kMapping).string(), kMaxTextBytes));
      aliases = object_in(json::parse(text, nullptr, false), "collections_aliases");
    }
    const bool has_others = choice.replace && fs::exists(path_ / kAliases, error);
    if (aliases.empty() && !has_others) return kOk;
    BACKCAST_CHECK(make_folders((path_ / kAliases).parent_path()));
    return write_text(env_, path_ / kAliases, dumped(aliases));
  }

  Path path_;
  bool is_storage_;
  env::Env& env_;
  std::vector<CollectionName> chosen_;
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
