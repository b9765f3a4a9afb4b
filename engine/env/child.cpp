#include "engine/env/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "engine/base/text.h"
#include "engine/env/system_error.h"

extern char** environ;

namespace backcast::env {

static_assert(kStandardInput == STDIN_FILENO);

Result<std::size_t> read_stream(int descriptor, ByteSpan into, const std::string& name) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::read(descriptor, into.data() + done, into.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", name, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Child::Child(UniqueFd output, pid_t process, std::string name)
    : output_(std::move(output)), process_(process), name_(std::move(name)) {}

Child::Child(Child&& other) noexcept
    : output_(std::move(other.output_)),
      process_(std::exchange(other.process_, 0)),
      name_(std::move(other.name_)) {}

Child::~Child() {
  output_.reset();
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    (void)wait_for_end();
  }
}

Result<Child> Child::start(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0].empty()) return bad_input("no command was given");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("run", arguments[0], errno);
  UniqueFd output(ends[0]), input(ends[1]);
  // Fewer wake-ups for large dumps; the kernel's limit without privileges is 1 MiB.
  ::fcntl(output.get(), F_SETPIPE_SZ, 1 << 20);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  pid_t process = 0;
  const int error = ::posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("run", arguments[0], error);
  return Child(std::move(output), process, arguments[0]);
}

Status Child::finish() {
  output_.reset();
  const int status = wait_for_end();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return kOk;
  const std::string how = WIFSIGNALED(status)
                              ? fmt::format("was ended by signal {}", WTERMSIG(status))
                              : fmt::format("failed with exit code {}", WEXITSTATUS(status));
  return failed(fmt::format("{} {}", printable(name_), how),
                "its output was discarded because it is incomplete");
}

int Child::wait_for_end() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  return status;
}

}  // namespace backcast::env
