#include "study/start/draft.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/document/node.h"

namespace backcast::study {
namespace {

using Json = Draft::Json;
constexpr std::size_t kColumns = 100;

// On one line, with the blanks that people write.
std::string flat(const Json& value) {
  if (value.is_object()) {
    std::string text = "{";
    for (const auto& [key, item] : value.items()) {
      text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", Json(key).dump(), flat(item));
    }
    return text + "}";
  }
  if (value.is_array()) {
    std::string text = "[";
    for (const Json& item : value) text += (text.size() > 1 ? ", " : "") + flat(item);
    return text + "]";
  }
  return value.dump();
}

// Whether the map has a key within the pointer, or the pointer itself.
template <typename Map>
bool has_within(const Map& map, const std::string& pointer) {
  if (map.contains(pointer)) return true;
  const auto next = map.lower_bound(pointer + "/");
  return next != map.end() && next->first.starts_with(pointer + "/");
}

}  // namespace

// Writes one value after the other, each on a line of its own where it fits.
class Writer {
 public:
  explicit Writer(const Draft& draft) : draft_(draft) {}

  std::string whole(const std::string& head) {
    out_ = head;
    write("", "", *draft_.document_, "", false);
    return std::move(out_);
  }

 private:
  void lines(const std::map<std::string, std::vector<std::string>>& of, const std::string& pointer,
             const std::string& indent) {
    const auto found = of.find(pointer);
    if (found == of.end()) return;
    for (const std::string& line : found->second) {
      out_ += fmt::format("{}// {}\n", indent, line);
    }
  }

  void write(const std::string& key, const std::string& pointer, const Json& value,
             const std::string& indent, bool has_next) {
    lines(draft_.above_, pointer, indent);
    const std::string start = indent + (key.empty() ? "" : Json(key).dump() + ": ");
    const std::string end = has_next ? "," : "";
    const std::string line =
        value.is_structured() && is_spread(pointer, start, value) ? "" : start + flat(value) + end;
    if (!line.empty()) {
      out_ += line + (has_within(draft_.chosen_, pointer) ? "  // chosen" : "") + "\n";
    } else {
      spread(pointer, value, start, end, indent);
    }
    lines(draft_.below_, pointer, indent);
  }

  bool is_spread(const std::string& pointer, const std::string& start, const Json& value) const {
    if (pointer.empty() || value.empty()) return pointer.empty();
    const auto inside = [&](const auto& map) {
      const auto next = map.lower_bound(pointer + "/");
      return next != map.end() && next->first.starts_with(pointer + "/");
    };
    if (inside(draft_.above_) || inside(draft_.below_)) return true;
    if (pointer == "/chosen" || pointer == "/services" || pointer == "/fleets" ||
        pointer == "/requirements" || pointer == "/defaults") {
      return true;
    }
    return start.size() + flat(value).size() + 1 > kColumns;
  }

  void spread(const std::string& pointer, const Json& value, const std::string& start,
              const std::string& end, const std::string& indent) {
    out_ += start + (value.is_object() ? "{\n" : "[\n");
    std::size_t index = 0;
    const std::string deeper = indent + "  ";
    for (const auto& [key, item] : value.items()) {
      const bool has_next = ++index < value.size();
      write(value.is_object() ? key : "", pointer_child(pointer, key), item, deeper, has_next);
    }
    out_ += indent + (value.is_object() ? "}" : "]") + end + "\n";
  }

  const Draft& draft_;
  std::string out_;
};

Draft::Draft() : document_(std::make_shared<Json>(Json::object())) {}

void Draft::set(const std::string& pointer, Json value) {
  (*document_)[Json::json_pointer(pointer)] = std::move(value);
}

void Draft::choose(const std::string& pointer, Json value, std::string because) {
  set(pointer, std::move(value));
  mark(pointer, std::move(because));
}

void Draft::mark(const std::string& pointer, std::string because) {
  chosen_[pointer] = std::move(because);
}

void Draft::comment(const std::string& pointer, std::string line) {
  above_[pointer].push_back(std::move(line));
}

void Draft::comment_after(const std::string& pointer, std::string line) {
  below_[pointer].push_back(std::move(line));
}

std::string Draft::text(const std::string& head) const {
  Draft whole = *this;
  whole.document_ = std::make_shared<Json>(*document_);
  Json marks = Json::object();
  // By name: a service or requirement that somebody puts before it takes no mark away from it.
  for (const auto& [pointer, because] : chosen_) {
    marks[pointer_by_name(*document_, pointer)] = because;
  }
  if (!marks.empty()) (*whole.document_)["chosen"] = std::move(marks);
  whole.comment("/chosen", "Not yours: give each a value of your own, then delete its line here.");
  return Writer(whole).whole(head);
}

}  // namespace backcast::study
