#include "sim/model/workload.h"

#include <algorithm>
#include <cmath>

#include "sim/model/portable_math.h"
#include "sim/model/sizes/season.h"

namespace backcast::sim {
namespace {

constexpr double kMaxBytes = 9e18;  // whole bytes in 64 bits

double recorded_size(const std::vector<SizePoint>& points, Instant t) {
  const auto after = std::upper_bound(points.begin(), points.end(), t,
                                      [](Instant at, const SizePoint& p) { return at < p.at; });
  if (after == points.begin()) return static_cast<double>(points.front().size_bytes);
  const SizePoint& a = *(after - 1);
  if (after == points.end()) return static_cast<double>(a.size_bytes);
  const double part = days_between(a.at, t) / days_between(a.at, after->at);
  const auto from = static_cast<double>(a.size_bytes), to = static_cast<double>(after->size_bytes);
  return from + (to - from) * part;
}

// Where it did not grow for so many days in all.
double exact_size(const Workload& workload, const Moment& m, double still_days = 0) {
  const Growth& growth = workload.growth;
  double size = m.recorded_bytes < 0 ? static_cast<double>(workload.size_bytes) : m.recorded_bytes;
  size *= still_days > 0 ? compounded_growth(growth, m.days - still_days) : m.compounded;
  size *= m.season;
  size += static_cast<double>(growth.bytes_per_day) * (m.days - still_days);
  size += m.added_bytes;
  return size > 0 ? std::min(size, kMaxBytes) : 0;  // nothing times beyond any number is no number
}

// Those of so long after the start; what came before it is the past's own.
std::uint32_t rewrites_until(const Workload& workload, Duration since_start) {
  const Duration first =
      workload.rewrite_first > Duration{0} ? workload.rewrite_first : workload.rewrite_every;
  if (since_start < first) return 0;
  return static_cast<std::uint32_t>((since_start - first) / workload.rewrite_every + 1);
}

}  // namespace

bool draws_size(const Workload& workload) {
  return !workload.outlook.points.empty() || workload.growth.differs_per_year > 0 ||
         workload.growth.wanders_per_year > 0;
}

double compounded_growth(const Growth& growth, double days) {
  if (growth.share_per_year == 0) return 1;
  return portable_exp(portable_log(1 + growth.share_per_year) * days / 365.25);
}

Moment moment_at(const Workload& workload, Instant start, Instant t) {
  const Growth& growth = workload.growth;
  Moment m;
  m.days = days_between(start, t);
  if (!growth.recorded.empty()) m.recorded_bytes = recorded_size(growth.recorded, t);
  m.compounded = compounded_growth(growth, m.days);
  m.season = Season{growth.season_amplitude, growth.season_period, growth.season_peak}.factor(t);
  for (const SizeStep& step : growth.steps) {
    if (step.at <= t) m.added_bytes += static_cast<double>(step.change_bytes);
  }
  for (const Burst& burst : workload.bursts) {
    if (burst.at > t) continue;
    m.added_bytes += static_cast<double>(burst.added_bytes);
    ++m.bursts;
  }
  m.busy_days = workload.recorded_busy.empty() ? busy_days(workload.weekday_factor, start, t)
                                               : recorded_busy(workload.recorded_busy, t) -
                                                     recorded_busy(workload.recorded_busy, start);
  m.day = std::chrono::floor<std::chrono::days>(t).time_since_epoch().count();
  m.day_share = days_between(Instant{}, t) - static_cast<double>(m.day);
  m.day_factor = workload.weekday_factor[weekday_of(m.day)];
  if (workload.rewrite_every > Duration{0}) {
    m.rewrites = rewrites_until(workload, t - start);
  }
  return m;
}

void Life::begin(const Workload& workload, const SurvivalCurve& curve, Instant start, Draws draws,
                 std::uint32_t entity) {
  workload_ = &workload;
  curve_ = &curve;
  draws_ = draws;
  entity_ = entity;
  burst_advances_.assign(1, 0);
  for (const Burst& burst : workload.bursts) {
    burst_advances_.push_back(burst_advances_.back() + curve.advance(1 - burst.rewritten_share));
  }
  rewrite_advance_ =
      workload.rewrite_every > Duration{0} ? curve.advance(1 - workload.rewrite_share) : 0;
  first_day_ = std::chrono::floor<std::chrono::days>(start).time_since_epoch().count();
  first_day_share_ = days_between(Instant{}, start) - static_cast<double>(first_day_);
  rewritten_days_.assign(1, 0);
  day_begins_.assign(1, 0);
  day_pace_.clear();
  day_growth_.clear();
  begin_outlook();
}

// How many of these days the lull takes away.
double Life::lulled_days(double from, double to) const {
  const double lasts = std::clamp(lull_left_days_, from, to) - from;
  return (1 - workload_->outlook.lull.pace) * lasts;
}

void Life::begin_outlook() {
  const Workload& workload = *workload_;
  const bool is_foretold = !workload.outlook.points.empty();
  const bool is_path = is_foretold && draws_.replication() == 0;
  has_outlook_ = is_foretold && !is_path;
  scatters_ = !is_path && (workload.noise.spread > 0 || workload.random_bursts.per_day > 0);
  lull_left_days_ = 0;
  if (const Lull& lull = workload.outlook.lull; lull.left_days > 0) {
    constexpr std::uint64_t kLullDraw = 3;  // 0 to 2 are those of sizes, changes and the curve
    const double u = is_path ? 0.5 : draws_.uniform(entity_, Purpose::kOutlook, kLullDraw);
    lull_left_days_ = lull.days_left(u);
  }
  draws_days_ = has_outlook_ || scatters_ || lull_left_days_ > 0;
  if (!draws_days_) return;
  noise_scale_ = workload.noise.scale();
  pace_ = has_outlook_ ? pace_beside_draws(workload.noise, workload.random_bursts, *curve_) : 1;
  if (scatters_ && workload.noise.persistence > 0) {  // so long before, that the start says nothing
    constexpr std::int64_t kDaysBefore = 64;
    noise_deviation_ = 0;
    for (std::int64_t d = first_day_ - kDaysBefore; d < first_day_; ++d) next_noise(d);
  }
  if (!has_outlook_) return;
  const auto deviation = [&](std::uint64_t index) {
    const double u = draws_.uniform(entity_, Purpose::kOutlook, index);
    return with_tail(normal_quantile(u), workload.outlook.tail);
  };
  size_deviation_ = deviation(0);
  change_deviation_ = deviation(1);
  change_factors_.clear();
  const double usual_share = 1 - curve_->alive(1);
  for (const OutlookPoint& point : workload.outlook.points) {
    // That so many times the usual bytes are new says how far operational time goes in a day.
    constexpr double kMostShare = 0.95;
    const double factor = portable_exp(point.change * change_deviation_);
    const double share = std::min(usual_share * factor, std::max(kMostShare, usual_share));
    change_factors_.push_back(usual_share > 0 && usual_share < 1
                                  ? curve_->advance(1 - share) / curve_->advance(1 - usual_share)
                                  : 1);
  }
}

double Life::factor_of(std::int64_t day) const {
  return workload_->weekday_factor[weekday_of(day)];
}

// How far operational time has gone after so many days, against the path.
double Life::change_factor(double days) const {
  const auto& points = workload_->outlook.points;
  if (days <= points.front().days) return change_factors_.front();
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (days > points[i].days) continue;
    const double part = (days - points[i - 1].days) / (points[i].days - points[i - 1].days);
    return change_factors_[i - 1] + (change_factors_[i] - change_factors_[i - 1]) * part;
  }
  return change_factors_.back();
}

