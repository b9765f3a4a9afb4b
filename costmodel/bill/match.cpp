#include "costmodel/bill/match.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "costmodel/bill/showback.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

constexpr const char* kKindNames[] = {"storage",   "transfer",       "egress",   "request",
                                      "retrieval", "early deletion", "instance", "restore test"};

bool applies_in(const PriceRow& row, int month) {
  const std::chrono::sys_days first = to_year_month(month) / 1;
  return (!row.valid_from || *row.valid_from <= first) &&
         (!row.valid_until || first < *row.valid_until);
}

bool fits_pattern(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

int month_at(std::int64_t unix_seconds) {
  using namespace std::chrono;
  const year_month_day date(floor<days>(sys_seconds(seconds(unix_seconds))));
  return (static_cast<int>(date.year()) - 1970) * 12 +
         static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

std::chrono::year_month to_year_month(int month) {
  using namespace std::chrono;
  return (year(1970) / January) + months(month);
}

MonthSpan span_of_month(int month) {
  using namespace std::chrono;
  const auto start = [](int m) {
    return sys_seconds(sys_days(to_year_month(m) / 1)).time_since_epoch().count();
  };
  return {start(month), start(month + 1)};
}

Matcher::Matcher(const PriceBook& book, const std::set<std::string>& options)
    : book_(book), options_(options) {}

int Matcher::region_closeness(const Account& account, const std::string& wanted,
                              const std::string& region) {
  if (wanted.empty()) return 0;
  if (wanted == region) return 2;
  const auto it = account.regions.find(wanted);
  if (it == account.regions.end()) return -1;
  const bool is_member = std::any_of(it->second.begin(), it->second.end(), [&](const auto& member) {
    return fits_pattern(member, region);
  });
  return is_member ? 1 : -1;
}

int Matcher::closeness(const PriceRow& row, const UsageGroup& group) const {
  if (!is_active(row.option)) return -1;
  const Account& account = account_of(row);
  if (!group.provider.empty() && !account.is_called(group.provider)) return -1;
  const std::string& storage_class =
      group.storage_class.empty() ? account.default_storage_class : group.storage_class;
  const auto differs = [](const std::string& wanted, const std::string& is) {
    return !wanted.empty() && wanted != is;
  };
  if (differs(row.storage_class, storage_class) || differs(row.operation, group.operation) ||
      differs(row.backup_kind, group.backup_kind)) {
    return -1;
  }
  const int region = region_closeness(account, row.region, group.region);
  const int peer = row.peer_region == "same"
                       ? (group.peer_region == group.region ? 3 : -1)
                       : region_closeness(account, row.peer_region, group.peer_region);
  if (region < 0 || peer < 0) return -1;
  // What outranks what, most important first: options, staying in a region, class, region, peer,
  // operation, kind.
  int score = !row.option.empty();
  score = score * 2 + (row.peer_region == "same");
  score = score * 2 + !row.storage_class.empty();
  score = score * 4 + region;
  score = score * 4 + peer;
  score = score * 2 + !row.operation.empty();
  return score * 2 + !row.backup_kind.empty();
}

Result<std::vector<std::uint32_t>> Matcher::rows(const UsageGroup& group, int month) const {
  struct Best {
    int score = -1;
    std::uint32_t row = kNone, rival = kNone;
  };
  std::map<std::string_view, Best> best_by_meter;
  for (std::uint32_t i = 0; i < book_.rows.size(); ++i) {
    const PriceRow& row = book_.rows[i];
    const Meter& meter = book_.meters[row.meter];
    if (meter.kind != group.kind || !applies_in(row, month)) continue;
    const int score = closeness(row, group);
    if (score < 0) continue;
    Best& best = best_by_meter[meter.instead_of.empty() ? meter.name : meter.instead_of];
    if (score == best.score) best.rival = i;
    if (score > best.score) best = {score, i, kNone};
  }
  std::vector<std::uint32_t> found;
  for (const auto& [name, best] : best_by_meter) {
    if (best.rival != kNone) {
      return bad_input(
          fmt::format("two prices apply equally well: {} and {}",
                      printable(book_.rows[best.row].id), printable(book_.rows[best.rival].id)),
          "make one of them more particular");
    }
    found.push_back(best.row);
  }
  std::sort(found.begin(), found.end());
  BACKCAST_CHECK(keep_one_account(group, found));
  return found;
}

// A surcharge alone prices nothing, so it does not make a provider a candidate.
Status Matcher::keep_one_account(const UsageGroup& group, std::vector<std::uint32_t>& found) const {
  const auto account = [&](std::uint32_t row) {
    return book_.meters[book_.rows[row].meter].account;
  };
  std::set<std::uint32_t> candidates;
  for (const std::uint32_t row : found) {
    if (!book_.meters[book_.rows[row].meter].is_surcharge) candidates.insert(account(row));
  }
  if (candidates.size() > 1) {
    const Account& one = book_.accounts[*candidates.begin()];
    const Account& other = book_.accounts[*std::next(candidates.begin())];
    return bad_input(
        fmt::format("{} of region {} is priced by both {} ({}) and {} ({})",
                    kKindNames[static_cast<int>(group.kind)], printable(group.region),
                    printable(one.name), one.provider, printable(other.name), other.provider),
        fmt::format("say whose it is: \"provider\": {}", printable(one.name)));
  }
  std::erase_if(found, [&](std::uint32_t row) {
    return !candidates.empty() && !candidates.contains(account(row));
  });
  return kOk;
}

// The class that a book takes for usage without one, where only one book can be meant.
std::string Matcher::default_class_of(const UsageGroup& group) const {
  const Account* only = nullptr;
  for (const Account& account : book_.accounts) {
    if (!group.provider.empty() && !account.is_called(group.provider)) continue;
    if (only != nullptr) return "";
    only = &account;
  }
  return only == nullptr ? "" : only->default_storage_class;
}

std::string Matcher::sought(const UsageGroup& group) const {
  std::string what = fmt::format("no price for {}", kKindNames[static_cast<int>(group.kind)]);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) what += fmt::format(", {} {}", name, printable(value));
  };
  add("provider", group.provider);
  add("region", group.region);
  add("to region", group.peer_region);
  add("class", group.storage_class.empty() && group.kind == UsageKind::kStorage
                   ? default_class_of(group)
                   : group.storage_class);
  add("operation", group.operation);
  const Account* const theirs = account_called(group.provider);
  return what + fmt::format(" in price book {} ({})",
                            printable(theirs != nullptr ? theirs->name : book_.name),
                            theirs != nullptr ? theirs->provider : book_.provider);
}

