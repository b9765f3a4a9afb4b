#include "reports/bill/focus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "costmodel/bill/showback.h"

namespace backcast::reports {
namespace {

using cost::ChargeCategory;
using cost::Decimal;
using cost::Invoice;
using cost::InvoiceLine;
using cost::kNone;

constexpr std::array<const char*, 61> kColumns{"BilledCost",
                                               "BillingAccountId",
                                               "BillingAccountName",
                                               "BillingAccountType",
                                               "BillingCurrency",
                                               "BillingPeriodEnd",
                                               "BillingPeriodStart",
                                               "ChargeCategory",
                                               "ChargeClass",
                                               "ChargeDescription",
                                               "ChargeFrequency",
                                               "ChargePeriodEnd",
                                               "ChargePeriodStart",
                                               "CommitmentDiscountCategory",
                                               "CommitmentDiscountId",
                                               "CommitmentDiscountName",
                                               "CommitmentDiscountType",
                                               "ConsumedQuantity",
                                               "ConsumedUnit",
                                               "ContractedCost",
                                               "ContractedUnitPrice",
                                               "EffectiveCost",
                                               "HostProviderName",
                                               "InvoiceId",
                                               "InvoiceIssuerName",
                                               "ListCost",
                                               "ListUnitPrice",
                                               "PricingCategory",
                                               "PricingCurrency",
                                               "PricingCurrencyContractedUnitPrice",
                                               "PricingCurrencyEffectiveCost",
                                               "PricingCurrencyListUnitPrice",
                                               "PricingQuantity",
                                               "PricingUnit",
                                               "ProviderName",
                                               "PublisherName",
                                               "RegionId",
                                               "RegionName",
                                               "ResourceId",
                                               "ResourceName",
                                               "ResourceType",
                                               "ServiceCategory",
                                               "ServiceName",
                                               "ServiceProviderName",
                                               "ServiceSubcategory",
                                               "SkuId",
                                               "SkuMeter",
                                               "SkuPriceDetails",
                                               "SkuPriceId",
                                               "SubAccountId",
                                               "SubAccountName",
                                               "SubAccountType",
                                               "Tags",
                                               "x_BackupKind",
                                               "x_CommitmentDiscountQuantity",
                                               "x_CommitmentDiscountStatus",
                                               "x_CommitmentDiscountUnit",
                                               "x_Convention",
                                               "x_ExactPricingQuantity",
                                               "x_PriceSource",
                                               "x_StorageClass"};

// A column by its name, looked up while compiling.
struct Column {
  std::size_t index = 0;
  consteval Column(const char* name) {  // NOLINT: implicit by design
    while (std::string_view(kColumns[index]) != name) ++index;
  }
};

// FOCUS asks for ASCII; what lies beyond keeps its code point.
std::string ascii(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F;
  });
  if (is_plain) return std::string(text);
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// Decimal columns need a point even in whole numbers, and no exponent.
std::string with_point(std::string text) {
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string shortest(double value) {
  std::array<char, 512> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return with_point(std::string(buffer.data(), end.ptr));
}

// At most 15 significant digits, which every reader takes for the same double.
std::string pricing_quantity(const cost::Quantity& quantity) {
  const std::string whole = to_string(quantity, 0);
  const int digits = std::max(0, 15 - static_cast<int>(whole.size()));
  return with_point(to_string(quantity, std::min(digits, 12)));
}

std::string exact_quantity(const cost::Quantity& quantity) {
  const auto decimal = exact_decimal(quantity);
  return decimal ? to_string(*decimal)
                 : cost::to_string(quantity.base) + "/" + cost::to_string(quantity.base_per_unit);
}

std::string month_start(std::chrono::year_month month) {
  return cost::format_month(month) + "-01T00:00:00Z";
}

std::string tags_json(const std::vector<std::string>& tags) {
  auto object = nlohmann::ordered_json::object();
  for (const std::string& tag : tags) {
    const auto end = tag.find_first_of(":=");
    if (end == std::string::npos) {
      object[tag] = true;
    } else {
      object[tag.substr(0, end)] = tag.substr(end + 1);
    }
  }
  return object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

bool is_network(UsageKind kind) {
  return kind == UsageKind::kTransfer || kind == UsageKind::kEgress;
}

}  // namespace

struct FocusWriter::State {
  State(std::shared_ptr<const cost::PriceBook> book, const FocusOptions& options, Write write)
      : kept_(std::move(book)), book_(*kept_), options_(options), write_(std::move(write)) {
    for (const cost::PriceRow& row : book_.rows) {
      if (!is_network(book_.meters[row.meter].kind)) storage_services_.insert(row.service);
    }
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const bool needs_commitments =
          std::string_view(kColumns[i]).find("CommitmentDiscount") != std::string_view::npos;
      if (needs_commitments && book_.commitments.empty()) continue;
      if (!shown_.empty()) buffer_ += ',';
      shown_.push_back(i);
      buffer_ += kColumns[i];
    }
    buffer_ += "\r\n";
  }

  Status add(const Invoice& invoice) {
    invoice_ = &invoice;
    covered_.clear();
    for (const InvoiceLine& line : invoice.lines) {
      if (line.group == kNone || line.commitment == kNone) continue;
      covered_[{line.month, line.commitment}] += to_double(line.quantity);
    }
    for (const InvoiceLine& line : invoice.lines) {
      fill(line);
      append_row();
      if (buffer_.size() >= kPieceBytes) BACKCAST_CHECK(flush());
    }
    return kOk;
  }

  Status flush() {
    BACKCAST_CHECK(write_(buffer_));
    buffer_.clear();
    return kOk;
  }

 private:
  static constexpr std::size_t kPieceBytes = 64u << 10;

  std::string& cell(Column column) { return cells_[column.index]; }

  const cost::Account& account_of(const InvoiceLine& line) const {
    return book_.accounts[line.account];
  }

  void fill(const InvoiceLine& line) {
    cells_.fill({});
    fill_billing(line);
    fill_charge(line);
    fill_service(line);
    if (line.commitment != kNone) fill_commitment(line);
    if (line.group != kNone) fill_user(invoice_->groups[line.group]);
  }

  void fill_billing(const InvoiceLine& line) {
    const std::string currency(book_.currency.code());
    const cost::Account& account = account_of(line);
    const auto or_else = [](const std::string& given, const std::string& own) {
      return ascii(given.empty() ? own : given);
    };
    const std::string provider =
        ascii(line.row == kNone ? account.provider : book_.rows[line.row].provider);
    for (const Column name :
         std::initializer_list<Column>{"HostProviderName", "InvoiceIssuerName", "ProviderName",
                                       "PublisherName", "ServiceProviderName"}) {
      cell(name) = provider;
    }
    cell("BillingAccountId") = or_else(options_.billing_account_id, account.name);
    cell("BillingAccountName") = or_else(options_.billing_account_name, account.provider);
    cell("BillingAccountType") = "Account";
    cell("BillingCurrency") = cell("PricingCurrency") = currency;
    cell("BillingPeriodStart") = cell("ChargePeriodStart") = month_start(line.month);
    cell("BillingPeriodEnd") = cell("ChargePeriodEnd") =
        month_start(line.month + std::chrono::months(1));
    cell("InvoiceId") = ascii(account.name + "-" + cost::format_month(line.month));
  }

  void fill_charge(const InvoiceLine& line) {
    const bool is_usage = line.category == ChargeCategory::kUsage;
    const bool is_purchase = line.category == ChargeCategory::kPurchase;
    const bool is_tax = line.category == ChargeCategory::kTax;
    cell("ChargeCategory") = is_usage                                       ? "Usage"
                             : is_purchase                                  ? "Purchase"
                             : is_tax                                       ? "Tax"
                             : line.category == ChargeCategory::kAdjustment ? "Adjustment"
                                                                            : "Credit";
    cell("ChargeFrequency") = is_usage ? "Usage-Based" : is_purchase ? "Recurring" : "One-Time";
    cell("ChargeDescription") = ascii(description(line));
    cell("BilledCost") = with_point(to_string(line.amount, 2));
    cell("EffectiveCost") = cell("PricingCurrencyEffectiveCost") = effective_cost(line);
    if (!is_usage && !is_purchase) {
      cell("ListCost") = cell("ContractedCost") = cell("BilledCost");
      if (is_tax) return;
      cell("PricingQuantity") = "1.0";
      cell("PricingUnit") = "Units";
      return;
    }
    const std::string quantity = pricing_quantity(line.quantity);
    const std::string rate = with_point(to_string(list_rate(line)));
    cell("PricingQuantity") = quantity;
    cell("PricingUnit") = unit_of(line);
    cell("PricingCategory") = is_usage && line.commitment != kNone ? "Committed" : "Standard";
    for (const Column name : std::initializer_list<Column>{"ListUnitPrice", "ContractedUnitPrice",
                                                           "PricingCurrencyListUnitPrice",
                                                           "PricingCurrencyContractedUnitPrice"}) {
      cell(name) = rate;
    }
    const double product =
        std::strtod(rate.c_str(), nullptr) * std::strtod(quantity.c_str(), nullptr);
    cell("ListCost") = cell("ContractedCost") = shortest(product);
    cell("x_ExactPricingQuantity") = exact_quantity(line.quantity);
    if (is_usage) {
      cell("ConsumedQuantity") = quantity;
      cell("ConsumedUnit") = cell("PricingUnit");
    }
  }

  // What a commitment covers has the price that it would have without.
  Decimal list_rate(const InvoiceLine& line) const {
    if (line.commitment == kNone || line.row == kNone) return line.rate;
    const cost::PriceRow& row = book_.rows[line.row];
    return (row.tiers.front().rate * row.multiplier).trimmed();
  }

  // The published rules for status, quantity and unit of a commitment contradict each other and
  // the values that the standard allows, so these stand in columns of our own.
  void fill_commitment(const InvoiceLine& line) {
    const cost::Commitment& commitment = book_.commitments[line.commitment];
    cell("CommitmentDiscountCategory") = "Usage";
    cell("CommitmentDiscountId") = cell("CommitmentDiscountName") = ascii(commitment.name);
    cell("CommitmentDiscountType") = "Capacity";
    if (line.category != ChargeCategory::kUsage) return;
    cell("x_CommitmentDiscountStatus") = "Used";
    cell("x_CommitmentDiscountQuantity") = cell("PricingQuantity");
    cell("x_CommitmentDiscountUnit") = cell("PricingUnit");
  }

  // The fee of a commitment is spread over what it covers that month; where it covers nothing it
  // stands in BilledCost only.
  std::string effective_cost(const InvoiceLine& line) const {
    const std::string billed = with_point(to_string(line.amount, 2));
    if (line.commitment == kNone) return billed;
    if (line.category == ChargeCategory::kPurchase) return "0.0";
    const auto covered = covered_.find({line.month, line.commitment});
    const Decimal& fee = book_.commitments[line.commitment].fee_per_month;
    return shortest(to_double(fee) * to_double(line.quantity) / covered->second);
  }

  std::string description(const InvoiceLine& line) const {
    if (line.row == kNone) return line.description;
    const std::string& meter = book_.meters[line.meter].name;
    return line.description.empty() ? meter : meter + ", " + line.description;
  }

  std::string unit_of(const InvoiceLine& line) const {
    return line.row == kNone ? "Units" : ascii(book_.meters[line.meter].unit);
  }

  void fill_service(const InvoiceLine& line) {
    if (line.row == kNone) {
      cell("ServiceName") = ascii(account_of(line).provider + " account");
      cell("ServiceCategory") = "Other";
      cell("ServiceSubcategory") = "Other (Other)";
      if (line.category != ChargeCategory::kPurchase) return;
      cell("SkuId") = cell("SkuPriceId") = ascii(line.description);
      cell("SkuMeter") = ascii(book_.meters[line.meter].name);
      cell("SkuPriceDetails") = "{}";
      return;
    }
    const cost::PriceRow& row = book_.rows[line.row];
    const cost::Meter& meter = book_.meters[line.meter];
    const bool network = is_network(meter.kind);
    // One service name has one category, so transfer of a storage product gets its own name.
    const bool is_shared_name = network && storage_services_.contains(row.service);
    cell("ServiceName") = ascii(is_shared_name ? row.service + " data transfer" : row.service);
    cell("ServiceCategory") = network ? "Networking" : "Storage";
    cell("ServiceSubcategory") = network ? "Network Connectivity" : "Backup Storage";
    cell("SkuId") = cell("SkuPriceId") = ascii(row.id);
    cell("SkuMeter") = ascii(meter.name);
    nlohmann::ordered_json details;
    if (line.tier >= 0) details["x_tier"] = line.tier + 1;
    details["x_as_of"] = row.as_of;
    details["x_certainty"] = row.certainty;
    cell("SkuPriceDetails") = details.dump(-1, ' ', true);
    cell("x_Convention") = ascii(describe_convention(meter));
    cell("x_PriceSource") = ascii(row.source);
  }

  void fill_user(const cost::UsageGroup& group) {
    cell("RegionId") = cell("RegionName") = ascii(group.region);
    if (!group.service.empty()) {
      cell("ResourceId") = cell("ResourceName") = ascii(group.service);
      cell("ResourceType") = "Backup Source";
    }
    if (!group.project.empty()) {
      cell("SubAccountId") = cell("SubAccountName") = ascii(group.project);
      cell("SubAccountType") = "Project";
    }
    if (!group.tags.empty()) cell("Tags") = tags_json(group.tags);
    cell("x_BackupKind") = ascii(group.backup_kind);
    cell("x_StorageClass") = ascii(group.storage_class);
  }

  void append_row() {
    constexpr std::string_view kFormulaLeaders = "=+-@\t\r";
    for (const std::size_t i : shown_) {
      if (i > 0) buffer_ += ',';
      std::string& text = cells_[i];
      const bool is_formula =
          !text.empty() && kFormulaLeaders.find(text[0]) != std::string_view::npos;
      const std::string_view column = kColumns[i];
      const bool is_number = column.ends_with("Cost") || column.ends_with("Price");
      if (is_formula && !is_number) text.insert(0, 1, '\'');
      append_field(text);
    }
    buffer_ += "\r\n";
  }

  void append_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
      buffer_ += text;
      return;
    }
    buffer_ += '"';
    for (const char c : text) {
      if (c == '"') buffer_ += '"';
      buffer_ += c;
    }
    buffer_ += '"';
  }

  const std::shared_ptr<const cost::PriceBook> kept_;
  const cost::PriceBook& book_;
  FocusOptions options_;
  Write write_;
  std::set<std::string> storage_services_;
  std::vector<std::size_t> shown_;    // columns
  const Invoice* invoice_ = nullptr;  // whose lines are being written
  std::map<std::pair<std::chrono::year_month, std::uint32_t>, double> covered_;
  std::array<std::string, kColumns.size()> cells_;
  std::string buffer_;
};

FocusWriter::FocusWriter(std::shared_ptr<const cost::PriceBook> book, const FocusOptions& options,
                         Write write)
    : state_(std::make_unique<State>(std::move(book), options, std::move(write))) {}
FocusWriter::FocusWriter(FocusWriter&&) noexcept = default;
FocusWriter::~FocusWriter() = default;

Status FocusWriter::add(const Invoice& invoice) {
  return state_->add(invoice);
}
Status FocusWriter::finish() {
  return state_->flush();
}

Status write_focus_csv(const Invoice& invoice, const FocusOptions& options,
                       const FocusWriter::Write& write) {
  FocusWriter writer(invoice.book, options, write);
  BACKCAST_CHECK(writer.add(invoice));
  return writer.finish();
}

}  // namespace backcast::reports
