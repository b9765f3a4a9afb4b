#include "engine/policy/retention/tags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {
namespace {

CivilDate utc_date(Instant t) {
  return to_civil(t, Zone::utc()).date;
}

bool is_tag_character(char c, std::string_view marks) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         marks.find(c) != marks.npos;
}

}  // namespace

TimeTags time_tags(Instant born, std::optional<Instant> previous) {
  if (!previous) return {true, true, true};
  if (born <= *previous) return {true, false, false};
  const CivilDate now = utc_date(born), before = utc_date(*previous);
  return {true, iso_week(now) != iso_week(before),
          now.year != before.year || now.month != before.month};
}

std::vector<std::string> names(const TimeTags& tags) {
  std::vector<std::string> given;
  if (tags.daily) given.emplace_back("daily");
  if (tags.weekly) given.emplace_back("weekly");
  if (tags.monthly) given.emplace_back("monthly");
  return given;
}

TagCheck check_tags(std::span<const std::string> tags, const TagLimits& limits) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string& tag = tags[i];
    if (tag.empty()) return {TagFault::kEmpty, i, 0};
    const auto bad = std::find_if_not(tag.begin(), tag.end(),
                                      [&](char c) { return is_tag_character(c, limits.marks); });
    if (bad != tag.end()) {
      return {TagFault::kBadCharacter, i, static_cast<std::size_t>(bad - tag.begin())};
    }
    if (tag.size() > limits.max_tag_bytes) return {TagFault::kTooLong, i, limits.max_tag_bytes};
    total += tag.size();
  }
  if (total > limits.max_total_bytes) return {TagFault::kTotalTooLong, tags.size(), 0};
  return {};
}

std::string explain(const TagCheck& check, std::span<const std::string> tags,
                    const TagLimits& limits) {
  const auto tag = [&] { return printable(tags[check.tag]); };
  const char* const format_code = limits.is_of_vendor ? " (backupTagNameFormat)" : "";
  switch (check.fault) {
    case TagFault::kNone:
      return {};
    case TagFault::kEmpty:
      return fmt::format("an empty tag{}", format_code);
    case TagFault::kTooLong:
      return fmt::format("tag {} is longer than {} characters{}", tag(), limits.max_tag_bytes,
                         format_code);
    case TagFault::kBadCharacter:
      return fmt::format("tag {} has {} at position {}; letters, digits and {} are allowed{}",
                         tag(), printable(tags[check.tag].substr(check.position, 1)),
                         check.position + 1, fmt::join(limits.marks, " "), format_code);
    case TagFault::kTotalTooLong:
      return fmt::format("the tags together are longer than {} characters{}",
                         limits.max_total_bytes,
                         limits.is_of_vendor ? " (backupTotalTagLength)" : "");
  }
  return {};
}

int protecting_tag(std::span<const std::string> tags,
                   std::span<const std::string> protected_names) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (std::find(protected_names.begin(), protected_names.end(), tags[i]) !=
        protected_names.end()) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

}  // namespace backcast::policy