const Account* Matcher::account_called(const std::string& provider) const {
  const auto theirs = std::find_if(
      book_.accounts.begin(), book_.accounts.end(),
      [&](const Account& account) { return !provider.empty() && account.is_called(provider); });
  return theirs == book_.accounts.end() ? nullptr : &*theirs;
}

Matcher::Nearest Matcher::nearest(const UsageGroup& group, int month) const {
  const Account* const theirs = account_called(group.provider);
  if (theirs == nullptr && !group.provider.empty()) {
    return {kNone, 0, "give the price book of " + printable(group.provider) + " as well"};
  }
  std::vector<std::pair<int, const PriceRow*>> near;
  for (const PriceRow& row : book_.rows) {
    if (book_.meters[row.meter].kind != group.kind || !is_active(row.option)) continue;
    // Rows of others would not price it.
    if (theirs != nullptr && &account_of(row) != theirs) continue;
    const int score = (row.region == group.region) * 2 +
                      (row.storage_class.empty() || row.storage_class == group.storage_class) * 3 +
                      (row.peer_region == group.peer_region) + applies_in(row, month);
    near.emplace_back(-score, &row);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Nearest found;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, near.size()); ++i) {
    const PriceRow& row = *near[i].second;
    found.hint += fmt::format("{}{}", i == 0 ? "nearest rows: " : ", ", printable(row.id));
    if (row.valid_from && !applies_in(row, month)) {
      const std::chrono::year_month_day from(*row.valid_from);
      found.hint += fmt::format(" (from {:04}-{:02} on)", static_cast<int>(from.year()),
                                static_cast<unsigned>(from.month()));
    }
  }
  if (near.empty()) {
    found.account =
        theirs == nullptr ? 0 : static_cast<std::uint32_t>(theirs - book_.accounts.data());
    found.hint = fmt::format(
        "the book prices nothing of that kind; add a meter and a row to what "
        "`backcast prices export {}` writes",
        book_.accounts[found.account].name);
    return found;
  }
  found.row = static_cast<std::uint32_t>(near.front().second - book_.rows.data());
  found.account = book_.meters[near.front().second->meter].account;
  return found;
}

std::vector<std::pair<std::string, std::string>> Matcher::differing(const UsageGroup& group,
                                                                    std::uint32_t index) const {
  const PriceRow& row = book_.rows[index];
  const Account& account = account_of(row);
  std::vector<std::pair<std::string, std::string>> fields;
  const auto add = [&](const char* name, bool fits, const std::string& value) {
    if (!fits) fields.emplace_back(name, value);
  };
  const std::string& storage_class =
      group.storage_class.empty() ? account.default_storage_class : group.storage_class;
  const auto is = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  add("region", region_closeness(account, row.region, group.region) >= 0, group.region);
  add("peer_region",
      row.peer_region == "same"
          ? group.peer_region == group.region
          : region_closeness(account, row.peer_region, group.peer_region) >= 0,
      group.peer_region);
  add("storage_class", is(row.storage_class, storage_class), storage_class);
  add("operation", is(row.operation, group.operation), group.operation);
  add("backup_kind", is(row.backup_kind, group.backup_kind), group.backup_kind);
  return fields;
}

}  // namespace backcast::cost
