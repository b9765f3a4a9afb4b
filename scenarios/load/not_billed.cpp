#include "scenarios/load/not_billed.h"

#include <algorithm>

#include "costmodel/bill/match.h"

namespace backcast::scenario {
namespace {

class Finder {
 public:
  Finder(const sim::Scenario& scenario, const cost::PriceBook& book,
         const std::set<std::string>& options)
      : scenario_(scenario), book_(book), matcher_(book, options) {
    for (const cost::PriceRow& row : book.rows) {
      if (book.meters[row.meter].kind == UsageKind::kRequest) operations_.insert(row.operation);
    }
  }

  void look_at(const sim::Service& service, bool restores) {
    const sim::Place home = place_in(service, service.region);
    look_at(service, home, restores);
    for (const sim::Place& place : service.elsewhere) look_at(service, place, restores);
    const auto leaves = [&](const sim::Place& place) { return place.book != home.book; };
    if (std::any_of(service.elsewhere.begin(), service.elsewhere.end(), leaves)) {
      note(home, UsageKind::kRequest, "get",
           "reading what is copied to another provider is not counted");
    }
  }

  std::vector<std::string> take() const { return {found_.begin(), found_.end()}; }

 private:
  // What of a meter is not counted.
  enum class What { kUsage, kObjects, kOverhead };
  static constexpr const char* kNoObjects =
      "the scenario states no \"store\": {\"object_size\"}, so none are counted";

  void look_at(const sim::Service& service, const sim::Place& place, bool restores) {
    const bool counts_objects = service.store.object_bytes > 0;
    for (const std::string& operation : operations_) {
      const bool is_made = operation.empty() || operation == "put" || operation == "get";
      if (!counts_objects) {
        note(place, UsageKind::kRequest, operation, kNoObjects);
      } else if (!is_made) {
        note(place, UsageKind::kRequest, operation, "a run counts put and get, no " + operation);
      }
    }
    if (!counts_objects) {
      note(place, UsageKind::kStorage, "", kNoObjects, What::kObjects);
      note(place, UsageKind::kStorage, "",
           "the scenario states no \"store\": {\"object_size\"}, so what each object counts at "
           "least "
           "or beside its size is left out",
           What::kOverhead);
    }
    if (restores && !service.store.retrieval) {
      note(place, UsageKind::kRetrieval, "",
           "the scenario states no \"store\": {\"retrieval\": true}, so restores read for nothing");
    }
    if (!can_leave(service, place, restores)) {
      note(place, UsageKind::kEgress, "", "nothing is brought out of the cloud in a run");
    }
    note(place, UsageKind::kInstance, "", "a run does not count what is under protection");
    note(place, UsageKind::kRestoreTest, "", "a run makes no restore tests");
  }

  // Whether anything may go from there to another provider: copies from home, restores from others.
  static bool can_leave(const sim::Service& service, const sim::Place& place, bool restores) {
    const bool is_home = place.region == service.region;
    if (!is_home) return restores && place.book != service.book;
    return std::any_of(service.elsewhere.begin(), service.elsewhere.end(),
                       [&](const sim::Place& other) { return other.book != place.book; });
  }

  void note(const sim::Place& place, UsageKind kind, const std::string& operation,
            const std::string& reason, What what = What::kUsage) {
    cost::UsageGroup group;
    group.kind = kind;
    group.provider = place.book;
    group.region = place.region;
    group.storage_class = place.storage_class;
    group.operation = operation;
    const auto rows = matcher_.rows(group, cost::month_at(unix_seconds(scenario_.start)));
    if (!rows.ok()) return;  // the bill says so where it matters
    for (const std::uint32_t row : *rows) {
      const cost::PriceRow& price = book_.rows[row];
      const bool is_free =
          price.is_known && std::all_of(price.tiers.begin(), price.tiers.end(),
                                        [](const auto& tier) { return tier.rate.is_zero(); });
      const cost::Meter& meter = book_.meters[price.meter];
      const bool by_object = meter.measure == cost::Measure::kObjects;
      const bool has_overhead = !price.overheads.empty() || price.min_object_bytes > 0;
      const bool is_meant = what == What::kOverhead ? !by_object && has_overhead
                                                    : by_object == (what == What::kObjects);
      if (is_meant && !is_free) found_.insert(meter.name + ": " + reason);
    }
  }

  const sim::Scenario& scenario_;
  const cost::PriceBook& book_;
  cost::Matcher matcher_;
  std::set<std::string> operations_;  // that have a price
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
