// How many dates of deleted restore points are kept apart, so that a deletion takes no longer the
// more of them there have been.
#pragma once

#include <cstdint>
#include <utility>

#include "sim/model/byte_ages.h"

namespace backcast::sim {

// The newest ones deleted between two neighbours all have dates of their own, further back every
// 16th and every 256th; what was written with the others counts as written with the next one that
// has. Called for each deletion that leaves bytes to a newer restore point, with the oldest whose
// bytes `gone` may hold.
inline void thin(WrittenLog& log, std::uint32_t first, std::uint32_t gone) {
  constexpr std::uint32_t kAll = 4096, kSixteenth = 65'536;
  for (const auto& [behind, every] : {std::pair{kAll, 16U}, std::pair{kSixteenth, 256U}}) {
    if (gone - first < behind) return;
    const std::uint32_t ordinal = gone - behind;
    if (ordinal % every != 0) log.forget(ordinal, ordinal);
  }
}

}  // namespace backcast::sim
