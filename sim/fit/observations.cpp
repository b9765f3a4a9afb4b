#include "sim/fit/observations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/csv_reader.h"
#include "engine/base/document.h"
#include "engine/base/text.h"
#include "engine/policy/retention/stored_counts.h"

namespace backcast::sim {
namespace {

using nlohmann::json;

std::string lost_name(std::size_t i) {
  return "lost_" + std::to_string(kLossGaps[i]) + "_bytes";
}

const json* find(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// What a row says it is of.
struct Source {
  std::string host;
  std::set<std::string> paths;
  auto operator<=>(const Source&) const = default;
};

// Takes the rows of one source out of those of several.
class OneSource {
 public:
  explicit OneSource(const SourceChoice& choice)
      : host_(choice.host), paths_(choice.paths.begin(), choice.paths.end()) {}

  bool takes(const Source& source) {
    if (!host_.empty() && source.host != host_) return false;
    if (!paths_.empty() && source.paths != paths_) return false;
    seen_.insert(source);
    return true;
  }
  Status check(const std::string& name) const {
    if (seen_.empty() && !(host_.empty() && paths_.empty())) {
      return Error{Errc::kBadInput,
                   "no row is of this host and these paths",
                   {name, "", 0, 0},
                   "see what the rows say; a presence table says nothing of hosts and paths"};
    }
    if (seen_.size() <= 1) return kOk;
    std::string all;
    for (const Source& source : seen_) {
      all += (all.empty() ? "" : "; ") + printable(source.host);
      for (const std::string& path : source.paths) all += ' ' + printable(path);
      if (all.size() > 1000) break;
    }
    return Error{Errc::kBadInput,
                 "these are backups of " + std::to_string(seen_.size()) +
                     " sources, whose histories must not be mixed: " + all,
                 {name, "", 0, 0},
                 "choose one by --host and --path, of calibrate or already of backcast stats"};
  }

 private:
  std::string host_;
  std::set<std::string> paths_;
  std::set<Source> seen_;
};

// Paths as our tables write them in one cell.
std::set<std::string> paths_of(std::string_view text) {
  std::set<std::string> paths;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    paths.emplace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return paths;
}

Source source_of(const json& object) {
  Source source;
  for (const char* key : {"host", "hostname"}) {
    const json* host = find(object, key);
    if (host && host->is_string()) source.host = host->get<std::string>();
  }
  const json* paths = find(object, "paths");
  if (paths && paths->is_string()) source.paths = {paths->get<std::string>()};
  for (std::size_t i = 0; paths && paths->is_array() && i < paths->size(); ++i) {
    if ((*paths)[i].is_string()) source.paths.insert((*paths)[i].get<std::string>());
  }
  return source;
}

struct JsonRows {
  const Document& document;

  Error fault(const std::string& pointer, std::string message) const {
    return Error{Errc::kBadInput, std::move(message), document.locate(pointer),
                 "a row is {\"time\", \"size_bytes\", \"new_bytes\", \"lost_1_bytes\", ...}"};
  }
  Result<std::uint64_t> bytes(const json& value, const std::string& pointer) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 62 != 0) {
      return fault(pointer, "not a number of bytes below 2^62");
    }
    return value.get<std::uint64_t>();
  }
  // Where a row keeps what is wanted: our own at the top, restic's counts in "summary", borg's in
  // "archive", whose local times count as UTC: only their distances matter.
  struct Form {
    const json* counts;
    const char *size = "size_bytes", *added = "new_bytes";
    const json* stamped;
    const char *time = "time", *zone = "";
  };
  static Form form_of(const json& object) {
    const json* summary = find(object, "summary");
    if (summary && summary->is_object()) {
      return {summary, "total_bytes_processed", "data_added", &object};
    }
    const json* archive = find(object, "archive");
    const json* stats = archive && archive->is_object() ? find(*archive, "stats") : nullptr;
    if (stats && stats->is_object()) {
      return {stats, "compressed_size", "deduplicated_size", archive, "start", "Z"};
    }
    return {.counts = &object, .stamped = &object};
  }
  Result<ObservedBackup> row(const json& object, const std::string& pointer) const {
    if (!object.is_object()) return fault(pointer, "a backup must be an object");
    const Form form = form_of(object);
    const json& counts = *form.counts;
    ObservedBackup backup;
    for (const auto& [name, target] :
         {std::pair{form.size, &backup.size_bytes}, std::pair{form.added, &backup.new_bytes}}) {
      const json* value = find(counts, name);
      if (!value) return fault(pointer, std::string("no \"") + name + "\"");
      BACKCAST_TRY(*target, bytes(*value, pointer_child(pointer, name)));
    }
    for (std::size_t i = 0; i < kLossGapCount; ++i) {
      const std::string name = lost_name(i);
      if (const json* value = find(object, name)) {
        BACKCAST_TRY(backup.lost_bytes[i], bytes(*value, pointer_child(pointer, name)));
      }
    }
    if (const json* time = find(*form.stamped, form.time)) {
      const auto instant = time->is_string()
                               ? parse_instant(time->get_ref<const std::string&>() + form.zone)
                               : Result<StampedInstant>(bad_input("not a time"));
      if (!instant) return fault(pointer_child(pointer, "time"), instant.error().message);
      backup.time = instant->instant;
    }
    return backup;
  }
  // Of what a row of restic calls "data_added", in its "summary".
  Result<std::optional<std::uint64_t>> packed_bytes(const json& object,
                                                    const std::string& pointer) const {
    const json* packed = find(object["summary"], "data_added_packed");
    if (packed == nullptr) return std::optional<std::uint64_t>();
    BACKCAST_TRY(const std::uint64_t packed_bytes,
                 bytes(*packed, pointer + "/summary/data_added_packed"));
    return std::optional(packed_bytes);
  }
};

// The backups that restic listed, which it counts before compression.
class ResticCounts {
 public:
  void see(std::size_t index, const policy::RawCounts& counts) {
    indices_.push_back(index);
    counts_.push_back(counts);
  }
  // What they are in `result`, as far as the list tells it; and a note of that.
  void convert(Observations& result) const {
    if (counts_.empty()) return;
    policy::StoredCounts stored = policy::stored_counts(counts_);
    for (std::size_t i = 0; i < indices_.size(); ++i) {
      ObservedBackup& backup = result.history.backups[indices_[i]];
      backup.size_bytes = stored.backups[i].size_bytes;
      backup.new_bytes = stored.backups[i].new_bytes;
    }
    result.notes.push_back(std::move(stored.note));
  }

