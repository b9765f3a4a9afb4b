// The disk behind FaultEnv: what is written, what of it is durable, and what a power cut may leave.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/base/instant.h"

namespace backcast::env {

using InodeId = std::uint64_t;

struct Inode {
  bool is_folder = false;
  Instant modified{}, changed{};
  std::string bytes;                     // of a file, as a running process sees it
  std::string synced_bytes;              // what File::sync made durable
  std::vector<std::size_t> unsynced;     // where each append since began
  std::map<std::string, InodeId> names;  // of a folder, as a running process sees it
  std::map<std::string, InodeId> synced_names;
};

// One change of names; a rename is one change of two names and survives whole or not at all.
struct NameEdit {
  InodeId folder = 0;
  std::string name;
  InodeId inode = 0;  // 0 = the name is removed
};
struct NameChange {
  std::vector<NameEdit> edits;
  bool durable = false;
};

class Disk {
 public:
  static constexpr InodeId kRoot = 1;
  Disk() { inodes_[kRoot].is_folder = true; }

  std::optional<InodeId> find(const std::string& path) const;
  Inode& at(InodeId id) { return inodes_.at(id); }
  const Inode& at(InodeId id) const { return inodes_.at(id); }
  bool exists(InodeId id) const { return inodes_.contains(id); }

  InodeId add(bool is_folder, Instant now);
  void change_names(std::vector<NameEdit> edits);
  void append(InodeId file, std::string_view bytes, Instant now);
  void sync_file(InodeId file);
  void sync_folder(InodeId folder);
  void sync_all();

  // The disk as found after a power cut. Seed 0: only what is durable; 1: everything.
  Disk after_power_cut(std::uint64_t seed) const;

  // Paths of all files.
  std::vector<std::string> files() const;

 private:
  void settle();  // drops changes that are durable with all before them
  void collect(InodeId folder, const std::string& prefix, std::vector<std::string>& out) const;

  std::map<InodeId, Inode> inodes_;
  InodeId next_ = kRoot + 1;
  std::vector<NameChange> changes_;  // since the oldest that is not durable, in order
};

}  // namespace backcast::env
