#include "sim/fit/freed.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/fit/calibrate.h"
#include "sim/model/past.h"

namespace backcast::sim {
namespace {

std::vector<std::uint32_t> oldest_first(const std::vector<policy::Snapshot>& history) {
  std::vector<std::uint32_t> order(history.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return history[a].trusted_time() < history[b].trusted_time();
  });
  return order;
}

// Each source's restore points, oldest first.
std::vector<std::vector<std::uint32_t>> by_source(const std::vector<policy::Snapshot>& history) {
  std::vector<std::vector<std::uint32_t>> sources;
  for (const std::uint32_t i : oldest_first(history)) {
    const auto known = std::find_if(sources.begin(), sources.end(), [&](const auto& members) {
      return policy::is_same_source(history[members.front()], history[i]);
    });
    if (known == sources.end()) {
      sources.push_back({i});
    } else {
      known->push_back(i);
    }
  }
  return sources;
}

// What calibration can learn from these: the restore points whose size and new bytes are known.
ObservedHistory observed(const std::vector<policy::Snapshot>& history,
                         const std::vector<std::uint32_t>& members) {
  ObservedHistory seen;
  for (const std::uint32_t i : members) {
    const policy::Snapshot& s = history[i];
    if (s.size_bytes == 0) continue;
    // The first adds everything; a later one without new bytes says nothing.
    const bool is_first = seen.backups.empty();
    if (s.new_bytes == 0 && !is_first) continue;
    ObservedBackup backup;
    backup.time = s.trusted_time();
    if (!is_first && seen.backups.back().time >= backup.time) continue;
    backup.size_bytes = s.size_bytes;
    backup.new_bytes = std::min(s.new_bytes == 0 ? s.size_bytes : s.new_bytes, s.size_bytes);
    seen.backups.push_back(backup);
  }
  return seen;
}

}  // namespace

StoredBytes::Source StoredBytes::source_of(const Workload& workload, const DeltaModel& delta,
                                           const std::vector<policy::Snapshot>& history,
                                           std::vector<std::uint32_t> members) {
  std::vector<policy::Snapshot> points;
  for (const std::uint32_t i : members) points.push_back(history[i]);
  auto generations = past_generations(workload, delta, points, points.back().trusted_time());
  return {delta, std::move(members), std::move(generations)};
}

Result<StoredBytes> StoredBytes::exact(PresenceTable table,
                                       const std::vector<policy::Snapshot>& history) {
  if (table.generations != history.size()) {
    return bad_input(
        fmt::format("the presence table speaks of {} restore points, the history of {}",
                    table.generations, history.size()),
        "export both from the same repository at the same time");
  }
  StoredBytes bytes;
  bytes.table_ = std::move(table);
  bytes.order_ = oldest_first(history);
  bytes.basis_ = "exact, from the presence table";
  return bytes;
}

StoredBytes StoredBytes::modelled(const Workload& workload, const DeltaModel& delta,
                                  std::string basis, const std::vector<policy::Snapshot>& history) {
  StoredBytes bytes;
  bytes.basis_ = std::move(basis);
  for (auto& members : by_source(history)) {
    bytes.sources_.push_back(source_of(workload, delta, history, std::move(members)));
  }
  return bytes;
}

Result<StoredBytes> StoredBytes::fitted(const std::vector<policy::Snapshot>& history) {
  StoredBytes bytes;
  std::size_t known = 0;
  for (auto& members : by_source(history)) {
    const ObservedHistory seen = observed(history, members);
    auto fit = calibrate(seen);
    if (!fit.ok()) {
      return bad_input(
          fmt::format("only {} of {} restore points of {} say their size and what they added; at "
                      "least {} are needed",
                      seen.backups.size(), members.size(),
                      policy::source_name(history[members.front()]), kMinBackups),
          "give --model: what `backcast stats --presence` or `backcast calibrate --workload` "
          "wrote");
    }
    known += seen.backups.size();
    bytes.sources_.push_back(
        source_of(workload_of(*fit), delta_of(*fit), history, std::move(members)));
  }
  bytes.basis_ = fmt::format("estimate, fitted to the sizes and new bytes of {} restore points{}",
                             known, kPriorWords);
  return bytes;
}

std::uint64_t StoredBytes::of(const std::vector<bool>& kept) const {
  if (table_) {
    std::vector<std::uint32_t> generations;
    for (std::uint32_t g = 0; g < order_.size(); ++g) {
      if (kept[order_[g]]) generations.push_back(g);
    }
    return table_->stored_bytes(generations);
  }
  std::uint64_t stored_bytes = 0;
  for (const Source& source : sources_) {
    DeltaChain chain(source.delta);
    std::vector<DeltaChain::Handle> handles;
    for (const Generation& generation : source.generations) {
      handles.push_back(chain.add(generation).handle);
    }
    for (std::size_t i = 0; i < handles.size(); ++i) {
      if (!kept[source.members[i]]) chain.remove(handles[i]);
    }
    stored_bytes += chain.stored_bytes();
  }
  return stored_bytes;
}

}  // namespace backcast::sim
