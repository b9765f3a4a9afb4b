#include "rehearsal/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/text.h"

extern char** environ;

namespace backcast::sim {
namespace {

constexpr std::size_t kMaxOutputBytes = 64 << 20;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Both streams through one pipe: messages of a failure are wanted as well.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 1 << 14> buffer;
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < kMaxOutputBytes) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> run_program(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& settings) {
  std::vector<std::string> argument_texts = arguments, setting_texts = settings;
  for (char** setting = environ; *setting != nullptr; ++setting) {
    setting_texts.emplace_back(*setting);
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(std::string("pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments[0].c_str(), &actions, nullptr,
                                   pointers(argument_texts).data(), pointers(setting_texts).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string output = error == 0 ? read_all(ends[0]) : std::string();
  ::close(ends[0]);
  if (error != 0) {
    return Error{error == ENOENT ? Errc::kNotFound : Errc::kFailed,
                 fmt::format("cannot run {}: {}", arguments[0], std::strerror(error)),
                 {},
                 fmt::format("install {} to rehearse against it", arguments[0])};
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  const std::size_t tail = output.size() > 400 ? output.size() - 400 : 0;
  return failed(fmt::format("{} {} failed: {}", arguments[0],
                            arguments.size() > 1 ? arguments[1] : "",
                            printable(trim(std::string_view(output).substr(tail)), 400)));
}

}  // namespace backcast::sim
