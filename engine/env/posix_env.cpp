// The operating system's clock, randomness and files.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "engine/env/env.h"
#include "engine/env/posix_ticker.h"
#include "engine/env/system_error.h"
#include "engine/env/unique_fd.h"

namespace backcast::env {
namespace {

bool aligned(const void* address, std::uint64_t position_bytes) {
  return reinterpret_cast<std::uintptr_t>(address) % kDirectAlignment == 0 &&
         position_bytes % kDirectAlignment == 0;
}

Instant instant_of(const timespec& time) {
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

// Writes at the descriptor's position until all is written.
int write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return 0;
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd descriptor, std::string path, bool direct)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), direct_(direct) {}

  Result<std::size_t> read_at(std::uint64_t offset_bytes, ByteSpan into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset_bytes + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status append(ByteView bytes) override {
    std::size_t direct_bytes = 0;
    if (direct_ && aligned(bytes.data(), position_bytes_)) {
      direct_bytes = bytes.size() / kDirectAlignment * kDirectAlignment;
    }
    if (direct_bytes > 0 && set_direct(true)) {
      const int error = write_all(descriptor_.get(), bytes.first(direct_bytes));
      // A file system may accept the flag and refuse the write: then the page cache must do.
      if (error != 0 && error != EINVAL) return system_error("write", path_, error);
      if (error == 0) {
        position_bytes_ += direct_bytes;
        bytes = bytes.subspan(direct_bytes);
      } else {
        direct_ = false;
      }
    }
    if (bytes.empty()) return kOk;
    set_direct(false);
    if (const int error = write_all(descriptor_.get(), bytes); error != 0) {
      return system_error("write", path_, error);
    }
    position_bytes_ += bytes.size();
    return kOk;
  }

  Status sync() override {
    if (::fdatasync(descriptor_.get()) != 0) return system_error("sync", path_, errno);
    return kOk;
  }

  Result<std::uint64_t> size_bytes() override {
    struct stat info {};
    if (::fstat(descriptor_.get(), &info) != 0) return system_error("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  void will_read(std::uint64_t offset_bytes, std::uint64_t bytes) override {
    ::posix_fadvise(descriptor_.get(), static_cast<off_t>(offset_bytes), static_cast<off_t>(bytes),
                    POSIX_FADV_WILLNEED);
  }

 private:
  bool set_direct(bool on) {
    if (on == direct_now_) return true;
    if (::fcntl(descriptor_.get(), F_SETFL, O_WRONLY | (on ? O_DIRECT : 0)) != 0) {
      direct_ = false;
      return false;
    }
    direct_now_ = on;
    return true;
  }

  UniqueFd descriptor_;
  std::string path_;
  bool direct_;
  bool direct_now_ = false;
  std::uint64_t position_bytes_ = 0;
};

// flock: freed by the kernel with the last descriptor, so a killed process leaves nothing behind.
class PosixLock final : public Lock {
 public:
  explicit PosixLock(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  UniqueFd descriptor_;
};

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

class PosixFolder final : public Folder {
 public:
  PosixFolder(UniqueFd root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}

  Result<std::unique_ptr<File>> create(const std::string& name, CreateOptions options) override {
    UniqueFd file(::openat(root_.get(), name.c_str(),
                           O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return system_error("create", full(name), errno);
    if (options.expected_bytes > 0) {
      // Only a hint, but a full disk is better known now than after the work.
      const int error = ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0,
                                    static_cast<off_t>(options.expected_bytes)) == 0
                            ? 0
                            : errno;
      if (error == ENOSPC || error == EDQUOT) {
        ::unlinkat(root_.get(), name.c_str(), 0);
        return system_error("write", full(name), error);
      }
    }
    return std::unique_ptr<File>(
        std::make_unique<PosixFile>(std::move(file), full(name), options.direct));
  }

  Result<std::unique_ptr<File>> open(const std::string& name) override {
    UniqueFd file(::openat(root_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return system_error("open", full(name), errno);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(file), full(name), false));
  }

  Status make_folder(const std::string& name) override {
    if (::mkdirat(root_.get(), name.c_str(), 0700) != 0) {
      return system_error("make folder", full(name), errno);
    }
    return kOk;
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::renameat(root_.get(), from.c_str(), root_.get(), to.c_str()) != 0) {
      return system_error("rename to", full(to), errno);
    }
    return kOk;
  }

  Result<bool> rename_new(const std::string& from, const std::string& to) override {
    if (::renameat2(root_.get(), from.c_str(), root_.get(), to.c_str(), RENAME_NOREPLACE) == 0) {
      return true;
    }
    // NFS and old file systems refuse the flag, old kernels and sandboxes the call.
    const bool unknown =
        errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == EOPNOTSUPP;
    if (unknown) return false;
    return system_error("rename to", full(to), errno);
  }

  Result<bool> link(const std::string& from, const std::string& to) override {
    if (::linkat(root_.get(), from.c_str(), root_.get(), to.c_str(), 0) == 0) return true;
    // FAT, exFAT and some network file systems know no hard links.
    const bool unknown =
        errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK;
    if (unknown) return false;
    return system_error("link", full(to), errno);
  }

  Status remove(const std::string& name) override {
    if (::unlinkat(root_.get(), name.c_str(), 0) == 0) return kOk;
    if (errno != EISDIR) return system_error("remove", full(name), errno);
    if (::unlinkat(root_.get(), name.c_str(), AT_REMOVEDIR) != 0) {
      return system_error("remove", full(name), errno);
    }
    return kOk;
  }

  Status sync_folder(const std::string& name) override {
    BACKCAST_TRY(const UniqueFd folder, open_directory(name));
    if (::fsync(folder.get()) != 0) return system_error("sync", full(name), errno);
    return kOk;
  }

  Result<std::vector<FolderEntry>> list(const std::string& name) override {
    BACKCAST_TRY(UniqueFd descriptor, open_directory(name));
    const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(descriptor.get()));
    if (!dir) return system_error("list", full(name), errno);
    (void)descriptor.release();  // closedir closes it
    std::vector<FolderEntry> entries;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir.get());
      if (entry == nullptr) break;
      std::string child = entry->d_name;
      if (child == "." || child == "..") continue;
      bool is_folder = entry->d_type == DT_DIR;
      if (entry->d_type == DT_UNKNOWN) {
        struct stat info {};
        is_folder = ::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISDIR(info.st_mode);
      }
      entries.push_back({std::move(child), is_folder});
    }
    if (errno != 0) return system_error("list", full(name), errno);
    std::sort(entries.begin(), entries.end(),
              [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
    return entries;
  }

  Result<FileInfo> stat(const std::string& name) override {
    struct stat info {};
    const int flags = AT_SYMLINK_NOFOLLOW | (name.empty() ? AT_EMPTY_PATH : 0);
    if (::fstatat(root_.get(), name.c_str(), &info, flags) != 0) {
      return system_error("stat", full(name), errno);
    }
    return FileInfo{static_cast<std::uint64_t>(info.st_size), instant_of(info.st_mtim),
                    instant_of(info.st_ctim), S_ISDIR(info.st_mode)};
  }

  Status touch(const std::string& name, Instant modified) override {
    const timespec time{unix_seconds(modified),
                        (modified - from_unix_seconds(unix_seconds(modified))).count()};
    const timespec times[2] = {time, time};
    if (::utimensat(root_.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      return system_error("touch", full(name), errno);
    }
    return kOk;
  }

  Result<std::unique_ptr<Lock>> lock(const std::string& name, LockKind kind) override {
    UniqueFd file(
        ::openat(root_.get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    // A repository that may only be read can still be locked against its maintenance.
    if (!file && (errno == EACCES || errno == EROFS)) {
      file = UniqueFd(::openat(root_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!file) return system_error("lock", full(name), errno);
    const int operation = kind == LockKind::kShared ? LOCK_SH : LOCK_EX;
    int result = 0;
    do {
      result = ::flock(file.get(), operation | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno == EWOULDBLOCK) {
      return Error{Errc::kLocked, full(name) + " is locked by another process", {}, ""};
    }
    if (result != 0) return system_error("lock", full(name), errno);
    return std::unique_ptr<Lock>(std::make_unique<PosixLock>(std::move(file)));
  }

  const std::string& path() const override { return path_; }

 private:
  std::string full(const std::string& name) const {
    return name.empty() ? path_ : path_ + '/' + name;
  }

  Result<UniqueFd> open_directory(const std::string& name) {
    UniqueFd folder(::openat(root_.get(), name.empty() ? "." : name.c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return system_error("open folder", full(name), errno);
    return folder;
  }

  UniqueFd root_;
  std::string path_;
};

// Missing folders of a path, each safe from a power cut before anything is put into it.
Status make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    if (::mkdir(prefix.c_str(), 0777) == 0) {
      const auto last = prefix.find_last_of('/');
      const std::string parent = last == std::string::npos ? "." : prefix.substr(0, last + 1);
      const UniqueFd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!folder || ::fsync(folder.get()) != 0) return system_error("sync", parent, errno);
    } else if (errno != EEXIST) {
      return system_error("make folder", prefix, errno);
    }
    if (slash == std::string::npos || slash + 1 == path.size()) return kOk;
  }
}

class PosixEnv final : public Env {
 public:
  Instant now() override { return std::chrono::system_clock::now(); }

  Duration monotonic() override {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
  }

  void sleep(Duration duration) override { std::this_thread::sleep_for(duration); }

  std::unique_ptr<Ticker> every(Duration period, std::function<void()> act) override {
    return start_ticker(period, std::move(act));
  }

  Machine machine() override {
    char name[256]{};
    ::gethostname(name, sizeof name - 1);
    std::string boot_id;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot_id);
    return {name, boot_id};
  }

  void random(ByteSpan into) override {
    while (!into.empty()) {
      const ssize_t got = ::getrandom(into.data(), into.size(), 0);
      BACKCAST_ASSERT(got >= 0 || errno == EINTR);
      if (got > 0) into = into.subspan(static_cast<std::size_t>(got));
    }
  }

  Result<std::unique_ptr<Folder>> open_folder(const std::string& path, bool create) override {
    if (path.empty()) return bad_input("the path is empty");
    if (create) BACKCAST_CHECK(make_folders(path));
    // The user's own path may lead through symlinks; nothing beneath it does.
    UniqueFd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) return system_error("open folder", path, errno);
    return std::unique_ptr<Folder>(std::make_unique<PosixFolder>(std::move(root), path));
  }

  Status sync_file_system(int descriptor, const std::string& path) override {
    if (::syncfs(descriptor) != 0) return system_error("sync", path, errno);
    return kOk;
  }
};

}  // namespace

Env& posix_env() {
  static PosixEnv env;
  return env;
}

}  // namespace backcast::env
