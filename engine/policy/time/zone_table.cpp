#include "engine/policy/time/zone_table.h"

#include <date/tz.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "engine/base/assert.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {
namespace {

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kAfterAll = std::numeric_limits<std::int64_t>::max();
// The years an Instant can hold: 1677 to 2262.
constexpr std::int64_t kFirstSecond = -9'223'372'037;
constexpr std::int64_t kLastSecond = 9'223'372'037;
// 97 days: short enough that a stretch rarely holds two transitions.
constexpr int kSlotBits = 23;

// Debian's tz files list changes up to 2037 and hold a rule for later years, which the library
// does not read. A rule such as "last Sunday of March" depends on nothing but the weekday of 1
// March (no zone changes its clocks in January or February), so a later year repeats the changes
// of a listed year that has the same one.
void extend_beyond_listed_years(std::vector<std::int64_t>& begins,
                                std::vector<std::int32_t>& offsets) {
  constexpr int kLastListedYear = 2037, kFirstModelYear = 2027, kLastYear = 2261;
  const auto first_of_march = [](int year) {
    return std::int64_t{days_from_civil({year, 3, 1})} * 86'400;
  };
  const std::size_t listed = begins.size();
  if (listed < 2 || begins.back() < first_of_march(kLastListedYear)) return;
  if (begins.back() > first_of_march(kLastListedYear + 1)) return;
  for (int year = kLastListedYear + 1; year <= kLastYear; ++year) {
    int model = kLastListedYear;
    while (model > kFirstModelYear &&
           weekday_monday1({model, 3, 1}) != weekday_monday1({year, 3, 1})) {
      --model;
    }
    for (std::size_t i = 0; i < listed; ++i) {
      if (begins[i] < first_of_march(model) || begins[i] >= first_of_march(model + 1)) continue;
      begins.push_back(begins[i] - first_of_march(model) + first_of_march(year));
      offsets.push_back(offsets[i]);
    }
  }
}

std::unique_ptr<ZoneTable> load(const std::string& name) {
  try {
    const date::time_zone* zone = date::locate_zone(name);
    std::vector<std::int64_t> begins;
    std::vector<std::int32_t> offsets;
    std::int64_t t = kFirstSecond;
    while (t <= kLastSecond) {
      const auto info = zone->get_info(date::sys_seconds(std::chrono::seconds(t)));
      const auto offset = static_cast<std::int32_t>(info.offset.count());
      if (offsets.empty() || offsets.back() != offset) {
        begins.push_back(offsets.empty() ? kBeforeAll : t);
        offsets.push_back(offset);
      }
      const std::int64_t end = info.end.time_since_epoch().count();
      if (end <= t) break;
      t = end;
    }
    extend_beyond_listed_years(begins, offsets);
    return std::make_unique<ZoneTable>(name, std::move(begins), std::move(offsets));
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

}  // namespace

ZoneTable::ZoneTable(std::string name, std::vector<std::int64_t> begins,
                     std::vector<std::int32_t> offsets)
    : name_(std::move(name)), begins_(std::move(begins)), offsets_(std::move(offsets)) {
  BACKCAST_ASSERT(!begins_.empty() && begins_.size() == offsets_.size());
  std::uint16_t i = 0;
  for (std::int64_t t = kFirstSecond; t <= kLastSecond; t += std::int64_t{1} << kSlotBits) {
    while (i + 1u < begins_.size() && begins_[i + 1] <= t) ++i;
    slots_.push_back(i);
  }
}

ZoneTable::Interval ZoneTable::at(std::int64_t t) const {
  const std::int64_t inside = std::clamp(t, kFirstSecond, kLastSecond);
  std::size_t i = slots_[static_cast<std::size_t>((inside - kFirstSecond) >> kSlotBits)];
  while (i + 1 < begins_.size() && begins_[i + 1] <= t) ++i;
  return {begins_[i], i + 1 < begins_.size() ? begins_[i + 1] : kAfterAll, offsets_[i]};
}

const ZoneTable* find_zone_table(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<ZoneTable>> tables;
  const std::lock_guard lock(mutex);
  const auto found = tables.find(name);
  if (found != tables.end()) return found->second.get();
  auto table = load(name);
  if (!table) return nullptr;
  return tables.emplace(name, std::move(table)).first->second.get();
}

std::vector<std::string> known_zone_names() {
  std::vector<std::string> names;
  try {
    for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
  } catch (const std::runtime_error&) {
    names.clear();
  }
  return names;
}

}  // namespace backcast::policy
