#include "sim/fit/volumes/rewrites.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace backcast::sim {
namespace {

constexpr std::size_t kLeastSeen = 3;
constexpr double kMostChance = 0.01, kMostElsewhere = 0.1, kMostMissing = 2, kLeastShare = 0.01,
                 kMostShare = 0.95;

// Bursts by when they came, counted in usual steps.
class Bursts {
 public:
  explicit Bursts(const VolumeSteps& steps) : marks_(burst_marks(steps)) {
    double position = 0;
    for (const double length : steps.length) {
      at_.push_back(std::llround(position += length));
    }
    step_of_.assign(static_cast<std::size_t>(end()) + 1, std::nullopt);
    for (std::size_t i = 0; i < at_.size(); ++i) {
      step_of_[static_cast<std::size_t>(at_[i])] = i;
      if (marks_[i]) ++count_;
    }
  }

  std::int64_t end() const { return at_.empty() ? 0 : at_.back(); }
  std::size_t count() const { return count_; }
  const std::vector<std::int64_t>& at() const { return at_; }
  const std::vector<bool>& marks() const { return marks_; }
  // The step that came then; none where nothing was backed up.
  std::optional<std::size_t> step_at(std::int64_t position) const {
    return position < 0 ? std::nullopt : step_of_[static_cast<std::size_t>(position)];
  }
  bool is_burst(std::int64_t position) const {
    const auto step = step_at(position);
    return step && marks_[*step];
  }
  // How many in a row, the last of which came then.
  std::size_t in_a_row(std::int64_t last, std::int64_t every) const {
    std::size_t count = 0;
    for (std::int64_t at = last; is_burst(at); at -= every) ++count;
    return count;
  }

 private:
  std::vector<bool> marks_;
  std::vector<std::int64_t> at_;
  std::vector<std::optional<std::size_t>> step_of_;
  std::size_t count_ = 0;
};

struct Row {
  std::int64_t every = 0, last = 0;
  std::size_t seen = 0;
};

// The distance that most of the last bursts kept, the last of which must not be overdue.
Row longest_row(const Bursts& bursts) {
  Row best;
  const std::int64_t most = bursts.end() / static_cast<std::int64_t>(kLeastSeen - 1);
  for (std::int64_t last = bursts.end(); last > 0; --last) {
    if (!bursts.is_burst(last)) continue;
    for (std::int64_t every = std::max<std::int64_t>(2, bursts.end() - last + 1); every <= most;
         ++every) {
      const std::size_t seen = bursts.in_a_row(last, every);
      if (seen > best.seen) best = {every, last, seen};
    }
  }
  return best;
}

// How many rows of that length chance alone would show, with bursts as frequent as elsewhere.
double by_chance(const Row& row, double elsewhere) {
  const auto every = static_cast<double>(row.every);
  const double rows = every * every / 2;  // of shorter distances too, each with its beginnings
  return rows * std::pow(elsewhere, static_cast<double>(row.seen));
}

double median_of_last(const std::vector<double>& values) {
  return median_of({values.end() - static_cast<std::ptrdiff_t>(kLeastSeen), values.end()});
}

// What the next one adds: as much as the middle one of the last three, or, where the last four all
// were larger than the one before or all smaller, two steps on from there.
double next_of(const std::vector<double>& added) {
  const std::size_t n = added.size();
  const double usual = median_of_last(added);
  if (n <= kLeastSeen) return usual;
  std::vector<double> steps;
  for (std::size_t i = n - kLeastSeen; i < n; ++i) steps.push_back(added[i] - added[i - 1]);
  const bool grew = std::all_of(steps.begin(), steps.end(), [](double x) { return x > 0; });
  const bool shrank = std::all_of(steps.begin(), steps.end(), [](double x) { return x < 0; });
  if (!grew && !shrank) return usual;
  return std::max(usual + 2 * median_of(std::move(steps)), usual / 2);
}

// What the rewrites of the row did to the data. Merges rewrite what came since the one before, so
// that bytes say more of the next one than shares of data that grew.
void measure(const VolumeSteps& steps, Rewrites& rewrites) {
  const double usual = usual_new_bytes(steps, rewrites.at);
  std::vector<double> added;
  for (std::size_t i = 0; i < steps.count(); ++i) {
    if (rewrites.at[i]) added.push_back(steps.new_bytes[i] - usual);
  }
  const double size = steps.size_bytes.back();
  rewrites.new_bytes = median_of_last(added);
  rewrites.share = size > 0 ? std::min(next_of(added) / size, kMostShare) : 0;
}

}  // namespace

Rewrites fit_rewrites(const VolumeSteps& steps) {
  double length = 0;
  for (const double of_step : steps.length) length += of_step;
  if (length > kMostMissing * static_cast<double>(steps.count())) return {};
  const Bursts bursts(steps);
  if (bursts.count() < kLeastSeen) return {};
  const Row row = longest_row(bursts);
  if (row.seen < kLeastSeen) return {};
  Rewrites found;
  found.at.assign(steps.count(), false);
  std::size_t marked = 0;
  for (std::int64_t at = row.last; at > 0; at -= row.every) {
    if (!bursts.is_burst(at)) continue;
    found.at[*bursts.step_at(at)] = true;
    ++marked;
  }
  const auto others = static_cast<double>(steps.count() - marked);
  const auto elsewhere = static_cast<double>(bursts.count() - marked);
  if (elsewhere > kMostElsewhere * others) return {};
  if (by_chance(row, (elsewhere + 1) / others) > kMostChance) return {};
  measure(steps, found);
  if (found.share < kLeastShare) return {};
  found.every_steps = static_cast<std::uint32_t>(row.every);
  found.next_steps = static_cast<std::uint32_t>(row.last + row.every - bursts.end());
  return found;
}

VolumeSteps without(const Rewrites& rewrites, VolumeSteps steps) {
  if (!rewrites.any()) return steps;
  const auto count = static_cast<std::ptrdiff_t>(steps.count());
  const std::vector<bool> at(rewrites.at.end() - count, rewrites.at.end());
  const double usual = usual_new_bytes(steps, at);
  std::vector<double> grown;
  for (std::size_t i = 0; i < steps.count(); ++i) {
    if (at[i]) grown.push_back(steps.grown_bytes[i]);
  }
  const double usual_growth = median_of(std::move(grown));
  for (std::size_t i = 0; i < steps.count(); ++i) {
    if (!at[i]) continue;
    steps.new_bytes[i] = std::max(steps.new_bytes[i] - rewrites.new_bytes, usual);
    steps.grown_bytes[i] = usual_growth;
  }
  return steps;
}

}  // namespace backcast::sim
