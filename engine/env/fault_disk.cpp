#include "engine/env/fault_disk.h"

#include <algorithm>

namespace backcast::env {
namespace {

// What hard disks and flash write whole.
constexpr std::size_t kSectorBytes = 512;

void apply(const NameEdit& edit, std::map<std::string, InodeId>& names) {
  if (edit.inode == 0) {
    names.erase(edit.name);
  } else {
    names[edit.name] = edit.inode;
  }
}

// Bytes of a file of which some appends since the last sync never reached the disk. What lies
// before a write that did reads as zeros, as a file system shows a block it never wrote.
std::string surviving_bytes(const Inode& file, std::mt19937_64& random) {
  std::string bytes = file.synced_bytes;
  for (std::size_t i = 0; i < file.unsynced.size(); ++i) {
    const std::size_t begin = file.unsynced[i];
    const std::size_t end = i + 1 < file.unsynced.size() ? file.unsynced[i + 1] : file.bytes.size();
    const auto fate = random() % 8;
    if (fate < 3 || begin == end) continue;  // lost
    std::size_t kept_end = end;
    if (fate < 6) {  // torn
      const std::size_t sectors = (end - begin - 1) / kSectorBytes + 1;
      kept_end = std::min(end, begin + random() % (sectors + 1) * kSectorBytes);
    }
    if (bytes.size() < kept_end) bytes.resize(kept_end, '\0');
    if (fate == 6) continue;  // the size grew, the data did not arrive
    std::copy(file.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              file.bytes.begin() + static_cast<std::ptrdiff_t>(kept_end),
              bytes.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  return bytes;
}

}  // namespace

std::optional<InodeId> Disk::find(const std::string& path) const {
  InodeId id = kRoot;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    if (slash > at) {
      const Inode& folder = inodes_.at(id);
      const auto found = folder.names.find(path.substr(at, slash - at));
      if (!folder.is_folder || found == folder.names.end()) return std::nullopt;
      id = found->second;
    }
    at = slash + 1;
  }
  return id;
}

InodeId Disk::add(bool is_folder, Instant now) {
  Inode& inode = inodes_[next_];
  inode.is_folder = is_folder;
  inode.modified = inode.changed = now;
  return next_++;
}

void Disk::change_names(std::vector<NameEdit> edits) {
  for (const NameEdit& edit : edits) apply(edit, inodes_.at(edit.folder).names);
  changes_.push_back({std::move(edits), false});
}

void Disk::append(InodeId id, std::string_view bytes, Instant now) {
  Inode& file = inodes_.at(id);
  file.unsynced.push_back(file.bytes.size());
  file.bytes += bytes;
  file.modified = file.changed = now;
}

void Disk::sync_file(InodeId id) {
  Inode& file = inodes_.at(id);
  file.synced_bytes = file.bytes;
  file.unsynced.clear();
}

void Disk::sync_folder(InodeId folder) {
  for (NameChange& change : changes_) {
    for (const NameEdit& edit : change.edits) change.durable |= edit.folder == folder;
  }
  settle();
}

void Disk::sync_all() {
  for (auto& [id, inode] : inodes_) sync_file(id);
  for (NameChange& change : changes_) change.durable = true;
  settle();
}

void Disk::settle() {
  std::size_t done = 0;
  for (; done < changes_.size() && changes_[done].durable; ++done) {
    for (const NameEdit& edit : changes_[done].edits) {
      apply(edit, inodes_.at(edit.folder).synced_names);
    }
  }
  changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(done));
}

Disk Disk::after_power_cut(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  Disk after;
  after.next_ = next_;
  after.inodes_ = inodes_;
  for (auto& [id, inode] : after.inodes_) {
    if (seed == 0) inode.bytes = inode.synced_bytes;
    if (seed > 1) inode.bytes = surviving_bytes(inode, random);
    inode.synced_bytes = inode.bytes;
    inode.unsynced.clear();
    inode.names = inode.synced_names;
  }
  // Some disks lose the tail of what happened, others lose here and there: two kinds of futures.
  const bool keep_prefix = random() % 2 == 0;
  const std::size_t prefix = changes_.empty() ? 0 : random() % (changes_.size() + 1);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const bool chosen = keep_prefix ? i < prefix : random() % 2 == 0;
    const bool survives = changes_[i].durable || seed == 1 || (seed > 1 && chosen);
    if (!survives) continue;
    for (const NameEdit& edit : changes_[i].edits) {
      apply(edit, after.inodes_.at(edit.folder).names);
    }
  }
  for (auto& [id, inode] : after.inodes_) inode.synced_names = inode.names;
  return after;
}

std::vector<std::string> Disk::files() const {
  std::vector<std::string> out;
  collect(kRoot, "", out);
  return out;
}

void Disk::collect(InodeId folder, const std::string& prefix, std::vector<std::string>& out) const {
  for (const auto& [name, id] : inodes_.at(folder).names) {
    const std::string path = prefix.empty() ? name : prefix + '/' + name;
    if (inodes_.at(id).is_folder) {
      collect(id, path, out);
    } else {
      out.push_back(path);
    }
  }
}

}  // namespace backcast::env
