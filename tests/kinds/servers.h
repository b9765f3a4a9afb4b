// Real servers on sockets and in folders of their own, gone when the test is.
#pragma once

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/kinds/folder_client.h"

namespace backcast::kinds {

// What a command prints; its exit code is expected to be 0, or what it printed is shown.
inline std::string shell(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command << '\n' << out;
  return out;
}

// Servers that refuse to run as root run as `user` then.
inline std::string as_user(const std::string& user, const std::string& command) {
  return ::geteuid() == 0 ? "runuser -u " + user + " -- " + command : command;
}

inline void give_to(const std::string& user, const std::filesystem::path& path) {
  if (::geteuid() == 0) shell("chown -R " + user + ": " + path.string());
}

// A process of its own that ends with the test.
class Daemon {
 public:
  explicit Daemon(const std::string& command) {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
      ::_exit(127);
    }
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() { stop(SIGTERM); }
  void stop(int signal) {
    if (pid_ <= 0) return;
    ::kill(-pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

template <typename Condition>
bool wait_until(Condition condition) {
  for (int i = 0; i < 300; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

}  // namespace backcast::kinds