// The same of what lies between, where nothing happened before `from`.
double Life::change_between(double from, double to) const {
  constexpr double kLeast = 0.02;  // time never stands still
  return std::max((to * change_factor(to) - from * change_factor(from)) / (to - from), kLeast);
}

double Life::next_noise(std::int64_t day) {
  const DayNoise& noise = workload_->noise;
  const double fresh =
      normal_quantile(draws_.uniform(entity_, Purpose::kChange, static_cast<std::uint64_t>(day)));
  const double kept = noise.persistence;
  noise_deviation_ =
      kept > 0 ? kept * noise_deviation_ + std::sqrt(1 - kept * kept) * fresh : fresh;
  return noise_deviation_;
}

void Life::append_day() {
  const std::size_t index = day_pace_.size();
  const std::int64_t day = first_day_ + static_cast<std::int64_t>(index);
  const auto days = static_cast<double>(index);
  double pace = pace_ * (1 - lulled_days(days, days + 1));
  if (scatters_ && workload_->noise.spread > 0) {
    pace *= workload_->noise.factor(next_noise(day), noise_scale_);
  }
  if (has_outlook_) pace *= change_between(days, days + 1);
  double burst = 0;  // as the next day begins
  const RandomBursts& bursts = workload_->random_bursts;
  if (scatters_ && bursts.per_day > 0) {
    const double share = bursts.share_of(draws_, entity_, day + 1);
    if (share > bursts.beyond) {
      burst = curve_->advance(1 - share) - curve_->advance(1 - bursts.beyond);
    }
  }
  day_pace_.push_back(pace);
  day_begins_.push_back(day_begins_.back() + factor_of(day) * pace + burst);
}

