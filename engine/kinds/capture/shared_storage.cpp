// A volume that services share: one compressed tar of all of it.
#include <fmt/format.h>

#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/gzip.h"
#include "engine/kinds/formats/tar_folder.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFile = "storage.tar.gz";
constexpr const char* kAside = ".backcast-restoring";
constexpr int kAttempts = 5;
constexpr Duration kPause = std::chrono::milliseconds(200);
// The kernel's clock of changes ticks this often at most: a file may change twice at one time.
constexpr Duration kTick = std::chrono::milliseconds(20);

std::uint64_t sum_bytes(const FolderState& state) {
  std::uint64_t sum = 0;
  for (const auto& [path, entry] : state) sum += entry.size_bytes;
  return sum;
}

class SharedStorage : public ClusterSource {
 public:
  SharedStorage(Path path, env::Env& env) : path_(std::move(path)), env_(env) {}

  Result<std::string> describe() override {
    BACKCAST_TRY(const FolderState state, look_at_folder(env_, path_));
    return describe(state);
  }

  // If nothing differs in a look after the last byte was read, what was read is the volume as it
  // was at that moment.
  Result<Captured> capture(const Path& into, Progress& progress) override {
    for (int attempt = 1;; ++attempt) {
      const Instant began = env_.now();
      auto read = write_tar(into / kFile, progress);
      const bool may_settle = attempt < kAttempts;
      if (read.ok()) {
        BACKCAST_TRY(const std::size_t changed, count_changed(*read, began));
        if (changed == 0 || !may_settle) return captured(*read, changed, into);
      } else if (read.error().code != Errc::kPartialSource || !may_settle) {
        return std::move(read).error();
      }
      BACKCAST_CHECK(go_on(progress));
      env_.sleep(kPause);
    }
  }

  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_CHECK(only_whole(choice, "shared-storage"));
    BACKCAST_CHECK(make_folders(path_));
    std::error_code error;
    fs::remove_all(path_ / kAside, error);
    if (!choice.replace && !fs::is_empty(path_, error)) {
      return Error{Errc::kExists,
                   path_.string() + " is not empty; nothing was restored",
                   {},
                   "restore into an empty folder, or let the restore replace what is there"};
    }
    if (auto done = untar(env_, from / kFile, path_ / kAside, progress.stop); !done.ok()) {
      fs::remove_all(path_ / kAside, error);
      return done;
    }
    return move_in();
  }

 private:
  static std::string describe(const FolderState& state) {
    return fmt::format(R"({{"databases": [], "entries": {}, "bytes": {}}})", state.size(),
                       sum_bytes(state));
  }

  Result<FolderState> write_tar(const Path& file, Progress& progress) {
    std::error_code error;
    fs::remove(file, error);
    BACKCAST_TRY(GzipWriter gzip, GzipWriter::create(file));
    BACKCAST_TRY(FolderState state,
                 tar_folder(
                     env_, path_, [&](ByteView bytes) { return gzip.append(bytes); },
                     progress.bytes, progress.stop));
    BACKCAST_CHECK(gzip.finish());
    return state;
  }

  // Entries that are not what they were, or changed so shortly before they were read that they may
  // have changed again at the same time.
  Result<std::size_t> count_changed(const FolderState& read, Instant began) {
    BACKCAST_TRY(const FolderState now, look_at_folder(env_, path_));
    const std::int64_t doubtful_ns = (began - kTick).time_since_epoch().count();
    std::size_t changed = 0;
    for (const auto& [path, state] : read) {
      const auto found = now.find(path);
      if (found == now.end() || found->second != state || state.changed_ns >= doubtful_ns) {
        ++changed;
      }
    }
    for (const auto& [path, state] : now) changed += read.count(path) == 0 ? 1 : 0;
    return changed;
  }

  Result<Captured> captured(const FolderState& state, std::size_t changed, const Path& into) {
    Captured result;
    result.contents = describe(state);
    if (changed > 0) {
      result.warnings.push_back(fmt::format(
          "{} entries kept changing while they were read: each is whole, together they are not of "
          "one moment",
          changed));
    }
    BACKCAST_TRY(result.logical_bytes, folder_bytes(into));
    return result;
  }

  // What was there goes only when all that comes is on the disk.
  Status move_in() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error)) {
      if (entry.path().filename() != kAside) fs::remove_all(entry.path(), error);
      if (error) return file_error("remove", entry.path(), error);
    }
    for (const auto& entry : fs::directory_iterator(path_ / kAside, error)) {
      fs::rename(entry.path(), path_ / entry.path().filename(), error);
      if (error) return file_error("name", entry.path(), error);
    }
    fs::remove(path_ / kAside, error);
    if (error) return file_error("restore into", path_, error);
    return kOk;
  }

  Path path_;
  env::Env& env_;
};

}  // namespace

Opened open_shared_storage(const Node& source, env::Env& env) {
  only_fields(source, {"path"});
  return std::make_unique<SharedStorage>(path_in(source, "path"), env);
}

}  // namespace backcast::kinds
