#include "sim/fit/volumes/weekdays.h"

#include <algorithm>
#include <cmath>

#include "sim/fit/volumes/volumes.h"

namespace backcast::sim {
namespace {

constexpr std::size_t kWeek = 7, kLeastSeen = 3;
constexpr double kDaySeconds = 86'400, kMostOfMedian = 5;

struct Day {
  std::size_t weekday = 0;
  double new_bytes = 0;
  bool counts = true;
};

// One for each step of a history of daily backups; none of another one.
std::vector<Day> days_of(const ObservedHistory& history, const std::vector<bool>& rewritten) {
  std::vector<Day> days;
  std::vector<double> seconds;
  for (std::size_t i = 1; i < history.backups.size(); ++i) {
    const auto &from = history.backups[i - 1].time, &to = history.backups[i].time;
    if (!from || !to) return {};
    const auto middle = std::chrono::floor<std::chrono::days>(*from + (*to - *from) / 2);
    Day day{std::chrono::weekday(middle).iso_encoding() - 1,
            static_cast<double>(history.backups[i].new_bytes),
            rewritten.empty() || !rewritten[i - 1]};
    seconds.push_back(std::chrono::duration<double>(*to - *from).count());
    days.push_back(day);
  }
  if (std::fabs(median_of(seconds) - kDaySeconds) > kDaySeconds / 10) return {};
  return days;
}

// What came once is no weekday's: days of more than five times the usual, of all days and of their
// weekday, count as that.
void draw_in(std::vector<Day>& days) {
  const auto usual = [&](auto counts) {
    std::vector<double> values;
    for (const Day& day : days) {
      if (day.counts && counts(day)) values.push_back(day.new_bytes);
    }
    return median_of(std::move(values));
  };
  const double of_all = usual([](const Day&) { return true; });
  std::array<double, kWeek> most;
  for (std::size_t d = 0; d < kWeek; ++d) {
    const double own = usual([d](const Day& day) { return day.weekday == d; });
    most[d] = kMostOfMedian * std::max(of_all, own);
  }
  for (Day& day : days) day.new_bytes = std::min(day.new_bytes, most[day.weekday]);
}

// New bytes of a day beside the mean of its week, so that a level which moves is no weekday.
double beside_its_week(const std::vector<Day>& days, std::size_t at) {
  const std::size_t first = std::min(at - std::min(at, kWeek / 2), days.size() - kWeek);
  double sum = 0, count = 0;
  for (std::size_t i = first; i < first + kWeek; ++i) {
    if (days[i].counts) sum += days[i].new_bytes, ++count;
  }
  return sum > 0 ? days[at].new_bytes * count / sum : 1;
}

// How much of what weekdays differ by is theirs, and not chance's.
double share_believed(const std::array<std::vector<double>, kWeek>& seen,
                      const std::array<double, kWeek>& means) {
  double between = 0, by_chance = 0, weekdays = 0;
  for (std::size_t d = 0; d < kWeek; ++d) {
    const auto n = static_cast<double>(seen[d].size());
    if (seen[d].size() < kLeastSeen) continue;
    double squares = 0;
    for (const double x : seen[d]) squares += (x - means[d]) * (x - means[d]);
    between += (means[d] - 1) * (means[d] - 1);
    by_chance += squares / (n - 1) / n;
    ++weekdays;
  }
  // Of 7 means that chance makes, beside their own mean, 6 are free.
  if (weekdays < 2 || between <= 0) return 0;
  return std::max(0.0, 1 - by_chance * (weekdays - 1) / weekdays / between);
}

}  // namespace

std::array<double, 7> fit_weekdays(const ObservedHistory& history,
                                   const std::vector<bool>& rewritten) {
  std::array<double, kWeek> factors;
  factors.fill(1);
  std::vector<Day> days = days_of(history, rewritten);
  std::array<std::size_t, kWeek> count{};
  for (const Day& day : days) ++count[day.weekday];
  if (*std::min_element(count.begin(), count.end()) < kLeastSeen) return factors;
  draw_in(days);
  std::array<std::vector<double>, kWeek> seen;
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (days[i].counts) seen[days[i].weekday].push_back(beside_its_week(days, i));
  }
  std::array<double, kWeek> means = factors;
  double all = 0, weekdays = 0;
  for (std::size_t d = 0; d < kWeek; ++d) {
    if (seen[d].size() < kLeastSeen) continue;
    double sum = 0;
    for (const double x : seen[d]) sum += x;
    means[d] = sum / static_cast<double>(seen[d].size());
    all += means[d], ++weekdays;
  }
  if (all <= 0) return factors;
  for (std::size_t d = 0; d < kWeek; ++d) {
    if (seen[d].size() >= kLeastSeen) means[d] *= weekdays / all;
  }
  const double believed = share_believed(seen, means);
  for (std::size_t d = 0; d < kWeek; ++d) factors[d] = 1 + believed * (means[d] - 1);
  return factors;
}

}  // namespace backcast::sim
