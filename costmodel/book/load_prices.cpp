// Prices of a price book document: rates and tiers, where they apply, how certain they are.
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

void BookLoader::read_row(const json& value, const std::string& pointer) {
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
    fields.fault_at("currency",
                    fmt::format("{} in a book of {}", printable(code), book_.currency.code()),
                    "keep one book per currency; nothing is converted in silence");
  }
  read_rates(fields, row);
  read_conditions(fields, row);
  read_evidence(fields, row);
  const auto bought = life_months_.find(row.meter);
  if (bought != life_months_.end() && row.is_known) spread_over_life(fields, bought->second, row);
  book_.rows.push_back(std::move(row));
}

void BookLoader::read_rates(const Fields& fields, PriceRow& row) {
  row.tier_mode =
      static_cast<TierMode>(fields.choice("tier_mode", {"graduated", "volume", "step"}));
  if (fields.has("price") == fields.has("tiers")) {
    return fields.fault("give either \"price\" or \"tiers\"",
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
    if (row.then_every->size.is_zero()) t.fault_at("size", "must not be zero");
    if (row.tier_mode != TierMode::kStep) t.fault("only steps go on with \"then_every\"");
  }
  if (fields.has("multiplier")) row.multiplier = not_negative(fields, "multiplier", false);
  if (row.multiplier > Decimal(1000, 0) || row.multiplier.scale() > 4) {
    fields.fault_at("multiplier", "more than 1000, or more than 4 decimals");
  }
}

// What is bought is paid off in equal parts.
void BookLoader::spread_over_life(const Fields& fields, int months, PriceRow& row) {
  if (row.tiers.size() != 1) return fields.fault_at("tiers", "what is bought has one price");
  const Decimal paid = row.tiers.front().rate;
  const Quantity part{1, static_cast<uint128>(months)};
  const auto a_month = cost::price(part, paid, {12, RoundingMode::kHalfUp});
  BACKCAST_ASSERT(a_month.ok());  // less than what was read
  row.tiers.front().rate = a_month->trimmed();
  row.source += fmt::format("; {} each, over {} months", to_string(paid), months);
}

void BookLoader::read_tiers(const Fields& fields, PriceRow& row) {
  std::optional<Decimal> previous_end;
  each(fields, "tiers", [&](const json& value, std::string p) {
    const Fields tier = at(value, p, {"from", "to", "price"});
    const Decimal from = not_negative(tier, "from", true);
    const Decimal rate = not_negative(tier, "price", true);
    if (row.tiers.empty() && !from.is_zero()) {
      tier.fault_at("from",
                    fmt::format("gap: the first tier begins at {}, not 0", to_string(from)));
    }
    if (!row.tiers.empty() && from <= row.tiers.back().from) {
      tier.fault_at("from", fmt::format("overlap: begins at {}, not above the tier before ({})",
                                        to_string(from), to_string(row.tiers.back().from)));
    }
    if (previous_end && from != *previous_end) {
      tier.fault_at("from", fmt::format("{}: the tier before ends at {}, this one begins at {}",
                                        from < *previous_end ? "overlap" : "gap",
                                        to_string(*previous_end), to_string(from)));
    }
    previous_end = tier.decimal("to");
    row.tiers.push_back({from, rate});
  });
  if (row.tiers.empty()) fields.fault_at("tiers", "no tiers");
  if (previous_end) {
    fields.fault_at("tiers",
                    fmt::format("gap: nothing is priced from {} on", to_string(*previous_end)),
                    "leave out \"to\" of the last tier");
  }
}

void BookLoader::read_conditions(const Fields& fields, PriceRow& row) {
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
      fields.fault_at(key, "not the first day of a month", "write it as \"2026-09-01\"");
    }
  }
}

void BookLoader::read_evidence(const Fields& fields, PriceRow& row) {
  row.source = fields.required_text("source");
  row.as_of = fields.required_text("as_of");
  row.note = fields.text("note");
  fields.required_text("certainty");
  fields.choice("certainty", {"high", "medium", "low", "hole"});
  row.certainty = fields.text("certainty");
  if (row.is_known == (row.certainty == "hole")) {
    fields.fault_at("certainty", row.is_known ? "a known price is not a hole"
                                              : "a price of null has the certainty \"hole\"");
  }
  if (row.as_of.empty() || row.as_of == "undated") return;
  const auto date = first_day(row.as_of);
  if (!date) {
    fields.fault_at("as_of", fmt::format("{} is not a date", printable(row.as_of)),
                    "write \"2026-08-01\", \"2026-08\", \"2026-Q3\", \"2026\" or \"undated\"");
  } else if (book_date_ && *date > *book_date_) {
    fields.fault_at("as_of", fmt::format("a price from the future: {} in a book of {}", row.as_of,
                                         book_.as_of));
  }
}

void BookLoader::check_unique() {
  std::map<std::string, const PriceRow*> seen;
  for (PriceRow& row : book_.rows) {
    if (row.meter < book_.meters.size()) row.id = row_id(row, book_.meters[row.meter]);
    const auto [it, is_new] = seen.emplace(row.id, &row);
    if (is_new) continue;
    faults_.add(row.pointer, fmt::format("{} is priced twice", printable(row.id)),
                fmt::format("the other row stands on line {}", it->second->line));
  }
}

}  // namespace backcast::cost
