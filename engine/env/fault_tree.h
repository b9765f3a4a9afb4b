// The trees of the machine, with faults: counts every call of a Tree and can fail, shorten or
// interrupt any one of them by its number, or let the process die there.
#pragma once

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string>
#include <vector>

#include "engine/env/tree.h"

namespace backcast::env {

enum class TreeFault : std::uint8_t {
  kError,      // the call does nothing and says so by an error number of choice
  kShort,      // a read, a write or a list does half of what it was asked; other calls are spared
  kInterrupt,  // EINTR, nothing is done
  kKill,       // the process dies before the call: this and every later call does nothing
};

class FaultTree final : public Tree {
 public:
  explicit FaultTree(Tree& base = posix_tree()) : base_(base) {}

  // At the call with this number, 0 = the next one. The count starts anew.
  void inject(std::uint64_t call, TreeFault fault, int error_number = EIO);
  void clear();
  bool fired() const { return fired_; }
  std::uint64_t calls() const { return calls_; }
  // What the call that the fault hit was.
  std::string hit() const;

  int open(int folder, const char* name, int flags, unsigned mode) override;
  int open_beneath(int folder, const char* path, int flags, unsigned mode) override;
  int reopen(int file, int flags) override;
  int duplicate(int handle) override;
  int close_written(int file) override;
  int lock(int folder, int operation) override;
  int stat(int folder, const char* name, struct stat& into) override;
  int stat(int handle, struct stat& into) override;
  int may_write_folder(int folder) override;
  long list(int folder, void* into, std::size_t bytes) override;
  ssize_t read(int file, void* into, std::size_t bytes, std::uint64_t offset) override;
  off_t seek(int file, off_t offset, int whence) override;
  ssize_t read_link(int folder, const char* name, char* into, std::size_t bytes) override;
  const char* resolve(const char* path, char* into) override;
  ssize_t list_attributes(int handle, const char* name, char* into, std::size_t bytes) override;
  ssize_t get_attribute(int handle, const char* name, const char* attribute, void* into,
                        std::size_t bytes) override;
  int make_folder(int folder, const char* name, unsigned mode) override;
  int make_path(const char* path, unsigned mode) override;
  int make_node(int folder, const char* name, unsigned mode, dev_t device) override;
  int make_symlink(const char* target, int folder, const char* name) override;
  int make_link(int from, const char* name, int to, const char* new_name) override;
  ssize_t write(int file, const void* bytes, std::size_t count, std::uint64_t offset) override;
  int truncate(int file, std::uint64_t size_bytes) override;
  int reserve(int file, std::uint64_t size_bytes) override;
  int rename(int folder, const char* from, const char* to, unsigned flags) override;
  int remove(int folder, const char* name, int flags) override;
  int set_owner(int handle, uid_t uid, gid_t gid) override;
  int set_mode(int handle, bool by_path_only, unsigned mode) override;
  int set_times(int handle, bool by_path_only, const timespec (&times)[2]) override;
  int set_attribute(int handle, bool by_path_only, const char* attribute, const void* value,
                    std::size_t bytes) override;
  int remove_attribute(int handle, const char* attribute) override;

 private:
  enum class Turn : std::uint8_t { kGo, kShort, kFail };
  // Counts a call; kFail with errno set if it must not happen.
  Turn turn(const char* call, const char* name, bool can_be_short = false);
  template <typename Act>
  auto act(const char* call, const char* name, const Act& call_base);
  template <typename Act>
  auto act_on(const char* call, std::size_t bytes, const Act& call_base);

  Tree& base_;
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<bool> fired_{false};
  std::uint64_t at_ = UINT64_MAX;
  TreeFault fault_ = TreeFault::kError;
  int error_number_ = EIO;
  std::string hit_;
};

}  // namespace backcast::env
