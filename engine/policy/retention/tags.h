// Tags on backups: the time tags Zerops gives its automatic ones, the tags users give, and the tags
// that protect.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/instant.h"

namespace backcast::policy {

// Tags of an automatic backup. Manual ones get none.
struct TimeTags {
  bool daily = false;    // on every automatic backup, however many a day
  bool weekly = false;   // the first of its ISO week (Monday 00:00 UTC)
  bool monthly = false;  // the first of its UTC month
  bool operator==(const TimeTags&) const = default;
};

// `previous` is the newest automatic backup before this one that succeeded, whether it still exists
// or not; a failed run leaves the tag to the next. A backup older than `previous` opens no period.
TimeTags time_tags(Instant born, std::optional<Instant> previous);

std::vector<std::string> names(const TimeTags& tags);  // "daily", "weekly", "monthly"

// ---------------------------------------------------------------------------------------------

struct TagLimits {
  std::size_t max_tag_bytes = 24;     // Zerops guide
  std::size_t max_total_bytes = 256;  // the vendor has a limit (backupTotalTagLength), unpublished
  std::string_view marks = ":-_";     // allowed beside letters and digits
  bool is_of_vendor = true;           // faults name the vendor's codes
};
// Cost tags of a service: what AWS takes in the value of a cost allocation tag, blanks apart, by
// which the ledger separates tags.
inline constexpr TagLimits kCostTags{256, 8192, "+-=._:/@", false};

enum class TagFault : std::uint8_t { kNone, kEmpty, kTooLong, kBadCharacter, kTotalTooLong };

struct TagCheck {
  TagFault fault = TagFault::kNone;
  std::size_t tag = 0;       // which
  std::size_t position = 0;  // of the bad character
  bool ok() const { return fault == TagFault::kNone; }
};

TagCheck check_tags(std::span<const std::string> tags, const TagLimits& limits = {});
// With the vendor's code: backupTagNameFormat or backupTotalTagLength. Empty if there is no fault.
std::string explain(const TagCheck& check, std::span<const std::string> tags,
                    const TagLimits& limits = {});

// The first of the backup's tags that is on the list of protected names, or -1. Protection follows
// the list: a name taken off it protects no longer.
int protecting_tag(std::span<const std::string> tags, std::span<const std::string> protected_names);

}  // namespace backcast::policy
