#include "sim/fit/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/checked.h"
#include "engine/base/text.h"

namespace backcast::sim {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes what stands before `separator` off the front of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t place = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, place);
  text.remove_prefix(std::min(place + 1, text.size()));
  return part;
}

double share(double part, double whole) {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 1;
}

struct Reader {
  const std::string& name;
  int line = 0;

  Error fault(std::string message) const {
    return Error{Errc::kBadInput,
                 std::move(message),
                 {name, "", line, 0},
                 "a row is runs of generations and bytes, such as \"0-4;7-9,102241\""};
  }

  Result<std::uint32_t> header(std::string_view text) const {
    constexpr std::string_view kKey = "generations=";
    const std::size_t place = text.find(kKey);
    if (!text.starts_with('#') || place == text.npos) {
      return fault("the first line must be \"# generations=N\"");
    }
    std::string_view rest = text.substr(place + kKey.size());
    const auto count = number(take(rest, ' '));
    if (!count || *count == 0 || *count > kMaxGenerations) {
      return fault("the number of generations must be 1 to " + std::to_string(kMaxGenerations));
    }
    return static_cast<std::uint32_t>(*count);
  }

  Result<PresenceRow> row(std::string_view text, std::uint32_t generations) const {
    PresenceRow result;
    std::string_view runs = take(text, ',');
    while (!runs.empty()) {
      std::string_view run = take(runs, ';');
      const auto first = number(take(run, '-'));
      const auto last = number(run);
      if (!first || !last || *first > *last || *last >= generations) {
        return fault("not a run of generations below " + std::to_string(generations));
      }
      if (!result.runs.empty() && *first <= result.runs.back().last + 1) {
        return fault("runs must be apart and in ascending order");
      }
      result.runs.push_back(
          {static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)});
    }
    const auto bytes = number(text);
    if (result.runs.empty() || !bytes) return fault("not a presence row");
    result.bytes = *bytes;
    return result;
  }
};

}  // namespace

Result<PresenceTable> parse_presence_table(std::string_view text, const std::string& name) {
  Reader reader{name};
  PresenceTable table;
  std::uint64_t total = 0;
  while (!text.empty()) {
    ++reader.line;
    const std::string_view line = trim(take(text, '\n'));
    if (reader.line == 1) {
      BACKCAST_TRY(table.generations, reader.header(line));
      continue;
    }
    if (line.empty() || line.starts_with('#') || line == "present,bytes") continue;
    BACKCAST_TRY(PresenceRow row, reader.row(line, table.generations));
    const auto sum = checked_add(total, row.bytes);
    if (!sum || *sum >> 63 != 0) return reader.fault("more than 2^63 bytes in all");
    total = *sum;
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) return reader.fault("no rows");
  return table;
}

bool ObservedHistory::has_losses() const {
  return std::any_of(backups.begin(), backups.end(), [](const ObservedBackup& b) {
    return std::any_of(std::begin(b.lost_bytes) + 1, std::end(b.lost_bytes),
                       [](const auto& lost) { return lost.has_value(); });
  });
}

double GapLosses::lost_share() const {
  return share(lost_bytes, all_bytes);
}

std::vector<GapLosses> losses_by_gap(const ObservedHistory& history) {
  constexpr std::size_t kLeastPairs = 3;
  std::vector<GapLosses> losses;
  for (std::size_t i = 0; i < kLossGapCount; ++i) {
    GapLosses of_gap{kLossGaps[i], {}, 0, 0};
    for (std::uint32_t b = of_gap.gap; b < history.backups.size(); ++b) {
      if (!history.backups[b].lost_bytes[i]) continue;
      of_gap.newer.push_back(b);
      of_gap.all_bytes += static_cast<double>(history.backups[b - of_gap.gap].size_bytes);
      of_gap.lost_bytes += static_cast<double>(*history.backups[b].lost_bytes[i]);
    }
    const bool is_enough = of_gap.newer.size() >= kLeastPairs && of_gap.all_bytes > 0;
    if (is_enough) losses.push_back(std::move(of_gap));
  }
  return losses;
}

double kept_share(const ObservedHistory& history, std::size_t b) {
  const ObservedBackup& backup = history.backups[b];
  return share(static_cast<double>(backup.size_bytes - backup.new_bytes),
               static_cast<double>(history.backups[b - 1].size_bytes));
}

double mean_kept_share(const ObservedHistory& history) {
  double kept = 0, all = 0;
  for (std::size_t b = 1; b < history.backups.size(); ++b) {
    kept += static_cast<double>(history.backups[b].size_bytes - history.backups[b].new_bytes);
    all += static_cast<double>(history.backups[b - 1].size_bytes);
  }
  return share(kept, all);
}

Error not_later(std::size_t backup, Instant at, Instant before) {
  return bad_input(fmt::format("backup {} ({}) is not later than the one before it ({})",
                               backup + 1, format_instant(at), format_instant(before)),
                   "list one source's backups, oldest first, by a clock that does not go back");
}

ObservedHistory observe(const PresenceTable& table, const Trace& trace) {
  ObservedHistory history;
  history.resurrection_share = table.resurrection_share();
  history.backups.resize(table.generations);
  for (const PresenceRow& row : table.rows) {
    history.backups[row.runs.front().first].new_bytes += row.bytes;
  }
  for (std::uint32_t b = 0; b < table.generations; ++b) {
    ObservedBackup& backup = history.backups[b];
    backup.size_bytes = trace.size_bytes[b];
    for (std::size_t i = 0; i < kLossGapCount; ++i) {
      if (kLossGaps[i] > b) continue;
      const std::uint32_t a = b - kLossGaps[i];
      backup.lost_bytes[i] = trace.size_bytes[a] - trace.shared(a, b);
    }
  }
  return history;
}

}  // namespace backcast::sim
