// When the bytes that a deletion frees were written. In a store whose restore points share bytes,
// one that is deleted leaves those that the next newer one needs; when that one goes, they are
// older than it is. A fee for early deletion is due by the age of the bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/checked.h"
#include "engine/base/instant.h"
#include "sim/model/delta_model.h"

namespace backcast::sim {

// Which ages a bill tells apart. Between two edges a fee goes by the sum of the ages, so that bytes
// of all of them can be told together.
struct AgeScale {
  // Minimum storage durations, ascending, at least one; ages from the last one on are alike.
  std::vector<std::int64_t> edges_seconds{365 * 86'400};
  // Where started hours or days are counted: what lies within one is alike. 0: every second counts.
  // By default ages of a year are told apart by the day, for ledgers whose bill is not known.
  std::int64_t step_seconds = 86'400;

  std::int64_t oldest_seconds() const { return edges_seconds.back(); }
  // Ages of one stretch are told together. Rises with age.
  std::int64_t stretch(std::int64_t age_seconds) const;
};

struct FreedBytes {
  Instant written{};
  std::uint64_t bytes = 0;
};

// Bytes of one stretch of age, and their ages in seconds added up.
struct FreedSum {
  uint128 bytes = 0, byte_seconds = 0;
};

// Adds freed bytes up by stretches of age, youngest first.
class FreedParts {
 public:
  FreedParts(const AgeScale& scale, Instant now) : scale_(scale), now_(now) {}

  // Never younger than what was added before: where it is, it counts as old as that.
  void add(Instant written, std::uint64_t bytes);
  // One for each stretch that was met, in the order met, those of no bytes included.
  const std::vector<FreedSum>& sums() const { return sums_; }

 private:
  const AgeScale& scale_;
  Instant now_;
  std::vector<FreedSum> sums_;
  std::int64_t age_seconds_ = 0, stretch_ = -1;
};

// The bytes of one sum with dates whose ages add up to the same, to the second: one date, or two
// that are a second apart.
std::vector<FreedBytes> dated(const FreedSum& sum, Instant now);

// What of a service's restore points was written to one store, by ordinal. Between two neighbours
// that are there lie only deleted ones.
class WrittenLog {
 public:
  void note(std::uint32_t ordinal, Instant at);
  Instant at(std::uint32_t ordinal) const { return at_[ordinal]; }
  // Of these nothing is left: what they held and comes again is written anew.
  void forget(std::uint32_t first, std::uint32_t last);
  // So that a deletion takes no longer the more of them there have been: the newest ones deleted
  // between two neighbours all have dates of their own, further back every 16th and every 256th;
  // what was written with the others counts as written with the next one that has. Called for each
  // deletion that leaves bytes to a newer restore point, with the oldest whose bytes `gone` may
  // hold.
  void thin(std::uint32_t first, std::uint32_t gone);
  void clear() { at_.clear(); }

  // Calls visit(ordinal, is_last) for `gone` and those before it down to `first`, newest first, as
  // far as their ages are told apart; the last one stands for all before it, too.
  template <typename Visit>
  void walk(const AgeScale& scale, std::uint32_t first, std::uint32_t gone, Instant now,
            Visit visit) const;

 private:
  std::vector<Instant> at_;  // Instant::max(): not written
};

// Which bytes a deletion frees, in a store where restore points share bytes.
struct Freed {
  // The oldest whose bytes it may hold: those between it and `gone` are deleted.
  std::uint32_t first = 0, gone = 0;
  // Its neighbours that share bytes with it; nullptr where there is none.
  const Generation* older = nullptr;
  const Generation* heir = nullptr;
  std::uint64_t bytes = 0;
};

// Parts freed bytes by when they were written; the parts sum to `freed.bytes`. `generation` gives
// those of the log.
template <typename GenerationOf>
FreedParts freed_by_age(const DeltaModel& model, const AgeScale& scale, const WrittenLog& log,
                        const Freed& freed, Instant now, GenerationOf generation);

// Whether what a restore point of the chain holds is only what the one before it lacks.
bool shares_with_older(const DeltaChain& chain, DeltaChain::Handle handle);

// ---------------------------------------------------------------------------------------------

template <typename Visit>
void WrittenLog::walk(const AgeScale& scale, std::uint32_t first, std::uint32_t gone, Instant now,
                      Visit visit) const {
  const std::int64_t until = unix_seconds(now) - scale.oldest_seconds();
  for (std::uint32_t ordinal = gone;;) {
    std::uint32_t before = ordinal;  // the next older one
    while (before > first && at_[--before] == Instant::max()) {
    }
    const bool is_first = before == ordinal || at_[before] == Instant::max();
    const bool is_last = is_first || unix_seconds(at_[ordinal]) <= until;
    visit(ordinal, is_last);
    if (is_last) return;
    ordinal = before;
  }
}

template <typename GenerationOf>
FreedParts freed_by_age(const DeltaModel& model, const AgeScale& scale, const WrittenLog& log,
                        const Freed& freed, Instant now, GenerationOf generation) {
  const Generation& gone = generation(freed.gone);
  // Of the bytes of one restore point: how many were there already with an older one.
  const auto known = [&](const Generation& by, const Generation& in) {
    return static_cast<std::int64_t>(model.shared_bytes(by, in));
  };
  const std::int64_t not_own = freed.older == nullptr ? 0 : known(*freed.older, gone);
  const std::int64_t not_heirs =
      freed.older == nullptr || freed.heir == nullptr ? 0 : known(*freed.older, *freed.heir);
  FreedParts parts(scale, now);
  if (freed.bytes == 0) return parts;
  auto rest = static_cast<std::int64_t>(freed.bytes);  // freed ones that were there with this one
  std::uint32_t newer = freed.gone;
  log.walk(scale, freed.first, freed.gone, now, [&](std::uint32_t ordinal, bool is_last) {
    if (ordinal != freed.gone) {
      const Generation& by = generation(ordinal);
      const std::int64_t left = freed.heir == nullptr ? 0 : known(by, *freed.heir) - not_heirs;
      const std::int64_t older =
          std::clamp<std::int64_t>(known(by, gone) - not_own - left, 0, rest);
      parts.add(log.at(newer), static_cast<std::uint64_t>(rest - older));
      rest = older;
      newer = ordinal;
    }
    if (is_last) parts.add(log.at(ordinal), static_cast<std::uint64_t>(rest));
  });
  return parts;
}

}  // namespace backcast::sim
