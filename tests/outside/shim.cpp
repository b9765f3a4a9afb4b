// A library to be preloaded: it stands between a program and the C library, counts the calls that
// touch files, and makes one of them fail.
//
//   BACKCAST_SHIM_LOG=file           a line per call: number, class, function
//   BACKCAST_SHIM_FAULT=17:EIO       call 17 fails with EIO; 17:EIO:on: so does every later one of
//                                    its class
//   BACKCAST_SHIM_FAULT=17:short     call 17 reads or writes half of what it was asked for
//   BACKCAST_SHIM_FAULT=17:kill      the process dies before call 17
//
// A fault that means nothing to the function called is not applied. What was struck is logged.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct ErrorName {
  const char* name;
  int number;
};
constexpr ErrorName kErrors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"ESTALE", ESTALE},
                                 {"EINTR", EINTR},   {"ENOLCK", ENOLCK}, {"ENFILE", ENFILE},
                                 {"ENOMEM", ENOMEM}, {"EPERM", EPERM},   {"EDQUOT", EDQUOT}};

struct Plan {
  long call = -1;
  int error = 0;  // 0 with a call: one of the two below
  bool is_short = false, is_kill = false, lasts = false;
  int log = -1;
};

Plan read_plan() {
  Plan plan;
  if (const char* path = std::getenv("BACKCAST_SHIM_LOG")) {
    plan.log = static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  const char* text = std::getenv("BACKCAST_SHIM_FAULT");
  if (text == nullptr) return plan;
  char* rest = nullptr;
  plan.call = std::strtol(text, &rest, 10);
  const char* fault = *rest == ':' ? rest + 1 : "";
  plan.lasts = std::strstr(fault, ":on") != nullptr;
  plan.is_short = std::strcmp(fault, "short") == 0;
  plan.is_kill = std::strcmp(fault, "kill") == 0;
  for (const ErrorName& error : kErrors) {
    if (std::strncmp(fault, error.name, std::strlen(error.name)) == 0) plan.error = error.number;
  }
  return plan;
}

Plan& plan() {
  static Plan the = read_plan();
  return the;
}

std::atomic<long> g_calls{0};
std::atomic<const char*> g_struck_class{nullptr};

long raw_write(int descriptor, const char* text, std::size_t size) {
  long result = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(SYS_write), "D"(descriptor), "S"(text), "d"(size)
               : "rcx", "r11", "memory");
  return result;
}

void log_line(const char* what, long number, const char* kind, const char* function) {
  if (plan().log < 0) return;
  char line[160];
  const int size = std::snprintf(line, sizeof line, "%s %ld %s %s\n", what, number, kind, function);
  if (size > 0) (void)raw_write(plan().log, line, static_cast<std::size_t>(size));
}

