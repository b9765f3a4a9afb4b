// The reader of price book documents. Format: docs/billing.md.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "costmodel/fields.h"
#include "costmodel/price_book.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::json;
using std::chrono::sys_days;

constexpr std::size_t kMaxRows = 1'000'000;
const Decimal kZero;

// The first day that "2026", "2026-Q2", "2026-08" or "2026-08-01" may mean.
std::optional<sys_days> first_day(std::string_view text) {
  std::string date(text);
  if (date.size() == 7 && date[5] == 'Q' && date[6] >= '1' && date[6] <= '4') {
    date = fmt::format("{}-{:02}", date.substr(0, 4), (date[6] - '1') * 3 + 1);
  }
  if (date.size() == 4) date += "-01";
  if (date.size() == 7) date += "-01";
  if (date.size() != 10) return std::nullopt;
  const auto instant = parse_instant(date);
  if (!instant.ok()) return std::nullopt;
  return std::chrono::floor<std::chrono::days>(instant->instant);
}

class Loader {
 public:
  explicit Loader(const Document& document) : document_(document) {}

  Result<PriceBook, Errors> load() {
    const Fields fields =
        at(document_.root(), "",
           {"backcast_prices", "name", "provider", "title", "as_of", "currency", "rounding",
            "payment_days", "default_storage_class", "regions", "notes", "meters", "prices",
            "allowances", "discounts", "credits", "taxes", "commitments"});
    if (!document_.root().is_object()) return errors_;
    if (!fields.integer("backcast_prices", 1, 1) && !fields.has("backcast_prices")) {
      fields.fail("backcast_prices", "not a price book", "begin it with \"backcast_prices\": 1");
      return errors_;
    }
    read_head(fields);
    each(fields, "meters", [&](const json& value, std::string p) { read_meter(value, p); });
    each(fields, "prices", [&](const json& value, std::string p) { read_row(value, p); });
    each(fields, "allowances", [&](const json& value, std::string p) { read_allowance(value, p); });
    each(fields, "commitments",
         [&](const json& value, std::string p) { read_commitment(value, p); });
    for (const auto& [key, kind] : {std::pair{"discounts", Adjustment::Kind::kDiscount},
                                    std::pair{"credits", Adjustment::Kind::kCredit},
                                    std::pair{"taxes", Adjustment::Kind::kTax}}) {
      each(fields, key,
           [&, k = kind](const json& value, std::string p) { read_adjustment(value, p, k); });
    }
    check_unique();
    if (!errors_.empty()) return errors_;
    book_.accounts.push_back(std::move(account_));
    return std::move(book_);
  }

 private:
  Fields at(const json& value, std::string pointer, std::initializer_list<std::string_view> known) {
    return Fields(document_, value, std::move(pointer), known, errors_);
  }

  template <typename Read>
  void each(const Fields& fields, std::string_view key, Read read) {
    const json* list = fields.array(key);
    if (list == nullptr) return;
    if (list->size() > kMaxRows) return fields.fail(key, "more than 1,000,000 entries");
    const std::string base = pointer_child(fields.pointer(), key) + '/';
    for (std::size_t i = 0; i < list->size(); ++i) read((*list)[i], base + std::to_string(i));
  }

  void read_head(const Fields& fields) {
    book_.name = fields.required_text("name");
    book_.provider = fields.required_text("provider");
    book_.title = fields.text("title", book_.name);
    book_.as_of = fields.required_text("as_of");
    book_date_ = first_day(book_.as_of);
    if (!book_date_ && fields.has("as_of")) {
      fields.fail("as_of", fmt::format("{} is not a date", printable(book_.as_of)),
                  "write it as \"2026-09-01\"");
    }
    const auto currency = Currency::parse(fields.required_text("currency"));
    if (currency.ok()) {
      book_.currency = *currency;
    } else {
      fields.fail("currency", currency.error().message, currency.error().hint);
    }
    account_.name = book_.name;
    account_.provider = book_.provider;
    account_.as_of = book_.as_of;
    account_.payment_days = static_cast<int>(fields.integer("payment_days", 0, 366).value_or(0));
    account_.default_storage_class = fields.text("default_storage_class");
    if (const json* rounding = fields.object("rounding")) {
      const Fields r = at(*rounding, "/rounding", {"line_decimals", "invoice_decimals", "mode"});
      book_.line_rounding.decimals =
          static_cast<int>(r.integer("line_decimals", 0, 12).value_or(6));
      book_.invoice_decimals = static_cast<int>(r.integer("invoice_decimals", 0, 12).value_or(2));
      book_.line_rounding.mode =
          static_cast<RoundingMode>(r.choice("mode", {"half up", "half even", "up", "down"}));
    }
    read_regions(fields);
    each(fields, "notes", [&](const json& value, std::string) {
      if (value.is_string()) book_.notes.push_back(value.get<std::string>());
    });
  }

