#include "reports/run/months.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "engine/base/checked.h"

namespace backcast::reports {
namespace {

using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month;
using std::chrono::year_month_day;

year_month month_of(Instant t) {
  const year_month_day day(std::chrono::floor<std::chrono::days>(t));
  return day.year() / day.month();
}

Instant first_instant(year_month month) {
  return sys_days(month / 1);
}

std::vector<year_month> all_months(year_month first, year_month last) {
  std::vector<year_month> found;
  for (year_month month = first; month <= last; month += months(1)) found.push_back(month);
  return found;
}

// Turns name → values into parts by name; folds the smallest where there are too many. In order of
// name a part keeps its colour from chart to chart.
template <typename T>
std::vector<Part<T>> named_parts(std::map<std::string, std::vector<T>> sums,
                                 std::size_t max_parts) {
  std::vector<std::pair<T, Part<T>>> sorted;
  for (auto& [name, values] : sums) {
    const T total = std::accumulate(values.begin(), values.end(), T{});
    sorted.push_back({total, {name, std::move(values)}});
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return b.first < a.first; });
  std::vector<Part<T>> parts;
  std::optional<Part<T>> other;
  for (auto& [total, part] : sorted) {
    if (sorted.size() <= max_parts || parts.size() + 1 < max_parts) {
      parts.push_back(std::move(part));
    } else if (!other) {
      other = Part<T>{"other", std::move(part.values)};
    } else {
      for (std::size_t i = 0; i < part.values.size(); ++i) other->values[i] += part.values[i];
    }
  }
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  if (other) parts.push_back(std::move(*other));
  return parts;
}

}  // namespace

ByMonth<std::uint64_t> stored_bytes_by_month(const sim::RunResult& run, std::size_t max_parts) {
  ByMonth<std::uint64_t> result;
  if (run.end <= run.start) return result;
  const Instant last = run.end - Duration(1);
  result.months = all_months(month_of(run.start), month_of(last));
  const auto month_count = result.months.size();
  std::vector<Instant> edges;
  for (const year_month month : result.months) edges.push_back(first_instant(month));
  edges.push_back(first_instant(result.months.back() + months(1)));
  edges.front() = std::max(edges.front(), run.start);
  edges.back() = std::min(edges.back(), run.end);

  std::map<std::string, std::vector<uint128>> byte_nanoseconds;
  for (const UsageRecord& record : run.usage) {
    if (record.kind != UsageKind::kStorage) continue;
    const Instant from = std::max(record.start, run.start), to = std::min(record.end, run.end);
    if (to <= from) continue;
    std::string name = record.storage_class;
    if (!name.empty() && !record.region.empty()) name += ", ";
    auto& sums = byte_nanoseconds[name + record.region];
    sums.resize(month_count);
    const auto first = std::upper_bound(edges.begin(), edges.end(), from) - edges.begin() - 1;
    for (auto i = static_cast<std::size_t>(first); i < month_count && edges[i] < to; ++i) {
      const auto held = std::min(to, edges[i + 1]) - std::max(from, edges[i]);
      sums[i] += uint128{record.quantity} * static_cast<std::uint64_t>(held.count());
    }
  }
  std::map<std::string, std::vector<std::uint64_t>> averages;
  for (const auto& [name, sums] : byte_nanoseconds) {
    auto& values = averages[name];
    for (std::size_t i = 0; i < month_count; ++i) {
      const auto span = static_cast<std::uint64_t>((edges[i + 1] - edges[i]).count());
      values.push_back(static_cast<std::uint64_t>((sums[i] + span / 2) / span));
    }
  }
  result.parts = named_parts(std::move(averages), max_parts);
  return result;
}

ByMonth<cost::Decimal> cost_by_month(const cost::Invoice& invoice, std::size_t max_parts) {
  ByMonth<cost::Decimal> result;
  if (invoice.lines.empty()) return result;
  year_month first = invoice.lines.front().month, last = first;
  for (const auto& line : invoice.lines) {
    first = std::min(first, line.month);
    last = std::max(last, line.month);
  }
  result.months = all_months(first, last);
  std::map<std::string, std::vector<cost::Decimal>> sums;
  for (const auto& line : invoice.lines) {
    auto& values = sums[item_name(invoice, line)];
    values.resize(result.months.size());
    values[static_cast<std::size_t>((line.month - first).count())] += line.amount;
  }
  result.parts = named_parts(std::move(sums), max_parts);
  return result;
}

std::string item_name(const cost::Invoice& invoice, const cost::InvoiceLine& line) {
  const bool has_meter = invoice.book && line.meter < invoice.book->meters.size();
  const std::string meter = has_meter ? invoice.book->meters[line.meter].name : std::string();
  if (line.description.empty()) return meter.empty() ? "usage" : meter;
  if (!meter.empty()) return meter + ", " + line.description;
  // Meters of several books bear the book's name; what concerns a whole account does so here.
  const bool is_of_several = invoice.book && invoice.book->accounts.size() > 1;
  return (is_of_several ? invoice.book->accounts[line.account].name + ": " : std::string()) +
         line.description;
}

std::string place_name(const cost::Invoice& invoice, const cost::InvoiceLine& line) {
  if (line.group >= invoice.groups.size()) return {};
  const cost::UsageGroup& group = invoice.groups[line.group];
  return group.peer_region.empty() ? group.region : group.region + " → " + group.peer_region;
}

std::string to_string(year_month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

}  // namespace backcast::reports
