// Our own history format, version 1.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/document.h"
#include "engine/base/text.h"
#include "histories/element_reader.h"

namespace backcast::policy {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kVersion = 1;

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::kAutomatic:
      break;
    case Origin::kManual:
      return "manual";
    case Origin::kCopy:
      return "copy";
  }
  return "automatic";
}

Status get_origin(const Element& element, Origin& out) {
  std::string name(origin_name(out));
  BACKCAST_CHECK(get(element, "origin", Need::kOptional, name));
  for (const Origin origin : {Origin::kAutomatic, Origin::kManual, Origin::kCopy}) {
    if (name != origin_name(origin)) continue;
    out = origin;
    return kOk;
  }
  return at(element, "origin", fmt::format("unknown origin \"{}\"", name),
            "one of automatic, manual, copy");
}

Status get_instant(const Element& element, const char* key, const Zone& zone,
                   std::optional<Instant>& out) {
  std::optional<StampedInstant> time;
  BACKCAST_CHECK(get_time(element, key, zone, time));
  if (time) out = time->instant;
  return kOk;
}

// What every restore point has: which one, and when.
Status get_identity(const Element& element, const Zone& zone, Snapshot& s) {
  BACKCAST_CHECK(get(element, "id", Need::kRequired, s.id));
  std::optional<StampedInstant> time;
  BACKCAST_CHECK(get_time(element, "time", zone, time));
  if (!time) return at(element, "time", "\"time\" is missing");
  s.time = time->instant;
  s.offset = time->offset;
  return kOk;
}

Status read(const Element& element, const ImportOptions& options, History& history) {
  Snapshot s;
  BACKCAST_CHECK(get_identity(element, options.zone, s));
  BACKCAST_CHECK(get(element, "size_bytes", s.size_bytes));
  BACKCAST_CHECK(get(element, "new_bytes", s.new_bytes));
  BACKCAST_CHECK(get(element, "tags", s.tags));
  BACKCAST_CHECK(get(element, "host", Need::kOptional, s.host));
  BACKCAST_CHECK(get(element, "username", Need::kOptional, s.username));
  BACKCAST_CHECK(get(element, "paths", s.paths));
  BACKCAST_CHECK(get(element, "schedule", Need::kOptional, s.schedule));
  BACKCAST_CHECK(get(element, "pins", s.pins));
  BACKCAST_CHECK(get_origin(element, s.origin));
  BACKCAST_CHECK(get(element, "protected", s.is_protected));
  BACKCAST_CHECK(get(element, "incomplete", s.is_incomplete));
  BACKCAST_CHECK(get_instant(element, "end", options.zone, s.end));
  BACKCAST_CHECK(get_instant(element, "expires", options.zone, s.expires));
  BACKCAST_CHECK(get_instant(element, "received", options.zone, s.received));
  history.snapshots.push_back(std::move(s));
  return kOk;
}

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// A list of texts, or one text as versions before 2 of the table told lists.
Status get_list(const Element& element, const char* name, char separator,
                std::vector<std::string>& out) {
  if (!element.value.contains(name) || !element.value[name].is_string()) {
    return get(element, name, out);
  }
  std::string text;
  BACKCAST_CHECK(get(element, name, Need::kOptional, text));
  if (separator == ' ') {
    if (!text.empty()) out = {text};  // paths may have spaces
  } else {
    out = parts_of(text, separator);
  }
  return kOk;
}

// A row of `backcast snapshots --json` or `backcast stats --json`.
Status read_row(const Element& element, const ImportOptions& options, History& history) {
  Snapshot s;
  BACKCAST_CHECK(get_identity(element, options.zone, s));
  BACKCAST_CHECK(get(element, "content_bytes", s.size_bytes));
  BACKCAST_CHECK(get(element, "size_bytes", s.size_bytes));  // as stored, where it is known
  BACKCAST_CHECK(get(element, "added_stored_bytes", s.new_bytes));
  BACKCAST_CHECK(get(element, "new_bytes", s.new_bytes));
  BACKCAST_CHECK(get(element, "host", Need::kOptional, s.host));
  BACKCAST_CHECK(get_list(element, "tags", ',', s.tags));
  BACKCAST_CHECK(get_list(element, "paths", ' ', s.paths));
  BACKCAST_CHECK(get_instant(element, "received", options.zone, s.received));
  BACKCAST_CHECK(get_instant(element, "expires", options.zone, s.expires));
  history.snapshots.push_back(std::move(s));
  return kOk;
}

