// Quiet times.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "sim/fit/volumes/volumes.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Chosen on all histories of docs/fidelity.md up to seed 34, in which nothing but quiet quarters
// was taken for one; results move little around them.
constexpr std::size_t kLeastSteps = 5, kMostSteps = 90;     // of a lull
constexpr std::size_t kLeastBefore = 20, kMostBefore = 60;  // steps that say what is usual
constexpr double kMostPace = 0.35, kLeastPace = 0.02;
constexpr double kLeastDeviation = 0.2, kFar = 3;
constexpr double kEvidence = 10;  // logarithm of how much likelier the lull makes the steps

// Half the square of a deviation, as the logarithm of a normal law has it, of one far off that of
// `kFar`.
double surprise(double deviation) {
  const double bounded = std::min(std::fabs(deviation), kFar);
  return bounded * bounded / 2;
}

// New bytes of steps beside their weekdays.
std::vector<double> beside_weekdays(const VolumeSteps& steps) {
  std::vector<double> added;
  for (std::size_t i = 0; i < steps.count(); ++i) {
    added.push_back(steps.new_bytes[i] / std::max(steps.weekday_factor[i], kLeastPace));
  }
  return added;
}

struct Candidate {
  double pace = 1, evidence = 0;
};

// That the last ones are a lull after the others.
Candidate lull_after(std::span<const double> before, std::span<const double> last) {
  const double usual = median_of({before.begin(), before.end()});
  const double low = median_of({last.begin(), last.end()});
  if (usual <= 0 || low > kMostPace * usual) return {};
  const auto log_of = [&](double bytes) {
    return portable_log(std::max(bytes / usual, kLeastPace));
  };
  std::vector<double> distances;
  for (const double bytes : before) distances.push_back(std::fabs(log_of(bytes)));
  const double deviation = std::max(deviation_of(median_of(distances)), kLeastDeviation);
  const double level = log_of(low);
  Candidate found{low / usual, 0};
  for (const double bytes : last) {
    const double x = log_of(bytes);
    found.evidence += surprise(x / deviation) - surprise((x - level) / deviation);
  }
  const auto is_quiet = [&](double bytes) { return log_of(bytes) <= level / 2; };
  return is_quiet(last[0]) && is_quiet(last[1]) ? found : Candidate{};
}

}  // namespace

LullSeen fit_lull(const VolumeSteps& steps) {
  const std::vector<double> added = beside_weekdays(steps);
  const std::span<const double> all = added;
  const std::size_t n = all.size();
  LullSeen lull;
  double evidence = kEvidence;
  for (std::size_t last = kLeastSteps; last <= kMostSteps && last + kLeastBefore <= n; ++last) {
    const std::size_t looked_at = std::min(n - last, kMostBefore);
    const Candidate found =
        lull_after(all.subspan(n - last - looked_at, looked_at), all.subspan(n - last));
    if (found.evidence <= evidence) continue;
    evidence = found.evidence;
    lull = {static_cast<std::uint32_t>(last), found.pace};
  }
  return lull;
}

VolumeSteps without_last(VolumeSteps steps, std::size_t count) {
  const std::size_t left = steps.count() - count;
  steps.size_bytes.resize(left + 1);
  for (std::vector<double>* of :
       {&steps.new_bytes, &steps.grown_bytes, &steps.weekday_factor, &steps.length}) {
    of->resize(left);
  }
  return steps;
}

}  // namespace backcast::sim
