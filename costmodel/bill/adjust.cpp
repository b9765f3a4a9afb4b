#include <fmt/format.h>

#include <algorithm>

#include "costmodel/bill/rating.h"

namespace backcast::cost {
namespace {

class MonthAdjuster {
 public:
  MonthAdjuster(const PriceBook& book, const std::set<std::string>& options, int month,
                std::size_t first, std::vector<InvoiceLine>& lines)
      : book_(book), options_(options), month_(month), first_(first), lines_(lines) {}

  // Each account by itself: one provider's discounts, credits and taxes are on its own lines, and
  // its bill ends in whole cents.
  void run() {
    for (account_ = 0; account_ < book_.accounts.size(); ++account_) {
      add_all(Adjustment::Kind::kDiscount, ChargeCategory::kDiscount);
      add_all(Adjustment::Kind::kCredit, ChargeCategory::kCredit);
      add_all(Adjustment::Kind::kTax, ChargeCategory::kTax);
      const Decimal total = sum({});
      const Decimal payable = round(total, {book_.invoice_decimals, RoundingMode::kHalfUp});
      if (payable != total) {
        add(ChargeCategory::kAdjustment, payable - total,
            fmt::format("rounding of the month to {} decimals", book_.invoice_decimals));
      }
    }
  }

 private:
  // Of the account's lines so far: all, or those of the meters.
  Decimal sum(const std::vector<std::size_t>& meters) const {
    Decimal total;
    for (std::size_t i = first_; i < lines_.size(); ++i) {
      const InvoiceLine& line = lines_[i];
      if (line.account == account_ && (meters.empty() || is_of(line, meters))) total += line.amount;
    }
    return total;
  }

  // What is on those meters alone, reliefs of several of them included.
  bool is_of(const InvoiceLine& line, const std::vector<std::size_t>& meters) const {
    const auto contains = [&](std::size_t meter) {
      return std::find(meters.begin(), meters.end(), meter) != meters.end();
    };
    if (line.meter != kNone || line.adjustment == kNone) return contains(line.meter);
    const auto& own = book_.adjustments[line.adjustment].meters;
    return !own.empty() && std::all_of(own.begin(), own.end(), contains);
  }

  void add_all(Adjustment::Kind kind, ChargeCategory category) {
    // Several of one kind do not compound: each looks at the lines of the kinds before it.
    std::vector<std::pair<const Adjustment*, Decimal>> amounts;
    for (const Adjustment& adjustment : book_.adjustments) {
      const bool holds = adjustment.option.empty() || options_.contains(adjustment.option);
      if (adjustment.kind != kind || adjustment.account != account_ || !holds) continue;
      amounts.emplace_back(&adjustment, sum(adjustment.meters));
    }
    for (const auto& [adjustment, base] : amounts) {
      if (kind == Adjustment::Kind::kCredit) {
        // Credits are used up in order and never turn a month negative.
        const Decimal left = std::min(sum(adjustment->meters), sum({}));
        const Decimal amount = std::min(adjustment->amount_per_month, left);
        if (amount > Decimal()) {
          add(category, -amount, "credit " + adjustment->name, adjustment);
        }
        continue;
      }
      const Decimal share = adjustment->percent * Decimal(1, 2);
      const Decimal amount = round(base * share, book_.line_rounding);
      if (amount.is_zero()) continue;
      const bool is_tax = kind == Adjustment::Kind::kTax;
      add(category, is_tax ? amount : -amount,
          fmt::format("{} {} {} %", is_tax ? "tax" : "discount", adjustment->name,
                      to_string(adjustment->percent)),
          adjustment);
    }
  }

  void add(ChargeCategory category, Decimal amount, std::string description,
           const Adjustment* adjustment = nullptr) {
    InvoiceLine line;
    if (adjustment != nullptr) {
      line.adjustment = static_cast<std::uint32_t>(adjustment - book_.adjustments.data());
      if (adjustment->meters.size() == 1) {
        line.meter = static_cast<std::uint32_t>(adjustment->meters.front());
      }
    }
    line.month = to_year_month(month_);
    line.category = category;
    line.account = account_;
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
  std::uint32_t account_ = 0;
};

}  // namespace

Status adjust_month(const PriceBook& book, const std::set<std::string>& options, int month,
                    std::size_t first, std::vector<InvoiceLine>& lines) {
  MonthAdjuster(book, options, month, first, lines).run();
  return kOk;
}

}  // namespace backcast::cost
