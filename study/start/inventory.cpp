// A first scenario from a list of servers, disks or file systems.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/text.h"
#include "scenarios/load/load.h"
#include "study/start/planned.h"

namespace backcast::study {
namespace {

using Json = Draft::Json;

// So many services are written one by one, by name; of more, those that are alike are fleets.
constexpr std::size_t kMostNamed = 200;
// And so many groups of alike ones; of more, sizes are taken together, too.
constexpr std::size_t kMostGroups = 1500;
// A tag of a fleet is one for all: columns that tell more apart say nothing there.
constexpr std::size_t kMostTagValues = 20;

// One entry of "services" or "fleets", and the rows behind it.
struct Entry {
  std::vector<const PlannedRow*> rows;
  std::uint64_t size_bytes = 0;
};

class Assembly {
 public:
  Assembly(const StartChoices& choices, const std::string& file, Planner& planner)
      : choices_(choices), file_(file), planner_(planner) {}

  Result<Started, Errors> assemble() {
    // What the loader refuses is left out by its row, so that the rest is a scenario.
    for (int round = 0; round < 4; ++round) {
      if (planner_.rows.empty()) break;
      group();
      const Draft draft = this->draft();
      auto made = finish(draft, fmt::format("A first plan for {}, written by backcast new.", file_),
                         choices_.file);
      if (made.ok()) {
        made->notes.insert(made->notes.begin(), planner_.notes.begin(), planner_.notes.end());
        return made;
      }
      if (!take_out(made.error())) return std::move(made).error();
    }
    return Errors{bad_input("no row of it can be a service")};
  }

 private:
  bool are_named() const { return planner_.rows.size() <= kMostNamed; }

  // Tags whose columns tell nearly every row apart are of no use to a fleet.
  void drop_telling_tags() {
    std::map<std::string, std::set<std::string>> values;
    const auto column_of = [](const std::string& tag) { return tag.substr(0, tag.find(':')); };
    for (const PlannedRow& row : planner_.rows) {
      for (const std::string& tag : row.tags) {
        auto& seen = values[column_of(tag)];
        if (seen.size() <= kMostTagValues) seen.insert(tag);
      }
    }
    std::string dropped;
    for (const auto& [column, seen] : values) {
      if (seen.size() > kMostTagValues) dropped += (dropped.empty() ? "" : ", ") + column;
    }
    if (dropped.empty()) return;
    for (PlannedRow& row : planner_.rows) {
      std::erase_if(row.tags, [&](const std::string& tag) {
        return values[column_of(tag)].size() > kMostTagValues;
      });
    }
    planner_.notes.push_back(
        "services that are alike become fleets, which have no name and no "
        "tag of each; left out for that: " +
        dropped);
  }

  static std::string likeness(const PlannedRow& row) {
    const inventory::Item& item = *row.item;
    std::string key;
    for (const std::string& part :
         {row.footing->provider, row.footing->cloud, row.region, row.cloud, row.project, item.kind,
          row.schedule, row.retention, item.growth, item.change}) {
      key += part + '\n';
    }
    for (const std::string& tag : row.tags) key += tag + '\n';
    return key;
  }

  void group() {
    entries_.clear();
    if (are_named()) {
      for (const PlannedRow& row : planner_.rows)
        entries_.push_back({{&row}, row.item->size_bytes});
      return;
    }
    if (!is_grouped_) drop_telling_tags();
    std::map<std::pair<std::string, std::uint64_t>, std::size_t> places;
    const auto gather = [&](bool by_size_class) {
      entries_.clear();
      places.clear();
      for (const PlannedRow& row : planner_.rows) {
        std::uint64_t size = row.item->size_bytes, power = 0;
        while (by_size_class && size > 0) ++power, size >>= 1;
        const auto [place, is_new] = places.try_emplace(
            {likeness(row), by_size_class ? power : row.item->size_bytes}, entries_.size());
        if (is_new) entries_.push_back({});
        entries_[place->second].rows.push_back(&row);
        entries_[place->second].size_bytes = row.item->size_bytes;
      }
    };
    gather(false);
    if (entries_.size() > kMostGroups) {
      gather(true);
      take_means();
    }
    if (!is_grouped_) {
      planner_.notes.push_back(
          fmt::format("{} rows are {} fleets and services", planner_.rows.size(), entries_.size()));
    }
    is_grouped_ = true;
  }

