// Folders to back up and restore in tests: a place that cleans up after itself, a description of
// everything a tree consists of, and a copy made by walking one folder and restoring into another.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "engine/source/restore.h"
#include "engine/source/walk.h"

namespace backcast::source {

// A new folder under /tmp, removed with all that is in it. In memory where extended attributes do
// not matter: ext4 takes long to make files where many were just deleted.
class Scratch {
 public:
  explicit Scratch(bool in_memory = false) {
    char memory[] = "/dev/shm/backcast-test-XXXXXX", disk[] = "/tmp/backcast-test-XXXXXX";
    const char* made = in_memory ? ::mkdtemp(memory) : nullptr;
    root_ = made != nullptr ? made : ::mkdtemp(disk);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name = "") const {
    return name.empty() ? root_ : root_ + '/' + name;
  }
  void write(const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  std::string read(const std::string& name) const {
    std::ostringstream bytes;
    bytes << std::ifstream(path(name), std::ios::binary).rdbuf();
    return bytes.str();
  }

 private:
  std::string root_;
};

// Path to a line that says kind, mode, owner, times, size, content, attributes, target, device and
// which other path is the same file. Equal trees give equal descriptions.
inline std::map<std::string, std::string> describe(const std::string& root) {
  std::map<std::string, std::string> lines;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names;
  std::vector<std::string> paths{""};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    paths.push_back(entry.path().native().substr(root.size()));
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& relative : paths) {
    const std::string path = root + relative;
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    std::string line = fmt::format("{:o} {}:{} {}.{:09}", info.st_mode, info.st_uid, info.st_gid,
                                   info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    if (S_ISLNK(info.st_mode)) line += " -> " + std::filesystem::read_symlink(path).native();
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
      line += fmt::format(" device {}:{}", major(info.st_rdev), minor(info.st_rdev));
    }
    if (S_ISREG(info.st_mode)) {
      std::ostringstream bytes;
      if (info.st_size < (1 << 24)) bytes << std::ifstream(path, std::ios::binary).rdbuf();
      line += fmt::format(" {} bytes {:x}", info.st_size, std::hash<std::string>()(bytes.str()));
    }
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1) {
      const auto [first, fresh] = first_names.try_emplace({info.st_dev, info.st_ino}, relative);
      line += " same as " + first->second;
    }
    char names[4096];
    const ssize_t listed = ::llistxattr(path.c_str(), names, sizeof names);
    std::map<std::string, std::string> attributes;
    for (const char* name = names; name < names + std::max<ssize_t>(listed, 0);
         name += std::string_view(name).size() + 1) {
      std::string value(65536, '\0');
      const ssize_t got = ::lgetxattr(path.c_str(), name, value.data(), value.size());
      value.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      attributes[name] = value;
    }
    for (const auto& [name, value] : attributes) line += ' ' + name + '=' + value;
    lines[relative] = std::move(line);
  }
  return lines;
}

// What a backup and restore does, without the repository: nodes are written and read as bytes.
struct Mirror {
  WalkOptions walk{};
  RestoreOptions restore{};
  int threads = 1;
  // Filled by run.
  std::vector<Problem> problems{};
  std::vector<std::string> notes{};
  RestoreCounts counts{};
  std::atomic<std::uint64_t> listings{0}, read_bytes{0};
  Errors errors{};

  // Restores what lies beneath the only root into `target`.
  Status run(const std::string& target) {
    const std::string root = std::filesystem::canonical(walk.roots.at(0)).native().substr(1);
    std::mutex mutex;
    Walk walker(env::posix_tree(), walk, [&](Problem problem) {
      const std::lock_guard guard(mutex);
      problems.push_back(std::move(problem));
    });
    BACKCAST_CHECK(walker.open());
    BACKCAST_TRY(Restorer restorer, Restorer::open(env::posix_env(), target, restore));
    std::vector<Listing> listed;
    while (auto listing = walker.next()) {
      ++listings;
      // Folders first and in order, so that any thread may fill any folder afterwards.
      copy_folders(restorer, *listing, root);
      listed.push_back(std::move(*listing));
      if (listed.size() == 64) copy_all(restorer, listed, root, mutex);
    }
    copy_all(restorer, listed, root, mutex);
    if (auto done = restorer.finish(); !done.ok()) errors.push_back(done.error());
    counts = restorer.counts();
    notes = restorer.notes();
    if (!errors.empty()) return errors[0];
    return kOk;
  }

