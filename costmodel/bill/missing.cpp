#include "costmodel/bill/missing.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "costmodel/bill/showback.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

std::string quoted_json(const std::string& text) {
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// The entry of "prices" that gives the rate, in three lines. `row` is JSON.
std::string lines_to_add(const PriceBook& book, const std::string& row, const Account& account) {
  const std::string whose = book.accounts.size() > 1
                                ? fmt::format(", \"price_book\": {}", quoted_json(account.name))
                                : "";
  return fmt::format("{{\"row\": {}{},\n \"rate\": \"…\",\n \"because\": \"…\"}}", row, whose);
}

// What was used of it: "12.00 GB", "3.40 GB for a day", "4800".
std::string amount_text(UsageKind kind, uint128 base) {
  const auto bytes = [](uint128 size) {
    return format_bytes(size > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(size));
  };
  switch (kind) {
    case UsageKind::kStorage:
    case UsageKind::kInstance:
    case UsageKind::kDeletion:
      return bytes((base + 86399) / 86400) + " for a day";
    case UsageKind::kRequest:
    case UsageKind::kRestoreTest:
      return to_string(base);
    default:
      return bytes(base);
  }
}

}  // namespace

Error to_error(const MissingPrice& missing) {
  Error error = bad_input(missing.what + ": " + missing.amount + " not on the bill", missing.hint);
  if (!missing.lines_to_add.empty()) {
    error.hint += (error.hint.empty() ? "" : "; ") +
                  fmt::format("give it in \"prices\" of the scenario or of a file of rates:\n{}",
                              missing.lines_to_add);
  }
  error.where = missing.where;
  return error;
}

Errors to_errors(const std::vector<MissingPrice>& missing) {
  Errors errors;
  for (const MissingPrice& one : missing) errors.push_back(to_error(one));
  return errors;
}

std::uint32_t MissingPrices::find_or_add(MissingPrice price) {
  const auto known = std::find_if(causes_.begin(), causes_.end(), [&](const Cause& cause) {
    return cause.price.what == price.what;
  });
  if (known != causes_.end()) return static_cast<std::uint32_t>(known - causes_.begin());
  causes_.push_back({std::move(price), 0, 0, 0, {}});
  return static_cast<std::uint32_t>(causes_.size() - 1);
}

std::uint32_t MissingPrices::unknown(std::uint32_t index) {
  const PriceRow& row = book_.rows[index];
  const Account& account = book_.accounts[book_.meters[row.meter].account];
  MissingPrice price;
  price.kind = book_.meters[row.meter].kind;
  price.account = book_.meters[row.meter].account;
  price.what = fmt::format("nobody knows the price of {} ({}; source: {})", printable(row.id),
                           row.provider, row.source);
  price.where = {account.name, row.pointer, row.line, 0};
  price.lines_to_add = lines_to_add(book_, quoted_json(row.id), account);
  return find_or_add(std::move(price));
}

std::uint32_t MissingPrices::no_row(const UsageGroup& group, int month) {
  const Matcher::Nearest near = matcher_.nearest(group, month);
  MissingPrice price;
  price.kind = group.kind;
  price.account = near.account;
  price.what = matcher_.sought(group);
  price.hint = near.hint;
  if (near.row != kNone) {
    std::string fields = fmt::format("\"like\": {}", quoted_json(book_.rows[near.row].id));
    for (const auto& [name, value] : matcher_.differing(group, near.row)) {
      fields += fmt::format(", \"{}\": {}", name, quoted_json(value));
    }
    price.lines_to_add = lines_to_add(book_, "{" + fields + "}", book_.accounts[near.account]);
  }
  return find_or_add(std::move(price));
}

void MissingPrices::use(std::uint32_t index, std::uint32_t group, int month, uint128 base) {
  if (base == 0) return;
  Cause& cause = causes_[index];
  cause.first_month = cause.groups.empty() ? month : std::min(cause.first_month, month);
  cause.last_month = cause.groups.empty() ? month : std::max(cause.last_month, month);
  cause.groups.insert(group);
  uint128 sum = 0;
  cause.base = __builtin_add_overflow(cause.base, base, &sum) ? ~uint128{0} >> 1 : sum;
}

MissingPrice MissingPrices::told_of(const Cause& cause) {
  MissingPrice told = cause.price;
  told.first_month = to_year_month(cause.first_month);
  told.last_month = to_year_month(cause.last_month);
  told.amount = amount_text(told.kind, cause.base) + " in " + format_month(told.first_month);
  if (told.last_month != told.first_month) told.amount += ".." + format_month(told.last_month);
  return told;
}

void MissingPrices::sort(std::vector<MissingPrice>& all) {
  std::sort(all.begin(), all.end(),
            [](const MissingPrice& a, const MissingPrice& b) { return a.what < b.what; });
}

}  // namespace backcast::cost
