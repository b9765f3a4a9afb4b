#include "engine/policy/retention/stored_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/base/checked.h"

namespace backcast::policy {
namespace {

// Raw bytes, and what is stored of them.
struct Share {
  std::uint64_t raw_bytes = 0, stored_bytes = 0;  // the latter at most the former

  // Rounded once; at most `bytes`.
  std::uint64_t of(std::uint64_t bytes) const {
    const uint128 stored = static_cast<uint128>(bytes) * stored_bytes + raw_bytes / 2;
    return static_cast<std::uint64_t>(stored / raw_bytes);
  }
  double percent() const {
    return 100 * static_cast<double>(stored_bytes) / static_cast<double>(raw_bytes);
  }
};

// New bytes count the folders' own data, too, which sizes leave out.
std::uint64_t new_bytes_of(const RawCounts& backup) {
  return std::min(backup.new_bytes, backup.size_bytes);
}

Share share_of_new(const RawCounts& backup) {
  const std::uint64_t new_bytes = new_bytes_of(backup);
  return {new_bytes, std::min(backup.packed_bytes.value_or(new_bytes), new_bytes)};
}

bool is_whole(const RawCounts& backup) {
  const Share added = share_of_new(backup);
  return added.stored_bytes > 0 &&
         static_cast<uint128>(added.raw_bytes) * 10 >= static_cast<uint128>(backup.size_bytes) * 9;
}

// " % of new bytes", of all but the backup that shows the whole; "" where there are none.
std::string told_of_new(std::span<const RawCounts> backups, const RawCounts* whole) {
  double raw_bytes = 0, stored_bytes = 0;
  for (const RawCounts& backup : backups) {
    if (&backup == whole || !backup.packed_bytes) continue;
    raw_bytes += static_cast<double>(share_of_new(backup).raw_bytes);
    stored_bytes += static_cast<double>(share_of_new(backup).stored_bytes);
  }
  if (raw_bytes == 0) return {};
  return fmt::format("of new bytes {:.0f} % are stored", 100 * stored_bytes / raw_bytes);
}

StoredCounts raw_counts(std::span<const RawCounts> backups, std::string_view why) {
  StoredCounts result;
  for (const RawCounts& backup : backups) {
    result.backups.push_back({backup.size_bytes, new_bytes_of(backup)});
  }
  const std::string of_new = told_of_new(backups, nullptr);
  result.note = fmt::format(
      "restic: sizes and new bytes are before compression, since {}{}{}; the store holds less "
      "where data compresses: give a CSV of time,size_bytes,new_bytes, the size being total_size "
      "of "
      "`restic stats ID --mode raw-data --json` and the new bytes data_added_packed",
      why, of_new.empty() ? "" : "; ", of_new);
  return result;
}

}  // namespace

StoredCounts stored_counts(std::span<const RawCounts> backups) {
  const bool all_say = std::all_of(backups.begin(), backups.end(), [](const RawCounts& backup) {
    return backup.packed_bytes.has_value();
  });
  if (!all_say) {
    return raw_counts(backups,
                      "not every backup says what its new bytes take after it (restic 0.17 and "
                      "newer say it of those that they make)");
  }
  const auto whole = std::find_if(backups.begin(), backups.end(), is_whole);
  if (whole == backups.end()) {
    return raw_counts(backups,
                      "no backup in the list adds all that it holds, which would show how the "
                      "whole compresses");
  }
  StoredCounts result;
  result.is_stored = true;
  Share all = share_of_new(*whole);
  const double whole_percent = all.percent();
  for (const RawCounts& backup : backups) {
    const Share added = share_of_new(backup);
    const std::uint64_t old_bytes = backup.size_bytes - added.raw_bytes;
    const std::uint64_t stored_bytes = all.of(old_bytes) + added.stored_bytes;
    result.backups.push_back({stored_bytes, added.stored_bytes});
    if (backup.size_bytes > 0) all = {backup.size_bytes, stored_bytes};
  }
  const std::string of_new = told_of_new(backups, &*whole);
  result.note = fmt::format("restic: sizes and new bytes are as stored; {}of the whole {:.0f} %{}",
                            of_new.empty() ? "" : of_new + ", ", whole_percent,
                            of_new.empty() ? " are stored" : "");
  return result;
}

}  // namespace backcast::policy
