// Rewrites that come at one distance: reindexing, compaction, merges of a table. Told apart from
// what is random, so that the next one comes when it is due and is not drawn beside it.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/fit/volumes/volumes.h"

namespace backcast::sim {

struct Rewrites {
  std::uint32_t every_steps = 0;  // 0: none were seen
  std::uint32_t next_steps = 0;   // from the last step to the next rewrite, 1..every_steps
  double new_bytes = 0;           // beside a usual step's, median of the last three
  double share = 0;               // of the data alive now, that the next one rewrites; 0.95 at most
  std::vector<bool> at;           // by step: whether it was one of them

  bool any() const { return every_steps > 0; }
};

// The last three or more steps of one distance, at least two apart, which all added more than five
// times the median, where as many in a row would be chance less than once in a hundred histories
// with as many such steps elsewhere (of these one in ten at most), and which rewrite
// more than 1 % of what is alive. A step over missing backups counts as that many; none
// are told where more backups are missing than there are.
Rewrites fit_rewrites(const VolumeSteps& steps);

// The steps, or the last of them, as they would have been without: at least the median new bytes of
// the others is left, and of what rewrites grew by their median, since a store that now keeps what
// it merged and now does not has jumps that are no trend. Sizes stay those that were seen.
VolumeSteps without(const Rewrites& rewrites, VolumeSteps steps);

}  // namespace backcast::sim
