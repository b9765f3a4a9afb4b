// A backup as objects in a bucket.
#include <algorithm>

#include "engine/kinds/formats/files.h"
#include "engine/kinds/runner/tasks.h"
#include "engine/store/work/restore.h"

namespace backcast::kinds {
namespace {

constexpr int kWhole = 100;

// One object after the other, each under its name only when all of it is there.
class Bucket {
 public:
  Bucket(env::Folder& folder, std::string part)
      : folder_(folder), part_name_(std::string(env::kTemporaryPrefix) + std::move(part)) {}

  Status begin(const std::string& name) {
    BACKCAST_CHECK(make_folders_of(name));
    name_ = name;
    const std::size_t slash = name.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash + 1);
    part_ = folder + part_name_;
    auto file = folder_.create(part_);
    if (!file.ok() && file.error().code == Errc::kExists) {  // of an attempt that was killed
      BACKCAST_CHECK(folder_.remove(part_));
      file = folder_.create(part_);
    }
    BACKCAST_TRY(file_, std::move(file));
    return kOk;
  }
  Status append(ByteView bytes) { return file_->append(bytes); }
  Status end() {
    BACKCAST_CHECK(file_->sync());
    file_.reset();
    BACKCAST_CHECK(folder_.rename(part_, name_));
    part_.clear();
    return kOk;
  }
  // What is not whole goes.
  ~Bucket() {
    file_.reset();
    if (!part_.empty()) (void)folder_.remove(part_);
  }

 private:
  Status make_folders_of(const std::string& name) {
    for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      const Status made = folder_.make_folder(name.substr(0, at));
      if (!made.ok() && made.error().code != Errc::kExists) return made;
    }
    return kOk;
  }

  env::Folder& folder_;
  const std::string part_name_;
  std::string name_, part_;
  std::unique_ptr<env::File> file_;
};

// Every name of the path may be one of a file.
Result<std::string> object_prefix(const std::string& directory) {
  std::string prefix;
  for (std::size_t from = 0; from < directory.size();) {
    const std::size_t to = std::min(directory.find('/', from), directory.size());
    const std::string name = directory.substr(from, to - from);
    BACKCAST_CHECK(check_name("the directory", name));
    prefix += name + '/';
    from = to + 1;
  }
  return prefix;
}

}  // namespace

Status Tasks::send(const BucketTask& task, JobWatch& watch) {
  BACKCAST_TRY(const auto repository, keys_.open(task.keyring, task.repository, false));
  const auto id = store::id_from_hex(task.snapshot);
  if (!id) return bad_input("\"" + task.snapshot + "\" is no snapshot");
  BACKCAST_TRY(const store::Snapshot snapshot, store::load_snapshot(*repository, *id));
  BACKCAST_TRY(const std::string prefix, object_prefix(task.directory));
  BACKCAST_TRY(const auto folder, env_.open_folder(task.bucket.string(), false));
  Bucket bucket(*folder, task.part);
  std::uint64_t sent_bytes = 0;
  store::FileTaker taker;
  taker.begin = [&](const std::string& path) { return bucket.begin(prefix + path); };
  taker.bytes = [&](ByteView bytes) -> Status {
    if (watch.stopper.stopped()) return Error{Errc::kInterrupted, "stopped", {}, {}};
    BACKCAST_CHECK(bucket.append(bytes));
    sent_bytes += bytes.size();
    if (snapshot.content_bytes > 0) {
      const double share = double(sent_bytes) / double(snapshot.content_bytes);
      watch.percent = int(std::min(share, 1.0) * (kWhole - 1));
    }
    return kOk;
  };
  taker.end = [&] { return bucket.end(); };
  BACKCAST_CHECK(store::dump_files(*repository, snapshot,
                                   store::Selection(snapshot.paths.front() + "/data"), taker));
  BACKCAST_CHECK(folder->sync_folder(""));
  watch.percent = kWhole;
  return kOk;
}

}  // namespace backcast::kinds
