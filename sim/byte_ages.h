// When the bytes that a deletion frees were written. In a store whose restore points share bytes,
// one that is deleted leaves those that the next newer one needs; when that one goes, they are
// older than it is. A fee for early deletion is due by the age of the bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/instant.h"
#include "sim/delta_model.h"

namespace backcast::sim {

// A restore point that was written to the store, still there or not.
struct Written {
  Generation generation;
  Instant at{};
};

struct FreedBytes {
  Instant written{};
  std::uint64_t bytes = 0;
};

// Parts freed bytes by when they were written; the parts sum to `freed_bytes`. `written`: the
// restore points that were deleted between `older` and the one deleted now, oldest first, and this
// one last. `older` and `heir` are its neighbours that share bytes with it; nullptr where there is
// none. At most one part for each stretch of age between the minimum durations that stores bill
// (30, 90, 180 and 365 days), dated at the mean of its bytes, so that such fees come out as if each
// byte had its own date.
std::vector<FreedBytes> freed_by_age(const DeltaModel& model, const Generation* older,
                                     std::span<const Written> written, const Generation* heir,
                                     std::uint64_t freed_bytes, Instant now);

// Which of those stretches of age bytes are in, from 0.
inline constexpr std::size_t kAgeStretches = 5;
std::size_t age_stretch(Instant written, Instant now);

// Whether what a restore point of the chain holds is only what the one before it lacks.
bool shares_with_older(const DeltaChain& chain, DeltaChain::Handle handle);

// Joins what is older than every minimum duration, and thins a long list: its bytes then count as
// written with the next one kept, never earlier than they were.
void thin(std::vector<Written>& written, Instant now);

}  // namespace backcast::sim
