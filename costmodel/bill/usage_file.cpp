#include "costmodel/bill/usage_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <climits>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <variant>

#include "costmodel/bill/block_references.h"
#include "costmodel/bill/match.h"
#include "costmodel/bill/usage_check.h"
#include "engine/base/bytes.h"
#include "engine/base/csv_reader.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::json;

enum Field {
  kKind,
  kStart,
  kEnd,
  kBorn,
  kQuantity,
  kObjects,
  kProvider,
  kProject,
  kService,
  kRegion,
  kPeerRegion,
  kStorageClass,
  kBackupKind,
  kBackup,
  kOperation,
  kTags,
  kBlocks,
  kFieldCount
};
constexpr std::array<const char*, kFieldCount> kNames{
    "kind",        "start",   "end",       "born",   "quantity",    "objects",
    "provider",    "project", "service",   "region", "peer_region", "storage_class",
    "backup_kind", "backup",  "operation", "tags",   "blocks"};

// A fault in one field; the caller knows the line.
struct FieldError {
  Error error;
  int field = 0;
};

class RecordParser {
 public:
  // Sets one field from its text; "" leaves it at its default.
  void set(int field, std::string_view text) {
    if (text.empty() || fault_) return;
    if (!is_valid_utf8(text)) return fail(field, bad_input("not UTF-8 text"));
    switch (field) {
      case kKind:
        return set_kind(text);
      case kStart:
        return set_instant(field, text, start_);
      case kEnd:
        return set_instant(field, text, end_);
      case kBorn:
        return set_instant(field, text, record_.born);
      case kQuantity:
        return set_count(field, text, record_.quantity, has_quantity_);
      case kObjects: {
        bool ignored = false;
        return set_count(field, text, record_.objects, ignored);
      }
      case kTags:
        return set_tags(text);
      case kBlocks:
        return set_blocks(text);
      default:
        return set_name(field, text);
    }
  }

  void add_tag(std::string_view tag) { record_.tags.emplace_back(tag); }
  void fail(int field, Error error) {
    if (!fault_) fault_ = FieldError{std::move(error), field};
  }

  std::vector<std::uint32_t> take_blocks() { return std::move(blocks_); }

  // The record, or the first fault.
  std::variant<UsageRecord, FieldError> finish() {
    if (!has_kind_) fail(kKind, bad_input("missing field \"kind\""));
    if (!start_) fail(kStart, bad_input("missing field \"start\""));
    if (!has_quantity_) fail(kQuantity, bad_input("missing field \"quantity\""));
    const bool is_moment = record_.kind != UsageKind::kStorage &&
                           record_.kind != UsageKind::kInstance &&
                           record_.kind != UsageKind::kDeletion;
    if (!end_ && !is_moment) fail(kEnd, bad_input("missing field \"end\""));
    if (fault_) return *std::move(fault_);
    record_.start = *start_;
    record_.end = end_.value_or(*start_);
    return std::move(record_);
  }

 private:
  void set_kind(std::string_view text) {
    const auto it = std::find(kUsageKinds.begin(), kUsageKinds.end(), text);
    if (it == kUsageKinds.end()) {
      const auto near = nearest_name(text, kUsageKinds);
      return fail(
          kKind, bad_input("unknown kind " + printable(text),
                           near.empty() ? fmt::format("use one of {}", fmt::join(kUsageKinds, ", "))
                                        : fmt::format("did you mean \"{}\"?", near)));
    }
    record_.kind = static_cast<UsageKind>(it - kUsageKinds.begin());
    has_kind_ = true;
  }

  void set_instant(int field, std::string_view text, std::optional<Instant>& target) {
    const auto parsed = parse_instant(text);
    if (!parsed.ok()) return fail(field, parsed.error());
    target = parsed->instant;
  }

  void set_count(int field, std::string_view text, std::uint64_t& target, bool& is_set) {
    const auto parsed = parse_bytes(text);
    if (!parsed.ok()) return fail(field, parsed.error());
    target = *parsed;
    is_set = true;
  }

