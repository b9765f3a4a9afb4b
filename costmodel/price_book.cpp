#include "costmodel/price_book.h"

#include <fmt/format.h>

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

Result<PriceBook, Errors> merge(std::vector<PriceBook> books) {
  BACKCAST_ASSERT(!books.empty());
  PriceBook all = std::move(books.front());
  for (std::size_t b = 1; b < books.size(); ++b) {
    PriceBook& book = books[b];
    if (book.currency != all.currency) {
      return Errors{
          bad_input(fmt::format("price book {} is in {}, {} in {}", printable(book.name),
                                book.currency.code(), printable(all.name), all.currency.code()),
                    "bill them apart, or give the rate with --exchange; nothing is converted in "
                    "silence")};
    }
    if (book.line_rounding.decimals != all.line_rounding.decimals ||
        book.line_rounding.mode != all.line_rounding.mode ||
        book.invoice_decimals != all.invoice_decimals) {
      return Errors{bad_input(fmt::format("price books {} and {} round differently",
                                          printable(all.name), printable(book.name)),
                              "bill them apart, or write the same \"rounding\" in both")};
    }
    // Meters of different books are different meters, also where their names agree.
    const std::size_t first_meter = all.meters.size();
    for (Meter& meter : book.meters) {
      meter.name = book.name + ": " + meter.name;
      if (!meter.instead_of.empty()) meter.instead_of = book.name + ": " + meter.instead_of;
      all.meters.push_back(std::move(meter));
    }
    const auto move_all = [&](auto& from, auto& to) {
      for (auto& item : from) to.push_back(std::move(item));
    };
    for (PriceRow& row : book.rows) row.meter += first_meter;
    for (Allowance& allowance : book.allowances) {
      allowance.meter += first_meter;
      if (allowance.of_meter) *allowance.of_meter += first_meter;
    }
    for (Adjustment& adjustment : book.adjustments) {
      if (adjustment.meter) *adjustment.meter += first_meter;
    }
    for (Commitment& commitment : book.commitments) commitment.meter += first_meter;
    move_all(book.rows, all.rows);
    move_all(book.allowances, all.allowances);
    move_all(book.adjustments, all.adjustments);
    move_all(book.commitments, all.commitments);
    move_all(book.notes, all.notes);
    move_all(book.conversions, all.conversions);
    all.regions.merge(book.regions);
    all.options.merge(book.options);
    all.name += '+' + book.name;
    all.provider += '+' + book.provider;
    all.as_of = std::max(all.as_of, book.as_of);
  }
  return all;
}

}  // namespace backcast::cost
