#include "cli/repository/repository_options.h"

#include <sys/stat.h>
#include <CLI/CLI.hpp>

#include <cstdlib>

#include "cli/repository/arguments.h"
#include "cli/repository/passphrase.h"
#include "engine/base/document.h"
#include "engine/base/text.h"

namespace backcast::cli {
namespace {

std::string user_folder(const char* variable, const char* fallback) {
  const char* given = std::getenv(variable);
  if (given && *given) return std::string(given) + "/backcast";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : "/root") + fallback + "/backcast";
}

std::string key_folder() {
  return user_folder("XDG_CONFIG_HOME", "/.config") + "/keys";
}

bool passphrase_given(const RepositoryOptions& options) {
  return !options.passphrase_file.empty() || !options.passphrase_command.empty();
}

// The writer key for this project: the file given, or the one this user keeps.
Result<std::optional<store::WriterKey>> find_writer_key(const RepositoryOptions& options,
                                                        const store::Id& project) {
  const bool given = !options.writer_key_file.empty();
  const std::string path = given ? options.writer_key_file : key_folder() + "/" + to_hex(project);
  auto text = read_secret_file(path);
  if (!text.ok()) {
    if (given || text.error().code != Errc::kNotFound) return text.error();
    return std::optional<store::WriterKey>();
  }
  auto key = store::parse_writer_key(*text);
  if (!key.ok()) {
    Error error = key.error();
    error.where.file = path;
    return error;
  }
  return std::optional(*key);
}

Result<std::unique_ptr<store::Repository>> open_with(const RepositoryOptions& options,
                                                     Access access) {
  BACKCAST_CHECK(check_repository_choice(options));
  env::Env& env = env::posix_env();
  BACKCAST_TRY(const store::Config config, store::read_config(env, options.path));
  store::OpenOptions open;
  BACKCAST_TRY(open.writer, find_writer_key(options, config.project));
  open.read_data = access != Access::kWrite;
  open.unlock_later = access == Access::kUnlockLater;
  open.passphrase = [&] {
    return obtain_passphrase(options, "Passphrase of " + printable(options.path), false);
  };
  return store::Repository::open(env, options.path, open);
}

}  // namespace

void add_repository_options(CLI::App& verb, RepositoryOptions& options) {
  options.verb = &verb;
  // arguments.cpp puts -r and the variable in front, so that they come before every position.
  verb.add_option("-r,--repository,repository", options.path,
                  "Folder of the repository: the first position, -r, or BACKCAST_REPOSITORY")
      ->required();
  add_key_options(verb, options);
}

Status check_repository_choice(const RepositoryOptions& options) {
  if (options.verb == nullptr || options.path != repository_by_variable()) return kOk;
  for (const CLI::Option* option : options.verb->get_options()) {
    if (!option->get_positional() || option->get_single_name() == "repository") continue;
    if (option->count() == 0) continue;
    return check_reading(option->results().front());
  }
  return kOk;
}

void add_key_options(CLI::App& verb, RepositoryOptions& options) {
  verb.add_option("--writer-key-file", options.writer_key_file,
                  "Writer key of this machine (default: the one init kept)")
      ->envname("BACKCAST_WRITER_KEY_FILE");
  verb.add_option("--passphrase-file", options.passphrase_file, "File that holds the passphrase")
      ->envname("BACKCAST_PASSPHRASE_FILE");
  verb.add_option("--passphrase-command", options.passphrase_command,
                  "Command that prints the passphrase")
      ->envname("BACKCAST_PASSPHRASE_COMMAND");
}

Result<std::unique_ptr<store::Repository>> open_repository(const RepositoryOptions& options,
                                                           Access access) {
  return open_with(options, access);
}

Result<std::unique_ptr<store::Repository>> open_repository_as_given(
    const RepositoryOptions& options) {
  return open_with(options, passphrase_given(options) ? Access::kUnlockLater : Access::kWrite);
}

Status keep_writer_key(const store::Repository& repository) {
  const ::mode_t before = ::umask(0077);
  const auto write = [&]() -> Status {
    BACKCAST_TRY(auto folder, env::posix_env().open_folder(key_folder(), true));
    return env::publish_file(env::posix_env(), *folder, to_hex(repository.config().project),
                             as_bytes(store::writer_key_text(repository.keys())),
                             {.replace = true});
  };
  auto written = write();
  ::umask(before);
  return written;
}

std::unique_ptr<env::Folder> open_cache_folder() {
  const ::mode_t before = ::umask(0077);
  auto folder = env::posix_env().open_folder(user_folder("XDG_CACHE_HOME", "/.cache"), true);
  ::umask(before);
  return folder.ok() ? *std::move(folder) : nullptr;
}

}  // namespace backcast::cli
