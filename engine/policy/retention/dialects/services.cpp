// The vocabularies that compile into the native rules: our own, and those of Zerops, Zilliz and
// Qdrant with their fields, ranges and defaults.
#include <fmt/format.h>

#include <charconv>

#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

using N = NativePolicy;

std::string compact(Duration d) {
  std::string text = format_duration(d);
  std::erase(text, ' ');
  return text;
}

template <auto Member>
constexpr Flag<N> keep_flag(std::string_view name) {
  return {name,
          "",
          true,
          false,
          [](N& p, std::string_view value) -> Status {
            BACKCAST_TRY((p.*Member).count, parse_count(value, kAll, kMaxCount));
            return kOk;
          },
          [](const N& p, Values& out) {
            if ((p.*Member).count != 0) out.push_back(std::to_string((p.*Member).count));
          }};
}

template <auto Member>
constexpr Flag<N> window_flag(std::string_view name) {
  return {name,
          "",
          true,
          false,
          [](N& p, std::string_view value) -> Status {
            BACKCAST_TRY((p.*Member).window, parse_duration(value));
            return kOk;
          },
          [](const N& p, Values& out) {
            if ((p.*Member).window) out.push_back(compact(*(p.*Member).window));
          }};
}

template <BackupClass Class, bool IsMaximum>
constexpr Flag<N> type_flag(std::string_view name, std::string_view alias = "") {
  constexpr auto kIndex = static_cast<std::size_t>(Class);
  return {name,
          alias,
          true,
          false,
          [](N& p, std::string_view value) -> Status {
            auto& limit = IsMaximum ? p.types[kIndex].maximum : p.types[kIndex].minimum;
            BACKCAST_TRY(limit, parse_count(value, 0, kMaxCount));
            return kOk;
          },
          [](const N& p, Values& out) {
            const auto& limit = IsMaximum ? p.types[kIndex].maximum : p.types[kIndex].minimum;
            if (limit != 0) out.push_back(std::to_string(limit));
          }};
}

constexpr Flag<N> kNativeFlags[] = {
    keep_flag<&N::last>("--keep-last"),
    keep_flag<&N::hourly>("--keep-hourly"),
    keep_flag<&N::daily>("--keep-daily"),
    keep_flag<&N::weekly>("--keep-weekly"),
    keep_flag<&N::monthly>("--keep-monthly"),
    keep_flag<&N::quarterly>("--keep-quarterly"),
    keep_flag<&N::yearly>("--keep-yearly"),
    window_flag<&N::last>("--keep-within"),
    window_flag<&N::hourly>("--keep-within-hourly"),
    window_flag<&N::daily>("--keep-within-daily"),
    window_flag<&N::weekly>("--keep-within-weekly"),
    window_flag<&N::monthly>("--keep-within-monthly"),
    window_flag<&N::quarterly>("--keep-within-quarterly"),
    window_flag<&N::yearly>("--keep-within-yearly"),
    tag_lists_flag<N, &N::keep_tags>("--keep-tag"),
    {"--ttl", "--max-age", true, false,
     [](N& p, std::string_view value) -> Status {
       BACKCAST_TRY(p.ttl, parse_duration(value));
       return kOk;
     },
     [](const N& p, Values& out) {
       if (p.ttl) out.push_back(compact(*p.ttl));
     }},
    switch_flag<N, &N::manual_is_permanent>("--manual-is-permanent"),
    switch_flag<N, &N::permanent>("--permanent"),
    names_flag<N, &N::protected_tags>("--protect-tag"),
    names_flag<N, &N::hold_tags>("--hold-tag"),
    type_flag<BackupClass::kDaily, false>("--min-daily"),
    type_flag<BackupClass::kWeekly, false>("--min-weekly"),
    type_flag<BackupClass::kMonthly, false>("--min-monthly"),
    type_flag<BackupClass::kDaily, true>("--max-daily"),
    type_flag<BackupClass::kWeekly, true>("--max-weekly"),
    type_flag<BackupClass::kMonthly, true>("--max-monthly"),
    count_flag<N, &N::min_count>("--min-count"),
    count_flag<N, &N::max_count>("--max-count"),
    {"--max-size", "", true, false,
     [](N& p, std::string_view value) -> Status {
       BACKCAST_TRY(p.max_size_bytes, parse_bytes(value));
       return kOk;
     },
     [](const N& p, Values& out) {
       if (p.max_size_bytes != 0) out.push_back(std::to_string(p.max_size_bytes));
     }},
    switch_flag<N, &N::one_daily_per_day>("--one-daily-per-day"),
};

Status check_native(N& p) {
  if (p == N{}) {
    return bad_input("native: no rule", "give --keep-*, --ttl, --max-* or --permanent");
  }
  const bool has_others = !(p == N{.permanent = true});
  if (p.permanent && has_others) {
    return bad_input("native: --permanent contradicts every other rule", "leave one of them out");
  }
  for (const N::TypeLimit& limit : p.types) {
    if (limit.maximum != 0 && limit.maximum < limit.minimum) {
      return bad_input(fmt::format("native: a maximum of {} is below the minimum of {}",
                                   limit.maximum, limit.minimum));
    }
  }
  return kOk;
}

// ---------------------------------------------------------------------------------------------
// Zerops: the fields of its BackupRetentionPolicy, with their defaults.

template <BackupClass Class, bool IsMaximum, std::int32_t Default>
constexpr Flag<N> zerops_flag(std::string_view name, std::string_view alias) {
  constexpr auto kIndex = static_cast<std::size_t>(Class);
  Flag<N> flag = type_flag<Class, IsMaximum>(name, alias);
  flag.get = [](const N& p, Values& out) {
    const auto& limit = IsMaximum ? p.types[kIndex].maximum : p.types[kIndex].minimum;
    if (limit != Default) out.push_back(std::to_string(limit));
  };
  return flag;
}

