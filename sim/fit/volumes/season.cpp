#include "sim/fit/volumes/season.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "engine/base/time_math.h"
#include "sim/fit/volumes/volumes.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr int kBins = 12;                  // of a period, each the median of its backups
constexpr std::int64_t kMostPeriods = 12;  // the last ones: what was before may have been otherwise
constexpr double kLeastFilled = 0.75;      // of all bins
constexpr double kLeastAmplitude = 0.02, kMostAmplitude = 0.9, kLeastExplained = 0.5;
constexpr double kLeastRatio = 8;  // F; of steps of random walks three in a thousand have that

struct Candidate {
  Duration period;
  std::int64_t least_periods;
};
constexpr Candidate kCandidates[] = {{kSeasonYear, 2}, {kSeasonQuarter, 4}, {kSeasonMonth, 4}};

// One bin: turns of the period before the last backup, 0 or less, and the logarithm of the size.
struct Point {
  std::int64_t bin = 0;
  double turn = 0, size_log = 0;
};

std::vector<Point> points_of(const ObservedHistory& history, const Candidate& candidate) {
  const auto& backups = history.backups;
  const Instant last = *backups.back().time;
  const auto turns_before = [&](Instant t) {
    return static_cast<double>(between(t, last).count()) /
           static_cast<double>(candidate.period.count());
  };
  std::vector<Point> points;
  std::vector<double> logs;
  double turns = 0;
  const auto close_bin = [&] {
    if (logs.empty()) return;
    points.back().turn = -turns / static_cast<double>(logs.size());
    points.back().size_log = median_of(std::move(logs));
    logs = {}, turns = 0;
  };
  for (const ObservedBackup& backup : backups) {
    const double before = turns_before(*backup.time);
    if (before > static_cast<double>(kMostPeriods)) continue;
    const auto bin = -static_cast<std::int64_t>(before * kBins);
    if (points.empty() || points.back().bin != bin) {
      close_bin();
      points.push_back({bin});
    }
    logs.push_back(portable_log(static_cast<double>(backup.size_bytes)));
    turns += before;
  }
  close_bin();
  return points;
}

// Steps far beyond the usual ones are jumps, not part of a cycle: they become usual ones.
void level_jumps(std::vector<Point>& points) {
  constexpr double kFar = 6, kLeastJump = 0.01;  // in deviations; a logarithm
  std::vector<double> steps, distances;
  for (std::size_t i = 1; i < points.size(); ++i) {
    steps.push_back(points[i].size_log - points[i - 1].size_log);
  }
  const double usual = median_of(steps);
  for (const double step : steps) distances.push_back(std::fabs(step - usual));
  const double far = std::max(kFar * deviation_of(median_of(distances)), kLeastJump);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double step = distances[i] > far ? usual : steps[i];
    points[i + 1].size_log = points[i].size_log + step;
  }
}

double product(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

using Column = std::vector<double>;

// What is left of y beside a multiple of x.
Column beside(Column y, const Column& x) {
  const double squares = product(x, x);
  const double share = squares > 0 ? product(x, y) / squares : 0;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] -= share * x[i];
  return y;
}

struct Wave {
  double cosine = 0, sine = 0;  // y = cosine cos(2 pi turn) + sine sin(2 pi turn) + ...
  double explained = 0;         // share of what the columns before leave, 0..1
  Column left;                  // what it leaves itself

  double amplitude() const { return std::sqrt(cosine * cosine + sine * sine); }
};

// Least squares of y on c and s, all three beside the columns of `before`.
Wave wave_beside(std::span<const Column> before, Column c, Column s, Column y) {
  for (const Column& x : before) {
    c = beside(std::move(c), x), s = beside(std::move(s), x), y = beside(std::move(y), x);
  }
  const double cc = product(c, c), ss = product(s, s), cs = product(c, s);
  const double cy = product(c, y), sy = product(s, y), yy = product(y, y);
  const double determinant = cc * ss - cs * cs;
  if (determinant <= 1e-9 * cc * ss || yy <= 0) return {};
  Wave wave{(cy * ss - sy * cs) / determinant, (sy * cc - cy * cs) / determinant, 0, y};
  wave.explained = (wave.cosine * cy + wave.sine * sy) / yy;
  for (std::size_t i = 0; i < y.size(); ++i) {
    wave.left[i] -= wave.cosine * c[i] + wave.sine * s[i];
  }
  return wave;
}

double cosine(const Point& point) {
  return cosine_of_turn(point.turn);
}
double sine(const Point& point) {
  return cosine_of_turn(point.turn - 0.25);
}

Wave wave_in_levels(std::span<const Point> points) {
  Column one(points.size(), 1), turn, c, s, y;
  for (const Point& p : points) {
    turn.push_back(p.turn), c.push_back(cosine(p)), s.push_back(sine(p));
    y.push_back(p.size_log);
  }
  const Column columns[] = {one, beside(turn, one)};
  return wave_beside(columns, c, s, y);
}

// What a step has in common with the one before, 0 to 1.
double persistence(const Column& steps) {
  double products = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) products += steps[i] * steps[i - 1];
  const double squares = product(steps, steps);
  return squares > 0 ? std::clamp(products / squares, 0.0, 1.0) : 0;
}

