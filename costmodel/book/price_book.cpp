#include "costmodel/book/price_book.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::cost {
namespace {

std::string describe_size(const Meter& meter) {
  if (meter.measure != Measure::kBytes) {
    return meter.unit_size == 1 ? "" : fmt::format("per {}", to_string(meter.unit_size));
  }
  for (const auto& [bytes, text] :
       {std::pair<uint128, const char*>{1'000'000'000, "GB = 10^9 bytes"},
        std::pair<uint128, const char*>{1ULL << 30, "GB = 2^30 bytes"},
        std::pair<uint128, const char*>{1'000'000'000'000, "TB = 10^12 bytes"},
        std::pair<uint128, const char*>{1ULL << 40, "TB = 2^40 bytes"}}) {
    if (meter.unit_size == bytes) return text;
  }
  return fmt::format("unit = {} bytes", to_string(meter.unit_size));
}

std::string describe_period(const Meter& meter) {
  if (meter.month == Month::kNone) return "";
  if (meter.month == Month::kCalendar) return "month = its calendar hours";
  if (meter.period_seconds % 86400 == 0) {
    return fmt::format("month = {} days", meter.period_seconds / 86400);
  }
  if (meter.period_seconds % 3600 != 0) {
    return fmt::format("period = {} seconds", meter.period_seconds);
  }
  const std::uint64_t hours = meter.period_seconds / 3600;
  return hours == 1 ? "per hour" : fmt::format("month = {} hours", hours);
}

}  // namespace

std::string describe_convention(const Meter& meter) {
  std::string text;
  const auto add = [&](const std::string& part) {
    if (part.empty()) return;
    if (!text.empty()) text += "; ";
    text += part;
  };
  add(describe_size(meter));
  add(describe_period(meter));
  if (meter.proration == Proration::kHour) add("started hours");
  if (meter.proration == Proration::kDay) add("started days");
  if (meter.share_numerator != meter.share_denominator) {
    add(fmt::format("{} of the quantity is billed",
                    to_string(Quantity{meter.share_numerator, meter.share_denominator})));
  }
  if (meter.aggregate == Aggregate::kPeak) add("largest of the month");
  if (meter.started_units) add("started units");
  if (meter.pool == Pool::kRegion) add("pooled per region");
  if (meter.pool == Pool::kProject) add("pooled per project");
  if (meter.pool == Pool::kService) add("per service");
  return text;
}

std::string row_id(const PriceRow& row, const Meter& meter) {
  std::string id =
      fmt::format("{}/{}/{}", row.service, row.region.empty() ? "*" : row.region, meter.name);
  for (const std::string* part :
       {&row.peer_region, &row.storage_class, &row.operation, &row.backup_kind, &row.option}) {
    if (!part->empty() && *part != row.service) id += '/' + *part;
  }
  if (row.valid_from) {
    id += fmt::format("/from day {}", row.valid_from->time_since_epoch().count());
  }
  return id;
}

bool Account::is_called(std::string_view wanted) const {
  const auto is_same = [&](const std::string& own) {
    return std::equal(own.begin(), own.end(), wanted.begin(), wanted.end(), [](char a, char b) {
      const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      };
      return lower(a) == lower(b);
    });
  };
  return is_same(name) || is_same(provider);
}

namespace {

Status check_mergeable(const PriceBook& one, const PriceBook& other) {
  if (one.name == other.name) {
    return bad_input("price book " + printable(one.name) + " is given twice",
                     "give it once, or another name to one of the two");
  }
  if (one.currency != other.currency) {
    return bad_input(fmt::format("price book {} is in {}, {} in {}", printable(other.name),
                                 other.currency.code(), printable(one.name), one.currency.code()),
                     "bill them apart, or give the rate with --exchange; nothing is converted in "
                     "silence");
  }
  if (one.line_rounding.decimals != other.line_rounding.decimals ||
      one.line_rounding.mode != other.line_rounding.mode ||
      one.invoice_decimals != other.invoice_decimals) {
    return bad_input(fmt::format("price books {} and {} round differently", printable(one.name),
                                 printable(other.name)),
                     "bill them apart, or write the same \"rounding\" in both");
  }
  return kOk;
}

// Adds a book of one account. Meters of different books are different meters, also where their
// names agree.
void append(PriceBook& all, PriceBook book) {
  const std::size_t first_meter = all.meters.size();
  const auto account = static_cast<std::uint32_t>(all.accounts.size());
  for (Meter& meter : book.meters) {
    meter.account = account;
    meter.name = book.name + ": " + meter.name;
    if (!meter.instead_of.empty()) meter.instead_of = book.name + ": " + meter.instead_of;
  }
  for (PriceRow& row : book.rows) row.meter += first_meter;
  for (Allowance& allowance : book.allowances) {
    allowance.meter += first_meter;
    if (allowance.of_meter) *allowance.of_meter += first_meter;
  }
  for (Adjustment& adjustment : book.adjustments) {
    adjustment.account = account;
    for (std::size_t& meter : adjustment.meters) meter += first_meter;
  }
  for (Commitment& commitment : book.commitments) commitment.meter += first_meter;
  const auto move_all = [](auto& from, auto& to) {
    for (auto& item : from) to.push_back(std::move(item));
  };
  move_all(book.accounts, all.accounts);
  move_all(book.meters, all.meters);
  move_all(book.rows, all.rows);
  move_all(book.allowances, all.allowances);
  move_all(book.adjustments, all.adjustments);
  move_all(book.commitments, all.commitments);
  move_all(book.notes, all.notes);
  move_all(book.stated, all.stated);
  all.options.merge(book.options);
  const auto join = [](std::string& names, const std::string& name) {
    names += (names.empty() ? "" : "+") + name;
  };
  join(all.name, book.name);
  join(all.provider, book.provider);
  join(all.title, book.title);
  all.as_of = std::max(all.as_of, book.as_of);
}

}  // namespace

Result<PriceBook, Errors> merge(std::vector<PriceBook> books) {
  BACKCAST_ASSERT(!books.empty());
  if (books.size() == 1) return std::move(books.front());
  std::sort(books.begin(), books.end(),
            [](const PriceBook& a, const PriceBook& b) { return a.name < b.name; });
  for (std::size_t b = 1; b < books.size(); ++b) {
    if (auto fits = check_mergeable(books[b - 1], books[b]); !fits.ok())
      return Errors{fits.error()};
  }
  PriceBook all;
  all.currency = books.front().currency;
  all.line_rounding = books.front().line_rounding;
  all.invoice_decimals = books.front().invoice_decimals;
  for (PriceBook& book : books) append(all, std::move(book));
  return all;
}

}  // namespace backcast::cost
