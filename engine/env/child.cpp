#include "engine/env/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "engine/base/text.h"
#include "engine/env/system_error.h"

extern char** environ;

namespace backcast::env {

static_assert(kStandardInput == STDIN_FILENO);

namespace {

constexpr std::size_t kMessageBytes = 600;

// "NAME=value" of all variables, ours and then those of the options.
std::vector<std::string> environment_of(const ChildOptions& options) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto is_replaced = [&](const auto& own) {
      return text.substr(0, own.first.size() + 1) == own.first + '=';
    };
    if (std::none_of(options.environment.begin(), options.environment.end(), is_replaced)) {
      all.emplace_back(text);
    }
  }
  for (const auto& [name, value] : options.environment) all.push_back(name + '=' + value);
  return all;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

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

Child::Child(UniqueFd output, UniqueFd messages, pid_t process, std::string name)
    : output_(std::move(output)),
      messages_(std::move(messages)),
      process_(process),
      name_(std::move(name)) {}

Child::Child(Child&& other) noexcept
    : output_(std::move(other.output_)),
      messages_(std::move(other.messages_)),
      process_(std::exchange(other.process_, 0)),
      name_(std::move(other.name_)) {}

Child::~Child() {
  output_.reset();
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    (void)wait_for_end();
  }
}

Result<Child> Child::start(const std::vector<std::string>& arguments, const ChildOptions& options) {
  if (arguments.empty() || arguments[0].empty()) return bad_input("no command was given");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("run", arguments[0], errno);
  UniqueFd output(ends[0]), input(ends[1]), messages;
  // Fewer wake-ups for large dumps; the kernel's limit without privileges is 1 MiB.
  ::fcntl(output.get(), F_SETPIPE_SZ, 1 << 20);
  if (options.keeps_messages) {
    messages = UniqueFd(::memfd_create("messages", MFD_CLOEXEC));
    if (!messages) return system_error("keep the messages of", arguments[0], errno);
  }
  const std::vector<std::string> environment = environment_of(options);
  const std::vector<char*> argv = pointers_to(arguments), variables = pointers_to(environment);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (options.input >= 0) {
    ::posix_spawn_file_actions_adddup2(&actions, options.input, STDIN_FILENO);
  }
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  if (messages) ::posix_spawn_file_actions_adddup2(&actions, messages.get(), STDERR_FILENO);
  pid_t process = 0;
  const int error =
      ::posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("run", arguments[0], error);
  return Child(std::move(output), std::move(messages), process, arguments[0]);
}

Result<std::size_t> Child::read_some(ByteSpan into) {
  while (true) {
    const ssize_t got = ::read(output_.get(), into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return system_error("read", name_, errno);
  }
}

Result<bool> Child::readable(Duration timeout) {
  pollfd wait{output_.get(), POLLIN, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  const int ready = ::poll(&wait, 1, static_cast<int>(ms));
  if (ready < 0 && errno != EINTR) return system_error("wait for", name_, errno);
  return ready > 0;
}

std::string Child::last_messages() {
  if (!messages_) return {};
  const off_t size = ::lseek(messages_.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kMessageBytes));
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, size - from)), '\0');
  const ssize_t got = ::pread(messages_.get(), text.data(), text.size(), from);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return ": " + std::string(printable(trim(text), kMessageBytes));
}

Status Child::finish() {
  output_.reset();
  const int status = wait_for_end();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return kOk;
  const std::string how = WIFSIGNALED(status)
                              ? fmt::format("was ended by signal {}", WTERMSIG(status))
                              : fmt::format("failed with exit code {}", WEXITSTATUS(status));
  return failed(fmt::format("{} {}{}", printable(name_), how, last_messages()),
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