  void read_regions(const Fields& fields) {
    const json* regions = fields.object("regions");
    if (regions == nullptr) return;
    for (const auto& [name, members] : regions->items()) {
      const std::string pointer = pointer_child("/regions", name);
      const bool is_list =
          members.is_array() && std::all_of(members.begin(), members.end(),
                                            [](const json& member) { return member.is_string(); });
      if (is_list) {
        account_.regions[name] = members.get<std::vector<std::string>>();
      } else {
        errors_.push_back(Error{Errc::kBadInput, "expected a list of region names",
                                document_.locate(pointer), "a name may end in * for any rest"});
      }
    }
  }

  std::string read_option(const Fields& fields) {
    std::string option = fields.text("option");
    if (!option.empty()) book_.options.insert(option);
    return option;
  }

  void read_meter(const json& value, const std::string& pointer) {
    const Fields fields =
        at(value, pointer,
           {"name", "kind", "unit", "measure", "size", "per", "proration", "pool", "aggregate",
            "started_units", "surcharge", "billable_share", "instead_of", "paid_in_advance"});
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
    if (const auto share = fields.decimal("billable_share")) {
      if (*share <= kZero || *share > Decimal(10, 0) || share->scale() > 2) {
        fields.fail("billable_share", "must be above 0, at most 10, with up to 2 decimals");
      } else {
        meter.share_numerator = static_cast<std::uint32_t>(share->coefficient());
        for (int i = 0; i < share->scale(); ++i) meter.share_denominator *= 10;
      }
    }
    meter.instead_of = fields.text("instead_of");
    book_.meters.push_back(std::move(meter));
  }

  void read_unit_size(const Fields& fields, const json& value, Meter& meter) {
    if (meter.measure != Measure::kBytes) {
      meter.unit_size = static_cast<uint128>(fields.integer("size", 1, 1'000'000'000).value_or(1));
      return;
    }
    if (!fields.has("size") && value.is_object()) {
      return fields.fail("size", "missing field \"size\"",
                         "\"1 GB\" is 10^9 bytes, \"1 GiB\" is 2^30");
    }
    const auto size_bytes = fields.bytes("size");
    if (size_bytes && (*size_bytes == 0 || *size_bytes > 1000 * kTB)) {
      return fields.fail("size", "must be above zero and at most 1 PB");
    }
    meter.unit_size = size_bytes.value_or(1);
  }

  void read_period(const Fields& fields, Meter& meter) {
    const bool takes_time = meter.kind == UsageKind::kStorage ||
                            meter.kind == UsageKind::kInstance ||
                            meter.kind == UsageKind::kDeletion;
    const bool wants_period =
        takes_time && meter.aggregate == Aggregate::kSum && fields.text("aggregate") != "peak";
    const std::string period = fields.text("per");
    if (period.empty()) {
      if (wants_period) fields.fail("per", "missing field \"per\"", kPeriodHint);
      return;
    }
    if (!takes_time) return fields.fail("per", "only what is held over time has a period");
    if (period == "calendar month") {
      meter.month = Month::kCalendar;
      return;
    }
    const auto duration = parse_duration(period);
    const std::int64_t seconds =
        duration.ok() ? std::chrono::duration_cast<std::chrono::seconds>(*duration).count() : 0;
    if (seconds <= 0 || seconds > 400 * 86400) {
      return fields.fail("per", printable(period) + " is not a period", kPeriodHint);
    }
    meter.month = Month::kFixed;
    meter.period_seconds = static_cast<std::uint64_t>(seconds);
  }

  // Indices of the meters of that name: the default and its options.
  std::optional<std::size_t> read_meter_name(const Fields& fields, std::string_view key) {
    return find_meter(fields, key, fields.required_text(key));
  }

  void read_meter_names(const Fields& fields, std::vector<std::size_t>& meters) {
    const auto add = [&](std::optional<std::size_t> meter) { meters.push_back(meter.value_or(0)); };
    if (fields.has("meter")) add(read_meter_name(fields, "meter"));
    if (fields.has("meter") && fields.has("meters"))
      fields.fail("meters", "give only one of the two");
    each(fields, "meters", [&](const json& value, const std::string&) {
      if (value.is_string()) return add(find_meter(fields, "meters", value.get<std::string>()));
      fields.fail("meters", "expected a list of names of meters");
    });
  }

  std::optional<std::size_t> find_meter(const Fields& fields, std::string_view key,
                                        const std::string& name) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < book_.meters.size(); ++i) {
      if (book_.meters[i].name == name) return i;
      names.push_back(book_.meters[i].name);
    }
    if (name.empty()) return std::nullopt;
    const std::string_view near = nearest_name(name, names);
    fields.fail(
        key, fmt::format("unknown meter {}", printable(name)),
        near.empty() ? "name one of \"meters\"" : fmt::format("did you mean \"{}\"?", near));
    return std::nullopt;
  }

