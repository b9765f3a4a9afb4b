// When the store received each snapshot, as far as that can be known. A writer says so in the
// snapshot; the store says so by the time it gave the object. Retention goes by what a writer says,
// for a repository that was moved has other times; but nothing that came later than it says makes
// room at the cost of what was there before it.
#pragma once

#include <optional>
#include <vector>

#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

// Writer and store may differ by so much: their clocks, and the time that publishing takes.
inline constexpr Duration kArrivalSlack = kHour;
// What comes late within so much time came together: a run of copy, a repository that was moved.
inline constexpr Duration kArrivalBatch = kDay;

// The time that retention goes by, per snapshot. Unset: it counts for nothing and displaces
// nothing.
using Times = std::vector<std::optional<Instant>>;

struct Arrivals {
  // What may have happened. The first is the likely one and has every snapshot but those received
  // later than now, by a clock that runs ahead. A snapshot may only go that goes by every reading
  // that has a time for it. The others are there only where they differ:
  //   clocks   a clock that was set back at some backup counts as standing still, so that what it
  //            stamped does not look old; or it is the few that disagree with the most whose clock
  //            was wrong, so that one that says it came first and late does not move all others;
  //   order    what says that it came before others which the store had long before it, or later
  //            than it did, is left out: it is forged, or the first run of copy into a repository
  //            in use, and displaces none of those in their order;
  //   arrival  all that did not come when it says is left out: it displaces none that did.
  std::vector<Times> readings;
  // By the store's own clock (env::FileInfo::changed), where it has one.
  Times stored;
  std::vector<bool> came_otherwise;  // not when it says, by more than kArrivalSlack
};

// Of snapshots in order of sequence (load_snapshots).
Arrivals judge_arrivals(const std::vector<Snapshot>& snapshots, Times stored, Instant now);

// Asks the store. A snapshot that vanished meanwhile has no time.
Result<Arrivals> judge_arrivals(Repository& repository, const std::vector<Snapshot>& snapshots);

}  // namespace backcast::store