// A random walk looks like a wave, but its steps are like no wave. How many times what chance alone
// explains of them the wave does: F, of two and many degrees of freedom. Where growth persists,
// steps that are alike count as fewer.
double ratio_to_chance(std::span<const Point> points) {
  Column one, c, s, y;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point &from = points[i - 1], &to = points[i];
    if (to.bin != from.bin + 1) continue;
    one.push_back(1);
    c.push_back(cosine(to) - cosine(from)), s.push_back(sine(to) - sine(from));
    y.push_back(to.size_log - from.size_log);
  }
  if (one.size() <= kBins) return 0;
  const Wave wave = wave_beside(std::span(&one, 1), c, s, y);
  const double alike = persistence(wave.left);
  const double freedom = (static_cast<double>(one.size()) - 3) * (1 - alike) / (1 + alike);
  constexpr double kLeastLeft = 1e-9;  // a wave without any noise
  return wave.explained / 2 * freedom / std::max(1 - wave.explained, kLeastLeft);
}

bool agree(const Wave& a, const Wave& b) {
  constexpr double kMostRatio = 2, kCosineOfAnEighth = 0.7071067811865476;
  const double of_a = a.amplitude(), of_b = b.amplitude();
  return std::max(of_a, of_b) <= kMostRatio * std::min(of_a, of_b) &&
         a.cosine * b.cosine + a.sine * b.sine >= kCosineOfAnEighth * of_a * of_b;
}

// The turn, 0 to 1, whose cosine and sine are proportional to these. Each half of the circle has
// one turn per cosine; 30 halvings are finer than an hour in a year.
double turn_of(const Wave& wave) {
  const double wanted = wave.cosine / wave.amplitude();
  double low = 0, high = 0.5;
  for (int i = 0; i < 30; ++i) {
    const double middle = (low + high) / 2;
    (cosine_of_turn(middle) > wanted ? low : high) = middle;
  }
  return wave.sine >= 0 ? low : 1 - low;
}

Season season_of(const Wave& wave, Duration period, Instant last) {
  // The first harmonic a of log(1 + A cos x) has A = 4a / (4 + a^2).
  const double a = std::min(wave.amplitude(), 2.0);
  const double amplitude = std::min(4 * a / (4 + a * a), kMostAmplitude);
  const double before_peak = 1 - turn_of(wave);
  const auto back = Duration(std::llround(before_peak * static_cast<double>(period.count())));
  Season season{std::round(amplitude * 1000) / 1000, period,
                std::chrono::round<std::chrono::hours>(last - back)};
  while (season.peak > last) season.peak -= period;
  while (last - season.peak >= period) season.peak += period;
  return season;
}

struct Found {
  SeasonFit fit;
  double explained = 0;
};

Found look_for(const ObservedHistory& history, const Candidate& candidate) {
  const Instant last = *history.backups.back().time;
  const Duration seen = between(*history.backups.front().time, last);
  if (seen < candidate.period * candidate.least_periods) return {};
  std::vector<Point> points = points_of(history, candidate);
  const auto bins = static_cast<double>(points.back().bin - points.front().bin + 1);
  if (static_cast<double>(points.size()) < kLeastFilled * bins) return {};
  level_jumps(points);
  const auto all = std::span<const Point>(points);
  const Wave older = wave_in_levels(all.first(all.size() / 2));
  const Wave newer = wave_in_levels(all.subspan(all.size() / 2));
  const Wave whole = wave_in_levels(all);
  if (whole.explained < kLeastExplained || !agree(older, newer)) return {};
  const double ratio = ratio_to_chance(all);
  const Season season = season_of(whole, candidate.period, last);
  if (ratio < kLeastRatio || season.amplitude < kLeastAmplitude) return {};
  return {{season, whole.amplitude() / std::sqrt(2 * ratio)}, whole.explained};
}

}  // namespace

double SeasonFit::spread_after(Duration ahead) const {
  if (!season.any()) return 0;
  const double turns =
      static_cast<double>(ahead.count()) / static_cast<double>(season.period.count());
  return deviation * std::sqrt(std::max(2 - 2 * cosine_of_turn(turns), 0.0));
}

SeasonFit fit_season(const ObservedHistory& history) {
  const auto& backups = history.backups;
  const bool knows_all = std::all_of(backups.begin(), backups.end(), [](const ObservedBackup& b) {
    return b.time && b.size_bytes > 0;
  });
  if (!knows_all || backups.empty()) return {};
  Found best;
  for (const Candidate& candidate : kCandidates) {
    Found found = look_for(history, candidate);
    if (found.explained > best.explained) best = found;
  }
  return best.fit;
}

ObservedHistory without_season(const ObservedHistory& history, const Season& season) {
  if (!season.any()) return history;
  const auto whole = [](double bytes) { return static_cast<std::uint64_t>(std::llround(bytes)); };
  ObservedHistory flat = history;
  double flat_before = 0, before = 0;
  for (ObservedBackup& backup : flat.backups) {
    const auto size = static_cast<double>(backup.size_bytes);
    const double factor = season.factor(*backup.time), flat_size = size / factor;
    const double died = before + static_cast<double>(backup.new_bytes) - size;
    const double added = std::clamp(died / factor + flat_size - flat_before, 0.0, flat_size);
    backup.size_bytes = whole(flat_size), backup.new_bytes = whole(added);
    before = size, flat_before = flat_size;
  }
  return flat;
}

}  // namespace backcast::sim
