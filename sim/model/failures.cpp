#include "sim/model/failures.h"

#include <algorithm>
#include <utility>

#include "engine/base/time_math.h"
#include "sim/model/portable_math.h"
#include "sim/model/weather.h"

namespace backcast::sim {
namespace {

Duration exponential(Duration mean, double u) {
  const double ns = -static_cast<double>(mean.count()) * portable_log(u);
  constexpr double kMostNs = 9.2e18;  // 292 years
  return ns < kMostNs ? Duration{static_cast<std::int64_t>(ns)} : Duration::max();
}

Instant whole_second(Instant t) {
  return std::chrono::ceil<std::chrono::seconds>(t);
}

}  // namespace

std::vector<Outage> outages_of(const Scenario& scenario, std::uint32_t law, const Draws& draws) {
  const FailureLaw& l = scenario.failures[law];
  const std::uint32_t entity = hash_of(l.name);
  std::vector<Outage> outages;
  Instant up = scenario.start;
  for (std::uint64_t number = 0;; ++number) {
    const auto drawn = [&](Duration mean, std::uint64_t which) {
      return exponential(mean, draws.uniform(entity, Purpose::kOutage, 2 * number + which));
    };
    const Instant fails = plus(up, drawn(l.mean_between, 0));
    if (fails >= scenario.end) return outages;
    up = plus(fails, drawn(l.mean_to_repair, 1));
    const Instant from = whole_second(fails), until = whole_second(std::min(up, scenario.end));
    if (from >= scenario.end) return outages;
    // As of a stated event: what outlasts the run ends a second after it.
    const Duration lasts = up >= scenario.end ? between(from, scenario.end) + kSecond
                                              : std::max<Duration>(until - from, kSecond);
    outages.push_back({law, number, from, lasts});
  }
}

bool strikes(const FailureLaw& law, std::uint64_t number, std::uint32_t entity,
             const Draws& draws) {
  if (law.share >= 1) return true;
  const std::uint64_t index = std::uint64_t{hash_of(law.name)} << 24 | (number & 0xFFFFFF);
  return draws.uniform(entity, Purpose::kStruck, index) < law.share;
}

DrawnFailures drawn_failures(const Scenario& scenario, const Draws& draws) {
  DrawnFailures drawn;
  for (std::uint32_t i = 0; i < scenario.failures.size(); ++i) {
    const FailureLaw& law = scenario.failures[i];
    for (const Outage& outage : outages_of(scenario, i, draws)) {
      ScheduledEvent event;
      event.at = outage.from;
      event.kind = law.kind;
      event.lasts = outage.lasts;
      event.region = law.region;
      event.to_region = law.to_region;
      event.pointer = law.pointer;
      for (const std::uint32_t service : law.services) {
        const std::uint32_t entity = scenario.services[service].entity;
        if (strikes(law, outage.number, entity, draws)) event.services.push_back(service);
      }
      // Whom of a fleet it strikes is known once its members are.
      const bool strikes_some = !event.services.empty() || !law.fleets.empty();
      if (law.kind == EventKind::kJobFailures && !strikes_some) continue;
      drawn.outages.push_back(outage);
      drawn.events.push_back(std::move(event));
    }
  }
  return drawn;
}

double expected_outages(const Scenario& scenario, const FailureLaw& law) {
  return static_cast<double>(between(scenario.start, scenario.end).count()) /
         (static_cast<double>(law.mean_between.count()) +
          static_cast<double>(law.mean_to_repair.count()));
}

}  // namespace backcast::sim
