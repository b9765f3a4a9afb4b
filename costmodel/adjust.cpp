#include <fmt/format.h>

#include "costmodel/rating.h"

namespace backcast::cost {
namespace {

class MonthAdjuster {
 public:
  MonthAdjuster(const PriceBook& book, const std::set<std::string>& options, int month,
                std::size_t first, std::vector<InvoiceLine>& lines)
      : book_(book), options_(options), month_(month), first_(first), lines_(lines) {}

  void run() {
    add_all(Adjustment::Kind::kDiscount, ChargeCategory::kDiscount);
    add_all(Adjustment::Kind::kCredit, ChargeCategory::kCredit);
    add_all(Adjustment::Kind::kTax, ChargeCategory::kTax);
    const Decimal total = sum(std::nullopt);
    const Decimal payable = round(total, {book_.invoice_decimals, RoundingMode::kHalfUp});
    if (payable != total) {
      add(ChargeCategory::kAdjustment, kNone, payable - total,
          fmt::format("rounding of the month to {} decimals", book_.invoice_decimals));
    }
  }

 private:
  Decimal sum(std::optional<std::size_t> meter) const {
    Decimal total;
    for (std::size_t i = first_; i < lines_.size(); ++i) {
      if (!meter || lines_[i].meter == *meter) total += lines_[i].amount;
    }
    return total;
  }

  void add_all(Adjustment::Kind kind, ChargeCategory category) {
    // Several of one kind do not compound: each looks at the lines of the kinds before it.
    std::vector<std::pair<const Adjustment*, Decimal>> amounts;
    for (const Adjustment& adjustment : book_.adjustments) {
      const bool holds = adjustment.option.empty() || options_.contains(adjustment.option);
      if (adjustment.kind != kind || !holds) continue;
      amounts.emplace_back(&adjustment, sum(adjustment.meter));
    }
    for (const auto& [adjustment, base] : amounts) {
      const auto meter = adjustment->meter ? static_cast<std::uint32_t>(*adjustment->meter) : kNone;
      if (kind == Adjustment::Kind::kCredit) {
        // Credits are used up in order and never turn a month negative.
        const Decimal left = std::min(sum(adjustment->meter), sum(std::nullopt));
        const Decimal amount = std::min(adjustment->amount_per_month, left);
        if (amount > Decimal()) {
          add(category, meter, -amount, "credit " + adjustment->name, adjustment);
        }
        continue;
      }
      const Decimal share = adjustment->percent * Decimal(1, 2);
      const Decimal amount = round(base * share, book_.line_rounding);
      if (amount.is_zero()) continue;
      const bool is_tax = kind == Adjustment::Kind::kTax;
      add(category, meter, is_tax ? amount : -amount,
          fmt::format("{} {} {} %", is_tax ? "tax" : "discount", adjustment->name,
                      to_string(adjustment->percent)),
          adjustment);
    }
  }

  void add(ChargeCategory category, std::uint32_t meter, Decimal amount, std::string description,
           const Adjustment* adjustment = nullptr) {
    InvoiceLine line;
    if (adjustment != nullptr) {
      line.adjustment = static_cast<std::uint32_t>(adjustment - book_.adjustments.data());
    }
    line.month = to_year_month(month_);
    line.category = category;
    line.meter = meter;
    line.quantity = {1, 1};
    line.rate = amount;
    line.amount = amount;
    line.description = std::move(description);
    lines_.push_back(std::move(line));
  }

  const PriceBook& book_;
  const std::set<std::string>& options_;
  const int month_;
  const std::size_t first_;
  std::vector<InvoiceLine>& lines_;
};

}  // namespace

Status adjust_month(const PriceBook& book, const std::set<std::string>& options, int month,
                    std::size_t first, std::vector<InvoiceLine>& lines) {
  MonthAdjuster(book, options, month, first, lines).run();
  return kOk;
}

}  // namespace backcast::cost
