#include "histories/element_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/document.h"
#include "engine/base/lone_bytes.h"
#include "engine/base/text.h"
#include "engine/policy/retention/dialects/decide.h"

namespace backcast::policy {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;

int line_of(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

// Leaves the parser from inside its callback; never leaves this file.
struct Stop {
  Error error;
};

class Elements {
 public:
  Elements(std::string_view key, const std::function<Status(const Element&)>& each)
      : key_(key), array_depth_(key.empty() ? 0 : 1), each_(each) {}

  bool operator()(int depth, json::parse_event_t event, json& value) {
    if (depth > kMaxDepth) throw Stop{bad_input("nested deeper than 64 levels")};
    if (event == json::parse_event_t::key && depth == 1) current_key_ = value;
    const bool is_here = key_.empty() || current_key_ == key_;
    if (event == json::parse_event_t::array_start && depth == array_depth_ && is_here) {
      has_array_ = true;
    }
    const bool is_other =
        event == json::parse_event_t::value || event == json::parse_event_t::array_start;
    if (is_other && has_array_ && depth == array_depth_ + 1 && is_here) {
      throw Stop{bad_input(fmt::format("{}/{} is not an object", prefix(), index_))};
    }
    if (event != json::parse_event_t::object_end || depth != array_depth_ + 1 || !is_here) {
      return true;
    }
    if (index_ == kMaxSnapshots) throw Stop{bad_input("more than 5,000,000 restore points")};
    Status status = each_({value, fmt::format("{}/{}", prefix(), index_++)});
    if (!status.ok()) throw Stop{std::move(status).error()};
    return false;
  }

  bool has_array() const { return has_array_; }

 private:
  std::string prefix() const { return key_.empty() ? "" : fmt::format("/{}", key_); }

  std::string_view key_;
  int array_depth_;
  const std::function<Status(const Element&)>& each_;
  std::string current_key_;
  bool has_array_ = false;
  std::size_t index_ = 0;
};

// The line of a pointer, found by reading the text again: only errors pay for it.
Error located(Error error, std::string_view text, const ImportOptions& options) {
  error.where.file = options.name;
  if (error.where.pointer.empty() || error.where.line != 0) return error;
  const auto document = Document::parse(text, options.name);
  if (document.ok()) error.where.line = document->locate(error.where.pointer).line;
  return error;
}

Error syntax_error(const json::exception& e, std::string_view text, const ImportOptions& options) {
  const auto* parse_error = dynamic_cast<const json::parse_error*>(&e);
  const std::size_t byte = parse_error != nullptr ? parse_error->byte : text.size();
  const bool is_cut = byte >= text.size();
  Error error =
      is_cut ? bad_input("the JSON ends in the middle", "was the export cut off? make it again")
             : bad_input("not valid JSON", "export it again with --json");
  error.where = {options.name, "", line_of(text, byte), 0};
  return error;
}

const json* member(const Element& element, const char* key) {
  const auto found = element.value.find(key);
  return found == element.value.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

Result<json> for_each_element(std::string_view text, std::string_view key,
                              const ImportOptions& options,
                              const std::function<Status(const Element&)>& each) {
  if (text.size() > kMaxHistoryBytes) return bad_input("the history is larger than 2 GiB");
  std::string copy;
  text = parsable(text, copy);
  Elements elements(key, each);
  try {
    json rest = json::parse(text, std::ref(elements), true, true);
    if (elements.has_array()) return rest;
    Error error = bad_input(key.empty() ? "expected a list of snapshots"
                                        : fmt::format("there is no list \"{}\"", key));
    error.where.file = options.name;
    return error;
  } catch (Stop& stop) {
    return located(std::move(stop.error), text, options);
  } catch (const json::exception& e) {
    return syntax_error(e, text, options);
  }
}

Error at(const Element& element, const char* key, std::string message, std::string hint) {
  Error error = bad_input(std::move(message), std::move(hint));
  error.where.pointer = pointer_child(element.pointer, key);
  return error;
}

Status get(const Element& element, const char* key, Need need, std::string& out) {
  const json* value = member(element, key);
  if (value == nullptr) {
    if (need == Need::kOptional) return kOk;
    return at(element, key, fmt::format("\"{}\" is missing", key));
  }
  if (!value->is_string()) return at(element, key, fmt::format("\"{}\" is not a text", key));
  out = value->get_ref<const std::string&>();
  return kOk;
}

Status get(const Element& element, const char* key, std::vector<std::string>& out) {
  const json* value = member(element, key);
  if (value == nullptr) return kOk;
  const bool is_list =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [](const json& v) { return v.is_string(); });
  if (!is_list) return at(element, key, fmt::format("\"{}\" is not a list of texts", key));
  out = value->get<std::vector<std::string>>();
  return kOk;
}

Status get(const Element& element, const char* key, std::uint64_t& out) {
  const json* value = member(element, key);
  if (value == nullptr) return kOk;
  if (!value->is_number_unsigned()) {
    return at(element, key, fmt::format("\"{}\" is not a number of bytes", key));
  }
  out = value->get<std::uint64_t>();
  return kOk;
}

Status get(const Element& element, const char* key, bool& out) {
  const json* value = member(element, key);
  if (value == nullptr) return kOk;
  if (!value->is_boolean())
    return at(element, key, fmt::format("\"{}\" is not true or false", key));
  out = value->get<bool>();
  return kOk;
}

Status get_time(const Element& element, const char* key, const Zone& zone,
                std::optional<StampedInstant>& out) {
  std::string text;
  BACKCAST_CHECK(get(element, key, Need::kOptional, text));
  if (text.empty()) return kOk;
  auto time = parse_time(text, zone);
  if (!time.ok()) return at(element, key, time.error().message, time.error().hint);
  out = *time;
  return kOk;
}

Result<StampedInstant> parse_time(std::string_view text, const Zone& zone) {
  text = trim(text);
  BACKCAST_TRY(StampedInstant stamped, parse_instant(text));
  const bool has_offset = text.find_first_of("Zz+", 10) != text.npos ||
                          text.find('-', std::min<std::size_t>(text.size(), 10)) != text.npos;
  if (has_offset) return stamped;
  const Instant whole = from_unix_seconds(unix_seconds(stamped.instant));
  const Instant instant =
      plus(to_instants(to_civil(whole, Zone::utc()), zone).first, stamped.instant - whole);
  return StampedInstant{instant, zone.offset_at(instant)};
}

}  // namespace backcast::policy
