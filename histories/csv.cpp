// A plain CSV with a header. Lists (tags, paths, pins) are parted by ";".
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/bytes.h"
#include "engine/base/csv_reader.h"
#include "engine/base/text.h"
#include "histories/element_reader.h"

namespace backcast::policy {
namespace {

constexpr std::array<std::string_view, 16> kColumns{
    "id",       "time",   "size_bytes", "new_bytes",  "tags", "host", "username", "paths",
    "schedule", "origin", "protected",  "incomplete", "pins", "end",  "expires",  "received"};

using Reader = io::CSVReader<kColumns.size(), io::trim_chars<' '>,
                             io::double_quote_escape<',', '"'>, io::throw_on_overflow>;
using Row = std::array<std::string, kColumns.size()>;

template <std::size_t... I>
void read_header(Reader& reader, std::index_sequence<I...>) {
  reader.read_header(io::ignore_missing_column, std::string(kColumns[I])...);
}
template <std::size_t... I>
bool read_row(Reader& reader, Row& row, std::index_sequence<I...>) {
  return reader.read_row(row[I]...);
}
constexpr auto kIndices = std::make_index_sequence<kColumns.size()>();

std::vector<std::string> split_semicolons(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    if (const auto part = trim(text.substr(0, end)); !part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<bool> parse_bool(std::string_view text) {
  if (text.empty() || text == "0" || text == "false" || text == "no") return false;
  if (text == "1" || text == "true" || text == "yes") return true;
  return bad_input(fmt::format("{} is not true or false", printable(text)));
}

Result<std::optional<Instant>> parse_optional(std::string_view text, const Zone& zone) {
  if (text.empty()) return std::optional<Instant>();
  BACKCAST_TRY(const StampedInstant time, parse_time(text, zone));
  return std::optional<Instant>(time.instant);
}

Result<Snapshot> read_snapshot(const Row& row, const Zone& zone, std::size_t number) {
  const auto field = [&](std::string_view name) -> const std::string& {
    return row[static_cast<std::size_t>(std::find(kColumns.begin(), kColumns.end(), name) -
                                        kColumns.begin())];
  };
  Snapshot s;
  s.id = field("id").empty() ? fmt::format("row-{}", number) : field("id");
  BACKCAST_TRY(const StampedInstant time, parse_time(field("time"), zone));
  s.time = time.instant;
  s.offset = time.offset;
  if (!field("size_bytes").empty()) {
    BACKCAST_TRY(s.size_bytes, parse_bytes(field("size_bytes")));
  }
  if (!field("new_bytes").empty()) {
    BACKCAST_TRY(s.new_bytes, parse_bytes(field("new_bytes")));
  }
  s.tags = split_semicolons(field("tags"));
  s.host = field("host");
  s.username = field("username");
  s.paths = split_semicolons(field("paths"));
  s.schedule = field("schedule");
  s.pins = split_semicolons(field("pins"));
  const std::string& origin = field("origin");
  if (origin == "manual") {
    s.origin = Origin::kManual;
  } else if (origin == "copy") {
    s.origin = Origin::kCopy;
  } else if (!origin.empty() && origin != "automatic") {
    return bad_input(fmt::format("unknown origin {}", printable(origin)),
                     "one of automatic, manual, copy");
  }
  BACKCAST_TRY(s.is_protected, parse_bool(field("protected")));
  BACKCAST_TRY(s.is_incomplete, parse_bool(field("incomplete")));
  BACKCAST_TRY(s.end, parse_optional(field("end"), zone));
  BACKCAST_TRY(s.expires, parse_optional(field("expires"), zone));
  BACKCAST_TRY(s.received, parse_optional(field("received"), zone));
  return s;
}

Error with_line(Error error, const ImportOptions& options, int line) {
  error.where = {options.name, "", line, 0};
  return error;
}

Error unknown_column(std::string_view header, std::string_view message) {
  const std::vector<std::string_view> known(kColumns.begin(), kColumns.end());
  while (!header.empty()) {
    const std::size_t comma = std::min(header.find(','), header.size());
    const std::string_view name = trim(header.substr(0, comma));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string_view nearest = nearest_name(name, known);
      return bad_input(fmt::format("unknown column {}", printable(name)),
                       nearest.empty() ? fmt::format("columns are {}", fmt::join(known, ", "))
                                       : fmt::format("did you mean {}?", nearest));
    }
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return bad_input(printable(message));
}

}  // namespace

std::vector<std::string_view> csv_columns() {
  return {kColumns.begin(), kColumns.end()};
}

Result<History> import_csv(std::string_view text, const ImportOptions& options) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // spreadsheets write a mark
  const std::string_view header = trim(text.substr(0, std::min(text.find('\n'), text.size())));
  if (!is_valid_utf8(text)) return with_line(bad_input("not UTF-8"), options, 0);
  History history{"csv"};
  int line = 1;
  try {
    text = csv_text(text);
    Reader reader(options.name.c_str(), text.data(), text.data() + text.size());
    read_header(reader, kIndices);
    if (!reader.has_column("time")) {
      return with_line(bad_input("there is no column \"time\"",
                                 fmt::format("columns are {}", fmt::join(csv_columns(), ", "))),
                       options, 1);
    }
    Row row;
    while (read_row(reader, row, kIndices)) {
      line = static_cast<int>(reader.get_file_line());
      auto snapshot = read_snapshot(row, options.zone, history.snapshots.size() + 1);
      if (!snapshot.ok()) return with_line(std::move(snapshot).error(), options, line);
      if (history.snapshots.size() == kMaxSnapshots) {
        return with_line(bad_input("more than 5,000,000 restore points"), options, line);
      }
      history.snapshots.push_back(std::move(snapshot).value());
      for (std::string& field : row) field.clear();
    }
  } catch (const io::error::extra_column_in_header& e) {
    return with_line(unknown_column(header, e.what()), options, 1);
  } catch (const io::error::base& e) {
    return with_line(bad_input("not a CSV row of as many fields as the header names", e.what()),
                     options, line + 1);
  }
  return history;
}

}  // namespace backcast::policy
