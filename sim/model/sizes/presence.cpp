#include "sim/model/sizes/presence.h"

#include <map>

#include "sim/model/delta_model.h"

namespace backcast::sim {

std::uint64_t PresenceTable::stored_bytes(std::span<const std::uint32_t> kept) const {
  // next[g]: the first kept generation that is not before g.
  std::vector<std::uint32_t> next(generations + 1, generations);
  for (const std::uint32_t g : kept) next[g] = g;
  for (std::uint32_t g = generations; g-- > 0;) next[g] = std::min(next[g], next[g + 1]);
  std::uint64_t sum = 0;
  for (const PresenceRow& row : rows) {
    const bool held = std::any_of(row.runs.begin(), row.runs.end(), [&](const auto& run) {
      return next[run.first] <= run.last && next[run.first] < generations;
    });
    if (held) sum += row.bytes;
  }
  return sum;
}

PresenceTable PresenceTable::of(std::span<const std::uint32_t> kept) const {
  std::map<std::vector<std::uint32_t>, std::uint64_t> bytes;
  for (const PresenceRow& row : rows) {
    std::vector<std::uint32_t> holders;
    for (std::uint32_t k = 0; k < kept.size(); ++k) {
      const bool holds = std::any_of(row.runs.begin(), row.runs.end(), [&](const auto& run) {
        return run.first <= kept[k] && kept[k] <= run.last;
      });
      if (holds) holders.push_back(k);
    }
    if (!holders.empty()) bytes[holders] += row.bytes;
  }
  PresenceTable table{static_cast<std::uint32_t>(kept.size()), {}};
  for (const auto& [holders, sum] : bytes) {
    PresenceRow row{{}, sum};
    for (const std::uint32_t k : holders) {
      if (row.runs.empty() || row.runs.back().last + 1 != k) row.runs.push_back({k, k});
      row.runs.back().last = k;
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Trace PresenceTable::trace() const {
  // Each pair of runs adds its bytes to a rectangle of generation pairs: mark the corners, then
  // sum up once.
  const std::size_t n = generations + 1;
  std::vector<std::int64_t> marks(n * n, 0);
  for (const PresenceRow& row : rows) {
    const auto bytes = static_cast<std::int64_t>(row.bytes);
    for (const auto& a : row.runs) {
      for (const auto& b : row.runs) {
        marks[a.first * n + b.first] += bytes;
        marks[(a.last + 1) * n + b.first] -= bytes;
        marks[a.first * n + b.last + 1] -= bytes;
        marks[(a.last + 1) * n + b.last + 1] += bytes;
      }
    }
  }
  Trace trace;
  trace.shared_bytes.reserve(std::size_t{generations} * (generations - 1) / 2);
  for (std::size_t b = 0; b < generations; ++b) {
    for (std::size_t a = 0; a < n; ++a) {
      if (b > 0) marks[b * n + a] += marks[(b - 1) * n + a];
    }
    std::int64_t sum = 0;
    for (std::size_t a = 0; a <= b; ++a) {
      sum += marks[b * n + a];
      if (a < b) trace.shared_bytes.push_back(static_cast<std::uint64_t>(sum));
    }
    trace.size_bytes.push_back(static_cast<std::uint64_t>(sum));
  }
  return trace;
}

double PresenceTable::resurrection_share() const {
  std::uint64_t all = 0, returned = 0;
  for (const PresenceRow& row : rows) {
    all += row.bytes;
    if (row.runs.size() > 1) returned += row.bytes;
  }
  return all == 0 ? 0 : static_cast<double>(returned) / static_cast<double>(all);
}

}  // namespace backcast::sim
