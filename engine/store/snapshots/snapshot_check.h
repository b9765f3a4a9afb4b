// What of a snapshot is not whole, by an index that knows what is bad.
#pragma once

#include <functional>
#include <string>

#include "engine/store/snapshots/browse.h"

namespace backcast::store {

class SnapshotCheck {
 public:
  explicit SnapshotCheck(PackFiles& packs) : packs_(packs) {}

  // Empty if there is a copy of the chunk that is good as far as anybody looked.
  std::string fault_of(const Id& id, BlobKind kind) const;
  // Empty if all that the snapshot needs is whole; else the first fault. Needs no private key.
  std::string structure_fault(const Snapshot& snapshot) const;
  // Reads the tree and tells `on_file` what is affected; `path` begins with "/". Empty if the tree
  // could be read, with or without losses. Where all chunks are known to be there, only the tree
  // is looked at. Needs the private key.
  using OnFile = std::function<void(const std::string& path, const std::string& what)>;
  std::string tree_fault(const Snapshot& snapshot, bool chunks_are_whole,
                         const OnFile& on_file) const;

 private:
  PackFiles& packs_;
};

}  // namespace backcast::store
