#include "engine/kinds/capture/program.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/kinds/capture/sources.h"

namespace backcast::kinds {
namespace {

constexpr std::size_t kPart = 1 << 20;
constexpr std::uint64_t kMaxOutput = 64 << 20;
constexpr Duration kPatience = std::chrono::milliseconds(100);

// One read of what the child prints, empty at its end.
Result<ByteView> next_part(env::Child& child, ByteSpan into, const Progress& progress) {
  while (true) {
    BACKCAST_CHECK(go_on(progress));
    BACKCAST_TRY(const bool ready, child.readable(kPatience));
    if (!ready) continue;
    BACKCAST_TRY(const std::size_t got, child.read_some(into));
    return ByteView(into.first(got));
  }
}

}  // namespace

Status run_program(const Program& program, const ByteSink& sink, Progress& progress) {
  const char* input = program.input.empty() ? "/dev/null" : program.input.c_str();
  const env::UniqueFd in(::open(input, O_RDONLY | O_CLOEXEC));
  if (!in) return env::system_error("open", input, errno);
  BACKCAST_TRY(env::Child child,
               env::Child::start(program.arguments, {.environment = program.environment,
                                                     .input = in.get(),
                                                     .keeps_messages = true}));
  std::vector<std::uint8_t> part(kPart);
  while (true) {
    BACKCAST_TRY(const ByteView got, next_part(child, part, progress));
    if (got.empty()) break;
    BACKCAST_CHECK(sink(got));
  }
  return child.finish();
}

Result<std::string> output_of(const Program& program, Progress& progress) {
  std::string text;
  BACKCAST_CHECK(run_program(
      program,
      [&](ByteView bytes) -> Status {
        text += as_text(bytes);
        if (text.size() > kMaxOutput) return failed(program.arguments[0] + " prints too much");
        return kOk;
      },
      progress));
  return text;
}

Result<Dialogue> Dialogue::start(const Program& program, Progress& progress) {
  // A socket rather than a pipe: writing to a program that died is an error, not a signal.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return env::system_error("run", program.arguments[0], errno);
  }
  env::UniqueFd ours(ends[0]), its(ends[1]);
  BACKCAST_TRY(env::Child child,
               env::Child::start(program.arguments, {.environment = program.environment,
                                                     .input = its.get(),
                                                     .keeps_messages = true}));
  return Dialogue(std::move(child), std::move(ours), progress, program.arguments[0]);
}

Error Dialogue::ended() {
  input_.reset();
  const Status how = child_.finish();
  return how.ok() ? failed(printable(name_) + " ended before its work was done") : how.error();
}

Status Dialogue::say(std::string_view text) {
  while (!text.empty()) {
    BACKCAST_CHECK(go_on(progress_));
    const ssize_t done = ::send(input_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return ended();
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return kOk;
}

Result<std::string> Dialogue::hear_line() {
  std::vector<std::uint8_t> part(kPart);
  while (true) {
    if (const auto end = heard_.find('\n'); end != std::string::npos) {
      std::string line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return line;
    }
    BACKCAST_TRY(const ByteView got, next_part(child_, part, progress_));
    if (got.empty()) return ended();
    heard_ += as_text(got);
    if (heard_.size() > kMaxOutput) return failed(name_ + " prints too much");
  }
}

Status Dialogue::finish() {
  input_.reset();
  std::vector<std::uint8_t> part(kPart);
  while (true) {
    BACKCAST_TRY(const ByteView got, next_part(child_, part, progress_));
    if (got.empty()) return child_.finish();
  }
}

}  // namespace backcast::kinds