  // Members that differ in size alone, by less than a factor of two, each count as their mean.
  void take_means() {
    std::uint64_t fleets = 0;
    for (Entry& entry : entries_) {
      uint128 sum = 0;
      for (const PlannedRow* row : entry.rows) sum += row->item->size_bytes;
      const auto count = static_cast<uint128>(entry.rows.size());
      entry.size_bytes = static_cast<std::uint64_t>((sum + count / 2) / count);
      fleets += entry.rows.size() > 1 ? 1 : 0;
    }
    if (is_grouped_) return;
    planner_.notes.push_back(fmt::format(
        "more than {} different sizes: rows alike in all else and within a factor of two in size "
        "each count as the mean of theirs, in {} fleets; their sum is that of the list",
        kMostGroups, fleets));
  }

  // Whether all of them live by the rules of one trade, so that one policy fits all.
  bool share_policy() const {
    const Footing& first = *planner_.rows.front().footing;
    return std::all_of(planner_.rows.begin(), planner_.rows.end(), [&](const PlannedRow& row) {
      const Footing& footing = *row.footing;
      return footing.profile.rules == first.profile.rules &&
             (footing.cloud == first.cloud || is_own_store(footing));
    });
  }
  static bool is_own_store(const Footing& footing) {
    return footing.profile.rules->name == std::string_view("plain");
  }

  Draft draft() {
    const Footing& first = *planner_.rows.front().footing;
    const bool is_shared = share_policy();
    Draft draft;
    put_head(draft, choices_,
             fmt::format("{} service{} of {}", planner_.rows.size(),
                         planner_.rows.size() == 1 ? "" : "s", printable(file_)));
    if (planner_.is_provider_chosen) {
      draft.choose("/provider", first.provider, "nobody named one: a store of your own, no bill");
    } else {
      draft.set("/provider", first.provider);
    }
    put_prices(draft, first);
    put_projects(draft);
    if (is_shared) {
      draft.set("/defaults", Json::object());
      put_policy(draft, "/defaults", first, known_of_all());
    }
    services_ = fleets_ = 0;
    pointers_.clear();
    for (const Entry& entry : entries_) put_entry(draft, entry, first, is_shared);
    put_requirements(draft, slowest());
    if (!are_named()) {
      draft.choose("/requirements/0/at_most", "50h",
                   "a day between two backups and a day to make one: fleets here state no speed");
    }
    return draft;
  }

  // What every row says itself needs no default.
  Known known_of_all() const {
    const auto all = [&](auto says) {
      return std::all_of(planner_.rows.begin(), planner_.rows.end(), says);
    };
    Known known;
    known.growth = all([](const PlannedRow& row) { return !row.item->growth.empty(); });
    known.change = all([](const PlannedRow& row) { return !row.item->change.empty(); });
    known.schedule = all([](const PlannedRow& row) { return !row.schedule.empty(); });
    known.retention = all([](const PlannedRow& row) { return says_retention(row); });
    known.job = !are_named();
    return known;
  }
  static bool says_retention(const PlannedRow& row) {
    return !row.retention.empty() || row.schedule.find("\"retention_days\"") != std::string::npos;
  }

  // The provider whose preset needs the longest time between two restore points.
  const Footing& slowest() const {
    const Footing* found = planner_.rows.front().footing;
    for (const PlannedRow& row : planner_.rows) {
      if (begins_with(*row.footing, "rpo") > begins_with(*found, "rpo")) found = row.footing;
    }
    return *found;
  }

  void put_projects(Draft& draft) {
    std::map<std::string, std::set<std::string>> providers;
    for (const PlannedRow& row : planner_.rows) {
      if (!row.project.empty()) providers[row.project].insert(row.footing->provider);
    }
    const bool are_mixed = std::any_of(providers.begin(), providers.end(),
                                       [](const auto& p) { return p.second.size() > 1; });
    has_projects_ = !are_mixed && !providers.empty();
    if (!has_projects_) {
      if (!are_mixed) return;
      for (PlannedRow& row : planner_.rows) {
        if (row.project.empty()) continue;
        row.tags.push_back("project:" + row.project);
        row.project.clear();
      }
      planner_.notes.push_back("a project is one provider's: projects of several are tags here");
      return;
    }
    std::size_t index = 0;
    for (const auto& [name, of] : providers) {
      const std::string at = fmt::format("/projects/{}", index++);
      draft.set(at + "/name", name);
      if (*of.begin() != planner_.rows.front().footing->provider) {
        draft.set(at + "/provider", *of.begin());
      }
    }
  }