 private:
  std::vector<std::size_t> indices_;
  std::vector<policy::RawCounts> counts_;
};

Result<Observations> read_json(std::string_view text, const std::string& name,
                               const SourceChoice& choice) {
  BACKCAST_TRY(const Document document, Document::parse(text, name));
  const JsonRows reader{document};
  const json* rows = &document.root();
  std::string pointer;
  if (rows->is_object()) {
    pointer = "/rows";
    rows = find(document.root(), "rows");
  }
  if (!rows && find(document.root(), "archives")) {
    return Error{Errc::kBadInput, "borg info and borg list do not say what each backup added",
                 document.locate(""), "keep what `borg create --json` prints and join it: jq -s ."};
  }
  if (!rows || !rows->is_array()) return reader.fault("", "no list of backups");
  if (rows->size() > kMaxObservedBackups)
    return reader.fault(pointer, "more than 1,000,000 backups");
  Observations result;
  std::size_t index = 0;
  OneSource one(choice);
  ResticCounts restic;
  for (const json& object : *rows) {
    const std::string place = pointer + "/" + std::to_string(index++);
    BACKCAST_TRY(ObservedBackup backup, reader.row(object, place));
    if (!one.takes(source_of(object))) continue;
    if (find(object, "summary") != nullptr) {
      BACKCAST_TRY(const auto packed_bytes, reader.packed_bytes(object, place));
      restic.see(result.history.backups.size(),
                 {backup.size_bytes, backup.new_bytes, packed_bytes});
    }
    result.history.backups.push_back(backup);
  }
  BACKCAST_CHECK(one.check(name));
  restic.convert(result);
  if (!rows->empty() && find(rows->front(), "archive")) {
    result.notes.push_back("all archives in the list are taken as one source");
  }
  return result;
}

// An empty cell is an unknown value.
Status read_cell(const char* cell, std::optional<std::uint64_t>& target) {
  const std::string_view text = cell ? trim(cell) : std::string_view();
  if (text.empty()) return kOk;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >> 62 != 0) {
    return bad_input(printable(text) + " is not a number of bytes below 2^62");
  }
  target = value;
  return kOk;
}

