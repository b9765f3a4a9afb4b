// The operating system's calls on the trees of files that a backup reads and a restore writes, one
// method for each, so that a test can fail, shorten or interrupt each of them by its number
// (fault_tree.h). By handle: a descriptor of a folder or file, which UniqueFd closes.
//
// Each returns what the system call named beside it returns, −1 and errno if it failed, and is
// called again by whoever wants more: reads and writes may be short, any call may be interrupted.
// All may come from several threads at once. The cost is one virtual call for each system call.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace backcast::env {

class Tree {
 public:
  virtual ~Tree() = default;

  // Handles ---------------------------------------------------------------------------------
  // openat(2), close-on-exec; `folder` may be AT_FDCWD.
  virtual int open(int folder, const char* name, int flags, unsigned mode = 0) = 0;
  // openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, close-on-exec.
  virtual int open_beneath(int folder, const char* path, int flags, unsigned mode) = 0;
  // The same file again with other flags: open(2) of its magic link.
  virtual int reopen(int file, int flags) = 0;
  virtual int duplicate(int handle) = 0;  // fcntl(2), F_DUPFD_CLOEXEC
  // close(2) of a file that was written: some file systems tell only now that it failed. The
  // handle is gone in any case. What was only read is closed without.
  virtual int close_written(int file) = 0;
  virtual int lock(int folder, int operation) = 0;  // flock(2)

  // Reading ---------------------------------------------------------------------------------
  virtual int stat(int folder, const char* name,
                   struct stat& into) = 0;                           // fstatat(2), not followed
  virtual int stat(int handle, struct stat& into) = 0;               // fstat(2)
  virtual int may_write_folder(int folder) = 0;                      // faccessat(2), rwx
  virtual long list(int folder, void* into, std::size_t bytes) = 0;  // getdents64(2)
  virtual ssize_t read(int file, void* into, std::size_t bytes, std::uint64_t offset) = 0;  // pread
  virtual off_t seek(int file, off_t offset, int whence) = 0;                               // lseek
  virtual ssize_t read_link(int folder, const char* name, char* into, std::size_t bytes) = 0;
  virtual const char* resolve(const char* path, char* into) = 0;  // realpath(3), PATH_MAX bytes

  // Of the entry `name` of a folder, not followed; nullptr: of the handle itself (listxattr(2)).
  virtual ssize_t list_attributes(int handle, const char* name, char* into, std::size_t bytes) = 0;
  virtual ssize_t get_attribute(int handle, const char* name, const char* attribute, void* into,
                                std::size_t bytes) = 0;

  // Writing ---------------------------------------------------------------------------------
  virtual int make_folder(int folder, const char* name, unsigned mode) = 0;              // mkdirat
  virtual int make_path(const char* path, unsigned mode) = 0;                            // mkdir
  virtual int make_node(int folder, const char* name, unsigned mode, dev_t device) = 0;  // mknodat
  virtual int make_symlink(const char* target, int folder, const char* name) = 0;
  virtual int make_link(int from, const char* name, int to, const char* new_name) = 0;  // linkat
  virtual ssize_t write(int file, const void* bytes, std::size_t count, std::uint64_t offset) = 0;
  virtual int truncate(int file, std::uint64_t size_bytes) = 0;  // ftruncate
  virtual int reserve(int file, std::uint64_t size_bytes) = 0;   // fallocate
  virtual int rename(int folder, const char* from, const char* to,
                     unsigned flags) = 0;                           // renameat2
  virtual int remove(int folder, const char* name, int flags) = 0;  // unlinkat
  virtual int set_owner(int handle, uid_t uid, gid_t gid) = 0;      // fchownat, AT_EMPTY_PATH
  // by_path_only: the handle was opened with O_PATH, which fchmod(2) and others refuse.
  virtual int set_mode(int handle, bool by_path_only, unsigned mode) = 0;
  virtual int set_times(int handle, bool by_path_only, const timespec (&times)[2]) = 0;
  virtual int set_attribute(int handle, bool by_path_only, const char* attribute, const void* value,
                            std::size_t bytes) = 0;
  virtual int remove_attribute(int handle, const char* attribute) = 0;  // fremovexattr(2)
};

// The operating system's. Lives as long as the process.
Tree& posix_tree();

}  // namespace backcast::env
