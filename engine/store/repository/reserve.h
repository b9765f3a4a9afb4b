// Room kept for maintenance: on a full disk prune must write a lease, a mark and the journal before
// it can free anything. The file `reserve` is 1 MiB of bytes that no file system compresses;
// nothing reads it.
#pragma once

#include "engine/store/repository/repository.h"

namespace backcast::store {

// Makes the reserve if it is missing, or as much of it as there is room for. Never an error.
void fill_reserve(Repository& repository);
// Gives the room away. False if there was none.
bool free_reserve(Repository& repository);

// `act`, once more in the room of the reserve if the disk is full.
template <typename Act>
auto with_room(Repository& repository, const Act& act) {
  auto done = act();
  if (done.ok() || done.error().code != Errc::kNoSpace || !free_reserve(repository)) return done;
  return act();
}

}  // namespace backcast::store
