// What a requirement that fails could ask for instead.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "sim/requirements/requirements.h"

namespace backcast::sim {
namespace {

// Rounded up, so that it still holds when it is read back: "12.35 GB".
std::string bytes_up(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kNames{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  uint128 unit = 1000;
  std::size_t name = 0;
  while (bytes / unit >= 1000 && name + 1 < kNames.size()) unit *= 1000, ++name;
  const auto hundredths = static_cast<std::uint64_t>((uint128{bytes} * 100 + unit - 1) / unit);
  return fmt::format("{}.{:02} {}", hundredths / 100, hundredths % 100, kNames[name]);
}

std::string duration_up(std::uint64_t nanoseconds) {
  const Duration exact(static_cast<std::int64_t>(nanoseconds));
  return format_duration(std::chrono::ceil<std::chrono::seconds>(exact));
}

// The limit that so many of the runs keep, or "".
std::string limit_that_holds(const Requirement& r, const Scenario& scenario,
                             std::vector<Nearness>& runs, std::uint64_t required) {
  const auto by = [&](auto less) -> const Nearness& {
    std::sort(runs.begin(), runs.end(), less);
    return runs[required - 1];
  };
  const auto smallest_first = [](const Nearness& a, const Nearness& b) {
    return a.worst < b.worst;
  };
  switch (r.kind) {
    case RequirementKind::kRpo:
    case RequirementKind::kCopyWithin:
    case RequirementKind::kRestoreTime: {
      const std::uint64_t worst = by(smallest_first).worst;
      const auto run = static_cast<std::uint64_t>((scenario.end - scenario.start).count());
      const bool is_none =
          worst == Nearness::kUnbounded || (r.kind == RequirementKind::kRpo && worst >= run);
      return is_none ? "" : "at_most " + duration_up(worst);
    }
    case RequirementKind::kQuota:
      return "at_most " + bytes_up(by(smallest_first).worst);
    case RequirementKind::kRestorePoints: {
      const std::uint64_t least =
          by([](const Nearness& a, const Nearness& b) { return a.worst > b.worst; }).worst;
      return least == 0 ? "" : fmt::format("at_least {}", least);
    }
    case RequirementKind::kBudget: {
      if (std::any_of(runs.begin(), runs.end(), [](const Nearness& run) { return run.is_least; })) {
        return {};  // what the rest costs is not known
      }
      std::sort(runs.begin(), runs.end(), [](const Nearness& a, const Nearness& b) {
        return a.amount.amount < b.amount.amount;
      });
      const cost::Money& money = runs[required - 1].amount;
      const cost::Rounding up{.decimals = 2, .mode = cost::RoundingMode::kUp};
      return "at_most " +
             cost::to_string(cost::Money{cost::round(money.amount, up), money.currency});
    }
    case RequirementKind::kCoverage:
    case RequirementKind::kProtected:
      break;
  }
  return {};
}

}  // namespace

std::string what_would_hold(const Requirement& r, const Scenario& scenario,
                            std::vector<Nearness> runs, std::uint64_t required) {
  if (required == 0 || runs.size() < required) return {};
  std::string text;
  const auto add = [&](const std::string& what) {
    if (!what.empty()) text += (text.empty() ? "with " : ", with ") + what;
  };
  add(limit_that_holds(r, scenario, runs, required));
  const bool has_share =
      r.kind != RequirementKind::kBudget && r.kind != RequirementKind::kProtected;
  if (!has_share) return text;
  std::sort(runs.begin(), runs.end(),
            [](const Nearness& a, const Nearness& b) { return good_parts(a) > good_parts(b); });
  // In hundredths of a percent, below the whole: the rest is what may be lacking.
  const std::uint64_t parts =
      std::min(good_parts(runs[required - 1]), kWholeShare - kWholeShare / 10'000);
  if (parts >= kWholeShare / 10'000) add("of_time " + percent_down(parts));
  return text;
}

}  // namespace backcast::sim