Result<Observations> read_rows(
    const SourceChoice& choice, const std::string& name,
    io::CSVReader<12, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>>& csv) {
  static_assert(kLossGapCount == 7);
  csv.read_header(io::ignore_missing_column | io::ignore_extra_column, "time", "size_bytes",
                  "new_bytes", lost_name(0), lost_name(1), lost_name(2), lost_name(3), lost_name(4),
                  lost_name(5), lost_name(6), "host", "paths");
  for (const char* needed : {"size_bytes", "new_bytes"}) {
    if (!csv.has_column(needed)) {
      return bad_input(std::string("no column \"") + needed + "\"",
                       "columns are time,size_bytes,new_bytes,lost_1_bytes,...,lost_56_bytes");
    }
  }
  Observations result;
  const char *time = nullptr, *size = nullptr, *added = nullptr;
  const char *host = nullptr, *paths = nullptr;
  const char* lost[kLossGapCount] = {};
  OneSource one(choice);
  while (csv.read_row(time, size, added, lost[0], lost[1], lost[2], lost[3], lost[4], lost[5],
                      lost[6], host, paths)) {
    if (result.history.backups.size() == kMaxObservedBackups) {
      return bad_input("more than 1,000,000 backups");
    }
    ObservedBackup backup;
    std::optional<std::uint64_t> size_bytes, new_bytes;
    BACKCAST_CHECK(read_cell(size, size_bytes));
    BACKCAST_CHECK(read_cell(added, new_bytes));
    if (!size_bytes || !new_bytes) return bad_input("size_bytes and new_bytes are needed");
    backup.size_bytes = *size_bytes;
    backup.new_bytes = *new_bytes;
    for (std::size_t i = 0; i < kLossGapCount; ++i) {
      BACKCAST_CHECK(read_cell(lost[i], backup.lost_bytes[i]));
    }
    if (time != nullptr && *time != '\0') {
      BACKCAST_TRY(const StampedInstant stamp, parse_instant(time));
      backup.time = stamp.instant;
    }
    if (!one.takes({host ? host : "", paths_of(paths ? paths : "")})) continue;
    result.history.backups.push_back(backup);
  }
  BACKCAST_CHECK(one.check(name));
  return result;
}

Result<Observations> read_csv(std::string_view text, const std::string& name,
                              const SourceChoice& choice) {
  // The reader reports by exception; none leaves this function.
  text = csv_text(text);
  try {
    io::CSVReader<12, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>> csv(
        name, text.data(), text.data() + text.size());
    auto result = read_rows(choice, name, csv);
    if (result || !result.error().where.file.empty()) return result;
    Error error = std::move(result).error();
    error.where = {name, "", static_cast<int>(csv.get_file_line()), 0};
    return error;
  } catch (const io::error::base& e) {
    return Error{Errc::kBadInput,
                 e.what(),
                 {name, "", 0, 0},
                 "give a presence table, `backcast stats --json`, or CSV with a header"};
  }
}

}  // namespace

Result<Observations> read_observations(std::string_view text, const std::string& name,
                                       const SourceChoice& choice) {
  if (!is_valid_utf8(text)) {
    return Error{
        Errc::kBadInput, "not UTF-8 text", {name, "", 0, 0}, "unpack a compressed file first"};
  }
  const std::string_view body = trim(text);
  if (body.starts_with('{') || body.starts_with('[')) return read_json(text, name, choice);
  if (!body.starts_with('#')) return read_csv(text, name, choice);
  BACKCAST_CHECK(OneSource(choice).check(name));
  BACKCAST_TRY(PresenceTable table, parse_presence_table(text, name));
  Observations result;
  result.history = observe(table, table.trace());
  result.table = std::move(table);
  return result;
}

}  // namespace backcast::sim
