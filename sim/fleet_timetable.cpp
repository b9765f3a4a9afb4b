#include "sim/fleet_timetable.h"

#include <algorithm>

namespace backcast::sim {
namespace {

class TimetableMaker {
 public:
  TimetableMaker(const RunResult& run, const Service& service, Instant start,
                 bool dates_freed_bytes)
      : run_(run), dates_freed_bytes_(dates_freed_bytes) {
    keeps_leftovers_ = service.delta.keeps_dependents();
    delta_ = &service.delta;
    workload_ = &service.workload;
    start_ = start;
  }

  Timetable make(const std::vector<VaultStep>& changes) {
    for (const VaultStep& change : changes) {
      while (live_.size() <= change.vault) {
        live_.emplace_back();
        leftover_.push_back(kNone);
        chains_.emplace_back(*delta_);
      }
      change.adds ? add(change) : remove(change);
    }
    table_.vaults = static_cast<std::uint32_t>(live_.size());
    for (Cell& cell : table_.cells) cell.until = std::min(cell.until, run_.end);
    return std::move(table_);
  }

 private:
  struct Live {
    std::uint32_t backup, slot, cell;
    DeltaChain::Handle handle;  // in a chain of no bytes, which knows what depends on what
    Written written;            // as Vault::Held
    std::vector<Written> before;
  };

  std::uint32_t open_cell(Instant at, std::uint32_t vault, std::uint32_t backup) {
    table_.cells.push_back({at, kNever, vault, backup});
    return static_cast<std::uint32_t>(table_.cells.size() - 1);
  }

  void add(const VaultStep& change) {
    if (table_.moments.size() <= change.ordinal) table_.moments.resize(change.ordinal + 1);
    const BackupRecord& backup = run_.backups[change.backup];
    table_.moments[change.ordinal] = moment_at(*workload_, start_, backup.born);
    Step step{.vault = change.vault, .generation = change.ordinal, .slot = table_.slots++};
    step.adds = true;
    step.cell = open_cell(change.at, change.vault, change.backup);
    if (backup.original != kNone) {
      step.is_copy = true;
      step.moved = static_cast<std::uint32_t>(table_.copies.size());
      table_.copies.push_back(change.backup);
    }
    const Generation generation{change.ordinal};
    const auto handle = chains_[change.vault].add(generation).handle;
    live_[change.vault].push_back(
        {change.backup, step.slot, step.cell, handle, {generation, change.at}, {}});
    note_leftover(change, step);
    table_.steps.push_back(step);
  }

  void remove(const VaultStep& change) {
    auto& live = live_[change.vault];
    const auto gone = std::find_if(live.begin(), live.end(),
                                   [&](const Live& l) { return l.backup == change.backup; });
    BACKCAST_ASSERT(gone != live.end());
    table_.cells[gone->cell].until = change.at;
    Step step{.vault = change.vault, .generation = change.ordinal, .slot = gone->slot};
    step.deletion = static_cast<std::uint32_t>(table_.deletions.size());
    table_.deletions.push_back(change);
    note_written(change, gone, step);
    chains_[change.vault].remove(gone->handle);
    const auto heir = live.erase(gone);
    if (heir != live.end()) {
      step.heir = heir->slot;
      table_.cells[heir->cell].until = change.at;
      step.cell = heir->cell = open_cell(change.at, change.vault, heir->backup);
    }
    note_leftover(change, step);
    table_.steps.push_back(step);
  }

  using Place = std::vector<Live>::iterator;

  void note_written(const VaultStep& change, Place gone, Step& step) {
    auto& live = live_[change.vault];
    const DeltaChain& chain = chains_[change.vault];
    const auto shares = [&](Place place) {
      return place != live.end() && shares_with_older(chain, place->handle);
    };
    std::vector<Written> written = std::move(gone->before);
    written.push_back(gone->written);
    step.first_written = static_cast<std::uint32_t>(table_.written.size());
    step.written_count = static_cast<std::uint32_t>(written.size());
    table_.written.insert(table_.written.end(), written.begin(), written.end());
    if (gone != live.begin() && shares(gone)) {
      step.older = std::prev(gone)->written.generation.ordinal;
    }
    const Place heir = std::next(gone);
    if (!dates_freed_bytes_ || !shares(heir)) return;
    step.sharing_heir = heir->written.generation.ordinal;
    written.insert(written.end(), heir->before.begin(), heir->before.end());
    heir->before = std::move(written);
    thin(heir->before, change.at);
  }

  void note_leftover(const VaultStep& change, Step& step) {
    if (!keeps_leftovers_) return;
    std::uint32_t& open = leftover_[change.vault];
    if (open != kNone) table_.cells[open].until = change.at;
    step.leftover = open = open_cell(change.at, change.vault, kNone);
  }

  const RunResult& run_;
  const Workload* workload_ = nullptr;
  const DeltaModel* delta_ = nullptr;
  std::vector<DeltaChain> chains_;  // by vault
  Instant start_{};
  bool keeps_leftovers_ = false, dates_freed_bytes_ = true;
  Timetable table_;
  std::vector<std::vector<Live>> live_;  // by vault, oldest first
  std::vector<std::uint32_t> leftover_;  // by vault: its open cell
};

}  // namespace

Timetable timetable_of(const RunResult& run, const Service& service, Instant start,
                       bool dates_freed_bytes, const std::vector<VaultStep>& changes) {
  return TimetableMaker(run, service, start, dates_freed_bytes).make(changes);
}

}  // namespace backcast::sim
