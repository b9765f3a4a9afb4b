#include "tests/model/tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace backcast::model {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

// Paths that are one file are called after the first of them.
void name_groups(Tree& tree, const std::map<std::string, std::vector<std::string>>& groups) {
  for (const auto& [key, paths] : groups) {
    if (paths.size() < 2) continue;
    const std::string& first = *std::min_element(paths.begin(), paths.end());
    for (const std::string& path : paths) tree[path].same_as = first;
  }
}

std::uint64_t octal(std::string_view header, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  std::from_chars(header.data() + at, header.data() + at + width, value, 8);
  return value;
}

std::string text(std::string_view header, std::size_t at, std::size_t width) {
  const std::string_view field = header.substr(at, width);
  return std::string(field.substr(0, field.find('\0')));
}

// "27 path=…\n" after each other.
std::map<std::string, std::string> records(std::string_view bytes) {
  std::map<std::string, std::string> found;
  while (!bytes.empty()) {
    std::size_t length = 0;
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), length);
    if (length < 5 || length > bytes.size()) break;
    const std::string_view record = bytes.substr(0, length - 1);
    const std::size_t space = record.find(' '), equals = record.find('=');
    found[std::string(record.substr(space + 1, equals - space - 1))] = record.substr(equals + 1);
    bytes.remove_prefix(length);
  }
  return found;
}

std::int64_t nanoseconds(const std::string& decimal) {
  const std::size_t point = decimal.find('.');
  const std::int64_t seconds = std::stoll(decimal.substr(0, point));
  if (point == std::string::npos) return seconds * 1'000'000'000;
  const std::int64_t rest = std::stoll((decimal.substr(point + 1) + "000000000").substr(0, 9));
  return seconds * 1'000'000'000 + (decimal[0] == '-' ? -rest : rest);
}

}  // namespace

Tree read_tree(const std::string& folder) {
  Tree tree;
  std::map<std::string, std::vector<std::string>> groups;
  std::vector<std::string> paths{""};
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    paths.push_back(entry.path().native().substr(folder.size() + 1));
  }
  for (const std::string& path : paths) {
    const std::string full = path.empty() ? folder : folder + '/' + path;
    struct stat info {};
    if (::lstat(full.c_str(), &info) != 0) continue;
    Entry& entry = tree[path];
    entry.mode = info.st_mode & 07777;
    entry.mtime_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
    if (S_ISDIR(info.st_mode)) {
      entry.kind = 'd';
    } else if (S_ISLNK(info.st_mode)) {
      entry.kind = 'l';
      entry.content = fs::read_symlink(full).native();
    } else {
      entry.content = bytes_of(full);
      if (info.st_nlink > 1) groups[std::to_string(info.st_ino)].push_back(path);
    }
  }
  name_groups(tree, groups);
  return tree;
}

Tree read_tar(std::string_view tar, const std::string& root) {
  constexpr std::size_t kBlock = 512;
  Tree all, tree;
  std::map<std::string, std::vector<std::string>> groups;
  std::map<std::string, std::string> extended;
  while (tar.size() >= kBlock && tar[0] != '\0') {
    const std::string_view header = tar.substr(0, kBlock);
    const std::uint64_t size = octal(header, 124, 12);
    const std::string_view content = tar.substr(kBlock, size);
    tar.remove_prefix(std::min(tar.size(), kBlock + (size + kBlock - 1) / kBlock * kBlock));
    const char type = header[156];
    if (type == 'x') {
      extended = records(content);
      continue;
    }
    const std::string folder = text(header, 345, 155), name = text(header, 0, 100);
    const std::string whole = folder.empty() ? name : folder + '/' + name;
    std::string path = extended.contains("path") ? extended["path"] : whole;
    if (path.ends_with('/')) path.pop_back();
    const std::string link =
        extended.contains("linkpath") ? extended["linkpath"] : text(header, 157, 100);
    Entry& entry = all[path];
    entry.kind = type == '5' ? 'd' : type == '2' ? 'l' : 'f';
    entry.mode = static_cast<unsigned>(octal(header, 100, 8));
    entry.mtime_ns = extended.contains("mtime")
                         ? nanoseconds(extended["mtime"])
                         : static_cast<std::int64_t>(octal(header, 136, 12)) * 1'000'000'000;
    entry.content = type == '2' ? link : type == '1' ? all[link].content : std::string(content);
    if (type == '1') {
      if (groups[link].empty()) groups[link].push_back(link);
      groups[link].push_back(path);
    }
    extended.clear();
  }
  name_groups(all, groups);
  for (auto& [path, entry] : all) {
    if (path != root && !path.starts_with(root + '/')) continue;
    if (!entry.same_as.empty()) entry.same_as = entry.same_as.substr(root.size() + 1);
    tree[path == root ? "" : path.substr(root.size() + 1)] = entry;
  }
  return tree;
}

std::string difference(const Tree& expected, const Tree& found) {
  for (const auto& [path, entry] : expected) {
    const auto other = found.find(path);
    if (other == found.end()) return fmt::format("/{} is missing", path);
    const Entry& has = other->second;
    if (has == entry) continue;
    if (has.kind != entry.kind) return fmt::format("/{} is of kind {}", path, has.kind);
    if (has.content != entry.content) {
      return fmt::format("/{} has other content: {} bytes, {} expected", path, has.content.size(),
                         entry.content.size());
    }
    return fmt::format("/{} has mode {:o}, time {}, same as '{}' for {:o}, {}, '{}'", path,
                       has.mode, has.mtime_ns, has.same_as, entry.mode, entry.mtime_ns,
                       entry.same_as);
  }
  for (const auto& [path, entry] : found) {
    if (!expected.contains(path)) return fmt::format("/{} should not be there", path);
  }
  return {};
}

std::string difference_of_part(const Tree& expected, const Tree& found) {
  Tree wanted, has = found;
  for (auto& [path, entry] : has) {
    const auto other = expected.find(path);
    if (other == expected.end()) continue;
    entry.same_as = other->second.same_as;
    wanted.insert(*other);
  }
  return difference(wanted, has);
}

Tree part_of(const Tree& tree, const std::string& path) {
  Tree part;
  for (const auto& [at, entry] : tree) {
    if (path.empty() || at == path || at.starts_with(path + '/')) part.emplace(at, entry);
  }
  return part;
}

}  // namespace backcast::model
