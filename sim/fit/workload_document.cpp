#include "sim/fit/workload_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr double kDaySeconds = 86'400, kMostSpread = 3;

// Six digits: more than any fit knows, few enough to read the same everywhere. By way of text,
// since a power of ten need not be the same in every C library, nor by every compiler.
double significant(double x) {
  const std::string digits = fmt::format("{:.5e}", x);
  double rounded = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), rounded);
  return rounded;
}
double millionths(double x) {
  return std::round(x * 1e6) / 1e6;
}

// The parts of a curve, its rates per backup, as a scenario's "mixture" has them.
nlohmann::ordered_json mixture(const SurvivalCurve& curve, double backups_per_day) {
  const auto per_day = [&](double rate) {
    return significant(std::min(1 - portable_exp(-rate * backups_per_day), 0.999999));
  };
  const double w1 = millionths(curve.w1), w2 = millionths(curve.w2);
  return {{{"share", w1}, {"per_day", per_day(curve.rate1)}},
          {{"share", w2}, {"per_day", per_day(curve.rate2)}},
          {{"share", millionths(1 - w1 - w2)}, {"per_day", per_day(curve.rate3)}}};
}

std::string duration_text(std::int64_t seconds) {
  constexpr std::int64_t kDayOfSeconds = 86'400;
  const bool is_whole = seconds % kDayOfSeconds == 0;
  return fmt::format("{}{}", is_whole ? seconds / kDayOfSeconds : seconds, is_whole ? "d" : "s");
}
std::string duration_text(Duration duration) {
  return duration_text(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

nlohmann::ordered_json outlook(const Outlook& outlook) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const OutlookPoint& point : outlook.points) {
    points.push_back({{"after", duration_text(std::llround(point.days * kDaySeconds))},
                      {"size", millionths(std::min(point.size, kMostSpread))},
                      {"change", millionths(std::min(point.change, kMostSpread))}});
  }
  nlohmann::ordered_json document = {{"points", points},
                                     {"shape", millionths(std::min(outlook.shape, kMostSpread))},
                                     {"tail", outlook.tail}};
  if (const Lull& lull = outlook.lull; lull.left_days > 0) {
    document["lull"] = {{"pace", millionths(lull.pace)},
                        {"left", duration_text(std::llround(lull.left_days * kDaySeconds))}};
  }
  document["held"] = outlook_prior().held_left_out;
  return document;
}

// Scenarios take no number without a unit.
std::string bytes_text(std::int64_t size_bytes) {
  return std::to_string(size_bytes) + " B";
}

}  // namespace

std::string workload_json(const Calibration& c) {
  using json = nlohmann::ordered_json;
  const double backups_per_day = kDaySeconds / c.seconds_per_backup.value_or(kDaySeconds);
  const Workload fitted = workload_of(c);
  json workload = {{"size", bytes_text(static_cast<std::int64_t>(fitted.size_bytes))},
                   {"growth", {{"per_day", bytes_text(fitted.growth.bytes_per_day)}}},
                   {"change", {{"mixture", mixture(c.curve, c.pace * backups_per_day)}}},
                   {"outlook", outlook(fitted.outlook)},
                   {"delta", "lifetimes"}};
  if (const Season& season = c.season; season.any()) {
    workload["growth"]["season"] = {{"amplitude", fmt::format("{:.1f}%", 100 * season.amplitude)},
                                    {"period", duration_text(season.period)},
                                    {"peak", format_instant(season.peak)}};
  }
  json& change = workload["change"];
  bool even = true;
  json weekdays = json::array();
  for (const double factor : fitted.weekday_factor) {
    even = even && factor == 1;
    weekdays.push_back(std::round(factor * 1000) / 1000);
  }
  if (!even) change["weekdays"] = weekdays;
  if (fitted.noise.spread > 0) change["noise"] = millionths(fitted.noise.spread);
  if (fitted.noise.tail > 0) change["noise_tail"] = fitted.noise.tail;
  if (fitted.noise.persistence > 0) {
    change["noise_persistence"] = millionths(fitted.noise.persistence);
  }
  if (fitted.rewrite_every > Duration{0}) {
    change["rewrite_every"] = duration_text(fitted.rewrite_every);
    change["rewrite_first"] = duration_text(fitted.rewrite_first);
    change["rewrite_share"] = millionths(fitted.rewrite_share);
  }
  if (const RandomBursts& bursts = fitted.random_bursts; bursts.per_day > 0) {
    change["bursts"] = {{"per_day", millionths(bursts.per_day)},
                        {"beyond", millionths(bursts.beyond)},
                        {"tail", millionths(bursts.tail)}};
  }
  return workload.dump(2) + "\n";
}

std::string recorded_workload_json(const Calibration& c, const std::string& csv) {
  using json = nlohmann::ordered_json;
  json change = {{"csv", csv}};
  if (const auto& age = c.busy_days.by_age) {
    change["by_age"] = {{"exponent", significant(age->exponent)},
                        {"first_age", significant(age->first_age)}};
  } else {
    const double backups_per_day = kDaySeconds / c.seconds_per_backup.value_or(kDaySeconds);
    change["mixture"] = mixture(c.busy_days.curve, backups_per_day);
  }
  return json({{"change", change}, {"delta", "lifetimes"}}).dump(2) + "\n";
}

}  // namespace backcast::sim
