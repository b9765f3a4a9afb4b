// What a tree of files is to the model: a map from path to content and metadata. Read from a folder
// or from a tar stream by code that shares nothing with the engine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace backcast::model {

struct Entry {
  char kind = 'f';  // f file, d folder, l symbolic link
  unsigned mode = 0;
  std::int64_t mtime_ns = 0;
  std::string content;  // of a file, or the target of a link
  std::string same_as;  // the first path of its file, where a file has several
  bool operator==(const Entry&) const = default;
};
// By path from the root of the tree; "" is the root itself.
using Tree = std::map<std::string, Entry>;

Tree read_tree(const std::string& folder);
// Of a tar stream what lies beneath `root` (without leading "/").
Tree read_tar(std::string_view tar, const std::string& root);
// "" if they are equal, else what the first difference is.
std::string difference(const Tree& expected, const Tree& found);
// The same, but entries of `expected` may be missing, and links to them with them.
std::string difference_of_part(const Tree& expected, const Tree& found);
// `path` and what lies beneath it.
Tree part_of(const Tree& tree, const std::string& path);

}  // namespace backcast::model
