// Is everything there, and is it what was written? Damage is the answer, not an error.
//
//   always            every object opens; every pack is there and as long as the index says; every
//                     chunk of every snapshot is in the index
//   with private key  trees are read, and damage is traced to the files it affects
//   read_data         every byte of every pack is read and compared with its digest: what was
//                     written is what is there. Needs no private key; with it, the chunks of a
//                     damaged pack are opened one by one to see which of them are affected
//   open_data         also every chunk is opened, decompressed and identified: what was written was
//                     right. Needs the private key
#pragma once

#include <atomic>
#include <set>

#include "engine/store/repository/damage.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

struct CheckOptions {
  bool read_data = false;
  bool open_data = false;  // includes read_data
  unsigned threads = 0;    // 0 = one per core
};

struct CheckProgress {
  std::atomic<std::uint64_t> bytes{0}, packs{0};
  std::atomic<std::uint64_t> expected_bytes{0};
  std::atomic<bool> stop{false};
};

struct DamagedFile {
  std::string snapshot;  // id
  std::string path;      // "" = the snapshot as a whole
  std::string what;
};

struct CheckResult {
  std::uint64_t snapshots = 0, packs = 0, chunks = 0, stored_bytes = 0, read_bytes = 0;
  std::uint64_t forgotten = 0;  // snapshots that wait for prune: not checked, and not missing
  std::uint64_t orphans = 0;    // packs without index: leftovers that prune removes
  std::vector<Damage> damage;
  std::vector<DamagedFile> affected;
  std::vector<std::string> intact;  // ids of snapshots that restore completely, as far as checked
  bool opened_trees = false;        // the private key was at hand
  bool opened_data = false;         // every chunk was opened, as open_data asks

  bool ok() const { return damage.empty() && affected.empty(); }
};

Result<CheckResult> check(Repository& repository, const CheckOptions& options,
                          CheckProgress& progress);

}  // namespace backcast::store
