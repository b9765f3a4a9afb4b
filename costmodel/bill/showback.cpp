#include "costmodel/bill/showback.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using Kind = Dimension::Kind;
constexpr std::array<std::string_view, 12> kNames{"month",    "project",  "service", "region",
                                                  "class",    "kind",     "tag",     "meter",
                                                  "category", "provider", "quarter", "year"};

// Shared lines say when, for what and on whose bill, never by whom.
bool says_who(const Dimension& dimension) {
  return dimension.kind != Kind::kMonth && dimension.kind != Kind::kQuarter &&
         dimension.kind != Kind::kYear && dimension.kind != Kind::kMeter &&
         dimension.kind != Kind::kCategory && dimension.kind != Kind::kProvider;
}

std::string tag_value(const std::vector<std::string>& tags, const std::string& key) {
  if (key.empty()) return fmt::format("{}", fmt::join(tags, " "));
  for (const std::string& tag : tags) {
    const bool has_key = tag.size() > key.size() && tag.starts_with(key) &&
                         (tag[key.size()] == ':' || tag[key.size()] == '=');
    if (has_key) return tag.substr(key.size() + 1);
  }
  return "";
}

using Values = std::vector<std::string>;

// Splits `amount` by weights in units of its last decimal; the parts sum to it exactly.
std::vector<Decimal> split_amount(const Decimal& amount, const std::vector<Decimal>& weights) {
  Decimal sum;
  int scale = 0;
  for (const Decimal& weight : weights) {
    sum += weight;
    scale = std::max(scale, weight.scale());
  }
  const auto units = [&](const Decimal& value) {
    return static_cast<uint128>((value + Decimal(0, scale)).coefficient());
  };
  const bool is_negative = amount.is_negative();
  const auto magnitude =
      static_cast<uint128>(is_negative ? -amount.coefficient() : amount.coefficient());
  std::vector<Decimal> parts;
  uint128 before = 0;
  Decimal cumulated;
  for (const Decimal& weight : weights) {
    cumulated += weight;
    const uint128 until = mul_div_floor(magnitude, units(cumulated), units(sum));
    const auto part = static_cast<int128>(until - before);
    parts.emplace_back(is_negative ? -part : part, amount.scale());
    before = until;
  }
  return parts;
}

class Showback {
 public:
  Showback(const Invoice& invoice, std::span<const Dimension> dimensions)
      : invoice_(invoice), dimensions_(dimensions) {}

  std::vector<ShowbackRow> run() {
    for (const InvoiceLine& line : invoice_.lines) {
      if (line.group != kNone) add_direct(line);
    }
    for (const InvoiceLine& line : invoice_.lines) {
      if (line.group == kNone) add_shared(line);
    }
    std::vector<ShowbackRow> rows;
    for (auto& [values, row] : rows_) rows.push_back(std::move(row));
    return rows;
  }

 private:
  Values values_of(const InvoiceLine& line) const {
    Values values;
    for (const Dimension& dimension : dimensions_) {
      values.push_back(value_of(invoice_, line, dimension));
    }
    return values;
  }

  ShowbackRow& row_of(Values values) {
    const auto [it, is_new] = rows_.try_emplace(values);
    if (is_new) it->second.values = std::move(values);
    return it->second;
  }

  void add_direct(const InvoiceLine& line) {
    Values values = values_of(line);
    row_of(values).direct += line.amount;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!says_who(dimensions_[i])) values[i].clear();
    }
    weights_[{line.month, line.account, line.meter}][values] += line.amount;
    weights_[{line.month, line.account, kNone}][values] += line.amount;
  }

  void add_shared(const InvoiceLine& line) {
    const Values own = values_of(line);
    auto weights = weights_.find({line.month, line.account, line.meter});
    if (weights == weights_.end()) weights = weights_.find({line.month, line.account, kNone});
    std::vector<Decimal> amounts;
    Decimal sum;
    if (weights != weights_.end()) {
      for (const auto& [who, amount] : weights->second) {
        amounts.push_back(amount);
        sum += amount;
      }
    }
    if (sum <= Decimal()) {
      row_of(own).shared += line.amount;
      return;
    }
    const auto parts = split_amount(line.amount, amounts);
    std::size_t part = 0;
    for (const auto& [who, amount] : weights->second) {
      Values values = own;
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (says_who(dimensions_[i])) values[i] = who[i];
      }
      row_of(std::move(values)).shared += parts[part++];
    }
  }

  const Invoice& invoice_;
  std::span<const Dimension> dimensions_;
  std::map<Values, ShowbackRow> rows_;
  // Direct cost per month, account and meter (kNone: all of them), by who used it.
  using Of = std::tuple<std::chrono::year_month, std::uint32_t, std::uint32_t>;
  std::map<Of, std::map<Values, Decimal>> weights_;
};

std::chrono::year_month paid_in(std::chrono::year_month month, int payment_days) {
  using namespace std::chrono;
  const year_month_day due(sys_days((month + months(1)) / 1) - days(1) + days(payment_days));
  return due.year() / due.month();
}

}  // namespace

