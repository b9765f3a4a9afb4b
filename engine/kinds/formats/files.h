// Files of a capture and of a folder cluster: names that may become part of a path, and how files
// get their place.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/env/env.h"

namespace backcast::kinds {

using Path = std::filesystem::path;
using ByteSink = std::function<Status(ByteView)>;

// A name from a document that becomes one step of a path: no "/", no NUL, not hidden, at most 255
// bytes. `what` stands in the message. Errors: kBadInput.
Status check_name(std::string_view what, std::string_view name);

// "cannot <doing> <path>: <why>".
Error file_error(std::string_view doing, const Path& path, std::error_code why);

Result<std::uint64_t> file_bytes(const Path& path);
Status make_folders(const Path& path);
// Of all regular files beneath it.
Result<std::uint64_t> folder_bytes(const Path& path);
// A file that nobody changes any more, under a second name: a hard link where the file system can,
// a copy otherwise. kNotFound if it is gone.
Status place_file(const Path& from, const Path& to);
// An independent copy. kNotFound if it is gone.
Status copy_whole(const Path& from, const Path& to);
// The whole of a small text; after a power cut it is there whole, or what stood there before is.
Status write_text(env::Env& env, const Path& path, std::string_view text);
// All of it to an open file; `path` is for the message.
Status write_all(int file, ByteView bytes, const Path& path);
// A new file of what `content` hands out.
Status write_file(const Path& path, const std::function<Status(const ByteSink&)>& content);
// "r3f0a…": a name that nobody else chooses.
std::string fresh_name(env::Env& env);
// A folder for what is needed only meanwhile.
class Aside {
 public:
  explicit Aside(Path path) : path_(std::move(path)) { clear(); }
  ~Aside() { clear(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  const Path& path() const { return path_; }

 private:
  void clear() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Path path_;
};

// A folder to its place; what stands there goes in the same step, and is in `from` then.
Status exchange_folders(const Path& from, const Path& to);
// Waits until all of it survives a power cut.
Status sync_folder_tree(env::Env& env, const Path& path);

}  // namespace backcast::kinds
