#include "engine/kinds/formats/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>

#include <array>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/env/unique_fd.h"

namespace backcast::kinds {
namespace fs = std::filesystem;

constexpr std::size_t kMaxName = 255;  // NAME_MAX of Linux

Status check_name(std::string_view what, std::string_view name) {
  if (name.empty() || name.size() > kMaxName || name[0] == '.' ||
      name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos) {
    return bad_input(fmt::format("{} {} cannot be the name of a file", what, printable(name)),
                     "a name has 1 to 255 bytes, no \"/\", and does not begin with \".\"");
  }
  return kOk;
}

Error file_error(std::string_view doing, const Path& path, std::error_code why) {
  return env::system_error(doing, path.string(), why.value());
}

Result<std::uint64_t> file_bytes(const Path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return file_error("look at", path, error);
  return std::uint64_t{size};
}

Status make_folders(const Path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return file_error("make the folder", path, error);
  return kOk;
}

Result<std::uint64_t> folder_bytes(const Path& path) {
  std::error_code error;
  std::uint64_t sum = 0;
  fs::recursive_directory_iterator at(path, error);
  while (!error && at != fs::recursive_directory_iterator()) {
    if (at->is_regular_file(error) && !at->is_symlink(error)) sum += at->file_size(error);
    if (!error) at.increment(error);
  }
  if (error) return file_error("list", path, error);
  return sum;
}

Status place_file(const Path& from, const Path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (!error) return kOk;
  if (error == std::errc::no_such_file_or_directory) return file_error("read", from, error);
  return copy_whole(from, to);
}

Status copy_whole(const Path& from, const Path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error)
    return file_error("copy to " + printable(to.string(), 4096) + " the file", from, error);
  return kOk;
}

Status write_text(env::Env& env, const Path& path, std::string_view text) {
  BACKCAST_TRY(const auto folder, env.open_folder(path.parent_path().string(), false));
  return env::publish_file(env, *folder, path.filename().string(), as_bytes(text),
                           {.replace = true});
}

Status write_file(const Path& path, const std::function<Status(const ByteSink&)>& content) {
  env::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return env::system_error("create", path.string(), errno);
  BACKCAST_CHECK(content([&](ByteView bytes) { return write_all(file.get(), bytes, path); }));
  if (::close(file.release()) != 0) return env::system_error("write", path.string(), errno);
  return kOk;
}

Status write_all(int file, ByteView bytes, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return env::system_error("write", path.string(), errno);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return kOk;
}

std::string fresh_name(env::Env& env) {
  std::array<std::uint8_t, 8> random{};
  env.random(random);
  return fmt::format("r{:02x}", fmt::join(random, ""));
}

Status exchange_folders(const Path& from, const Path& to) {
  std::error_code error;
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return kOk;
  if (errno != ENOENT) return env::system_error("put into its place", to.string(), errno);
  fs::rename(from, to, error);
  if (error) return file_error("put into its place", to, error);
  return kOk;
}

Status sync_folder_tree(env::Env& env, const Path& path) {
  const env::UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return env::system_error("open", path.string(), errno);
  return env.sync_file_system(folder.get(), path.string());
}

}  // namespace backcast::kinds
