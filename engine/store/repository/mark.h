// A mark condemns packs: prune's first phase. Marked packs stay readable; nothing new may refer to
// them; the second phase deletes them when the grace period is over and nobody came to need them.
#pragma once

#include <vector>

#include "engine/store/repository/damage.h"

namespace backcast::store {

struct Mark {
  Id id;
  Instant made{};
  std::vector<Id> packs;
};

std::string encode_mark(const Mark& mark);
Result<Mark> decode_mark(const Id& id, ByteView bytes);
// A damaged one is an error; or, where `damaged` is given, left out and told there: it condemns
// nothing.
Result<std::vector<Mark>> load_marks(Repository& repository,
                                     std::vector<Damage>* damaged = nullptr);

}  // namespace backcast::store
