// The reader of price book documents. Format: docs/billing.md.
#include <fmt/format.h>

#include <algorithm>

#include "costmodel/book/book_loader.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::json;
const Decimal kZero;

}  // namespace

std::optional<std::chrono::sys_days> first_day(std::string_view text) {
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

Result<PriceBook, Errors> BookLoader::load() {
  const Fields fields =
      at(document_.root(), "",
         {"backcast_prices", "name", "provider", "title", "as_of", "currency", "rounding",
          "payment_days", "default_storage_class", "regions", "notes", "meters", "prices",
          "allowances", "discounts", "credits", "taxes", "commitments"});
  if (!document_.root().is_object()) return faults_.take();
  if (!fields.integer("backcast_prices", 1, 1) && !fields.has("backcast_prices")) {
    fields.fault_at("backcast_prices", "not a price book", "begin it with \"backcast_prices\": 1");
    return faults_.take();
  }
  read_head(fields);
  each(fields, "meters", [&](const json& value, std::string p) { read_meter(value, p); });
  each(fields, "prices", [&](const json& value, std::string p) { read_row(value, p); });
  each(fields, "allowances", [&](const json& value, std::string p) { read_allowance(value, p); });
  each(fields, "commitments", [&](const json& value, std::string p) { read_commitment(value, p); });
  for (const auto& [key, kind] : {std::pair{"discounts", Adjustment::Kind::kDiscount},
                                  std::pair{"credits", Adjustment::Kind::kCredit},
                                  std::pair{"taxes", Adjustment::Kind::kTax}}) {
    each(fields, key,
         [&, k = kind](const json& value, std::string p) { read_adjustment(value, p, k); });
  }
  check_unique();
  if (faults_.any()) return faults_.take();
  book_.accounts.push_back(std::move(account_));
  return std::move(book_);
}

void BookLoader::read_head(const Fields& fields) {
  book_.name = fields.required_text("name");
  book_.provider = fields.required_text("provider");
  book_.title = fields.text("title", book_.name);
  book_.as_of = fields.required_text("as_of");
  book_date_ = first_day(book_.as_of);
  if (!book_date_ && fields.has("as_of")) {
    fields.fault_at("as_of", fmt::format("{} is not a date", printable(book_.as_of)),
                    "write it as \"2026-09-01\"");
  }
  const auto currency = Currency::parse(fields.required_text("currency"));
  if (currency.ok()) {
    book_.currency = *currency;
  } else {
    fields.fault_at("currency", currency.error());
  }
  account_.name = book_.name;
  account_.provider = book_.provider;
  account_.as_of = book_.as_of;
  account_.payment_days = static_cast<int>(fields.integer("payment_days", 0, 366).value_or(0));
  account_.default_storage_class = fields.text("default_storage_class");
  if (const json* rounding = fields.object("rounding")) {
    const Fields r = at(*rounding, "/rounding", {"line_decimals", "invoice_decimals", "mode"});
    book_.line_rounding.decimals = static_cast<int>(r.integer("line_decimals", 0, 12).value_or(6));
    book_.invoice_decimals = static_cast<int>(r.integer("invoice_decimals", 0, 12).value_or(2));
    book_.line_rounding.mode =
        static_cast<RoundingMode>(r.choice("mode", {"half up", "half even", "up", "down"}));
  }
  read_regions(fields);
  each(fields, "notes", [&](const json& value, std::string) {
    if (value.is_string()) book_.notes.push_back(value.get<std::string>());
  });
}

void BookLoader::read_regions(const Fields& fields) {
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
      faults_.add(pointer, "expected a list of region names", "a name may end in * for any rest");
    }
  }
}

std::string BookLoader::read_option(const Fields& fields) {
  std::string option = fields.text("option");
  if (!option.empty()) book_.options.insert(option);
  return option;
}

Decimal BookLoader::not_negative(const Fields& fields, std::string_view key, bool required) {
  const auto value = fields.decimal(key);
  if (!value && required && !fields.has(key)) {
    fields.fault_at(key, fmt::format("missing field \"{}\"", key));
  }
  if (!value) return kZero;
  if (value->is_negative()) fields.fault_at(key, to_string(*value) + " is negative");
  // Bounds that keep every later product within 128 bits.
  if (value->scale() > 12 || *value > Decimal(1'000'000'000, 0)) {
    fields.fault_at(key, "more than 10^9, or more than 12 digits after the point");
    return kZero;
  }
  return *value;
}

void BookLoader::read_allowance(const json& value, const std::string& pointer) {
  const Fields fields =
      at(value, pointer,
         {"name", "meter", "amount", "capacity", "of_meter", "times", "option", "source"});
  Allowance allowance;
  allowance.name = fields.required_text("name");
  allowance.source = fields.text("source");
  allowance.option = read_option(fields);
  allowance.meter = read_meter_name(fields, "meter").value_or(0);
  if (fields.has("amount") == fields.has("of_meter")) {
    fields.fault("give either \"amount\" or \"of_meter\"");
  }
  allowance.amount = not_negative(fields, "amount", false);
  allowance.is_capacity = fields.boolean("capacity");
  const bool has_meter = allowance.meter < book_.meters.size();
  if (allowance.is_capacity && has_meter && book_.meters[allowance.meter].month == Month::kNone) {
    fields.fault_at("capacity", "only what is held over time has a capacity");
  }
  if (fields.has("of_meter")) allowance.of_meter = read_meter_name(fields, "of_meter");
  if (fields.has("times")) allowance.times = not_negative(fields, "times", false);
  book_.allowances.push_back(std::move(allowance));
}

void BookLoader::read_adjustment(const json& value, const std::string& pointer,
                                 Adjustment::Kind kind) {
  const bool is_credit = kind == Adjustment::Kind::kCredit;
  const Fields fields =
      is_credit
          ? at(value, pointer, {"name", "meter", "meters", "amount_per_month", "option", "source"})
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
      fields.fault_at("percent", "more than 100, or more than 4 decimals");
    }
  }
  book_.adjustments.push_back(std::move(adjustment));
}

void BookLoader::read_commitment(const json& value, const std::string& pointer) {
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

Result<PriceBook, Errors> load_price_book(const Document& document) {
  return BookLoader(document).load();
}

}  // namespace backcast::cost