  void put_entry(Draft& draft, const Entry& entry, const Footing& first, bool is_shared) {
    const PlannedRow& row = *entry.rows.front();
    const bool is_fleet = entry.rows.size() > 1;
    std::string at;
    if (is_fleet) {
      at = fmt::format("/fleets/{}", fleets_++);
      draft.set(at + "/name",
                fmt::format("{}-{}",
                            scenario_name(row.footing->provider + "-" + row.region).substr(0, 50),
                            fleets_));
      draft.set(at + "/count", entry.rows.size());
      at += "/service";
    } else {
      at = fmt::format("/services/{}", services_++);
      draft.set(at + "/name", row.name);
    }
    pointers_[at] = &entry;
    if (row.footing->provider != first.provider) draft.set(at + "/provider", row.footing->provider);
    if (!row.project.empty()) draft.set(at + "/project", row.project);
    if (!row.cloud.empty()) draft.set(at + "/cloud", row.cloud);
    if (row.is_region_chosen) {
      draft.choose(at + "/region", row.region, "no row says where");
    } else {
      draft.set(at + "/region", row.region);
    }
    if (!row.item->kind.empty()) draft.set(at + "/kind", row.item->kind);
    draft.set(at + "/size", exact_size(entry.size_bytes));
    put_own_words(draft, at, row);
    if (!is_shared) {
      put_policy(draft, at, *row.footing,
                 {!row.item->change.empty(), !row.item->growth.empty(), !row.schedule.empty(),
                  says_retention(row), !are_named()});
    }
    if (!row.tags.empty()) draft.set(at + "/tags", Json(row.tags));
  }

  static void put_own_words(Draft& draft, const std::string& at, const PlannedRow& row) {
    const inventory::Item& item = *row.item;
    if (item.growth.ends_with("B/day")) {
      const std::string bytes = item.growth.substr(0, item.growth.find(' '));
      draft.set(at + "/growth/per_day", exact_size(std::stoull(bytes)));
    } else if (!item.growth.empty()) {
      draft.set(at + "/growth/per_year", item.growth);
    }
    if (!item.change.empty()) draft.set(at + "/change/per_day", item.change);
    if (!row.schedule.empty())
      draft.set(at + "/schedules", Json::array({Json::parse(row.schedule)}));
    if (!row.retention.empty()) draft.set(at + "/retention", row.retention);
  }

  // Rows whose entries the loader refuses. False where it refuses anything else.
  bool take_out(const Errors& errors) {
    std::set<const PlannedRow*> out;
    for (const Error& error : errors) {
      // "/services/12/region": the entry that it lies in.
      std::string at = error.where.pointer;
      const Entry* entry = nullptr;
      for (; !at.empty() && entry == nullptr; at.erase(at.rfind('/'))) {
        const auto found = pointers_.find(at);
        if (found != pointers_.end()) entry = found->second;
        const auto fleet = pointers_.find(at + "/service");
        if (entry == nullptr && fleet != pointers_.end()) entry = fleet->second;
      }
      if (entry == nullptr) return false;
      inventory::LeftOut left{error.message, error.hint, {}, false};
      for (const PlannedRow* row : entry->rows) {
        if (out.insert(row).second) left.lines.push_back(row->item->line);
      }
      if (!left.lines.empty()) add_left_out(std::move(left));
    }
    std::erase_if(planner_.rows, [&](const PlannedRow& row) { return out.contains(&row); });
    return !out.empty();
  }

  void add_left_out(inventory::LeftOut left) {
    for (auto& known : planner_.left_out) {
      if (known.reason != left.reason) continue;
      known.lines.insert(known.lines.end(), left.lines.begin(), left.lines.end());
      std::sort(known.lines.begin(), known.lines.end());
      return;
    }
    planner_.left_out.push_back(std::move(left));
  }

  const StartChoices& choices_;
  const std::string& file_;
  Planner& planner_;
  std::vector<Entry> entries_;
  std::map<std::string, const Entry*> pointers_;
  std::size_t services_ = 0, fleets_ = 0;
  bool has_projects_ = false, is_grouped_ = false;
};

}  // namespace

Result<Started, Errors> start_from_inventory(const inventory::Inventory& list,
                                             const std::string& file, const StartChoices& choices) {
  Planner planner(list, choices);
  BACKCAST_CHECK(planner.plan());
  auto started = Assembly(choices, file, planner).assemble();
  if (started.ok()) {
    started->notes.insert(started->notes.begin(), list.notes.begin(), list.notes.end());
    started->left_out = list.left_out;
    started->left_out.insert(started->left_out.end(), planner.left_out.begin(),
                             planner.left_out.end());
    started->services = planner.rows.size();
    return started;
  }
  Errors errors = std::move(started).error();
  for (const auto& lefts : {list.left_out, planner.left_out}) {
    for (const inventory::LeftOut& left : lefts) {
      errors.push_back(Error{Errc::kBadInput,
                             inventory::lines_text(left.lines) + ": " + left.reason,
                             {file, "", 0, 0},
                             left.hint});
    }
  }
  return errors;
}

}  // namespace backcast::study