Result<std::vector<Dimension>> parse_dimensions(std::string_view text) {
  std::vector<Dimension> dimensions;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view item = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto colon = std::min(item.find(':'), item.size());
    const std::string_view name = item.substr(0, colon);
    const auto it = std::find(kNames.begin(), kNames.end(), name);
    const bool has_key = colon < item.size();
    if (it == kNames.end() || (has_key && name != "tag")) {
      return bad_input("cannot group by " + printable(item),
                       fmt::format("use {}, or tag:KEY", fmt::join(kNames, ", ")));
    }
    dimensions.push_back({static_cast<Kind>(it - kNames.begin()),
                          has_key ? std::string(item.substr(colon + 1)) : std::string()});
  }
  return dimensions;
}

std::string to_string(const Dimension& dimension) {
  std::string text(kNames[static_cast<std::size_t>(dimension.kind)]);
  return dimension.tag_key.empty() ? text : text + ':' + dimension.tag_key;
}

std::string format_month(std::chrono::year_month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

std::string value_of(const Invoice& invoice, const InvoiceLine& line, const Dimension& dimension) {
  switch (dimension.kind) {
    case Kind::kMonth:
      return format_month(line.month);
    case Kind::kQuarter:
      return fmt::format("{:04}-Q{}", static_cast<int>(line.month.year()),
                         (static_cast<unsigned>(line.month.month()) + 2) / 3);
    case Kind::kYear:
      return fmt::format("{:04}", static_cast<int>(line.month.year()));
    case Kind::kMeter:
      return line.meter == kNone ? line.description : invoice.book->meters[line.meter].name;
    case Kind::kCategory:
      return std::string(to_string(line.category));
    case Kind::kProvider:
      return invoice.book->accounts[line.account].provider;
    default:
      break;
  }
  if (line.group == kNone) return "";
  const UsageGroup& group = invoice.groups[line.group];
  switch (dimension.kind) {
    case Kind::kProject:
      return group.project;
    case Kind::kService:
      return group.service;
    case Kind::kRegion:
      return group.region;
    case Kind::kStorageClass:
      return group.storage_class;
    case Kind::kBackupKind:
      return group.backup_kind;
    default:
      return tag_value(group.tags, dimension.tag_key);
  }
}

std::vector<ShowbackRow> showback(const Invoice& invoice, std::span<const Dimension> dimensions) {
  return Showback(invoice, dimensions).run();
}

void ShowbackSum::add(std::vector<ShowbackRow> rows) {
  for (ShowbackRow& row : rows) {
    const auto [it, is_new] = rows_.try_emplace(row.values, row);
    if (is_new) continue;
    it->second.direct += row.direct;
    it->second.shared += row.shared;
  }
}

std::vector<ShowbackRow> ShowbackSum::rows() const {
  std::vector<ShowbackRow> all;
  for (const auto& [values, row] : rows_) all.push_back(row);
  return all;
}

std::vector<ShowbackRow> dearest(std::vector<ShowbackRow> rows, std::size_t count) {
  std::stable_sort(rows.begin(), rows.end(), [](const ShowbackRow& a, const ShowbackRow& b) {
    return b.total() < a.total();
  });
  if (rows.size() <= count) return rows;
  ShowbackRow rest;
  rest.values.resize(rows.front().values.size());
  if (!rest.values.empty()) rest.values[0] = fmt::format("other ({})", rows.size() - count);
  for (std::size_t i = count; i < rows.size(); ++i) {
    rest.direct += rows[i].direct;
    rest.shared += rows[i].shared;
  }
  rows.resize(count);
  rows.push_back(std::move(rest));
  return rows;
}

Payment payment_of(const Invoice& invoice, const InvoiceLine& line) {
  const int prepaid = line.category == ChargeCategory::kPurchase && line.commitment != kNone
                          ? invoice.book->commitments[line.commitment].prepaid_months
                          : 0;
  const bool is_in_advance =
      line.meter != kNone && invoice.book->meters[line.meter].is_paid_in_advance;
  if (prepaid == 0 && is_in_advance) return {line.month, 1};
  if (prepaid == 0)
    return {paid_in(line.month, invoice.book->accounts[line.account].payment_days), 1};
  const auto first = invoice.lines.front().month;
  return {line.month, (line.month - first).count() % prepaid == 0 ? prepaid : 0};
}

Invoice cash_view(const Invoice& invoice) {
  Invoice cash = invoice;
  cash.lines.clear();
  for (InvoiceLine line : invoice.lines) {
    const Payment payment = payment_of(invoice, line);
    if (payment.times == 0) continue;
    line.month = payment.month;
    if (payment.times > 1) {
      line.quantity = {static_cast<uint128>(payment.times), 1};
      line.amount = line.amount * Decimal(payment.times, 0);
      line.description += fmt::format(", {} months in advance", payment.times);
    }
    cash.lines.push_back(std::move(line));
  }
  std::stable_sort(cash.lines.begin(), cash.lines.end(),
                   [](const InvoiceLine& a, const InvoiceLine& b) { return a.month < b.month; });
  return cash;
}

}  // namespace backcast::cost
