// Loaded into a program under test (LD_PRELOAD): counts the calls that change files, and kills the
// program as kill -9 does before the one that KILL_AT names, counted from 1. Without KILL_AT the
// number of calls is written to KILL_COUNT at every one of them. While the file that FULL_WHILE
// names is there, nothing more can be written to any other.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace {

std::atomic<long> counted{0};

long number_of(const char* name) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atol(text) : 0;
}

// Standard output, sockets and pipes do not count: files alone survive.
bool is_file(int descriptor) {
  return ::syscall(SYS_lseek, descriptor, 0, SEEK_CUR) >= 0;
}

void count() {
  static const long last = number_of("KILL_AT");
  static const int told = [] {
    const char* path = std::getenv("KILL_COUNT");
    return path != nullptr ? ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  }();
  const long now = ++counted;
  if (last > 0 && now == last) ::kill(::getpid(), SIGKILL);
  if (told < 0) return;
  char text[24];
  const int size = std::snprintf(text, sizeof text, "%20ld\n", now);
  ::syscall(SYS_pwrite64, told, text, static_cast<std::size_t>(size), 0L);
}

bool is_full() {
  static const char* sign = std::getenv("FULL_WHILE");
  if (sign == nullptr || ::access(sign, F_OK) != 0) return false;
  errno = ENOSPC;
  return true;
}

template <typename Call, typename... Arguments>
auto after_count(const char* name, Call, Arguments... arguments) {
  count();
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name))(arguments...);
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* data, size_t size) {
  if (is_file(file)) {
    count();
    if (is_full()) return -1;
  }
  return ::syscall(SYS_write, file, data, size);
}
ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  count();
  if (is_full()) return -1;
  return ::syscall(SYS_pwrite64, file, data, size, at);
}
ssize_t pwrite64(int file, const void* data, size_t size, off_t at) {
  count();
  if (is_full()) return -1;
  return ::syscall(SYS_pwrite64, file, data, size, at);
}
int fsync(int file) {
  count();
  return static_cast<int>(::syscall(SYS_fsync, file));
}
int fdatasync(int file) {
  count();
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
int rename(const char* from, const char* to) {
  return after_count("rename", &rename, from, to);
}
int renameat(int a, const char* from, int b, const char* to) {
  return after_count("renameat", &renameat, a, from, b, to);
}
int link(const char* from, const char* to) {
  return after_count("link", &link, from, to);
}
int linkat(int a, const char* from, int b, const char* to, int flags) {
  return after_count("linkat", &linkat, a, from, b, to, flags);
}
int unlink(const char* path) {
  return after_count("unlink", &unlink, path);
}
int unlinkat(int a, const char* path, int flags) {
  return after_count("unlinkat", &unlinkat, a, path, flags);
}
int mkdir(const char* path, mode_t mode) {
  return after_count("mkdir", &mkdir, path, mode);
}
int ftruncate(int file, off_t size) {
  count();
  return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}
int ftruncate64(int file, off_t size) {
  count();
  return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}
}
