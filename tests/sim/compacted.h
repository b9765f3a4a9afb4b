// A store that is compacted in tiers: each day appends a segment, four of a tier become one of the
// next, some bytes are deleted meanwhile. What dies on a day is the youngest there is.
#pragma once

#include <map>
#include <vector>

#include "sim/fit/history.h"

namespace backcast::sim {

inline PresenceTable compacted_store(std::uint32_t days) {
  struct Segment {
    std::uint32_t born = 0, tier = 0;
    std::uint64_t bytes = 0;
  };
  PresenceTable table;
  table.generations = days;
  std::vector<Segment> alive;
  for (std::uint32_t day = 0; day < days; ++day) {
    alive.push_back({day, 0, 100'000 + day * 7919 % 30'000});
    for (std::uint32_t tier = 0; alive.size() >= 4; ++tier) {
      std::size_t same = 0;
      while (same < alive.size() && alive[alive.size() - 1 - same].tier == tier) ++same;
      if (same < 4) break;
      Segment merged{day, tier + 1, 0};
      for (; same > 0; --same) {
        const Segment gone = alive.back();
        alive.pop_back();
        merged.bytes += gone.bytes * 98 / 100;
        if (gone.born < day) table.rows.push_back({{{gone.born, day - 1}}, gone.bytes});
      }
      alive.push_back(merged);
    }
  }
  for (const Segment& segment : alive) {
    table.rows.push_back({{{segment.born, days - 1}}, segment.bytes});
  }
  return table;
}

}  // namespace backcast::sim
