// What the last backup of the same folders found: lets the next one recognise unchanged entries by
// one stat, without reading anything. A local file of the machine that backs up; every block of it
// is checked, and a chunk it names counts only if the repository's index still has it, so losing
// or damaging it costs one full read and never correctness.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/source/node.h"
#include "engine/store/repository/repository.h"

namespace backcast::store {

struct CachedEntry {
  std::string_view name;
  source::NodeKind kind = source::NodeKind::kFile;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0, ctime_ns = 0;
  source::FileId file;
  std::uint64_t content_bytes = 0;  // holes left out
  std::string_view node;            // as append_node wrote it
  ByteView ids;                     // of its content, one after another

  // Nothing that a backup saves has changed. Device and inode count: files that change places keep
  // their times, and those written within one tick of the clock have the same. A file system that
  // numbers devices or inodes anew at each mount costs a full read then, never a wrong byte.
  bool matches(const source::Node& node) const;
};

// One listing's entries, in order of names.
struct CachedListing {
  std::string bytes;  // what the entries point into
  std::vector<CachedEntry> entries;

  const CachedEntry* find(std::string_view name) const;
};

class FileCache {
 public:
  // An empty cache where there is none, or one of another repository or version.
  static FileCache open(env::Folder* folder, const std::string& name, const Secret& key);
  // Thread safe. `number`: which of the listings of this path (large folders have several).
  std::optional<CachedListing> find(const std::string& path, std::uint64_t number) const;
  bool empty() const { return slots_.empty(); }

 private:
  friend class FileCacheWriter;
  struct Slot {
    std::uint64_t hash, offset_bytes, size_bytes;
  };
  std::shared_ptr<env::File> file_;
  std::vector<Slot> slots_;  // sorted by hash
  Secret key_;
};

// Writes the next cache beside the present one and takes its place at the end. Removes what killed
// backups left in the folder.
class FileCacheWriter {
 public:
  FileCacheWriter(env::Env& env, env::Folder* folder, std::string name, const Secret& key);
  ~FileCacheWriter();
  // `entries`: encoded by append_cached.
  void add(const std::string& path, std::uint64_t number, std::string_view entries);
  // After the snapshot is published. Failures only cost speed, so they are not reported.
  void commit();

 private:
  void flush();

  env::Folder* folder_;
  std::string name_, temporary_;
  Secret key_;
  std::unique_ptr<env::File> file_;
  std::unique_ptr<env::Lock> lock_;  // tells it from what a killed backup left
  std::string pending_;
  std::uint64_t end_bytes_ = 0;
  std::vector<FileCache::Slot> slots_;
};

void append_cached(std::string& out, const source::Node& node, std::uint64_t content_bytes,
                   std::string_view node_bytes, std::span<const Id> ids);

}  // namespace backcast::store
