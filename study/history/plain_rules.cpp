#include "study/history/plain_rules.h"

#include <algorithm>

namespace backcast::study {
namespace {

constexpr std::uint32_t kTrendBackups = 60;

// Value of the least squares line through the points (0, y0), (1, y1), … at `x`.
double on_line(const std::vector<double>& y, double x) {
  const auto count = static_cast<double>(y.size());
  double mean = 0, slope = 0, squares = 0;
  const double middle = (count - 1) / 2;
  for (const double value : y) mean += value / count;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double offset = static_cast<double>(i) - middle;
    slope += offset * (y[i] - mean);
    squares += offset * offset;
  }
  return squares > 0 ? mean + slope / squares * (x - middle) : mean;
}

}  // namespace

std::string_view name(PlainRule rule) {
  switch (rule) {
    case PlainRule::kUnchanged:
      return "unchanged";
    case PlainRule::kTrend:
      return "trend";
    case PlainRule::kIncrements:
      return "increments";
    case PlainRule::kCalculator:
      return "calculator";
  }
  return "";
}

PlainForecast::PlainForecast(const Recorded& recorded, std::uint32_t now)
    : recorded_(recorded), now_(now) {
  const auto& backups = recorded.seen().backups;
  const double steps = std::max(1.0, static_cast<double>(now));
  double share = 0;
  for (std::uint32_t g = 1; g <= now; ++g) {
    const auto added = static_cast<double>(backups[g].new_bytes);
    mean_new_bytes_ += added / steps;
    if (backups[g].size_bytes > 0) share += added / static_cast<double>(backups[g].size_bytes);
  }
  mean_new_share_ = share / steps;
  mean_growth_bytes_ =
      (static_cast<double>(backups[now].size_bytes) - static_cast<double>(backups[0].size_bytes)) /
      steps;
}

double PlainForecast::stored_after(PlainRule rule, std::uint32_t ahead,
                                   const std::vector<std::uint32_t>& kept) const {
  const auto& backups = recorded_.seen().backups;
  const double size =
      std::max(0.0, static_cast<double>(backups[now_].size_bytes) + mean_growth_bytes_ * ahead);
  switch (rule) {
    case PlainRule::kUnchanged:
      break;
    case PlainRule::kTrend: {
      std::vector<double> stored;
      const std::uint32_t first = now_ + 1 - std::min(now_ + 1, kTrendBackups);
      for (std::uint32_t g = first; g <= now_; ++g) stored.push_back(recorded_.stored_after(g));
      return std::max(0.0, on_line(stored, static_cast<double>(stored.size() - 1 + ahead)));
    }
    case PlainRule::kIncrements: {
      double sum = 0;
      for (const std::uint32_t g : kept) {
        if (g == kept.front()) {
          sum += g <= now_ ? static_cast<double>(backups[g].size_bytes) : size;
        } else {
          sum += g <= now_ ? static_cast<double>(backups[g].new_bytes) : mean_new_bytes_;
        }
      }
      return sum;
    }
    case PlainRule::kCalculator:
      return size * (1 + mean_new_share_ * (static_cast<double>(kept.size()) - 1));
  }
  return recorded_.stored_after(now_);
}

Result<Outcome, Errors> PlainForecast::after(PlainRule rule, std::uint32_t ahead,
                                             const std::vector<std::uint32_t>& kept) const {
  const double today = recorded_.stored_after(now_);
  Outcome outcome;
  outcome.stored_bytes = stored_after(rule, ahead, kept);
  outcome.freed_bytes = std::max(0.0, today + mean_new_bytes_ * ahead - outcome.stored_bytes);
  std::vector<UsageRecord> usage;
  const Instant start = recorded_.time(now_);
  for (std::uint32_t k = 0; k < ahead; ++k) {
    UsageRecord record;
    record.start = start + recorded_.step() * k;
    record.end = record.start + recorded_.step();
    record.quantity =
        static_cast<std::uint64_t>(today + (outcome.stored_bytes - today) * k / ahead);
    record.service = "history";
    record.region = recorded_.terms().region;
    record.storage_class = recorded_.terms().storage_class;
    record.backup_kind = "automatic";
    usage.push_back(std::move(record));
  }
  BACKCAST_TRY(outcome.bill,
               recorded_.bill(usage, start, start + recorded_.step() * std::int64_t{ahead}));
  return outcome;
}

}  // namespace backcast::study
