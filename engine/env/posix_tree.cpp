#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "engine/env/tree.h"

namespace backcast::env {
namespace {

// Some calls refuse an O_PATH descriptor, and some have no form for a name beneath a descriptor:
// the magic link leads to the very same entry.
std::string magic_path(int handle) {
  return "/proc/self/fd/" + std::to_string(handle);
}

std::string entry_path(int folder, const char* name) {
  return magic_path(folder) + '/' + name;
}

class PosixTree final : public Tree {
 public:
  int open(int folder, const char* name, int flags, unsigned mode) override {
    return ::openat(folder, name, flags | O_CLOEXEC, mode);
  }
  int open_beneath(int folder, const char* path, int flags, unsigned mode) override {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how));
  }
  int reopen(int file, int flags) override {
    return ::open(magic_path(file).c_str(), flags | O_CLOEXEC);
  }
  int duplicate(int handle) override { return ::fcntl(handle, F_DUPFD_CLOEXEC, 0); }
  int close_written(int file) override { return ::close(file); }
  int lock(int folder, int operation) override { return ::flock(folder, operation); }

  int stat(int folder, const char* name, struct stat& into) override {
    return ::fstatat(folder, name, &into, AT_SYMLINK_NOFOLLOW);
  }
  int stat(int handle, struct stat& into) override { return ::fstat(handle, &into); }
  int may_write_folder(int folder) override {
    return ::faccessat(folder, ".", R_OK | W_OK | X_OK, AT_EACCESS);
  }
  long list(int folder, void* into, std::size_t bytes) override {
    return ::syscall(SYS_getdents64, folder, into, bytes);
  }
  ssize_t read(int file, void* into, std::size_t bytes, std::uint64_t offset) override {
    return ::pread(file, into, bytes, static_cast<off_t>(offset));
  }
  off_t seek(int file, off_t offset, int whence) override { return ::lseek(file, offset, whence); }
  ssize_t read_link(int folder, const char* name, char* into, std::size_t bytes) override {
    return ::readlinkat(folder, name, into, bytes);
  }
  const char* resolve(const char* path, char* into) override { return ::realpath(path, into); }

  ssize_t list_attributes(int handle, const char* name, char* into, std::size_t bytes) override {
    return name == nullptr ? ::flistxattr(handle, into, bytes)
                           : ::llistxattr(entry_path(handle, name).c_str(), into, bytes);
  }
  ssize_t get_attribute(int handle, const char* name, const char* attribute, void* into,
                        std::size_t bytes) override {
    return name == nullptr ? ::fgetxattr(handle, attribute, into, bytes)
                           : ::lgetxattr(entry_path(handle, name).c_str(), attribute, into, bytes);
  }

  int make_folder(int folder, const char* name, unsigned mode) override {
    return ::mkdirat(folder, name, mode);
  }
  int make_path(const char* path, unsigned mode) override { return ::mkdir(path, mode); }
  int make_node(int folder, const char* name, unsigned mode, dev_t device) override {
    return ::mknodat(folder, name, mode, device);
  }
  int make_symlink(const char* target, int folder, const char* name) override {
    return ::symlinkat(target, folder, name);
  }
  int make_link(int from, const char* name, int to, const char* new_name) override {
    return ::linkat(from, name, to, new_name, 0);
  }
  ssize_t write(int file, const void* bytes, std::size_t count, std::uint64_t offset) override {
    return ::pwrite(file, bytes, count, static_cast<off_t>(offset));
  }
  int truncate(int file, std::uint64_t size_bytes) override {
    return ::ftruncate(file, static_cast<off_t>(size_bytes));
  }
  int reserve(int file, std::uint64_t size_bytes) override {
    return ::fallocate(file, 0, 0, static_cast<off_t>(size_bytes));
  }
  int rename(int folder, const char* from, const char* to, unsigned flags) override {
    return ::renameat2(folder, from, folder, to, flags);
  }
  int remove(int folder, const char* name, int flags) override {
    return ::unlinkat(folder, name, flags);
  }
  int set_owner(int handle, uid_t uid, gid_t gid) override {
    return ::fchownat(handle, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  }
  int set_mode(int handle, bool by_path_only, unsigned mode) override {
    return by_path_only ? ::chmod(magic_path(handle).c_str(), mode) : ::fchmod(handle, mode);
  }
  int set_times(int handle, bool by_path_only, const timespec (&times)[2]) override {
    return by_path_only ? ::utimensat(handle, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)
                        : ::futimens(handle, times);
  }
  int set_attribute(int handle, bool by_path_only, const char* attribute, const void* value,
                    std::size_t bytes) override {
    return by_path_only ? ::setxattr(magic_path(handle).c_str(), attribute, value, bytes, 0)
                        : ::fsetxattr(handle, attribute, value, bytes, 0);
  }
  int remove_attribute(int handle, const char* attribute) override {
    return ::fremovexattr(handle, attribute);
  }
};

}  // namespace

Tree& posix_tree() {
  static PosixTree tree;
  return tree;
}

}  // namespace backcast::env
