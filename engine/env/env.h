// The only door between a repository and the outside: clock, randomness and files beneath a root.
// Everything that changes a disk goes through a Folder or a File, so that a test can count, fail,
// shorten, tear, reorder and lose it (fault_env.h). What is saved and restored, with all that the
// operating system knows of it, is a Tree (tree.h) and fails on request, too (fault_tree.h).
//
// Durability is what POSIX promises and no more: bytes of a file survive a power cut once
// File::sync returned, names in a folder once Folder::sync_folder of that folder returned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/base/wire.h"

namespace backcast::env {

class Tree;  // tree.h

// An open file. read_at may be called from several threads at once, append from one at a time.
// Errors name the path; kNoSpace when the disk or the quota is full, kFailed otherwise.
class File {
 public:
  virtual ~File() = default;
  // Reads until `into` is full or the file ends, and returns the bytes read.
  virtual Result<std::size_t> read_at(std::uint64_t offset_bytes, ByteSpan into) = 0;
  // Appends all of it or fails; after a failure an unknown part of it may stand in the file.
  virtual Status append(ByteView bytes) = 0;
  // The bytes appended so far survive a power cut.
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size_bytes() = 0;
  // A hint: these bytes will be read soon. Returns at once.
  virtual void will_read(std::uint64_t offset_bytes, std::uint64_t bytes) {
    (void)offset_bytes, (void)bytes;
  }
};

// Held until destroyed. The operating system frees it when the process dies, however it dies.
class Lock {
 public:
  virtual ~Lock() = default;
};

enum class LockKind : std::uint8_t { kShared, kExclusive };

struct CreateOptions {
  // Appends whose address, length and position are multiples of kDirectAlignment bypass the page
  // cache (O_DIRECT) where the file system can; other appends still work.
  bool direct = false;
  std::uint64_t expected_bytes = 0;  // reserved ahead; 0 = unknown
};
inline constexpr std::size_t kDirectAlignment = 4096;

struct FolderEntry {
  std::string name;  // bytes, within its folder
  bool is_folder = false;
};

struct FileInfo {
  std::uint64_t size_bytes = 0;
  Instant modified{};
  // When the store last changed the file or what it knows of it, by its own clock: no caller can
  // set it.
  Instant changed{};
  bool is_folder = false;
};

// Files beneath one root. Names are relative to it, separated by "/", without "." or ".."; "" is
// the root itself. All calls may come from several threads. Errors: kNotFound, kExists, kNoSpace,
// kFailed; the message names the full path and what the operating system said.
class Folder {
 public:
  virtual ~Folder() = default;

  // A new empty file for appending and reading. kExists if the name is taken.
  virtual Result<std::unique_ptr<File>> create(const std::string& name,
                                               CreateOptions options = {}) = 0;
  virtual Result<std::unique_ptr<File>> open(const std::string& name) = 0;
  virtual Status make_folder(const std::string& name) = 0;  // kExists if the name is taken
  // Replaces `to` in one step if it exists.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  // In one step; kExists if `to` is taken. False, and nothing done, where the file system cannot.
  virtual Result<bool> rename_new(const std::string& from, const std::string& to) = 0;
  // A second name for a file; kExists if `to` is taken. False where there are no hard links.
  virtual Result<bool> link(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& name) = 0;  // a file, or an empty folder
  // Names created in, renamed into and removed from this folder survive a power cut.
  virtual Status sync_folder(const std::string& name) = 0;
  // In order of names. Temporary names included.
  virtual Result<std::vector<FolderEntry>> list(const std::string& name) = 0;
  virtual Result<FileInfo> stat(const std::string& name) = 0;
  // Sets the modification time: how leases and prune marks are refreshed.
  virtual Status touch(const std::string& name, Instant modified) = 0;
  // Takes the lock of a file that exists (made if missing) without waiting. kLocked if another
  // holder, in this process or another, excludes it.
  virtual Result<std::unique_ptr<Lock>> lock(const std::string& name, LockKind kind) = 0;
  // For messages: the root as the user wrote it.
  virtual const std::string& path() const = 0;
};

// Goes on until destroyed, which waits for the call that is under way.
class Ticker {
 public:
  virtual ~Ticker() = default;
};

// Where a process runs. Processes of one machine see each other's locks.
struct Machine {
  std::string host;     // for people; several machines may have one name
  std::string boot_id;  // of the running kernel: no two machines have the same, nor one twice
};

class Env {
 public:
  virtual ~Env() = default;
  virtual Instant now() = 0;         // wall clock; may jump either way
  virtual Duration monotonic() = 0;  // never goes back; counts while the machine sleeps
  virtual void sleep(Duration duration) = 0;
  // Calls `act` each time `period` has passed, whatever else the process does meanwhile.
  virtual std::unique_ptr<Ticker> every(Duration period, std::function<void()> act) = 0;
  virtual Machine machine() = 0;
  virtual void random(ByteSpan into) = 0;  // cryptographically secure
  // kNotFound if it does not exist and create is false; makes missing parents otherwise.
  virtual Result<std::unique_ptr<Folder>> open_folder(const std::string& path, bool create) = 0;
  // Everything written so far to the file system that `descriptor` lies on survives a power cut, by
  // whatever way it was written. Reports what failed to be written since the descriptor was opened
  // (Linux 5.8 or later). `path` is for the message.
  virtual Status sync_file_system(int descriptor, const std::string& path) = 0;
  // Where sources are read and restores written: the machine's, unless a test has another.
  virtual Tree& tree();
};

// The operating system's. Lives as long as the process.
Env& posix_env();

// Everything of `base` but the wall clock, which `now` supplies: rehearsals and tests.
std::unique_ptr<Env> with_clock(Env& base, Instant (*now)(void* context), void* context);

// The whole of a file. kCorrupt if it is larger than max_bytes.
Result<std::string> read_file(Folder& folder, const std::string& name, std::uint64_t max_bytes);

// Writes `name` so that after a power cut it is there whole or not at all: temporary file beside
// it, sync, rename, sync of its folder. Where it must not replace (kExists) and neither a rename
// that refuses nor a link is to be had, a look comes first: names that two may choose at once need
// more.
struct PublishOptions {
  bool replace = false;
  bool sync_folder = true;  // false: the caller syncs the folder once for many
  bool direct = false;
};
Status publish_file(Env& env, Folder& folder, const std::string& name, ByteView bytes,
                    PublishOptions options = {});

// Temporary files are named so; leftovers of a crash may be removed by whoever holds the
// repository alone.
inline constexpr std::string_view kTemporaryPrefix = ".tmp-";

}  // namespace backcast::env