 private:
  static bool beneath(const std::string& path, const std::string& root) {
    return path == root || path.starts_with(root + '/');
  }
  static std::string relative(const std::string& path, const std::string& root) {
    return path.size() > root.size() ? path.substr(root.size() + 1) : "";
  }
  static Node through_bytes(const Node& node) {
    std::string bytes;
    append_node(bytes, node);
    WireReader reader(as_bytes(bytes));
    Node back = *read_node(reader);
    EXPECT_TRUE(reader.at_end());
    Node stored = node;
    stored.file = {};  // which file the walk found is not stored
    EXPECT_EQ(back, stored);
    return back;
  }

  void note_error(const Error& error, std::mutex& mutex) {
    const std::lock_guard guard(mutex);
    errors.push_back(error);
  }

  void copy_folders(Restorer& restorer, const Listing& listing, const std::string& root) {
    for (const Found& found : listing.found) {
      if (found.kind_hint != NodeKind::kFolder) continue;
      auto node = stat_entry(listing, found);
      ASSERT_TRUE(node.ok());
      ASSERT_TRUE(complete(listing, found, *node).ok());
      if (listing.path_of(found) == root) restorer.set_root_metadata(through_bytes(*node));
      if (!beneath(listing.path, root)) continue;
      auto parent = restorer.folder(relative(listing.path, root));
      if (!parent.ok()) {
        errors.push_back(parent.error());
        continue;
      }
      auto made = restorer.make_folder(**parent, through_bytes(*node));
      if (!made.ok()) errors.push_back(made.error());
    }
  }

  void copy_all(Restorer& restorer, std::vector<Listing>& listed, const std::string& root,
                std::mutex& mutex) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < listed.size(); i = next++) {
        if (!beneath(listed[i].path, root)) continue;
        auto parent = restorer.folder(relative(listed[i].path, root));
        if (!parent.ok()) {
          note_error(parent.error(), mutex);
          continue;
        }
        for (const Found& found : listed[i].found) {
          if (found.kind_hint == NodeKind::kFolder) continue;
          auto done = copy_entry(restorer, **parent, listed[i], found);
          if (!done.ok()) note_error(done.error(), mutex);
        }
      }
    };
    std::vector<std::thread> helpers;
    for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
    for (auto& helper : helpers) helper.join();
    listed.clear();
  }

  Status copy_entry(Restorer& restorer, const RestoreFolder& parent, const Listing& listing,
                    const Found& found) {
    BACKCAST_TRY(Node node, stat_entry(listing, found));
    if (node.kind != NodeKind::kFile) {
      BACKCAST_CHECK(complete(listing, found, node));
      return restorer.write_other(parent, through_bytes(node));
    }
    BACKCAST_TRY(const SourceFile file, open_source(listing, found, node));
    BACKCAST_CHECK(complete(listing, found, node, &file));
    std::string content;
    for (const Extent& extent : node.sparse ? node.data : std::vector{Extent{0, node.size_bytes}}) {
      const std::size_t at = content.size();
      content.resize(at + extent.size_bytes);
      const ByteSpan into(reinterpret_cast<std::uint8_t*>(content.data()) + at, extent.size_bytes);
      BACKCAST_TRY(const std::size_t got, file.read_at(extent.offset_bytes, into));
      if (got != extent.size_bytes) return failed("short read");
    }
    if (!file.unchanged(node)) return failed("changed");
    read_bytes += content.size();
    return restorer.write_file(parent, through_bytes(node), as_bytes(content));
  }
};

// Runs `act` in a thread without privileges if we are root: some errors do not happen to root.
inline void as_nobody(const std::function<void()>& act) {
  std::thread([&] {
    if (::geteuid() == 0) {
      ASSERT_EQ(::syscall(SYS_setresgid, 65534, 65534, 65534), 0);
      ASSERT_EQ(::syscall(SYS_setresuid, 65534, 65534, 65534), 0);
    }
    act();
  }).join();
}

}  // namespace backcast::source
