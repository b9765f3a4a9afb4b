// What a choice of restore points stores: exactly, where a presence table says which bytes live in
// which of them, or by the delta model. What a policy frees is the difference of two such sums.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/policy/retention/history.h"
#include "sim/fit/history.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

class StoredBytes {
 public:
  // Exact. Errors: kBadInput where the table speaks of another number of restore points.
  static Result<StoredBytes> exact(PresenceTable table,
                                   const std::vector<policy::Snapshot>& history);
  // An estimate with a workload and delta model given; sizes and new bytes of the history come
  // first, as in past.h.
  static StoredBytes modelled(const Workload& workload, const DeltaModel& delta, std::string basis,
                              const std::vector<policy::Snapshot>& history);
  // An estimate from the sizes and new bytes of the history itself, source by source. Errors:
  // kBadInput where they do not say enough.
  static Result<StoredBytes> fitted(const std::vector<policy::Snapshot>& history);

  // Bytes that keeping exactly these stores; by index of the history.
  std::uint64_t of(const std::vector<bool>& kept) const;

  bool is_exact() const { return table_.has_value(); }
  // "exact, from the presence table", "estimate: …".
  const std::string& basis() const { return basis_; }

 private:
  // Restore points that share bytes with each other, oldest first.
  struct Source {
    DeltaModel delta;
    std::vector<std::uint32_t> members;  // indices of the history
    std::vector<Generation> generations;
  };
  static Source source_of(const Workload& workload, const DeltaModel& delta,
                          const std::vector<policy::Snapshot>& history,
                          std::vector<std::uint32_t> members);

  std::optional<PresenceTable> table_;
  std::vector<std::uint32_t> order_;  // of the table: indices of the history, oldest first
  std::vector<Source> sources_;
  std::string basis_;
};

}  // namespace backcast::sim
