#include <backcast/retention.h>

#include "engine/policy/retention/retention.h"
#include "library/problems.h"

namespace backcast {
namespace {

policy::Snapshot snapshot_of(const KeptPoint& point) {
  policy::Snapshot snapshot{.id = point.id, .time = point.time};
  snapshot.size_bytes = point.size_bytes;
  snapshot.tags = point.tags;
  snapshot.host = point.host;
  snapshot.paths = point.paths;
  snapshot.is_incomplete = point.incomplete;
  if (point.manual) snapshot.origin = policy::Origin::kManual;
  return snapshot;
}

}  // namespace

Expected<std::vector<RetentionVerdict>> apply_retention(const std::string& policy,
                                                        const std::vector<KeptPoint>& points,
                                                        Time now, const std::string& zone) {
  const auto parsed = policy::parse_policy(policy);
  if (!parsed.ok()) return library::problems_of(parsed.error());
  const auto found = policy::Zone::find(zone);
  if (!found.ok()) return library::problems_of(found.error());
  std::vector<policy::Snapshot> history;
  for (const KeptPoint& point : points) history.push_back(snapshot_of(point));
  const policy::Plan plan = policy::plan(*parsed, history, {now, *found});
  std::vector<RetentionVerdict> verdicts;
  for (std::size_t i = 0; i < history.size(); ++i) {
    verdicts.push_back({points[i].id, plan.verdicts[i].keep, {}});
    for (const policy::Reason& reason : plan.reasons_of(i)) {
      verdicts.back().reasons.push_back(policy::to_text(*parsed, reason));
    }
  }
  return verdicts;
}

}  // namespace backcast
