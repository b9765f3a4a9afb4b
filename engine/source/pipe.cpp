#include "engine/source/pipe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/env/unique_fd.h"

extern char** environ;

namespace backcast::source {
namespace {

using env::UniqueFd;

Result<std::size_t> read_full(int descriptor, ByteSpan into, const std::string& name) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::read(descriptor, into.data() + done, into.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return env::system_error("read", name, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

class StandardInput final : public PipeSource {
 public:
  Result<std::size_t> read(ByteSpan into) override {
    return read_full(STDIN_FILENO, into, "standard input");
  }
  Status close() override { return kOk; }
};

class Command final : public PipeSource {
 public:
  Command(UniqueFd output, pid_t process, std::string name)
      : output_(std::move(output)), process_(process), name_(std::move(name)) {}
  // Abandoned before its end: nobody reads what it still has to say.
  ~Command() override {
    output_.reset();
    if (process_ > 0) {
      ::kill(process_, SIGTERM);
      (void)wait_for_end();
    }
  }
  Result<std::size_t> read(ByteSpan into) override { return read_full(output_.get(), into, name_); }
  Status close() override {
    output_.reset();
    const int status = wait_for_end();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return kOk;
    const std::string how = WIFSIGNALED(status)
                                ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                : fmt::format("failed with exit code {}", WEXITSTATUS(status));
    return failed(fmt::format("{} {}", printable(name_), how),
                  "its output was not kept, for half a dump is none");
  }

 private:
  int wait_for_end() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return status;
  }

  UniqueFd output_;
  pid_t process_;
  std::string name_;
};

}  // namespace

std::unique_ptr<PipeSource> standard_input() {
  return std::make_unique<StandardInput>();
}

Result<std::unique_ptr<PipeSource>> open_command(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0].empty()) return bad_input("no command was given");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return env::system_error("run", arguments[0], errno);
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
  if (error != 0) return env::system_error("run", arguments[0], error);
  return std::unique_ptr<PipeSource>(
      std::make_unique<Command>(std::move(output), process, arguments[0]));
}

Node pipe_node(const std::string& name, std::int64_t now_ns) {
  Node node;
  node.name = name;
  node.mode = 0600;
  node.uid = ::geteuid();
  node.gid = ::getegid();
  node.mtime_ns = now_ns;
  node.ctime_ns = now_ns;
  return node;
}

}  // namespace backcast::source
