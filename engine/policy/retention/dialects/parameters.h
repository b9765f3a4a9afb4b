// What each retention dialect can be told: plain values, one struct per dialect whose semantics
// truly differ. Zerops, Zilliz and Qdrant are compiled into the native rules.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/instant.h"

namespace backcast::policy {

inline constexpr std::int32_t kAll = -1;  // a count without a limit

// A span in calendar units, as restic writes it ("1y2m3d4h").
struct CalendarSpan {
  std::int32_t years = 0, months = 0, days = 0, hours = 0;
  bool is_zero() const { return years == 0 && months == 0 && days == 0 && hours == 0; }
  bool operator==(const CalendarSpan&) const = default;
};

// ---------------------------------------------------------------------------------------------

// The classes of backups a service makes by itself (engine/policy/retention/tags.h).
enum class BackupClass : std::uint8_t { kDaily, kWeekly, kMonthly };

struct NativePolicy {
  // Whose words the reasons use; Zerops, Zilliz and Qdrant compile into these rules.
  enum class Words : std::uint8_t { kNative, kZerops, kZilliz, kQdrant };
  Words words = Words::kNative;

  // Selectors: if any is set, what none of them selects is deleted (unless protected or a minimum).
  // A count is the number of periods that hold a restore point; a window reaches back from now.
  struct Keep {
    std::int32_t count = 0;            // kAll = every period
    std::optional<Duration> window{};  // with a count: both must allow it
    bool is_set() const { return count != 0 || window.has_value(); }
    bool operator==(const Keep&) const = default;
  };
  Keep last{}, hourly{}, daily{}, weekly{}, monthly{}, quarterly{}, yearly{};
  std::vector<std::vector<std::string>> keep_tags{};  // AND inside, OR between; at most 32

  // Verdict at birth: expires = time + ttl. Unset: never.
  std::optional<Duration> ttl{};
  bool manual_is_permanent = false;  // the ttl is for automatic restore points only
  bool permanent = false;            // nothing is ever deleted

  std::vector<std::string> protected_tags{};  // never deleted, never counted
  std::vector<std::string> hold_tags{};       // never deleted, counted

  // Per class; a backup counts once, as monthly before weekly before daily. maximum 0 = no limit.
  struct TypeLimit {
    std::int32_t minimum = 0, maximum = 0;
    bool operator==(const TypeLimit&) const = default;
  };
  std::array<TypeLimit, 3> types{};  // by BackupClass
  std::int32_t min_count = 0;        // this many newest stay, whatever else says otherwise

  std::int32_t max_count = 0;        // 0 = no limit
  std::uint64_t max_size_bytes = 0;  // 0 = no limit
  bool is_default_size = false;      // the limit is the vendor's, not the policy's own

  // Quirks of the Zerops simulator, off by default (docs/policies.md).
  bool keeps_maximum_plus_one = false;
  bool one_daily_per_day = false;  // of several dailies a day only the newest counts as daily

  bool operator==(const NativePolicy&) const = default;
};

struct ResticPolicy {
  std::int32_t last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
  CalendarSpan within{}, within_hourly{}, within_daily{}, within_weekly{}, within_monthly{},
      within_yearly{};
  std::vector<std::vector<std::string>> keep_tags{};  // AND inside, OR between; "" = untagged
  bool group_by_host = true, group_by_paths = true, group_by_tags = false;
  bool v0_14 = false;                   // restic before 0.16
  bool refuses_to_empty_group = false;  // 0.17 and newer, unless --unsafe-allow-remove-all
  bool operator==(const ResticPolicy&) const = default;
};

struct BorgPolicy {  // 1.2 and 1.4
  std::optional<Duration> within{};
  std::int32_t secondly = 0;  // --keep-last
  std::int32_t minutely = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0;
  std::int32_t thirteen_weekly = 0, three_monthly = 0, yearly = 0;
  bool is_1_2 = false;  // quarterly rules came with 1.4
  bool operator==(const BorgPolicy&) const = default;
};

struct Borg2Policy {
  struct Keep {
    std::optional<std::int32_t> count{};
    std::optional<Duration> interval{};
    bool is_set() const { return count.has_value() || interval.has_value(); }
    bool operator==(const Keep&) const = default;
  };
  Keep within{}, last{}, keep{}, secondly{}, minutely{}, hourly{}, daily{}, weekly{}, monthly{},
      thirteen_weekly{}, three_monthly{}, yearly{};
  std::optional<Instant> from{};
  bool operator==(const Borg2Policy&) const = default;
};

struct KopiaCounts {
  std::optional<std::int32_t> latest{}, hourly{}, daily{}, weekly{}, monthly{}, annual{};
  bool operator==(const KopiaCounts&) const = default;
};
struct KopiaPolicy : KopiaCounts {
  bool week_month_collision = false;  // kopia's shared id space, see dialects/kopia.cpp
  // Policies below the global one, in the order given; what one leaves out it inherits.
  struct Override : KopiaCounts {
    std::string target{};  // "@host", "user@host" or "user@host:/path"
    bool operator==(const Override&) const = default;
  };
  std::vector<Override> overrides{};
  bool operator==(const KopiaPolicy&) const = default;
};

struct PbsPolicy {
  std::optional<std::int32_t> last{}, hourly{}, daily{}, weekly{}, monthly{}, yearly{};
  bool operator==(const PbsPolicy&) const = default;
};

struct SanoidPolicy {
  std::int32_t frequently = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
  std::int32_t frequent_period_minutes = 15;
  std::int32_t prune_defer = 0;  // percent; 0 = always prune
  std::int32_t pool_used = -1;   // percent; -1 = not said
  bool operator==(const SanoidPolicy&) const = default;
};

struct DuplicacyPolicy {
  struct Keep {
    std::int32_t interval_days = 0;  // 0 = keep none
    std::int32_t age_days = 0;       // for revisions at least this old
    bool operator==(const Keep&) const = default;
  };
  std::vector<Keep> keep{};  // by decreasing age
  bool exclusive = false;
  bool operator==(const DuplicacyPolicy&) const = default;
};

struct VeeamPolicy {
  std::int32_t restore_points = 0;  // short-term retention by count, or
  std::int32_t days = 0;            // by days
  std::int32_t weekly = 0;          // GFS flags are held this many weeks,
  std::int32_t monthly = 0;         // months
  std::int32_t yearly = 0;          // and years
  std::int32_t weekly_weekday = 7;  // 1 = Monday; the week's full of this day or the next one after
  std::int32_t yearly_month = 1;
  bool operator==(const VeeamPolicy&) const = default;
};

struct AwsPolicy {
  struct Rule {
    std::string name;
    std::optional<std::int32_t> delete_after_days{};  // unset = kept for ever
    std::optional<std::int32_t> cold_after_days{};
    bool continuous = false;  // point-in-time recovery
    // Of the rule's copies; without a word they are deleted with their source's.
    std::optional<std::int32_t> copy_delete_after_days{};
    std::optional<std::int32_t> copy_cold_after_days{};
    bool operator==(const Rule&) const = default;
  };
  std::vector<Rule> rules{};  // overlapping: the longest retention wins
  bool operator==(const AwsPolicy&) const = default;
};

using RetentionPolicy =
    std::variant<NativePolicy, ResticPolicy, BorgPolicy, Borg2Policy, KopiaPolicy, PbsPolicy,
                 SanoidPolicy, DuplicacyPolicy, VeeamPolicy, AwsPolicy>;

}  // namespace backcast::policy