// "2026-01-01T12:00:00.5+02:00": the stamp in the offset it was written in.
std::string stamped(Instant t, std::chrono::seconds offset) {
  using namespace std::chrono;
  // Near the years 1678 and 2261 local time may lie outside of what can be read back.
  const bool is_extreme = t < sys_days(1678y / 1 / 2) || t > sys_days(2261y / 12 / 30);
  if (offset.count() == 0 || is_extreme) return format_instant(t);
  std::string text = format_instant(t + offset);
  text.pop_back();
  const auto minutes = std::abs(offset.count()) / 60;
  return text +
         fmt::format("{}{:02}:{:02}", offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

// What the sizes of each source count.
Status read_counted(const json& rest, History& history) {
  const auto counted = rest.find("counted");
  if (counted == rest.end() || counted->is_null()) return kOk;
  if (!counted->is_object()) return at({rest, ""}, "counted", "\"counted\" is not an object");
  for (const auto& [source, value] : counted->items()) {
    const Element of{value, pointer_child("/counted", source)};
    if (!value.is_object()) {
      return at({rest, ""}, "counted", printable(source) + " is not {\"as_stored\", \"note\"}");
    }
    Counted& told = history.counted[source];
    BACKCAST_CHECK(get(of, "as_stored", told.is_stored));
    BACKCAST_CHECK(get(of, "note", Need::kOptional, told.note));
  }
  return kOk;
}

ordered_json to_object(const Counted& counted) {
  return {{"as_stored", counted.is_stored}, {"note", counted.note}};
}

ordered_json to_object(const Snapshot& s) {
  ordered_json object{{"id", s.id}, {"time", stamped(s.time, s.offset)}};
  const auto put = [&](const char* key, const auto& value, bool is_known) {
    if (is_known) object[key] = value;
  };
  const auto put_time = [&](const char* key, const std::optional<Instant>& t) {
    if (t) object[key] = format_instant(*t);
  };
  put("size_bytes", s.size_bytes, s.size_bytes != 0);
  put("new_bytes", s.new_bytes, s.new_bytes != 0);
  put("tags", s.tags, !s.tags.empty());
  put("host", s.host, !s.host.empty());
  put("username", s.username, !s.username.empty());
  put("paths", s.paths, !s.paths.empty());
  put("schedule", s.schedule, !s.schedule.empty());
  put("pins", s.pins, !s.pins.empty());
  put("origin", origin_name(s.origin), s.origin != Origin::kAutomatic);
  put("protected", true, s.is_protected);
  put("incomplete", true, s.is_incomplete);
  put_time("end", s.end);
  put_time("expires", s.expires);
  put_time("received", s.received);
  return object;
}

// Imported text is UTF-8 already; anything else becomes the replacement character.
std::string in_one_line(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bool is_table(std::string_view text) {
  const std::string_view start = trim(text.substr(0, 256));
  return start.starts_with("{\"table\":\"snapshots\"") || start.starts_with("{\"table\":\"stats\"");
}

}  // namespace

Result<History> import_backcast(std::string_view text, const ImportOptions& options) {
  History history{"backcast"};
  if (is_table(text)) {
    BACKCAST_TRY(const json rest, for_each_element(text, "rows", options, [&](const Element& e) {
                   return read_row(e, options, history);
                 }));
    return history;
  }
  BACKCAST_TRY(const json rest, for_each_element(text, "snapshots", options, [&](const Element& e) {
                 return read(e, options, history);
               }));
  const Element top{rest, ""};
  std::uint64_t version = 0, stored_bytes = 0;
  Status status = get(top, "backcast_history", version);
  if (status.ok() && version != kVersion) {
    status = at(top, "backcast_history", fmt::format("history format {} is not known", version),
                "this version of backcast reads format 1");
  }
  if (status.ok()) status = get(top, "tool", Need::kOptional, history.tool);
  if (status.ok()) status = get(top, "stored_bytes", stored_bytes);
  if (status.ok()) status = read_counted(rest, history);
  if (!status.ok()) {
    Error error = std::move(status).error();
    error.where.file = options.name;
    return error;
  }
  if (stored_bytes != 0) history.stored_bytes = stored_bytes;
  return history;
}

std::string to_json(const History& history) {
  std::string text = fmt::format("{{\n  \"backcast_history\": {},\n  \"tool\": {},\n", kVersion,
                                 json(history.tool).dump());
  if (history.stored_bytes) text += fmt::format("  \"stored_bytes\": {},\n", *history.stored_bytes);
  if (!history.counted.empty()) {
    ordered_json counted = ordered_json::object();
    for (const auto& [source, told] : history.counted) counted[source] = to_object(told);
    text += fmt::format("  \"counted\": {},\n", in_one_line(counted));
  }
  text += "  \"snapshots\": [";
  const char* separator = "\n    ";
  for (const Snapshot& s : history.snapshots) {
    text += separator + in_one_line(to_object(s));
    separator = ",\n    ";
  }
  return text + (history.snapshots.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

}  // namespace backcast::policy
