#include "scenarios/not_billed.h"

#include <algorithm>

#include "costmodel/match.h"

namespace backcast::scenario {
namespace {

class Finder {
 public:
  Finder(const sim::Scenario& scenario, const cost::PriceBook& book,
         const std::set<std::string>& options)
      : scenario_(scenario), book_(book), matcher_(book, options) {}

  void look_at(const sim::Service& service, bool restores) {
    if (service.store.object_bytes == 0) {
      for (const char* const operation : {"put", "get"}) {
        note(service, UsageKind::kRequest, operation,
             "the scenario states no \"store\": {\"object_size\"}, so none are counted");
      }
    }
    if (restores && !service.store.retrieval) {
      note(service, UsageKind::kRetrieval, "",
           "the scenario states no \"store\": {\"retrieval\": true}, so restores read for nothing");
    }
    note(service, UsageKind::kEgress, "", "nothing is brought out of the cloud in a run");
    note(service, UsageKind::kStorage, "", "a run does not count objects", true);
  }

  std::vector<std::string> take() const { return {found_.begin(), found_.end()}; }

 private:
  void note(const sim::Service& service, UsageKind kind, const std::string& operation,
            const std::string& reason, bool of_objects = false) {
    cost::UsageGroup group;
    group.kind = kind;
    group.region = service.region;
    group.storage_class = service.store.storage_class;
    group.operation = operation;
    const auto rows = matcher_.rows(group, cost::month_at(unix_seconds(scenario_.start)));
    if (!rows.ok()) return;  // the bill says so where it matters
    for (const std::uint32_t row : *rows) {
      const auto& tiers = book_.rows[row].tiers;
      const bool is_free = book_.rows[row].is_known &&
                           std::all_of(tiers.begin(), tiers.end(),
                                       [](const auto& tier) { return tier.rate.is_zero(); });
      if (is_free) continue;
      const cost::Meter& meter = book_.meters[book_.rows[row].meter];
      const bool counts_objects = meter.measure == cost::Measure::kObjects;
      if (counts_objects == of_objects) found_.insert(meter.name + ": " + reason);
    }
  }

  const sim::Scenario& scenario_;
  const cost::PriceBook& book_;
  cost::Matcher matcher_;
  std::set<std::string> found_;
};

}  // namespace

std::vector<std::string> not_billed(const sim::Scenario& scenario, const cost::PriceBook& book,
                                    const std::set<std::string>& options) {
  Finder finder(scenario, book, options);
  const auto restores = [&](std::uint32_t index, bool of_fleet) {
    return std::any_of(scenario.events.begin(), scenario.events.end(), [&](const auto& event) {
      const auto& named = of_fleet ? event.fleets : event.services;
      return event.kind == sim::EventKind::kRestore &&
             std::find(named.begin(), named.end(), index) != named.end();
    });
  };
  for (std::uint32_t i = 0; i < scenario.services.size(); ++i) {
    finder.look_at(scenario.services[i], restores(i, false));
  }
  for (std::uint32_t i = 0; i < scenario.fleets.size(); ++i) {
    finder.look_at(scenario.fleets[i].service, restores(i, true));
  }
  return finder.take();
}

}  // namespace backcast::scenario
