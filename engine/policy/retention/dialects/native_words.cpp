// How the native rules read a snapshot, what they say at birth, and their reasons in words.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/bytes.h"
#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/tags.h"

namespace backcast::policy {
namespace {

// Which of the wanted tags the snapshot carries, or -1.
std::int32_t index_of_tag(const std::vector<std::string>& wanted,
                          const std::vector<std::string>& tags) {
  const int carried = protecting_tag(tags, wanted);
  if (carried < 0) return -1;
  const auto found =
      std::find(wanted.begin(), wanted.end(), tags[static_cast<std::size_t>(carried)]);
  return static_cast<std::int32_t>(found - wanted.begin());
}

std::string_view class_name(std::int64_t type) {
  constexpr std::array<std::string_view, 4> kNames{"daily", "weekly", "monthly", "restore point"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace

void mark(const NativePolicy& policy, const Snapshot& snapshot, Point& point) {
  point.tag_lists = match_tag_lists(policy.keep_tags, snapshot.tags);
  point.tag_index = index_of_tag(policy.protected_tags, snapshot.tags);
  if (point.tag_index >= 0) {
    point.marks |= kMarkProtected;
  } else if (!(point.marks & kMarkProtected)) {
    point.tag_index = index_of_tag(policy.hold_tags, snapshot.tags);
    if (point.tag_index >= 0) point.marks |= kMarkHeld;
  }
  if (snapshot.origin == Origin::kManual) return;  // a user's own "weekly" is only a name
  for (const std::string& tag : snapshot.tags) {
    if (tag == "daily") point.marks |= kMarkDaily;
    if (tag == "weekly") point.marks |= kMarkWeekly;
    if (tag == "monthly") point.marks |= kMarkMonthly;
  }
}

Birth born(const NativePolicy& policy, const Point& newborn, Points, const PlanContext&) {
  Birth birth;
  birth.reason = {Rule::kPermanent, Effect::kKeeps, 0, 0};
  const bool is_permanent =
      policy.permanent || (policy.manual_is_permanent && newborn.marks & kMarkManual);
  if (is_permanent || !policy.ttl) return birth;
  birth.expires = plus(newborn.time, *policy.ttl);
  birth.reason = {Rule::kExpiry, Effect::kKeeps, 0, *policy.ttl / kSecond};
  return birth;
}

std::string words(const NativePolicy& policy, const Reason& reason) {
  const auto tag = [&](const std::vector<std::string>& tags, std::string_view kind) {
    if (reason.detail < 0) return std::string(kind);
    return fmt::format("{} tag {}", kind, tags[static_cast<std::size_t>(reason.detail)]);
  };
  const auto span = [&] { return span_text(reason.detail); };
  const bool keeps = reason.effect == Effect::kKeeps;
  switch (reason.rule) {
    case Rule::kProtected:
      return tag(policy.protected_tags, "protected");
    case Rule::kHeld:
      return tag(policy.hold_tags, "hold");
    case Rule::kFuture:
      return "stamped in the future";
    case Rule::kIncomplete:
      return keeps ? "unfinished" : "unfinished, and a newer one exists";
    case Rule::kPermanent:
      return policy.permanent ? "permanent" : policy.ttl ? "manual, never expires" : "no expiry";
    case Rule::kEverything:
      return "no limit set";
    case Rule::kTag:
      return fmt::format(
          "has tags [{}]",
          fmt::join(policy.keep_tags[static_cast<std::size_t>(reason.detail)], ", "));
    case Rule::kExpiry:
      return keeps ? fmt::format("expires in {}", span()) : fmt::format("expired {} ago", span());
    case Rule::kMinimum:
      return fmt::format("minimum {} #{}", class_name(reason.detail), reason.ordinal);
    case Rule::kMaximum:
      return fmt::format("{} #{} is over the maximum of {}", class_name(reason.detail),
                         reason.ordinal,
                         policy.types[static_cast<std::size_t>(reason.detail)].maximum);
    case Rule::kTotalCount:
      return keeps ? fmt::format("{} within the limits (#{})", class_name(reason.detail),
                                 reason.ordinal)
                   : fmt::format("over the maximum of {} in total", reason.detail);
    case Rule::kTotalSize:
      return fmt::format("would pass the maximum total of {}",
                         format_bytes(static_cast<std::uint64_t>(reason.detail)));
    default:
      return keeps ? fmt::format("{} #{}", rule_name(reason.rule), reason.ordinal)
                   : why_not(reason);
  }
}

}  // namespace backcast::policy
