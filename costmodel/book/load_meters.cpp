// Meters of a price book document: what is counted, in which unit, over which period.
#include <fmt/format.h>

#include <algorithm>

#include "costmodel/book/book_loader.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::json;
const Decimal kZero;
constexpr const char* kPeriodHint =
    "\"30d\" and \"730h\" are fixed months, \"calendar month\" follows the calendar";

}  // namespace

void BookLoader::read_meter(const json& value, const std::string& pointer) {
  const Fields fields = at(value, pointer,
                           {"name", "kind", "unit", "measure", "size", "per", "proration", "pool",
                            "aggregate", "started_units", "surcharge", "billable_share",
                            "instead_of", "paid_in_advance", "life_months"});
  Meter meter;
  meter.name = fields.required_text("name");
  fields.required_text("kind");
  meter.kind = static_cast<UsageKind>(
      fields.choice("kind", {"storage", "transfer", "egress", "request", "retrieval",
                             "early deletion", "instance", "restore test"}));
  meter.unit = fields.required_text("unit");
  const bool counts_things =
      meter.kind == UsageKind::kRequest || meter.kind == UsageKind::kRestoreTest;
  meter.measure = static_cast<Measure>(fields.choice("measure", {"bytes", "objects", "count"}));
  if (counts_things) meter.measure = Measure::kCount;
  read_unit_size(fields, value, meter);
  read_period(fields, meter);
  meter.proration = static_cast<Proration>(fields.choice("proration", {"second", "hour", "day"}));
  meter.pool = static_cast<Pool>(fields.choice("pool", {"book", "region", "project", "service"}));
  meter.aggregate = static_cast<Aggregate>(fields.choice("aggregate", {"sum", "peak"}));
  meter.started_units = fields.boolean("started_units");
  meter.is_paid_in_advance = fields.boolean("paid_in_advance");
  meter.is_surcharge = fields.boolean("surcharge");
  if (const auto months = fields.integer("life_months", 1, 1200)) {
    life_months_[book_.meters.size()] = static_cast<int>(*months);
    meter.started_units = true;
    if (meter.month != Month::kCalendar) {
      fields.fault_at("per", "what is bought is paid off by the calendar month",
                      "write \"per\": \"calendar month\"");
    }
  }
  if (const auto share = fields.decimal("billable_share")) {
    if (*share <= kZero || *share > Decimal(10, 0) || share->scale() > 2) {
      fields.fault_at("billable_share", "must be above 0, at most 10, with up to 2 decimals");
    } else {
      meter.share_numerator = static_cast<std::uint32_t>(share->coefficient());
      for (int i = 0; i < share->scale(); ++i) meter.share_denominator *= 10;
    }
  }
  meter.instead_of = fields.text("instead_of");
  book_.meters.push_back(std::move(meter));
}

void BookLoader::read_unit_size(const Fields& fields, const json& value, Meter& meter) {
  if (meter.measure != Measure::kBytes) {
    meter.unit_size = static_cast<uint128>(fields.integer("size", 1, 1'000'000'000).value_or(1));
    return;
  }
  if (!fields.has("size") && value.is_object()) {
    return fields.fault_at("size", "missing field \"size\"",
                           "\"1 GB\" is 10^9 bytes, \"1 GiB\" is 2^30");
  }
  const auto size_bytes = fields.bytes("size");
  if (size_bytes && (*size_bytes == 0 || *size_bytes > 1000 * kTB)) {
    return fields.fault_at("size", "must be above zero and at most 1 PB");
  }
  meter.unit_size = size_bytes.value_or(1);
}

void BookLoader::read_period(const Fields& fields, Meter& meter) {
  const bool takes_time = meter.kind == UsageKind::kStorage || meter.kind == UsageKind::kInstance ||
                          meter.kind == UsageKind::kDeletion;
  const bool wants_period =
      takes_time && meter.aggregate == Aggregate::kSum && fields.text("aggregate") != "peak";
  const std::string period = fields.text("per");
  if (period.empty()) {
    if (wants_period) fields.fault_at("per", "missing field \"per\"", kPeriodHint);
    return;
  }
  if (!takes_time) return fields.fault_at("per", "only what is held over time has a period");
  if (period == "calendar month") {
    meter.month = Month::kCalendar;
    return;
  }
  const auto duration = parse_duration(period);
  const std::int64_t seconds =
      duration.ok() ? std::chrono::duration_cast<std::chrono::seconds>(*duration).count() : 0;
  if (seconds <= 0 || seconds > 400 * 86400) {
    return fields.fault_at("per", printable(period) + " is not a period", kPeriodHint);
  }
  meter.month = Month::kFixed;
  meter.period_seconds = static_cast<std::uint64_t>(seconds);
}

// Indices of the meters of that name: the default and its options.
std::optional<std::size_t> BookLoader::read_meter_name(const Fields& fields, std::string_view key) {
  return find_meter(fields, key, fields.required_text(key));
}

void BookLoader::read_meter_names(const Fields& fields, std::vector<std::size_t>& meters) {
  const auto add = [&](std::optional<std::size_t> meter) { meters.push_back(meter.value_or(0)); };
  if (fields.has("meter")) add(read_meter_name(fields, "meter"));
  if (fields.has("meter") && fields.has("meters"))
    fields.fault_at("meters", "give only one of the two");
  each(fields, "meters", [&](const json& value, const std::string&) {
    if (value.is_string()) return add(find_meter(fields, "meters", value.get<std::string>()));
    fields.fault_at("meters", "expected a list of names of meters");
  });
}

std::optional<std::size_t> BookLoader::find_meter(const Fields& fields, std::string_view key,
                                                  const std::string& name) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < book_.meters.size(); ++i) {
    if (book_.meters[i].name == name) return i;
    names.push_back(book_.meters[i].name);
  }
  if (name.empty()) return std::nullopt;
  const std::string_view near = nearest_name(name, names);
  fields.fault_at(
      key, fmt::format("unknown meter {}", printable(name)),
      near.empty() ? "name one of \"meters\"" : fmt::format("did you mean \"{}\"?", near));
  return std::nullopt;
}

}  // namespace backcast::cost