  void set_tags(std::string_view text) {
    while (!(text = trim(text)).empty()) {
      const auto end = std::min(text.find(' '), text.size());
      record_.tags.emplace_back(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  void set_blocks(std::string_view text) {
    auto parsed = parse_blocks(text);
    if (!parsed.ok()) return fail(kBlocks, parsed.error());
    blocks_ = *std::move(parsed);
  }

  void set_name(int field, std::string_view text) {
    const std::array<std::string*, 9> targets{
        &record_.provider,    &record_.project,     &record_.service,
        &record_.region,      &record_.peer_region, &record_.storage_class,
        &record_.backup_kind, &record_.backup,      &record_.operation};
    *targets[static_cast<std::size_t>(field - kProvider)] = text;
  }

  UsageRecord record_;
  std::vector<std::uint32_t> blocks_;
  std::optional<Instant> start_, end_;
  bool has_kind_ = false, has_quantity_ = false;
  std::optional<FieldError> fault_;
};

// Sends records on and collects what is wrong, with its place.
class Receiver {
 public:
  Receiver(std::string name, const std::function<Status(const UsageRecord&)>& sink,
           UsageFileLimits limits, const BlockSink& block_sink)
      : name_(std::move(name)), sink_(sink), limits_(limits), block_sink_(block_sink) {}

  // `column` is where the record begins to say when.
  void accept(const UsageRecord& record, std::vector<std::uint32_t> blocks, int line, int column) {
    if (++records_ > limits_.max_records) {
      return fail(bad_input("too many records"), line, column);
    }
    if (limits_.by_month && !enter_month(record.start)) return;
    const Status checked = check_.add(record);
    if (!checked.ok()) return fail(checked.error(), line, column);
    if (!blocks.empty() && limits_.by_month) {
      is_out_of_order_ = true;
      return;
    }
    const Status taken = blocks.empty() ? sink_(record)
                         : block_sink_  ? block_sink_(record, std::move(blocks))
                                        : bad_input("blocks are not counted here");
    // One missing price is one fault, however many records need it.
    if (!taken.ok() && causes_.insert(taken.error().message).second) {
      fail(taken.error(), line, column);
    }
  }

  void fail(Error error, int line, int column) {
    if (error.where.file.empty())
      error.where = {name_, "", line, column};
    else
      error.message += fmt::format(" (first needed by line {} of {})", line, name_);
    errors_.push_back(std::move(error));
  }

  bool is_full() const { return is_out_of_order_ || errors_.size() >= limits_.max_errors; }
  std::uint64_t records() const { return records_; }
  const UsageFileLimits& limits() const { return limits_; }
  const std::string& name() const { return name_; }

  Result<Ok, Errors> finish() {
    if (is_out_of_order_) {
      return Errors{Error{Errc::kInterrupted, "usage is not in order of its months", {}, ""}};
    }
    if (errors_.empty()) return kOk;
    return std::move(errors_);
  }

 private:
  bool enter_month(Instant start) {
    const int month = month_at(unix_seconds(start));
    if (month > month_) {
      check_.forget_before(from_unix_seconds(span_of_month(month).start_seconds));
      month_ = month;
    }
    is_out_of_order_ = month < month_;
    return !is_out_of_order_;
  }

  std::string name_;
  const std::function<Status(const UsageRecord&)>& sink_;
  UsageFileLimits limits_;
  const BlockSink& block_sink_;
  UsageCheck check_;
  int month_ = INT_MIN;  // of the latest record
  bool is_out_of_order_ = false;
  std::uint64_t records_ = 0;
  std::set<std::string> causes_;
  Errors errors_;
};

void set_from_json(RecordParser& parser, int field, const json& value) {
  if (value.is_string()) return parser.set(field, value.get_ref<const std::string&>());
  const bool is_count = field == kQuantity || field == kObjects;
  if (is_count && value.is_number_integer()) return parser.set(field, value.dump());
  if (field == kTags && value.is_array()) {
    for (const json& tag : value) {
      if (!tag.is_string()) return parser.fail(field, bad_input("a tag is not text"));
      parser.add_tag(tag.get_ref<const std::string&>());
    }
    return;
  }
  parser.fail(field, bad_input(is_count ? "expected a whole number" : "expected text in quotes"));
}

void read_json_line(std::string_view line, int line_number, Receiver& receiver) {
  // The library throws nothing with a callback-free, non-throwing parse.
  const json record = json::parse(line, nullptr, false);
  if (!record.is_object()) {
    return receiver.fail(bad_input("not a JSON object", "write one record per line"), line_number,
                         1);
  }
  RecordParser parser;
  for (const auto& [key, value] : record.items()) {
    const auto it = std::find(kNames.begin(), kNames.end(), key);
    if (it == kNames.end()) {
      const std::vector<std::string_view> names(kNames.begin(), kNames.end());
      const auto near = nearest_name(key, names);
      return receiver.fail(bad_input("unknown field " + printable(key),
                                     near.empty() ? "see docs/billing.md"
                                                  : fmt::format("did you mean \"{}\"?", near)),
                           line_number, static_cast<int>(line.find(key)) + 1);
    }
    set_from_json(parser, static_cast<int>(it - kNames.begin()), value);
  }
  auto finished = parser.finish();
  if (const auto* fault = std::get_if<FieldError>(&finished)) {
    const auto position =
        line.find(fmt::format("\"{}\"", kNames[static_cast<std::size_t>(fault->field)]));
    Error error = fault->error;
    error.where.pointer = fmt::format("/{}", kNames[static_cast<std::size_t>(fault->field)]);
    error.message =
        fmt::format("{}: {}", kNames[static_cast<std::size_t>(fault->field)], error.message);
    return receiver.fail(std::move(error), line_number,
                         position == line.npos ? 0 : static_cast<int>(position) + 1);
  }
  receiver.accept(std::get<UsageRecord>(finished), parser.take_blocks(), line_number,
                  static_cast<int>(line.find("\"start\"")) + 1);
}

void read_json_lines(std::istream& in, Receiver& receiver) {
  try {
    io::LineReader lines(receiver.name(), in);
    while (const char* text = lines.next_line()) {
      const std::string_view line = trim(text);
      const int number = static_cast<int>(lines.get_file_line());
      if (line.empty()) continue;
      if (line.size() > receiver.limits().max_line_bytes) {
        receiver.fail(bad_input("line too long"), number, 1);
      } else {
        read_json_line(line, number, receiver);
      }
      if (receiver.is_full()) return;
    }
  } catch (const io::error::line_length_limit_exceeded& error) {
    receiver.fail(bad_input("line longer than 16 MiB"), error.file_line, 1);
  }
}

using Rows =
    io::CSVReader<kFieldCount, io::trim_chars<' ', '\t'>, io::double_quote_escape<',', '"'>>;
using Cells = std::array<char*, kFieldCount>;

void read_header(Rows& rows) {
  std::apply([&](auto... name) { rows.read_header(io::ignore_missing_column, name...); }, kNames);
}

void read_csv_record(const Cells& cells, int line, Receiver& receiver) {
  const char* line_start = nullptr;
  RecordParser parser;
  for (std::size_t field = 0; field < cells.size(); ++field) {
    const char* const cell = cells[field];
    if (cell == nullptr) continue;
    if (line_start == nullptr || cell < line_start) line_start = cell;
    parser.set(static_cast<int>(field), cell);
  }
  auto finished = parser.finish();
  const auto* const fault = std::get_if<FieldError>(&finished);
  if (fault == nullptr) {
    return receiver.accept(std::get<UsageRecord>(finished), parser.take_blocks(), line,
                           static_cast<int>(cells[kStart] - line_start) + 1);
  }
  const auto field = static_cast<std::size_t>(fault->field);
  Error error = fault->error;
  error.message = fmt::format("{}: {}", kNames[field], error.message);
  receiver.fail(std::move(error), line,
                cells[field] == nullptr ? 0 : static_cast<int>(cells[field] - line_start) + 1);
}

// The next row, or nullopt at the end; a row of the wrong shape is reported and passed over.
std::optional<Cells> next_row(Rows& rows, Receiver& receiver) {
  while (!receiver.is_full()) {
    std::string_view fault;
    try {
      Cells cells{};
      const bool is_row = std::apply([&](auto&... cell) { return rows.read_row(cell...); }, cells);
      return is_row ? std::optional(cells) : std::nullopt;
    } catch (const io::error::too_few_columns&) {
      fault = "fewer cells than the header has columns";
    } catch (const io::error::too_many_columns&) {
      fault = "more cells than the header has columns";
    } catch (const io::error::escaped_string_not_closed&) {
      fault = "a quote is not closed on its line";
    }
    receiver.fail(bad_input(std::string(fault)), static_cast<int>(rows.get_file_line()), 1);
  }
  return std::nullopt;
}

void read_csv(std::istream& in, Receiver& receiver) {
  const auto fail = [&](std::string message, std::string hint = {}) {
    receiver.fail(bad_input(std::move(message), std::move(hint)), 1, 1);
  };
  const std::string columns = fmt::format("columns are {}", fmt::join(kNames, ", "));
  try {
    Rows rows(receiver.name(), in);
    read_header(rows);
    while (const auto cells = next_row(rows, receiver)) {
      read_csv_record(*cells, static_cast<int>(rows.get_file_line()), receiver);
    }
  } catch (const io::error::extra_column_in_header& error) {
    fail("unknown column " + printable(error.column_name), columns);
  } catch (const io::error::duplicated_column_in_header& error) {
    fail("column given twice: " + printable(error.column_name));
  } catch (const io::error::header_missing&) {
    fail("no header", columns);
  } catch (const io::error::escaped_string_not_closed&) {
    fail("a quote is not closed in the header");
  } catch (const io::error::line_length_limit_exceeded& error) {
    receiver.fail(bad_input("line longer than 16 MiB"), error.file_line, 1);
  }
}

}  // namespace

Result<Ok, Errors> read_usage(std::istream& in, const std::string& name,
                              const std::function<Status(const UsageRecord&)>& sink,
                              UsageFileLimits limits, const BlockSink& block_sink) {
  Receiver receiver(name, sink, limits, block_sink);
  const int first = in.peek();
  if (first == '{') {
    read_json_lines(in, receiver);
  } else if (first == std::istream::traits_type::eof()) {
    receiver.fail(bad_input("the file is empty"), 1, 1);
  } else {
    read_csv(in, receiver);
  }
  return receiver.finish();
}

std::string to_json_line(const UsageRecord& r) {
  nlohmann::ordered_json line;
  line["kind"] = name(r.kind);
  line["start"] = format_instant(r.start);
  if (r.end != r.start) line["end"] = format_instant(r.end);
  if (r.born) line["born"] = format_instant(*r.born);
  line["quantity"] = r.quantity;
  if (r.objects != 0) line["objects"] = r.objects;
  const std::pair<const char*, const std::string*> names[] = {
      {"provider", &r.provider},       {"project", &r.project},
      {"service", &r.service},         {"region", &r.region},
      {"peer_region", &r.peer_region}, {"storage_class", &r.storage_class},
      {"backup_kind", &r.backup_kind}, {"backup", &r.backup},
      {"operation", &r.operation}};
  for (const auto& [key, value] : names) {
    if (!value->empty()) line[key] = *value;
  }
  if (!r.tags.empty()) line["tags"] = r.tags;
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace backcast::cost