// What this call of `function` must do: 0 nothing special, an error number, or kHalf.
constexpr int kHalf = -1;
int fault_of(const char* kind, const char* function, bool may_be_short) {
  const long number = g_calls++;
  log_line("call", number, kind, function);
  const char* struck = g_struck_class;
  const bool again = plan().lasts && struck != nullptr && std::strcmp(struck, kind) == 0;
  if (number != plan().call && !again) return 0;
  if (plan().is_short && !may_be_short) return 0;
  log_line("struck", number, kind, function);
  if (plan().is_kill) ::kill(::getpid(), SIGKILL);
  g_struck_class = kind;
  return plan().is_short ? kHalf : plan().error;
}

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// Calls that fail with -1 and errno.
#define SHIM(kind, type, name, parameters, arguments)                \
  extern "C" type name parameters {                                  \
    static const auto real = next<type(*) parameters>(#name);        \
    if (const int fault = fault_of(kind, #name, false); fault > 0) { \
      errno = fault;                                                 \
      return static_cast<type>(-1);                                  \
    }                                                                \
    return real arguments;                                           \
  }
// The same for calls that may do a part of `size`.
#define SHIM_PART(kind, name, parameters, arguments)             \
  extern "C" ssize_t name parameters {                           \
    static const auto real = next<ssize_t(*) parameters>(#name); \
    const int fault = fault_of(kind, #name, size > 1);           \
    if (fault > 0) {                                             \
      errno = fault;                                             \
      return -1;                                                 \
    }                                                            \
    if (fault == kHalf) size /= 2;                               \
    return real arguments;                                       \
  }
// Calls that return a null pointer.
#define SHIM_NULL(kind, type, name, parameters, arguments)           \
  extern "C" type name parameters {                                  \
    static const auto real = next<type(*) parameters>(#name);        \
    if (const int fault = fault_of(kind, #name, false); fault > 0) { \
      errno = fault;                                                 \
      return nullptr;                                                \
    }                                                                \
    return real arguments;                                           \
  }
// Calls with a mode where the flags ask for one.
#define SHIM_OPEN(name, parameters, arguments)                         \
  extern "C" int name parameters {                                     \
    static const auto real = next<int(*) parameters>(#name);           \
    mode_t mode = 0;                                                   \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                        \
      va_list more;                                                    \
      va_start(more, flags);                                           \
      mode = va_arg(more, mode_t);                                     \
      va_end(more);                                                    \
    }                                                                  \
    if (const int fault = fault_of("open", #name, false); fault > 0) { \
      errno = fault;                                                   \
      return -1;                                                       \
    }                                                                  \
    return real arguments;                                             \
  }

// clang-format off
SHIM_OPEN(open, (const char* path, int flags, ...), (path, flags, mode))
SHIM_OPEN(open64, (const char* path, int flags, ...), (path, flags, mode))
SHIM_OPEN(openat, (int folder, const char* path, int flags, ...), (folder, path, flags, mode))
SHIM_OPEN(openat64, (int folder, const char* path, int flags, ...), (folder, path, flags, mode))
SHIM_NULL("open", FILE*, fopen, (const char* path, const char* mode), (path, mode))
SHIM_NULL("open", FILE*, fopen64, (const char* path, const char* mode), (path, mode))
SHIM_NULL("open", DIR*, opendir, (const char* path), (path))
SHIM_NULL("open", DIR*, fdopendir, (int fd), (fd))
SHIM_NULL("list", dirent*, readdir, (DIR* dir), (dir))
SHIM_NULL("list", dirent64*, readdir64, (DIR* dir), (dir))

SHIM_PART("read", read, (int fd, void* into, size_t size), (fd, into, size))
SHIM_PART("read", pread, (int fd, void* into, size_t size, off_t at), (fd, into, size, at))
SHIM_PART("read", pread64, (int fd, void* into, size_t size, off64_t at), (fd, into, size, at))
SHIM_PART("write", write, (int fd, const void* from, size_t size), (fd, from, size))
SHIM_PART("write", pwrite, (int fd, const void* from, size_t size, off_t at), (fd, from, size, at))
SHIM_PART("write", pwrite64, (int fd, const void* from, size_t size, off64_t at),
          (fd, from, size, at))
struct iovec;
SHIM("write", ssize_t, writev, (int fd, const iovec* parts, int count), (fd, parts, count))
SHIM("write", ssize_t, sendfile, (int to, int from, off_t* at, size_t count),
     (to, from, at, count))
SHIM("write", ssize_t, copy_file_range,
     (int from, off_t* from_at, int to, off_t* to_at, size_t count, unsigned flags),
     (from, from_at, to, to_at, count, flags))

SHIM("sync", int, fsync, (int fd), (fd))
SHIM("sync", int, fdatasync, (int fd), (fd))
SHIM("sync", int, syncfs, (int fd), (fd))

SHIM("name", int, rename, (const char* from, const char* to), (from, to))
SHIM("name", int, renameat, (int a, const char* from, int b, const char* to), (a, from, b, to))
SHIM("name", int, renameat2, (int a, const char* from, int b, const char* to, unsigned flags),
     (a, from, b, to, flags))
SHIM("name", int, link, (const char* from, const char* to), (from, to))
SHIM("name", int, linkat, (int a, const char* from, int b, const char* to, int flags),
     (a, from, b, to, flags))
SHIM("name", int, symlinkat, (const char* target, int folder, const char* path),
     (target, folder, path))
SHIM("name", int, unlink, (const char* path), (path))
SHIM("name", int, unlinkat, (int folder, const char* path, int flags), (folder, path, flags))
SHIM("name", int, remove, (const char* path), (path))
SHIM("name", int, rmdir, (const char* path), (path))
SHIM("name", int, mkdir, (const char* path, mode_t mode), (path, mode))
SHIM("name", int, mkdirat, (int folder, const char* path, mode_t mode), (folder, path, mode))
SHIM("name", int, mknodat, (int folder, const char* path, mode_t mode, dev_t device),
     (folder, path, mode, device))
SHIM_NULL("name", char*, mkdtemp, (char* pattern), (pattern))

using Stat = struct stat;
SHIM("stat", int, stat, (const char* path, Stat* into), (path, into))
SHIM("stat", int, lstat, (const char* path, Stat* into), (path, into))
SHIM("stat", int, fstat, (int fd, Stat* into), (fd, into))
SHIM("stat", int, fstatat, (int folder, const char* path, Stat* into, int flags),
     (folder, path, into, flags))
using Statx = struct statx;
SHIM("stat", int, statx, (int folder, const char* path, int flags, unsigned mask, Statx* into),
     (folder, path, flags, mask, into))
SHIM("stat", int, faccessat, (int folder, const char* path, int mode, int flags),
     (folder, path, mode, flags))
SHIM("stat", ssize_t, readlinkat, (int folder, const char* path, char* into, size_t size),
     (folder, path, into, size))
SHIM_NULL("stat", char*, realpath, (const char* path, char* into), (path, into))
SHIM("stat", off_t, lseek, (int fd, off_t at, int from), (fd, at, from))

SHIM("size", int, ftruncate, (int fd, off_t size), (fd, size))
SHIM("size", int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
#pragma GCC diagnostic ignored "-Wshadow"  // flock is a struct, too
SHIM("lock", int, flock, (int fd, int operation), (fd, operation))

SHIM("meta", int, chmod, (const char* path, mode_t mode), (path, mode))
SHIM("meta", int, fchmod, (int fd, mode_t mode), (fd, mode))
SHIM("meta", int, fchmodat, (int folder, const char* path, mode_t mode, int flags),
     (folder, path, mode, flags))
SHIM("meta", int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
SHIM("meta", int, fchownat, (int folder, const char* path, uid_t user, gid_t group, int flags),
     (folder, path, user, group, flags))
SHIM("meta", int, futimens, (int fd, const timespec* times), (fd, times))
SHIM("meta", int, utimensat, (int folder, const char* path, const timespec* times, int flags),
     (folder, path, times, flags))
SHIM("meta", ssize_t, llistxattr, (const char* path, char* into, size_t size), (path, into, size))
SHIM("meta", ssize_t, flistxattr, (int fd, char* into, size_t size), (fd, into, size))
SHIM("meta", ssize_t, lgetxattr, (const char* path, const char* name, void* into, size_t size),
     (path, name, into, size))
SHIM("meta", ssize_t, fgetxattr, (int fd, const char* name, void* into, size_t size),
     (fd, name, into, size))
SHIM("meta", int, setxattr,
     (const char* path, const char* name, const void* value, size_t size, int flags),
     (path, name, value, size, flags))
SHIM("meta", int, fsetxattr, (int fd, const char* name, const void* value, size_t size, int flags),
     (fd, name, value, size, flags))
SHIM("meta", int, fremovexattr, (int fd, const char* name), (fd, name))
// clang-format on

extern "C" void* mmap(void* address, size_t size, int access, int flags, int fd, off_t at) {
  static const auto real = next<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  // Memory without a file behind it is the allocator's.
  if (const int fault = fd < 0 ? 0 : fault_of("map", "mmap", false); fault > 0) {
    errno = fault;
    return MAP_FAILED;
  }
  return real(address, size, access, flags, fd, at);
}

namespace {

bool is_lock(int command) {
  return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
         command == F_OFD_SETLKW;
}

const char* class_of_number(long number) {
  switch (number) {
    case SYS_openat2:
      return "open";
    case SYS_getdents64:
      return "list";
    case SYS_renameat2:
      return "name";
    case SYS_statx:
      return "stat";
    case SYS_copy_file_range:
      return "write";
    default:
      return nullptr;
  }
}

}  // namespace

extern "C" int fcntl(int fd, int command, ...) {
  static const auto real = next<int (*)(int, int, ...)>("fcntl");
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  const char* kind = is_lock(command) ? "lock" : "meta";
  if (const int fault = fault_of(kind, "fcntl", false); fault > 0) {
    errno = fault;
    return -1;
  }
  return real(fd, command, argument);
}

extern "C" long syscall(long number, ...) noexcept {
  static const auto real = next<long (*)(long, ...)>("syscall");
  long arguments[6];
  va_list more;
  va_start(more, number);
  for (long& argument : arguments) argument = va_arg(more, long);
  va_end(more);
  // While the plan is read nothing is counted: it opens the log.
  if (const char* kind = class_of_number(number)) {
    if (const int fault = fault_of(kind, "syscall", false); fault > 0) {
      errno = fault;
      return -1;
    }
  }
  return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
              arguments[5]);
}
