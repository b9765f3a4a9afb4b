// What was found damaged, so that no later backup relies on it and readers prefer other copies. Any
// verb that comes upon damage records it in damage/; `repair` mends what it names and takes the
// record away. A record is a claim about copies, not about content: it costs a chunk its place in
// deduplication and nothing else, so one that turns out to be wrong does no harm.
#pragma once

#include <vector>

#include "engine/store/repository/repository.h"

namespace backcast::store {

std::string encode_damage(const std::vector<BadPack>& bad);
Result<std::vector<BadPack>> decode_damage(const Id& id, ByteView bytes);

// What all records say together. A record that does not open says nothing.
Result<std::vector<BadPack>> load_damage(Repository& repository);
// Records what is not recorded yet.
Status record_damage(Repository& repository, std::vector<BadPack> found);

// For messages and reports.
struct Damage {
  std::string object;  // "packs/…", "snapshots/…", "chunk …"
  std::string what;
};

// A pack that is not there as the index says.
struct PackFault {
  std::uint32_t pack = 0;  // into Index::packs()
  std::string what;
  bool is_missing = false;
  bool is_sure = false;  // not merely unable to look
};
// One look at every pack: presence and exact length, no more.
std::vector<PackFault> look_at_packs(Repository& repository, const Index& index);
// The same for whoever writes: the index no longer relies on what is missing or of another length.
// With `record`, others learn of it, too. Packs under a mark are not recorded: prune may have
// deleted them.
std::vector<PackFault> distrust_absent(Repository& repository, Index& index, bool record);

}  // namespace backcast::store
