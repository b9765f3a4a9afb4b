#include "cli/repository/passphrase.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "engine/base/harmless.h"
#include "engine/base/text.h"
#include "engine/env/unique_fd.h"

namespace backcast::cli {
namespace {

using store::SecretText;

constexpr std::size_t kMaxSecretBytes = 64 << 10;

// Until the end, or until `stop` was read. False if it fails or there is more than a secret has.
bool read_all(int descriptor, SecretText& into, const char* stop = nullptr) {
  while (into.room() > 0) {
    const ByteSpan rest = into.rest();
    const ssize_t got = ::read(descriptor, rest.data(), rest.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    into.grow(static_cast<std::size_t>(got));
    if (stop && into.view().find(*stop) != std::string_view::npos) return true;
  }
  return false;
}

SecretText without_line_end(SecretText text) {
  std::size_t size = text.size();
  while (size > 0 && (text.view()[size - 1] == '\n' || text.view()[size - 1] == '\r')) --size;
  text.shorten(size);
  return text;
}

Result<SecretText> run_command(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return failed("cannot run the passphrase command");
  auto out = SecretText::with_room(kMaxSecretBytes + 1);
  const bool whole = read_all(::fileno(pipe), out);
  const int status = ::pclose(pipe);
  if (status != 0 || !whole) {
    return failed("the passphrase command failed", "it must print the passphrase and exit with 0");
  }
  return without_line_end(std::move(out));
}

Result<SecretText> ask_once(const std::string& prompt) {
  const env::UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal) {
    return bad_input("no passphrase given and no terminal to ask on",
                     "give --passphrase-file FILE or --passphrase-command COMMAND");
  }
  const auto say = [&](const std::string& text) {
    return ::write(terminal.get(), text.data(), text.size()) >= 0;
  };
  termios before{};
  const bool hidden = ::tcgetattr(terminal.get(), &before) == 0;
  if (hidden) {
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal.get(), TCSAFLUSH, &silent);
  }
  const bool asked = say(harmless(prompt) + ": ");
  auto line = SecretText::with_room(kMaxSecretBytes + 1);
  const bool whole = asked && read_all(terminal.get(), line, "\n");
  if (hidden) ::tcsetattr(terminal.get(), TCSAFLUSH, &before);
  say("\n");
  if (!whole) return failed("the passphrase could not be read from the terminal");
  return without_line_end(std::move(line));
}

}  // namespace

Result<SecretText> read_secret_file(const std::string& path) {
  const env::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return Error{errno == ENOENT ? Errc::kNotFound : Errc::kFailed,
                 fmt::format("cannot open {}: {}", printable(path, 4096), std::strerror(errno)),
                 {},
                 {}};
  }
  auto text = SecretText::with_room(kMaxSecretBytes + 1);
  if (!read_all(file.get(), text)) {
    return bad_input(printable(path, 4096) + " cannot be read, or is larger than 64 KiB");
  }
  return text;
}

Result<SecretText> obtain_passphrase(const RepositoryOptions& options, const std::string& prompt,
                                     bool confirm) {
  if (!options.passphrase_file.empty()) {
    BACKCAST_TRY(SecretText text, read_secret_file(options.passphrase_file));
    return without_line_end(std::move(text));
  }
  if (!options.passphrase_command.empty()) return run_command(options.passphrase_command);
  BACKCAST_TRY(SecretText first, ask_once(prompt));
  if (confirm) {
    BACKCAST_TRY(const SecretText second, ask_once("Again"));
    if (first.view() != second.view()) {
      return bad_input("the two passphrases differ", "try again");
    }
  }
  return first;
}

}  // namespace backcast::cli
