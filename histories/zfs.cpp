// `zfs list -H -p -t snapshot`: one snapshot a line, columns parted by tabs.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"
#include "histories/element_reader.h"

namespace backcast::policy {
namespace {

constexpr const char* kHint = "list with: zfs list -H -p -t snapshot -o name,creation,used,refer";

std::vector<std::string_view> split_tabs(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t tab = line.find('\t'); tab != line.npos; tab = line.find('\t')) {
    fields.push_back(line.substr(0, tab));
    line.remove_prefix(tab + 1);
  }
  fields.push_back(line);
  return fields;
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return bad_input(fmt::format("{} is not a whole number", printable(text)), kHint);
}

// "2026-01-31_08:00:12" (sanoid), "2026-01-31-0800" (zfs-auto-snapshot), anywhere in the name.
Result<StampedInstant> time_in_name(std::string_view name, const Zone& zone) {
  const auto digits = [&](std::size_t at, std::size_t count) {
    const std::string_view part = name.substr(std::min(at, name.size()), count);
    return part.size() == count && part.find_first_not_of("0123456789") == part.npos;
  };
  for (std::size_t i = 0; i + 15 <= name.size(); ++i) {
    if (!digits(i, 4) || name[i + 4] != '-' || !digits(i + 5, 2) || name[i + 7] != '-' ||
        !digits(i + 8, 2) || !digits(i + 11, 2)) {
      continue;
    }
    const std::string date(name.substr(i, 10)), hour(name.substr(i + 11, 2));
    if (digits(i + 13, 2)) {
      return parse_time(fmt::format("{}T{}:{}:00", date, hour, name.substr(i + 13, 2)), zone);
    }
    if (name.substr(i + 13, 1) != ":" || !digits(i + 14, 2)) continue;
    const bool has_seconds =
        name.substr(std::min(i + 16, name.size()), 1) == ":" && digits(i + 17, 2);
    return parse_time(fmt::format("{}T{}:{}:{}", date, hour, name.substr(i + 14, 2),
                                  has_seconds ? name.substr(i + 17, 2) : "00"),
                      zone);
  }
  return bad_input("no creation time in the columns, and none in the name", kHint);
}

Result<Snapshot> read_line(std::string_view line, const Zone& zone) {
  const std::vector<std::string_view> fields = split_tabs(line);
  const std::size_t at_sign = fields[0].find('@');
  if (at_sign == fields[0].npos || at_sign == 0) {
    return bad_input(fmt::format("{} is not a snapshot's name", printable(fields[0])), kHint);
  }
  Snapshot s;
  s.id = fields[0];
  s.paths = {std::string(fields[0].substr(0, at_sign))};
  // The default columns are NAME USED AVAIL REFER MOUNTPOINT, AVAIL and MOUNTPOINT being "-".
  const bool is_default = fields.size() == 5 && fields[2] == "-";
  if (is_default || fields.size() == 1) {
    BACKCAST_TRY(const StampedInstant time, time_in_name(fields[0].substr(at_sign), zone));
    s.time = time.instant;
    s.offset = time.offset;
  } else {
    BACKCAST_TRY(const std::uint64_t seconds, parse_number(fields[1]));
    if (seconds > 9'000'000'000)
      return bad_input("the creation time is not in seconds since 1970", kHint);
    s.time = from_unix_seconds(static_cast<std::int64_t>(seconds));
    s.offset = zone.offset_at(s.time);
  }
  const std::size_t refer = 3;
  if (fields.size() > refer && fields[refer] != "-") {
    BACKCAST_TRY(s.size_bytes, parse_number(fields[refer]));
  }
  const std::size_t userrefs = 4;  // holds: zfs destroy refuses while there are any
  if (!is_default && fields.size() > userrefs && fields[userrefs] != "-") {
    BACKCAST_TRY(const std::uint64_t holds, parse_number(fields[userrefs]));
    s.is_protected = holds > 0;
  }
  return s;
}

}  // namespace

Result<History> import_zfs(std::string_view text, const ImportOptions& options) {
  History history{"zfs"};
  // A time cut short still reads as a number.
  if (!text.empty() && !text.ends_with('\n')) {
    Error error = bad_input("the last line has no end; was the list cut off?", "make it again");
    error.where.file = options.name;
    return error;
  }
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    auto snapshot = read_line(line, options.zone);
    if (!snapshot.ok()) {
      Error error = std::move(snapshot).error();
      error.where = {options.name, "", number, 0};
      return error;
    }
    if (history.snapshots.size() == kMaxSnapshots) {
      return bad_input("more than 5,000,000 restore points");
    }
    history.snapshots.push_back(std::move(snapshot).value());
  }
  return history;
}

}  // namespace backcast::policy
