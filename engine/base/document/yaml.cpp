// YAML becomes the values of JSON. The parser's events come with their places; what YAML has beyond
// JSON, and would guess at, is refused.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "engine/base/document/document_tree.h"
#include "engine/base/text.h"

namespace backcast {
namespace {

using nlohmann::json;

// Aliases of aliases double with each line; this is a hundred times what a plan of people has.
constexpr std::size_t kMostAliasedValues = 1'000'000;

Place place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

std::size_t count_values(const json& value) {
  std::size_t count = 1;
  if (value.is_structured()) {
    for (const json& child : value) count += count_values(child);
  }
  return count;
}

bool is_number(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t at = text.starts_with('-') ? 1 : 0;
  if (at == text.size() || !is_digit(text[at])) return false;
  return json::accept(text.begin(), text.end());
}

// What a plain scalar is, by the rules of JSON.
json plain(const std::string& text) {
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  if (is_number(text)) return json::parse(text);
  return text;
}

// Thrown out of the parser's callbacks, whose interface has no other way to end it.
struct Stop {};

class Handler : public YAML::EventHandler {
 public:
  explicit Handler(DocumentTree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      refuse(mark, "a second document begins here", "write each into a file of its own");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, nullptr, "", anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchored_.find(anchor);
    if (known == anchored_.end()) refuse(mark, "an alias within what it stands for", "");
    aliased_ += count_values(known->second);
    if (aliased_ > kMostAliasedValues) {
      refuse(mark, "the aliases add up to too much",
             fmt::format("write it with at most {} values", kMostAliasedValues));
    }
    scalar(mark, known->second, "", YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    scalar(mark, tag == "?" || tag.empty() ? plain(value) : json(value), value, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, json::object());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    bool is_map = false;
    bool wants_key = false;
    YAML::anchor_t anchor = YAML::NullAnchor;
    json copy;  // of what an anchor stands for, while it is read
    std::string key;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string message, std::string hint) {
    tree_.fail(std::move(message), place_of(mark), std::move(hint));
    throw Stop{};
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
    refuse(mark, "the tag " + printable(tag) + " is not read here",
           "write the value without a tag; text in quotes stays text");
  }
  // The value, and its copy in every open level that an anchor names.
  void scalar(const YAML::Mark& mark, json value, const std::string& written,
              YAML::anchor_t anchor) {
    if (!levels_.empty() && levels_.back().wants_key) {
      // A number is a name here: it stands as it was written.
      if (value.is_structured() || (value.is_null() && written.empty())) {
        refuse(mark, "the name of a field must be text", "");
      }
      const std::string name =
          !written.empty() || !value.is_string() ? written : value.get<std::string>();
      if (name == "<<") {
        refuse(mark, "fields cannot be merged with <<", "write them out, or use \"defaults\"");
      }
      levels_.back().wants_key = false;
      levels_.back().key = name;
      if (!tree_.key(name, place_of(mark))) throw Stop{};
      return;
    }
    if (!tree_.add(value, place_of(mark))) throw Stop{};
    if (anchor != YAML::NullAnchor) anchored_[anchor] = value;
    put_copy(std::move(value));
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, json empty) {
    if (tag != "?" && tag != "!" && !tag.empty()) check_tag(mark, tag);
    if (!levels_.empty() && levels_.back().wants_key) {
      refuse(mark, "the name of a field must be text", "");
    }
    if (!tree_.open(empty, place_of(mark))) throw Stop{};
    const bool is_map = empty.is_object();
    levels_.push_back({is_map, is_map, anchor, std::move(empty), {}});
    anchors_open_ += anchor != YAML::NullAnchor ? 1 : 0;
  }
  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    tree_.close();
    if (level.anchor != YAML::NullAnchor) {
      anchored_[level.anchor] = level.copy;
      --anchors_open_;
    }
    put_copy(std::move(level.copy));
  }
  void put_copy(json value) {
    if (levels_.empty()) return;
    Level& level = levels_.back();
    level.wants_key = level.is_map;
    if (anchors_open_ == 0) return;  // nobody will ask for it
    if (level.is_map) {
      level.copy[level.key] = std::move(value);
    } else {
      level.copy.push_back(std::move(value));
    }
  }

  DocumentTree& tree_;
  std::vector<Level> levels_;
  std::unordered_map<YAML::anchor_t, json> anchored_;
  std::size_t aliased_ = 0;
  int anchors_open_ = 0;
  int documents_ = 0;
};

// The parser takes some tabs for indentation and others for text. Line and column of the first.
std::optional<Place> find_tab(std::string_view text) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view row = text.substr(begin, end - begin);
    const std::size_t content = row.find_first_not_of(" \t\r");
    const std::size_t tab = row.find('\t');
    if (content != row.npos && row[content] != '#' && tab < content) {
      return Place{line, static_cast<int>(tab) + 1};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

bool read_yaml(const std::string& text, DocumentTree& tree) {
  if (const auto tab = find_tab(text)) {
    return tree.fail("a tab in the indentation", *tab, "indent with spaces");
  }
  Handler handler(tree);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(handler)) return tree.fail("the document is empty", {1, 1});
    parser.HandleNextDocument(handler);
  } catch (const Stop&) {
    return false;
  } catch (const YAML::Exception& e) {
    return tree.fail(e.msg, e.mark.is_null() ? Place{} : place_of(e.mark));
  }
  return true;
}

}  // namespace backcast