constexpr std::int32_t kMaxTotalFiles = 50;
constexpr std::int32_t kMaxTotalGib = 5;  // of the Lightweight package
constexpr Flag<N> kZeropsFlags[] = {
    zerops_flag<BackupClass::kDaily, false, 7>("minDaily", "--min-daily"),
    zerops_flag<BackupClass::kWeekly, false, 4>("minWeekly", "--min-weekly"),
    zerops_flag<BackupClass::kMonthly, false, 3>("minMonthly", "--min-monthly"),
    zerops_flag<BackupClass::kDaily, true, 0>("maxDaily", "--max-daily"),
    zerops_flag<BackupClass::kWeekly, true, 0>("maxWeekly", "--max-weekly"),
    zerops_flag<BackupClass::kMonthly, true, 0>("maxMonthly", "--max-monthly"),
    {"maxTotalFiles", "--max-total-files", true, false,
     [](N& p, std::string_view value) -> Status {
       BACKCAST_TRY(p.max_count, parse_count(value, 0, kMaxCount));
       return kOk;
     },
     [](const N& p, Values& out) {
       if (p.max_count != kMaxTotalFiles) out.push_back(std::to_string(p.max_count));
     }},
    {"maxTotalGiB", "--max-total-gib", true, false,
     [](N& p, std::string_view value) -> Status {
       BACKCAST_TRY(const std::int32_t gib, parse_count(value, 0, 1 << 20));
       p.max_size_bytes = static_cast<std::uint64_t>(gib) * kGiB;
       p.is_default_size = false;
       return kOk;
     },
     [](const N& p, Values& out) {
       if (p.is_default_size || p.max_size_bytes % kGiB != 0) return;
       out.push_back(std::to_string(p.max_size_bytes / kGiB));
     }},
    // The vendor has whole GiB alone; a project's quota need not be.
    {"--max-total-bytes", "maxTotalBytes", true, false,
     [](N& p, std::string_view value) -> Status {
       std::uint64_t bytes = 0;
       const char* const end = value.data() + value.size();
       const auto read = std::from_chars(value.data(), end, bytes);
       if (read.ec != std::errc() || read.ptr != end) {
         return bad_input(fmt::format("'{}' is no count of bytes", printable(value)));
       }
       p.max_size_bytes = bytes;
       p.is_default_size = false;
       return kOk;
     },
     [](const N& p, Values& out) {
       if (p.is_default_size || p.max_size_bytes % kGiB == 0) return;
       out.push_back(std::to_string(p.max_size_bytes));
     }},
    {"protectedTags", "--protected-tags", true, false,
     [](N& p, std::string_view value) -> Status {
       p.protected_tags = split_list(value);
       return kOk;
     },
     [](const N& p, Values& out) {
       if (p.protected_tags != std::vector<std::string>{"protected"}) {
         out.push_back(join_list(p.protected_tags));
       }
     }},
    switch_flag<N, &N::keeps_maximum_plus_one>("--keep-max-plus-one"),
    switch_flag<N, &N::one_daily_per_day>("--one-daily-per-day"),
};

// ---------------------------------------------------------------------------------------------
// Zilliz and Qdrant: one number of days, fixed at birth.

template <std::int32_t To>
Status set_days(N& p, std::string_view value) {
  BACKCAST_TRY(const std::int32_t days, parse_count(value, 1, To));
  p.ttl = days * kDay;
  return kOk;
}

void get_days(const N& p, Values& out) {
  if (p.ttl) out.push_back(std::to_string(*p.ttl / kDay));
}

// Zilliz: 1..30 days (else its error 96034), default 7. Qdrant: 1..365 days; unset keeps for ever.
constexpr Flag<N> kZillizFlags[] = {
    {"retentionDays", "--retention-days", true, false, set_days<30>, get_days}};
constexpr Flag<N> kQdrantFlags[] = {
    {"--retention-days", "retention_days", true, false, set_days<365>, get_days}};

// What the vendors apply where nothing is set.
N zerops_defaults() {
  return {.words = N::Words::kZerops,
          .protected_tags = {"protected"},
          .types = {{{7, 0}, {4, 0}, {3, 0}}},
          .max_count = kMaxTotalFiles,
          .max_size_bytes = kMaxTotalGib * kGiB,
          .is_default_size = true};
}

N zilliz_defaults() {
  return {.words = N::Words::kZilliz, .ttl = 7 * kDay, .manual_is_permanent = true};
}

}  // namespace

const Dialect<NativePolicy>& native_dialect() {
  static const Dialect<N> kDialect{"native", kNativeFlags, {}, {}, {}, {}, check_native};
  return kDialect;
}

const Dialect<NativePolicy>& zerops_dialect() {
  static const Dialect<N> kDialect{"zerops", kZeropsFlags, {}, {}, {}, zerops_defaults(), nullptr};
  return kDialect;
}

const Dialect<NativePolicy>& zilliz_dialect() {
  static const Dialect<N> kDialect{"zilliz", kZillizFlags, {}, {}, {}, zilliz_defaults(), nullptr};
  return kDialect;
}

const Dialect<NativePolicy>& qdrant_dialect() {
  static const Dialect<N> kDialect{
      "qdrant", kQdrantFlags, {}, {}, {}, {.words = N::Words::kQdrant, .manual_is_permanent = true},
      nullptr};
  return kDialect;
}

}  // namespace backcast::policy
