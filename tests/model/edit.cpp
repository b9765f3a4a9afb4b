#include "tests/model/edit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

namespace backcast::model {
namespace {

namespace fs = std::filesystem;

constexpr int kFolders = 4, kFiles = 5;

// Few contents of few sizes: what was deleted comes back, and files differ by content alone.
std::string some_content(std::mt19937_64& random) {
  static constexpr std::array<std::size_t, 6> kSizes{0, 30, 700, 700, 5'000, 60'000};
  std::mt19937_64 content(random() % 40);
  const std::size_t size = random() % 12 == 0 ? 900'000 : kSizes[random() % kSizes.size()];
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(content());
  return bytes;
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class Editor {
 public:
  Editor(const std::string& folder, std::mt19937_64& random) : folder_(folder), random_(random) {}

  const char* edit() {
    switch (random_() % 14) {
      case 0:
        return exchange(some_folder(), some_folder()), "exchange folders";
      case 1:
        return exchange(some_file(), some_file()), "exchange files";
      case 2:
        return rename_over(), "rename";
      case 3:
        return touch(), "touch";
      case 4:
        return rewrite_with_old_time(), "rewrite, old time";
      case 5:
        return fs::remove_all(some_file()), "remove";
      case 6:
        return ::chmod(some_file().c_str(), 0600 + random_() % 64), "chmod";
      case 7:
        return link(), "hard link";
      case 8:
        return symlink(), "symbolic link";
      case 9:
        return append(), "append";
      case 10:
        return fs::remove_all(some_folder()), "remove folder";
      default:
        return write(new_file(), some_content(random_)), "write";
    }
  }
  std::string new_file() {
    const std::string folder = fmt::format("{}/d{}", folder_, random_() % kFolders);
    fs::create_directories(folder);
    return fmt::format("{}/f{}", folder, random_() % kFiles);
  }

 private:
  std::string some_folder() { return some(true); }
  std::string some_file() { return some(false); }
  std::string some(bool is_folder) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_symlink()) continue;
      if (entry.is_directory() == is_folder) found.push_back(entry.path().native());
    }
    std::sort(found.begin(), found.end());
    return found.empty() ? new_file() : found[random_() % found.size()];
  }

  // What both are called stays; what they hold changes places, with all its times.
  void exchange(const std::string& a, const std::string& b) {
    (void)::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  }
  void rename_over() {
    const std::string from = some_file();
    std::error_code ignored;
    fs::rename(from, new_file(), ignored);
  }
  void touch() { (void)::utimensat(AT_FDCWD, some_file().c_str(), nullptr, AT_SYMLINK_NOFOLLOW); }
  void rewrite_with_old_time() {
    const std::string file = some_file();
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) return;
    std::string bytes(static_cast<std::size_t>(info.st_size), static_cast<char>(random_()));
    write(file, bytes);
    const timespec times[2] = {info.st_mtim, info.st_mtim};
    (void)::utimensat(AT_FDCWD, file.c_str(), times, 0);
  }
  void append() {
    std::ofstream(some_file(), std::ios::binary | std::ios::app) << some_content(random_);
  }
  void link() {
    const std::string from = some_file(), to = new_file();
    std::error_code ignored;
    if (from != to) fs::remove(to, ignored);
    fs::create_hard_link(from, to, ignored);
  }
  void symlink() {
    const std::string path = new_file();
    fs::remove_all(path);
    fs::create_symlink(fmt::format("../d{}/f0", random_() % kFolders), path);
  }

  const std::string& folder_;
  std::mt19937_64& random_;
};

}  // namespace

void make_source(const std::string& folder, std::mt19937_64& random) {
  fs::create_directories(folder);
  // Names and sizes alike, contents not: all written within a tick or two of the clock.
  for (int i = 0; i < 8; ++i) {
    std::mt19937_64 content(random());
    std::string bytes(700, '\0');
    for (char& byte : bytes) byte = static_cast<char>(content());
    fs::create_directories(fmt::format("{}/d{}", folder, i % 2));
    write(fmt::format("{}/d{}/f{}", folder, i % 2, i / 2), bytes);
  }
  Editor editor(folder, random);
  for (int i = 0; i < 4; ++i) write(editor.new_file(), some_content(random));
}

const char* edit_source(const std::string& folder, std::mt19937_64& random) {
  return Editor(folder, random).edit();
}

}  // namespace backcast::model
