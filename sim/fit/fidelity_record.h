// One recorded history as the fidelity program looks at it: truth, what is observed of it, and sums
// over kept backups by any way of telling what two of them share.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "sim/fit/history.h"

namespace backcast::sim {

// Bytes that backups a < b have in common.
using Shared = std::function<double(std::uint32_t a, std::uint32_t b)>;

// Everything known of one recorded history, and the ways to predict it.
struct Record {
  const PresenceTable& table;
  Trace trace = table.trace();
  ObservedHistory all = observe(table, trace);
  // Per generation, the bytes that were there before but not in its closest relative.
  std::vector<double> returned = returned_bytes();

  double size(std::uint32_t g) const { return static_cast<double>(trace.size_bytes[g]); }
  double truth(std::uint32_t a, std::uint32_t b) const {
    return static_cast<double>(trace.shared(a, b));
  }
  ObservedHistory first(std::uint32_t count) const {
    ObservedHistory history;
    history.backups.assign(all.backups.begin(), all.backups.begin() + count);
    return history;
  }
  double chain_sum(const std::vector<std::uint32_t>& kept, const Shared& shared) const {
    double sum = size(kept.front());
    for (std::size_t i = 1; i < kept.size(); ++i) {
      sum += size(kept[i]) - shared(kept[i - 1], kept[i]);
    }
    return sum;
  }
  // A backup adds at most what it does not share with any one older backup, so its closest relative
  // gives the best bound. Of what seems new then, some came back: that share is known for the
  // backups up to `now`, and two in three of those bytes are taken as held by an older kept backup.
  // Equal to the chain sum where no byte comes back.
  double relatives_sum(const std::vector<std::uint32_t>& kept, const Shared& shared,
                       std::uint32_t now) const;

 private:
  std::vector<double> returned_bytes() const;
};

inline double relative_error(double predicted, double truth) {
  return truth > 0 ? std::fabs(predicted / truth - 1) : 0;
}

}  // namespace backcast::sim
