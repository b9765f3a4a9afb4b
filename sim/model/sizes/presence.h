// Which bytes live in which of a series of backups: one row per presence pattern, runs of
// generations and the bytes with that pattern. It answers every question about any subset of the
// backups exactly, also where bytes went away and came back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace backcast::sim {

struct Trace;

struct PresenceRow {
  struct Run {
    std::uint32_t first = 0, last = 0;  // inclusive
  };
  std::vector<Run> runs;  // ascending, never touching
  std::uint64_t bytes = 0;
};

struct PresenceTable {
  std::uint32_t generations = 0;
  std::vector<PresenceRow> rows;

  // Bytes that keeping exactly these generations stores. `kept` is ascending.
  std::uint64_t stored_bytes(std::span<const std::uint32_t> kept) const;
  // The same of the generations that `kept` names, ascending, counted as they stand there.
  PresenceTable of(std::span<const std::uint32_t> kept) const;
  // Visits, as visit(bytes, heir), the bytes of a generation that none before it holds, of those
  // that are there: `heir` is the first after it that holds them, `generations` where none does.
  // `next[g]` is the first that is there from g on, `generations` where none is; it has one more
  // element than there are generations. Whether the generation itself is there does not matter.
  template <typename Visit>
  void visit_first(std::uint32_t generation, std::span<const std::uint32_t> next,
                   Visit visit) const;
  // Sizes of all generations and what any two of them share.
  Trace trace() const;
  // Share of all bytes that went away and came back: no lifetime model can see those.
  double resurrection_share() const;
};

template <typename Visit>
void PresenceTable::visit_first(std::uint32_t generation, std::span<const std::uint32_t> next,
                                Visit visit) const {
  for (const PresenceRow& row : rows) {
    bool is_here = false, is_first = true;
    std::uint32_t heir = generations;
    for (const PresenceRow::Run& run : row.runs) {
      is_here = is_here || (run.first <= generation && generation <= run.last);
      if (next[run.first] <= run.last && next[run.first] < generation) is_first = false;
      if (run.last <= generation) continue;
      const std::uint32_t later = next[std::max(run.first, generation + 1)];
      if (later <= run.last) heir = std::min(heir, later);
    }
    if (is_here && is_first) visit(row.bytes, heir);
  }
}

}  // namespace backcast::sim