// Rewrites are changes too: an outlook that has them larger than usual has all of them so.
double Life::rewritten_days(std::uint32_t rewrites) {
  const Duration every = workload_->rewrite_every;
  while (rewritten_days_.size() <= rewrites) {
    double factor = 1;
    if (has_outlook_) {
      const double step = days_between(Instant{}, Instant{} + every);
      const auto before = static_cast<double>(rewritten_days_.size() - 1);
      factor = change_between(before * step, (before + 1) * step);
    }
    rewritten_days_.push_back(rewritten_days_.back() + factor * rewrite_advance_);
  }
  return rewritten_days_[rewrites];
}

double Life::drawn_days(const Moment& m) {
  const auto wanted = static_cast<std::size_t>(m.day - first_day_);
  while (day_pace_.size() <= wanted) append_day();
  const double before_start = first_day_share_ * factor_of(first_day_) * day_pace_.front();
  return day_begins_[wanted] + m.day_share * m.day_factor * day_pace_[wanted] - before_start;
}

// The logarithm of the size against the path: the integral of a rate that begins somewhere and
// performs a random walk, day by day.
double Life::drawn_growth(const Moment& m) {
  const Growth& growth = workload_->growth;
  if (m.days <= 0 || (growth.differs_per_year == 0 && growth.wanders_per_year == 0)) return 0;
  constexpr double kDaysPerYear = 365.25;
  const auto drawn = [&](std::uint64_t index) {
    return normal_quantile(draws_.uniform(entity_, Purpose::kGrowth, index));
  };
  if (day_growth_.empty()) {
    growth_rate_ = growth.differs_per_year * drawn(0);
    day_growth_ = {-growth_rate_ * first_day_share_ / kDaysPerYear,
                   growth_rate_ * (1 - first_day_share_) / kDaysPerYear};
  }
  const auto wanted = static_cast<std::size_t>(m.day - first_day_);
  while (day_growth_.size() <= wanted + 1) {
    const auto day = static_cast<std::uint64_t>(first_day_) + day_growth_.size();
    growth_rate_ += growth.wanders_per_year * std::sqrt(1 / kDaysPerYear) * drawn(day);
    day_growth_.push_back(day_growth_.back() + growth_rate_ / kDaysPerYear);
  }
  return day_growth_[wanted] + (day_growth_[wanted + 1] - day_growth_[wanted]) * m.day_share;
}

double Life::size_at(const Moment& moment) {
  const double still_days = lulled_days(0, std::max(moment.days, 0.0));
  const double size = std::min(
      exact_size(*workload_, moment, still_days) * portable_exp(drawn_growth(moment)), kMaxBytes);
  if (!has_outlook_) return size;
  const double spread = workload_->outlook.size_spread(moment.days);
  return std::min(size * portable_exp(spread * size_deviation_), kMaxBytes);
}

std::uint64_t Life::size_bytes(const Moment& moment) {
  return static_cast<std::uint64_t>(size_at(moment));
}

Generation Life::at(const Moment& moment) {
  const Workload& workload = *workload_;
  Generation generation;
  const double size = size_at(moment);
  // Exact where nothing is scaled, so that a 20 GB service has a backup of 20 GB to the byte.
  generation.size_bytes =
      static_cast<std::uint64_t>(std::min(size * workload.stored_share + 0.5, kMaxBytes));
  const double growth =
      workload.size_bytes == 0 ? 1 : size / static_cast<double>(workload.size_bytes);
  generation.disk_bytes = static_cast<std::uint64_t>(
      std::min(static_cast<double>(workload.disk_bytes) * growth, kMaxBytes));
  generation.operational_time =
      draws_days_ && moment.days >= 0 ? drawn_days(moment) : moment.busy_days;
  if (moment.bursts > 0) generation.operational_time += burst_advances_[moment.bursts];
  if (moment.rewrites > 0) generation.operational_time += rewritten_days(moment.rewrites);
  return generation;
}

std::uint64_t size_at(const Workload& workload, Instant start, Instant t) {
  return static_cast<std::uint64_t>(exact_size(workload, moment_at(workload, start, t)));
}

Generation generation_at(const Workload& workload, const SurvivalCurve& curve, Instant start,
                         Instant t) {
  Life life;
  life.begin(workload, curve, start, {}, 0);
  return life.at(moment_at(workload, start, t));
}

}  // namespace backcast::sim
