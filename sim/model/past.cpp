#include "sim/model/past.h"

namespace backcast::sim {
namespace {

// How far operational time went from `older` to `newer`.
double step(const DeltaModel& delta, const policy::Snapshot& snapshot, const Generation& older,
            const Generation& newer, double calendar_step) {
  const bool is_known = snapshot.size_bytes > 0 && snapshot.new_bytes > 0 &&
                        snapshot.new_bytes <= newer.size_bytes && older.size_bytes > 0;
  if (!is_known) return calendar_step;
  const std::uint64_t old_bytes = newer.size_bytes - snapshot.new_bytes;
  return delta.curve.advance(static_cast<double>(old_bytes) /
                             static_cast<double>(older.size_bytes));
}

}  // namespace

std::vector<Generation> past_generations(const Workload& workload, const DeltaModel& delta,
                                         std::span<const policy::Snapshot> history, Instant start) {
  std::vector<Generation> made(history.size());
  std::vector<double> calendar(history.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    made[i] = generation_at(workload, delta.curve, start, history[i].trusted_time());
    made[i].ordinal = static_cast<std::uint32_t>(i);
    calendar[i] = made[i].operational_time;
    if (history[i].size_bytes == 0) continue;
    made[i].size_bytes = history[i].size_bytes;
    made[i].disk_bytes = 2 * history[i].size_bytes;  // of which a backup stores half
  }
  // From the newest back, so that the run goes on from where the calendar puts that one.
  for (std::size_t i = history.size(); i-- > 1;) {
    made[i - 1].operational_time =
        made[i].operational_time -
        step(delta, history[i], made[i - 1], made[i], calendar[i] - calendar[i - 1]);
  }
  return made;
}

}  // namespace backcast::sim
