#include "reports/restore_ages.h"

#include <algorithm>
#include <map>
#include <queue>

namespace backcast::reports {
namespace {

struct Life {
  Instant available, deleted, born;
};
using Lives = std::vector<Life>;

std::vector<AgeStep> steps_of(Lives lives, Instant end) {
  const auto earlier = [](const Life& a, const Life& b) { return a.available < b.available; };
  if (!std::is_sorted(lives.begin(), lives.end(), earlier)) {
    std::stable_sort(lives.begin(), lives.end(), earlier);
  }
  const auto older = [](const Life& a, const Life& b) { return a.born < b.born; };
  // Newest first; what is deleted leaves when it comes to the top.
  std::priority_queue<Life, Lives, decltype(older)> newest(older);
  std::vector<AgeStep> steps;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    newest.push(lives[i]);
    const Instant next = i + 1 < lives.size() ? std::min(lives[i + 1].available, end) : end;
    for (Instant at = lives[i].available; at < next;) {
      while (!newest.empty() && newest.top().deleted <= at) newest.pop();
      if (newest.empty()) break;
      const Instant until = std::min(next, newest.top().deleted);
      const Instant born = newest.top().born;
      if (!steps.empty() && steps.back().until == at && steps.back().born == born) {
        steps.back().until = until;
      } else {
        steps.push_back({at, until, born});
      }
      at = until;
    }
  }
  return steps;
}

}  // namespace

std::vector<AgeLine> restore_ages(const sim::RunResult& run) {
  std::vector<Instant> end(run.services.size(), run.end);
  for (const auto& event : run.log) {
    const bool is_end = event.kind == sim::LogKind::kServiceDeleted && event.service < end.size();
    if (is_end) end[event.service] = std::min(end[event.service], event.at);
  }
  std::map<std::string, std::vector<Lives>> by_region;  // [service]
  for (const auto& backup : run.backups) {
    if (backup.available >= run.end) continue;
    auto& services = by_region[backup.region];
    if (services.empty()) services.resize(run.services.size());
    services[backup.service].push_back({backup.available, backup.deleted, backup.born});
  }
  std::vector<AgeLine> lines;
  for (auto& [region, services] : by_region) {
    for (std::uint32_t s = 0; s < services.size(); ++s) {
      if (services[s].empty()) continue;
      lines.push_back({s, region, steps_of(std::move(services[s]), end[s])});
    }
  }
  return lines;
}

}  // namespace backcast::reports
