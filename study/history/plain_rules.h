// What people forecast with where they have no simulator: a line through what was stored, a sum of
// increments, the formula of vendors' calculators. Told what our forecasts are told: the history
// up to a backup, and which restore points the policy will keep.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "study/history/recorded.h"

namespace backcast::study {

enum class PlainRule : std::uint8_t {
  kUnchanged,   // what is stored today
  kTrend,       // least squares through what the last 60 backups left stored
  kIncrements,  // the oldest that is kept, and what each newer one added; new ones the mean
  kCalculator   // size + (kept - 1) x size x mean share of new bytes; the size grows as it did
};
inline constexpr std::array kPlainRules{PlainRule::kUnchanged, PlainRule::kTrend,
                                        PlainRule::kIncrements, PlainRule::kCalculator};
// snake_case: "trend".
std::string_view name(PlainRule rule);

// What backup `now` knows.
class PlainForecast {
 public:
  PlainForecast(const Recorded& recorded, std::uint32_t now);
  // `kept`: numbers of those that exist after backup now + ahead. Stored bytes by the rule; freed
  // ones by what comes in at its mean; the bill of a straight line between. Errors: of the bill.
  Result<Outcome, Errors> after(PlainRule rule, std::uint32_t ahead,
                                const std::vector<std::uint32_t>& kept) const;

 private:
  double stored_after(PlainRule rule, std::uint32_t ahead,
                      const std::vector<std::uint32_t>& kept) const;

  const Recorded& recorded_;
  std::uint32_t now_;
  double mean_new_bytes_ = 0, mean_growth_bytes_ = 0, mean_new_share_ = 0;  // by backup
};

}  // namespace backcast::study
