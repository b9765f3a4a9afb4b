#include "engine/base/document/node.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "engine/base/json_number.h"
#include "engine/base/size.h"
#include "engine/base/text.h"

namespace backcast {

using nlohmann::json;

namespace {
constexpr double kMaxShare = 1e9;
}  // namespace

void Faults::add(const std::string& pointer, std::string message, std::string hint) {
  add(pointer, bad_input(std::move(message), std::move(hint)));
}

void Faults::add(const std::string& pointer, Error error) {
  // A file that the document names keeps its name: two places cannot stand in front.
  if (const Location& where = error.where; !where.file.empty() && where.file != document_.name()) {
    const std::string line = where.line > 0 ? fmt::format(":{}", where.line) : "";
    error.message = fmt::format("{}{}: {}", where.file, line, error.message);
  }
  error.code = Errc::kBadInput;
  error.where = document_.locate(pointer);
  error.where.pointer = pointer;
  errors_.push_back(std::move(error));
}

Errors Faults::take() {
  const auto key = [](const Error& e) {
    return std::tie(e.where.file, e.where.line, e.where.column, e.where.pointer, e.message);
  };
  std::stable_sort(errors_.begin(), errors_.end(),
                   [&](const Error& a, const Error& b) { return key(a) < key(b); });
  const auto last = std::unique(errors_.begin(), errors_.end(),
                                [&](const Error& a, const Error& b) { return key(a) == key(b); });
  errors_.erase(last, errors_.end());
  return std::move(errors_);
}

const json* Node::find(std::string_view key) const {
  if (!value_->is_object()) return nullptr;
  const auto found = value_->find(key);
  return found == value_->end() ? nullptr : &*found;
}

bool Node::has(std::string_view key) const {
  return find(key) != nullptr;
}

Node Node::child(std::string_view key) const {
  static const json empty = json::object();
  const json* value = find(key);
  return Node(value == nullptr ? empty : *value, pointer_of(key), *faults_);
}

std::vector<Node> Node::items(std::string_view key) const {
  std::vector<Node> nodes;
  const json* list = find(key);
  if (list == nullptr || !list->is_array()) return nodes;
  for (std::size_t i = 0; i < list->size(); ++i) {
    nodes.emplace_back((*list)[i], pointer_child(pointer_of(key), std::to_string(i)), *faults_);
  }
  return nodes;
}

std::optional<std::string> Node::text(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  wrong_type(key, "text in quotes");
  return std::nullopt;
}

std::optional<bool> Node::boolean(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  wrong_type(key, "true or false");
  return std::nullopt;
}

std::optional<std::int64_t> Node::integer(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto whole = whole_number(*value)) return whole;
  if (value->is_number_integer()) {
    fault_at(key, fmt::format("{} is too large", value->dump()));
  } else {
    wrong_type(key, "a whole number");
  }
  return std::nullopt;
}

std::optional<double> Node::number(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  wrong_type(key, "a number");
  return std::nullopt;
}

std::optional<std::uint64_t> Node::bytes(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string() && !value->is_number_unsigned()) {
    wrong_type(key, "a size such as \"10 GB\"");
    return std::nullopt;
  }
  auto size = parse_size(value->is_string() ? value->get<std::string>() : value->dump());
  if (size.ok()) return *size;
  fault_at(key, std::move(size).error());
  return std::nullopt;
}

std::optional<std::int64_t> Node::signed_bytes(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::string digits;
  if (value->is_number_integer()) {
    digits = value->dump();
  } else if (value->is_string()) {
    digits = trim(value->get_ref<const std::string&>());
  } else {
    wrong_type(key, "a size such as \"-10 GB\"");
    return std::nullopt;
  }
  const bool negative = digits.starts_with('-');
  auto size = parse_size(negative ? digits.substr(1) : digits);
  if (!size.ok()) {
    fault_at(key, std::move(size).error());
    return std::nullopt;
  }
  if (*size > static_cast<std::uint64_t>(INT64_MAX)) {
    fault_at(key, fmt::format("{} is too large a change", printable(digits)));
    return std::nullopt;
  }
  const auto change = static_cast<std::int64_t>(*size);
  return negative ? -change : change;
}

