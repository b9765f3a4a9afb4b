#include "tests/model/trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <sstream>

#include "tests/model/world.h"

namespace backcast::model {
namespace {

// Many times what the longest takes on a busy machine.
constexpr int kHangMs = 120'000;
constexpr int kShortenAttempts = 250;

std::string one_line(std::string text) {
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

void run_and_tell(const Sequence& sequence, int out) {
  World world(sequence.world);
  const auto failure = world.run(sequence);
  std::string told;
  for (const auto& [what, count] : world.counts())
    told += fmt::format("count {} {}\n", count, what);
  told += fmt::format("fingerprint {}\n", world.fingerprint());
  told += failure ? fmt::format("failure {}\n", one_line(*failure)) : "done\n";
  for (std::string_view left = told; !left.empty();) {
    const ssize_t wrote = ::write(out, left.data(), left.size());
    if (wrote <= 0) ::_exit(3);
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

// Until the other side closes; false after a silence of kHangMs.
bool read_all(int in, std::string& text) {
  char buffer[4096];
  for (;;) {
    pollfd waiting{in, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kHangMs);
    if (ready < 0) continue;
    if (ready == 0) return false;
    const ssize_t got = ::read(in, buffer, sizeof buffer);
    if (got <= 0) return true;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

Trial parse(const std::string& told) {
  Trial trial;
  bool has_ended = false;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind, what;
    std::uint64_t count = 0;
    words >> kind;
    if (kind == "count" && words >> count >> std::ws && std::getline(words, what)) {
      trial.counts[what] = count;
    } else if (kind == "fingerprint") {
      words >> trial.fingerprint;
    } else {
      has_ended = true;
      if (kind == "failure") trial.failure = line.substr(8);
    }
  }
  if (!has_ended) trial.failure = "ended without a word";
  return trial;
}

}  // namespace

Trial try_out(const Sequence& sequence, bool quietly) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {"no pipe", {}, {}};
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (quietly) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, STDERR_FILENO);
    }
    run_and_tell(sequence, ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string told;
  const bool ended = read_all(ends[0], told);
  ::close(ends[0]);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  Trial trial = parse(told);
  if (!ended) {
    trial.failure = "hangs";
  } else if (WIFSIGNALED(status)) {
    trial.failure =
        fmt::format("dies of signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0 && !trial.failure) {
    trial.failure = fmt::format("exits with {}", WEXITSTATUS(status));
  }
  return trial;
}

std::string report(const Sequence& sequence, const Trial& trial) {
  const Sequence shortest = shorten(
      sequence, trial.failure == "hangs" ? 0 : kShortenAttempts,
      [](const Sequence& candidate) { return try_out(candidate, true).failure.has_value(); });
  const Trial again = try_out(shortest, true);
  return fmt::format(
      "{}\nin a sequence of {} steps. Shortened to {}:\n  {}\nTo replay it:\n"
      "  BACKCAST_MODEL_STEPS='{}' model_tests --gtest_filter=Model.ReplaysASequence\n",
      *trial.failure, sequence.steps.size(), shortest.steps.size(),
      again.failure.value_or("fails no longer: it hangs on time"), to_text(shortest));
}

}  // namespace backcast::model
