#include "sim/requirements/trace.h"

#include <algorithm>

namespace backcast::sim {
namespace {

// Events that take a restore point away or keep one from being made.
bool is_cause(LogKind kind) {
  constexpr LogKind kOthers[] = {LogKind::kHistoryContinued, LogKind::kBackupStarted,
                                 LogKind::kBackupWaits,      LogKind::kBackupCompleted,
                                 LogKind::kCopyStarted,      LogKind::kCopyCompleted};
  return std::find(std::begin(kOthers), std::end(kOthers), kind) == std::end(kOthers) &&
         !is_of_restore(kind);
}

bool concerns(const LogEvent& event, const std::string& region, const TraceQuery& query) {
  if (event.service != kNone && event.service != query.service) return false;
  if (region.empty() || query.regions.empty()) return true;
  return std::find(query.regions.begin(), query.regions.end(), region) != query.regions.end();
}

void shorten(std::vector<TraceStep>& steps) {
  constexpr std::size_t kMost = 8, kHead = 3, kTail = 3;
  if (steps.size() <= kMost) return;
  const std::size_t left_out = steps.size() - kHead - kTail;
  const Instant at = steps[kHead].at;
  steps.erase(steps.begin() + kHead, steps.end() - kTail);
  steps.insert(steps.begin() + kHead,
               {at, "… " + std::to_string(left_out) + " more events of these kinds …"});
}

}  // namespace

std::vector<TraceStep> trace(const Scenario& scenario, const RunResult& result,
                             const TraceQuery& query, const std::string& conclusion) {
  std::vector<TraceStep> steps;
  for (const LogEvent& event : result.log) {
    if (event.at > query.until) break;
    const bool heads =
        event.backup == query.begins_with && query.begins_with != kNone &&
        (event.kind == LogKind::kBackupCompleted || event.kind == LogKind::kCopyCompleted);
    const bool causes = event.at >= query.from && is_cause(event.kind) &&
                        concerns(event, region_of(scenario, result, event), query);
    if (heads || causes) steps.push_back({event.at, log_text(scenario, result, event)});
  }
  shorten(steps);
  steps.push_back({query.until, conclusion});
  return steps;
}

}  // namespace backcast::sim
