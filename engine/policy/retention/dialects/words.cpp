#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/dialects/decide.h"

namespace backcast::policy {

std::uint32_t match_tag_lists(const std::vector<std::vector<std::string>>& lists,
                              const std::vector<std::string>& tags) {
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const bool is_matched =
        (tags.empty() && !lists[i].empty() && lists[i].front().empty()) ||
        std::all_of(lists[i].begin(), lists[i].end(), [&](const std::string& tag) {
          return std::find(tags.begin(), tags.end(), tag) != tags.end();
        });
    if (is_matched) mask |= 1u << i;
  }
  return mask;
}

bool has_any_tag(const std::vector<std::string>& wanted, const std::vector<std::string>& tags) {
  return std::find_first_of(tags.begin(), tags.end(), wanted.begin(), wanted.end()) != tags.end();
}

namespace {

// Rules of periods; "" for all others.
std::string_view period_rule_name(Rule rule) {
  switch (rule) {
    case Rule::kLast:
      return "last";
    case Rule::kSecondly:
      return "secondly";
    case Rule::kMinutely:
      return "minutely";
    case Rule::kFrequently:
      return "frequently";
    case Rule::kHourly:
      return "hourly";
    case Rule::kDaily:
      return "daily";
    case Rule::kWeekly:
      return "weekly";
    case Rule::kMonthly:
      return "monthly";
    case Rule::kThirteenWeekly:
      return "quarterly_13weekly";
    case Rule::kThreeMonthly:
      return "quarterly_3monthly";
    case Rule::kQuarterly:
      return "quarterly";
    case Rule::kYearly:
      return "yearly";
    case Rule::kWithin:
      return "within";
    case Rule::kWithinHourly:
      return "hourly within";
    case Rule::kWithinDaily:
      return "daily within";
    case Rule::kWithinWeekly:
      return "weekly within";
    case Rule::kWithinMonthly:
      return "monthly within";
    case Rule::kWithinYearly:
      return "yearly within";
    default:
      return "";
  }
}

}  // namespace

std::string_view rule_name(Rule rule) {
  if (const std::string_view name = period_rule_name(rule); !name.empty()) return name;
  switch (rule) {
    case Rule::kKeep:
      return "keep";
    case Rule::kSpacing:
      return "spacing";
    case Rule::kTag:
      return "tag";
    case Rule::kProtected:
      return "protected";
    case Rule::kPinned:
      return "pinned";
    case Rule::kHeld:
      return "held";
    case Rule::kIncomplete:
      return "incomplete";
    case Rule::kNewest:
      return "newest";
    case Rule::kFuture:
      return "in the future";
    case Rule::kPermanent:
      return "permanent";
    case Rule::kExpiry:
      return "expiry";
    case Rule::kMinimum:
      return "minimum";
    case Rule::kMaximum:
      return "maximum";
    case Rule::kTotalCount:
      return "total count";
    case Rule::kTotalSize:
      return "total size";
    case Rule::kChain:
      return "chain";
    case Rule::kEverything:
      return "everything";
    default:
      return "no rule";
  }
}

std::string_view period_name(Rule rule) {
  switch (rule) {
    case Rule::kSecondly:
      return "second";
    case Rule::kMinutely:
      return "minute";
    case Rule::kHourly:
    case Rule::kWithinHourly:
      return "hour";
    case Rule::kDaily:
    case Rule::kWithinDaily:
      return "day";
    case Rule::kWeekly:
    case Rule::kWithinWeekly:
      return "week";
    case Rule::kMonthly:
    case Rule::kWithinMonthly:
      return "month";
    case Rule::kThirteenWeekly:
    case Rule::kThreeMonthly:
    case Rule::kQuarterly:
      return "quarter";
    case Rule::kYearly:
    case Rule::kWithinYearly:
      return "year";
    default:
      return "period";
  }
}

std::string span_text(std::int64_t seconds) {
  constexpr std::int64_t kMostSeconds = 9'000'000'000;  // 285 years; a Duration holds 292
  if (seconds > kMostSeconds) return fmt::format("{}d", seconds / 86400);
  return format_duration(std::chrono::seconds(seconds));
}

std::string why_not(const Reason& reason, std::string_view name) {
  switch (reason.effect) {
    case Effect::kUsedUp:
      return fmt::format("{} is full: {} instead of {} would keep it", name, reason.ordinal,
                         reason.ordinal - reason.detail);
    case Effect::kTooOld:
      return fmt::format("{}: too old by {}", name, span_text(reason.detail));
    case Effect::kCovered:
      return fmt::format("{}: a newer one stands for its {}", name, period_name(reason.rule));
    default:
      return reason.rule == Rule::kNone ? "no rule selects it" : std::string(name);
  }
}

}  // namespace backcast::policy