  Decimal not_negative(const Fields& fields, std::string_view key, bool required) {
    const auto value = fields.decimal(key);
    if (!value && required && !fields.has(key)) {
      fields.fail(key, fmt::format("missing field \"{}\"", key));
    }
    if (!value) return kZero;
    if (value->is_negative()) fields.fail(key, to_string(*value) + " is negative");
    // Bounds that keep every later product within 128 bits.
    if (value->scale() > 12 || *value > Decimal(1'000'000'000, 0)) {
      fields.fail(key, "more than 10^9, or more than 12 digits after the point");
      return kZero;
    }
    return *value;
  }

  void read_row(const json& value, const std::string& pointer) {
    const Fields fields =
        at(value, pointer,
           {"service",     "meter",      "region",    "peer_region", "storage_class", "operation",
            "backup_kind", "provider",   "currency",  "price",       "tiers",         "tier_mode",
            "then_every",  "multiplier", "min_days",  "min_object",  "overhead",      "minimum",
            "source",      "as_of",      "certainty", "note",        "valid_from",    "valid_until",
            "option",      "full_copies"});
    PriceRow row;
    row.pointer = pointer;
    row.line = document_.locate(pointer).line;
    row.provider = fields.text("provider", book_.provider);
    row.service = fields.required_text("service");
    row.meter = read_meter_name(fields, "meter").value_or(0);
    row.region = fields.text("region");
    row.peer_region = fields.text("peer_region");
    row.storage_class = fields.text("storage_class");
    row.operation = fields.text("operation");
    row.backup_kind = fields.text("backup_kind");
    row.option = read_option(fields);
    if (const std::string code = fields.text("currency", std::string(book_.currency.code()));
        code != book_.currency.code()) {
      fields.fail("currency",
                  fmt::format("{} in a book of {}", printable(code), book_.currency.code()),
                  "keep one book per currency; nothing is converted in silence");
    }
    read_rates(fields, row);
    read_conditions(fields, row);
    read_evidence(fields, row);
    book_.rows.push_back(std::move(row));
  }

  void read_rates(const Fields& fields, PriceRow& row) {
    row.tier_mode =
        static_cast<TierMode>(fields.choice("tier_mode", {"graduated", "volume", "step"}));
    if (fields.has("price") == fields.has("tiers")) {
      return fields.fail("", "give either \"price\" or \"tiers\"",
                         "\"price\": null says that nobody knows it");
    }
    if (fields.is_null("price")) return;
    row.is_known = true;
    if (fields.has("price")) {
      row.tiers.push_back({kZero, not_negative(fields, "price", false)});
    } else {
      read_tiers(fields, row);
    }
    if (const json* then = fields.object("then_every")) {
      const Fields t = at(*then, fields.pointer() + "/then_every", {"from", "size", "price"});
      row.then_every = ThenEvery{not_negative(t, "from", true), not_negative(t, "size", true),
                                 not_negative(t, "price", true)};
      if (row.then_every->size.is_zero()) t.fail("size", "must not be zero");
      if (row.tier_mode != TierMode::kStep) t.fail("", "only steps go on with \"then_every\"");
    }
    if (fields.has("multiplier")) row.multiplier = not_negative(fields, "multiplier", false);
    if (row.multiplier > Decimal(1000, 0) || row.multiplier.scale() > 4) {
      fields.fail("multiplier", "more than 1000, or more than 4 decimals");
    }
  }

  void read_tiers(const Fields& fields, PriceRow& row) {
    std::optional<Decimal> previous_end;
    each(fields, "tiers", [&](const json& value, std::string p) {
      const Fields tier = at(value, p, {"from", "to", "price"});
      const Decimal from = not_negative(tier, "from", true);
      const Decimal rate = not_negative(tier, "price", true);
      if (row.tiers.empty() && !from.is_zero()) {
        tier.fail("from", fmt::format("gap: the first tier begins at {}, not 0", to_string(from)));
      }
      if (!row.tiers.empty() && from <= row.tiers.back().from) {
        tier.fail("from", fmt::format("overlap: begins at {}, not above the tier before ({})",
                                      to_string(from), to_string(row.tiers.back().from)));
      }
      if (previous_end && from != *previous_end) {
        tier.fail("from", fmt::format("{}: the tier before ends at {}, this one begins at {}",
                                      from < *previous_end ? "overlap" : "gap",
                                      to_string(*previous_end), to_string(from)));
      }
      previous_end = tier.decimal("to");
      row.tiers.push_back({from, rate});
    });
    if (row.tiers.empty()) fields.fail("tiers", "no tiers");
    if (previous_end) {
      fields.fail("tiers",
                  fmt::format("gap: nothing is priced from {} on", to_string(*previous_end)),
                  "leave out \"to\" of the last tier");
    }
  }

  void read_conditions(const Fields& fields, PriceRow& row) {
    row.min_seconds =
        static_cast<std::uint64_t>(fields.integer("min_days", 0, 36500).value_or(0)) * 86400;
    row.min_object_bytes = fields.bytes("min_object").value_or(0);
    row.minimum = not_negative(fields, "minimum", false);
    row.full_copies = fields.boolean("full_copies");
    each(fields, "overhead", [&](const json& value, std::string p) {
      const Fields overhead = at(value, p, {"size", "storage_class"});
      row.overheads.push_back({overhead.bytes("size").value_or(0), overhead.text("storage_class")});
    });
    for (const auto& [key, target] :
         {std::pair{"valid_from", &row.valid_from}, std::pair{"valid_until", &row.valid_until}}) {
      if (!fields.has(key)) continue;
      *target = first_day(fields.text(key));
      if (!*target || std::chrono::year_month_day(**target).day() != std::chrono::day(1)) {
        fields.fail(key, "not the first day of a month", "write it as \"2026-09-01\"");
      }
    }
  }

  void read_evidence(const Fields& fields, PriceRow& row) {
    row.source = fields.required_text("source");
    row.as_of = fields.required_text("as_of");
    row.note = fields.text("note");
    fields.required_text("certainty");
    fields.choice("certainty", {"high", "medium", "low", "hole"});
    row.certainty = fields.text("certainty");
    if (row.is_known == (row.certainty == "hole")) {
      fields.fail("certainty", row.is_known ? "a known price is not a hole"
                                            : "a price of null has the certainty \"hole\"");
    }
    if (row.as_of.empty() || row.as_of == "undated") return;
    const auto date = first_day(row.as_of);
    if (!date) {
      fields.fail("as_of", fmt::format("{} is not a date", printable(row.as_of)),
                  "write \"2026-08-01\", \"2026-08\", \"2026-Q3\", \"2026\" or \"undated\"");
    } else if (book_date_ && *date > *book_date_) {
      fields.fail("as_of", fmt::format("a price from the future: {} in a book of {}", row.as_of,
                                       book_.as_of));
    }
  }

  void read_allowance(const json& value, const std::string& pointer) {
    const Fields fields =
        at(value, pointer,
           {"name", "meter", "amount", "capacity", "of_meter", "times", "option", "source"});
    Allowance allowance;
    allowance.name = fields.required_text("name");
    allowance.source = fields.text("source");
    allowance.option = read_option(fields);
    allowance.meter = read_meter_name(fields, "meter").value_or(0);
    if (fields.has("amount") == fields.has("of_meter")) {
      fields.fail("", "give either \"amount\" or \"of_meter\"");
    }
    allowance.amount = not_negative(fields, "amount", false);
    allowance.is_capacity = fields.boolean("capacity");
    const bool has_meter = allowance.meter < book_.meters.size();
    if (allowance.is_capacity && has_meter && book_.meters[allowance.meter].month == Month::kNone) {
      fields.fail("capacity", "only what is held over time has a capacity");
    }
    if (fields.has("of_meter")) allowance.of_meter = read_meter_name(fields, "of_meter");
    if (fields.has("times")) allowance.times = not_negative(fields, "times", false);
    book_.allowances.push_back(std::move(allowance));
  }

  void read_adjustment(const json& value, const std::string& pointer, Adjustment::Kind kind) {
    const bool is_credit = kind == Adjustment::Kind::kCredit;
    const Fields fields =
        is_credit ? at(value, pointer,
                       {"name", "meter", "meters", "amount_per_month", "option", "source"})
                  : at(value, pointer, {"name", "meter", "meters", "percent", "option", "source"});
    Adjustment adjustment;
    adjustment.kind = kind;
    adjustment.name = fields.required_text("name");
    adjustment.source = fields.text("source");
    adjustment.option = read_option(fields);
    read_meter_names(fields, adjustment.meters);
    if (is_credit) {
      adjustment.amount_per_month = not_negative(fields, "amount_per_month", true);
    } else {
      adjustment.percent = not_negative(fields, "percent", true);
      if (adjustment.percent > Decimal(100, 0) || adjustment.percent.scale() > 4) {
        fields.fail("percent", "more than 100, or more than 4 decimals");
      }
    }
    book_.adjustments.push_back(std::move(adjustment));
  }

  void read_commitment(const json& value, const std::string& pointer) {
    const Fields fields = at(value, pointer,
                             {"name", "meter", "amount", "fee_per_month", "overage_price",
                              "prepaid_months", "option", "source"});
    Commitment commitment;
    commitment.name = fields.required_text("name");
    commitment.source = fields.text("source");
    commitment.option = read_option(fields);
    commitment.meter = read_meter_name(fields, "meter").value_or(0);
    commitment.amount = not_negative(fields, "amount", true);
    commitment.fee_per_month = not_negative(fields, "fee_per_month", true);
    if (fields.has("overage_price")) {
      commitment.overage_rate = not_negative(fields, "overage_price", false);
    }
    commitment.prepaid_months =
        static_cast<int>(fields.integer("prepaid_months", 0, 120).value_or(0));
    book_.commitments.push_back(std::move(commitment));
  }

  void check_unique() {
    std::map<std::string, const PriceRow*> seen;
    for (PriceRow& row : book_.rows) {
      row.id = row_id(row);
      const auto [it, is_new] = seen.emplace(row.id, &row);
      if (is_new) continue;
      errors_.push_back(Error{Errc::kBadInput, fmt::format("{} is priced twice", printable(row.id)),
                              document_.locate(row.pointer),
                              fmt::format("the other row stands on line {}", it->second->line)});
    }
  }

  std::string row_id(const PriceRow& row) const {
    const std::string meter = row.meter < book_.meters.size() ? book_.meters[row.meter].name : "";
    std::string id =
        fmt::format("{}/{}/{}", row.service, row.region.empty() ? "*" : row.region, meter);
    for (const std::string* part :
         {&row.peer_region, &row.storage_class, &row.operation, &row.backup_kind, &row.option}) {
      if (!part->empty() && *part != row.service) id += '/' + *part;
    }
    if (row.valid_from) {
      id += fmt::format("/from day {}", row.valid_from->time_since_epoch().count());
    }
    return id;
  }

  static constexpr const char* kPeriodHint =
      "\"30d\" and \"730h\" are fixed months, \"calendar month\" follows the calendar";

  const Document& document_;
  Errors errors_;
  PriceBook book_;
  Account account_;
  std::optional<sys_days> book_date_;
};

}  // namespace

Result<PriceBook, Errors> load_price_book(const Document& document) {
  return Loader(document).load();
}

}  // namespace backcast::cost
