// Walks folders in a fixed order without following symlinks, and reads what it finds.
//
// The unit is a Listing: up to kListingEntries entries of one folder in order of their name's
// bytes. Listings come depth first; every entry of a folder comes before its subfolders' listings.
// The walk itself only lists names (a getdents per folder); whoever receives a Listing stats and
// opens its entries, so several threads share that work while order stays fixed.
//
//   Walk walk(env.tree(), options, problem);
//   while (auto listing = walk.next())            // thread safe; listing->number is the order
//     for (const Found& found : listing->found) {
//       auto node = stat_entry(*listing, found);  // one fstatat
//       ...unchanged since the last backup? done. Otherwise:
//       auto file = open_source(*listing, found, *node);     // regular files
//       complete(*listing, found, *node, &*file);            // symlink target, attributes
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/wire.h"
#include "engine/env/tree.h"
#include "engine/env/unique_fd.h"
#include "engine/source/node.h"

namespace backcast::source {

struct WalkOptions {
  // Absolute or relative to the working folder. A root may be a file. Each is saved under its
  // absolute path with symlinks resolved, so that naming a link saves what it leads to; the folders
  // above it are saved too, without their other entries. A root within another is that one's.
  std::vector<std::string> roots{};
  // Patterns of what to leave out; see exclude.h. They apply to what is found, never to a root.
  std::vector<std::string> excludes{};
  bool one_file_system = false;  // do not enter folders on other file systems than their root's
  bool exclude_caches = false;   // leave out the content of folders with a CACHEDIR.TAG
};

// What could not be read. The walk goes on; the backup is partial (exit code 3).
struct Problem {
  std::string path;
  std::string what;  // "permission denied", "vanished while it was read", …
};

inline constexpr std::size_t kListingEntries = 1024;

class OpenFolder;  // a descriptor, closed when the last listing of the folder is gone

struct Found {
  std::string name;
  NodeKind kind_hint = NodeKind::kFile;  // what getdents said; stat_entry is the truth
  bool enter = true;                     // its listings follow (folders only)
  bool is_doubtful = false;              // its kind could not be told, which is a problem already
};

struct Listing {
  std::uint64_t number = 0;  // 0, 1, 2, … in order
  std::string path;          // of the folder, without leading "/"; "" = above the roots
  bool first = true;         // the folder's first listing (a folder always has one, maybe empty)
  bool last = true;
  std::vector<Found> found;
  std::shared_ptr<const OpenFolder> folder;

  std::string path_of(const Found& entry) const {
    return path.empty() ? entry.name : path + '/' + entry.name;
  }
};

class Walk {
 public:
  // `tree` must outlive it. `problem` is called from whichever thread finds one, one at a time.
  Walk(env::Tree& tree, WalkOptions options, std::function<void(Problem)> problem);
  ~Walk();
  // A root that cannot be found is a problem. Errors: none can, or a bad pattern. Call once, before
  // next.
  Status open();
  // The next listing, or nothing at the end. Thread safe.
  std::optional<Listing> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Everything one fstatat tells; user and group names from a cache. Errors: kNotFound if it
// vanished, kFailed otherwise; the message is fit for a Problem.
Result<Node> stat_entry(const Listing& listing, const Found& found);

// A file open for reading: never through a symlink, never a fifo that would block. Sets
// node.sparse and node.data where the file has holes, and brings the rest of `node` up to date with
// what was opened. Errors: as stat_entry; also if it is no longer a file.
class SourceFile {
 public:
  SourceFile(env::Tree& tree, env::UniqueFd descriptor)
      : tree_(&tree), descriptor_(std::move(descriptor)) {}
  // Reads until `into` is full or the file ends. Offsets are of the file, holes included.
  Result<std::size_t> read_at(std::uint64_t offset_bytes, ByteSpan into) const;
  // False if size, mtime or ctime differ from `node` by now: it changed while it was read.
  bool unchanged(const Node& node) const;
  int descriptor() const { return descriptor_.get(); }

 private:
  env::Tree* tree_;
  env::UniqueFd descriptor_;
};
Result<SourceFile> open_source(const Listing& listing, const Found& found, Node& node);

// Adds what costs further calls: symlink target and extended attributes, through `open` where the
// caller has the file open already. What file systems do not support is left out; other failures
// are errors.
Status complete(const Listing& listing, const Found& found, Node& node,
                const SourceFile* open = nullptr);

}  // namespace backcast::source