std::optional<std::uint64_t> Node::bytes_per_second(std::string_view key) const {
  const auto given = text(key);
  if (!given) return std::nullopt;
  const std::string_view rate = trim(*given);
  if (!rate.ends_with("/s")) {
    fault_at(key, fmt::format("{} is not a speed", printable(*given)),
             "give bytes per second, such as \"700 MB/s\"");
    return std::nullopt;
  }
  auto size = parse_size(rate.substr(0, rate.size() - 2));
  if (!size.ok()) {
    fault_at(key, std::move(size).error());
    return std::nullopt;
  }
  // The shared-link model counts in nanobytes and holds up to 10^15 bytes per second.
  if (*size == 0 || *size > 1'000'000'000'000'000) {
    fault_at(key, fmt::format("the speed {} is out of range", printable(*given)),
             "give between 1 B/s and 1 PB/s");
    return std::nullopt;
  }
  return *size;
}

std::optional<double> Node::share(std::string_view key) const {
  const auto share = signed_share(key);
  // Of a negative number the schema has told.
  if (share && *share < 0 && child(key).value().is_string()) {
    fault_at(key, fmt::format("{} is not a share", child(key).value().dump()),
             "give a percentage from 0 on such as \"3%\", or a number such as 0.03");
    return std::nullopt;
  }
  return share;
}

std::optional<double> Node::signed_share(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) {
    const auto share = value->get<double>();
    if (std::fabs(share) < kMaxShare) return share;
    fault_at(key, fmt::format("a share of {} is too large", value->dump()),
             "give a percentage such as \"3%\", or a number such as 0.03");
    return std::nullopt;
  }
  if (!value->is_string()) {
    wrong_type(key, "a share such as \"3%\"");
    return std::nullopt;
  }
  const std::string given = value->get<std::string>();
  std::string_view digits = trim(given);
  const bool percent = digits.ends_with('%');
  if (percent) digits = trim(digits.substr(0, digits.size() - 1));
  double share = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), share);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      !(std::fabs(share) < kMaxShare)) {
    fault_at(key, fmt::format("{} is not a share", printable(given)),
             "give a percentage from 0 on such as \"3%\", or a number such as 0.03");
    return std::nullopt;
  }
  return percent ? share / 100 : share;
}

std::optional<double> Node::share_up_to_one(std::string_view key) const {
  const auto value = share(key);
  if (value && *value > 1) {
    fault_at(key, fmt::format("a share of {} is more than the whole", child(key).value().dump()),
             "give at most \"100%\" or 1");
    return std::nullopt;
  }
  return value;
}

std::optional<Duration> Node::duration(std::string_view key) const {
  const auto given = text(key);
  if (!given) return std::nullopt;
  auto duration = parse_duration(*given);
  if (duration.ok()) return *duration;
  fault_at(key, std::move(duration).error());
  return std::nullopt;
}

std::vector<std::string> Node::texts(std::string_view key) const {
  std::vector<std::string> texts;
  const json* value = find(key);
  if (value == nullptr) return texts;
  if (value->is_string()) texts.push_back(value->get<std::string>());
  if (value->is_array()) {
    for (const json& item : *value) {
      if (item.is_string()) texts.push_back(item.get<std::string>());
    }
  }
  return texts;
}

std::string Node::prose(std::string_view key) const {
  return fmt::format("{}", fmt::join(texts(key), " "));
}

void Node::wrong_type(std::string_view key, std::string_view expected) const {
  if (faults_->tells_types()) fault_at(key, fmt::format("expected {}", expected));
}

void Node::fault(std::string message, std::string hint) const {
  faults_->add(pointer_, std::move(message), std::move(hint));
}

void Node::fault_at(std::string_view key, std::string message, std::string hint) const {
  faults_->add(pointer_of(key), std::move(message), std::move(hint));
}

