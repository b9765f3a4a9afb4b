// The threads of a run, in one place for all that shares out its work.
#pragma once

#include <tbb/info.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace backcast::sim {

// As many as asked for (0 = every core), but no more than there are cores: more would not run at
// once, and the library would print a warning. No result depends on it.
inline tbb::task_arena arena_of(unsigned threads) {
  const int cores = tbb::info::default_concurrency();
  return tbb::task_arena(
      threads == 0 ? cores
                   : static_cast<int>(std::min<unsigned>(threads, static_cast<unsigned>(cores))));
}

}  // namespace backcast::sim