void Node::fault_at(std::string_view key, Error error) const {
  faults_->add(pointer_of(key), std::move(error));
}

namespace {

// The name of an entry that no other entry of the list has; "" where there is none, or where it
// could be taken for a place.
std::string own_name(const json& list, std::size_t place) {
  const auto name_of = [](const json& entry) {
    const auto name = entry.is_object() ? entry.find("name") : entry.end();
    return name != entry.end() && name->is_string() ? name->get<std::string>() : std::string();
  };
  const std::string name = place < list.size() ? name_of(list[place]) : std::string();
  const auto same = std::count_if(list.begin(), list.end(),
                                  [&](const json& entry) { return name_of(entry) == name; });
  const bool is_number = name.find_first_not_of("0123456789") == name.npos;
  return same == 1 && !is_number ? name : std::string();
}

std::optional<std::size_t> place_of(const json& list, const std::string& name) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!name.empty() && own_name(list, i) == name) return i;
  }
  return std::nullopt;
}

// Rewrites the segments that stand in lists; rename(list, segment) gives the new one.
template <typename Rename>
std::string renamed(const json& root, std::string_view pointer, const Rename& rename) {
  std::string result;
  const json* at = &root;
  for (std::size_t from = 0; from < pointer.size() && pointer[from] == '/';) {
    const std::size_t end = std::min(pointer.find('/', from + 1), pointer.size());
    const std::string_view raw = pointer.substr(from + 1, end - from - 1);
    std::string segment(raw);
    for (const auto& [escaped, plain] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}}) {
      for (std::size_t i = 0; (i = segment.find(escaped, i)) != segment.npos; ++i) {
        segment.replace(i, 2, plain);
      }
    }
    std::optional<std::size_t> place;
    bool is_renamed = false;
    if (at != nullptr && at->is_array()) {
      std::size_t index = 0;
      const auto [last, error] =
          std::from_chars(segment.data(), segment.data() + segment.size(), index);
      const bool is_index = error == std::errc() && last == segment.data() + segment.size();
      place = is_index ? std::optional(index) : place_of(*at, segment);
      if (place && *place < at->size()) {
        std::string other = rename(*at, *place, segment);
        is_renamed = other != segment;
        segment = std::move(other);
      }
    }
    if (at != nullptr && at->is_array()) {
      at = place && *place < at->size() ? &(*at)[*place] : nullptr;
    } else if (at != nullptr && at->is_object()) {
      const auto found = at->find(segment);
      at = found == at->end() ? nullptr : &*found;
    }
    result = is_renamed ? pointer_child(result, segment) : result + '/' + std::string(raw);
    from = end;
  }
  return result;
}

}  // namespace

std::string pointer_by_place(const json& root, std::string_view pointer) {
  if (!pointer.starts_with('/')) return std::string(pointer);
  return renamed(root, pointer, [](const json&, std::size_t place, const std::string&) {
    return std::to_string(place);
  });
}

std::string pointer_by_name(const json& root, std::string_view pointer) {
  if (!pointer.starts_with('/')) return std::string(pointer);
  return renamed(root, pointer,
                 [](const json& list, std::size_t place, const std::string& written) {
                   const std::string name = own_name(list, place);
                   return name.empty() ? written : name;
                 });
}

bool has_word(std::string_view words, std::string_view word) {
  for (auto at = words.find(word); at != words.npos; at = words.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool begins = at == 0 || words[at - 1] == ' ';
    if (begins && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string_view> names) {
  if (const auto near = nearest_name(wrong, names); !near.empty()) {
    return fmt::format("did you mean \"{}\"?", near);
  }
  if (names.empty()) return "none is defined here";
  return fmt::format("known here: {}",
                     fmt::join(names.first(std::min<std::size_t>(names.size(), 40)), ", "));
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string> names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  return did_you_mean(wrong, std::span<const std::string_view>(views));
}

}  // namespace backcast
