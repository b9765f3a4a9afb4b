#include "engine/base/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/base/document/document_tree.h"
#include "engine/base/lone_bytes.h"
#include "engine/base/text.h"

namespace backcast {
namespace {

using nlohmann::json;

// The YAML parser keeps its tokens: a text of brackets takes 240 times its size in memory.
constexpr std::uint64_t kMaxYamlBytes = 4ULL << 20;

struct Position {
  const char* begin = nullptr;
  const char* current = nullptr;
  int line = 1;
  const char* line_start = nullptr;
};

// Feeds the parser and counts lines on the way, so that a callback knows where it stands.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Position* position) : at_(at), position_(position) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') {
      ++position_->line;
      position_->line_start = at_ + 1;
    }
    position_->current = ++at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  Position* position_;
};

bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// The opening quote of the string that ends before `end`; a quote after a backslash is part of it.
const char* start_of_string(const char* begin, const char* end) {
  const char* at = end - 1;
  while (--at > begin) {
    if (*at != '"') continue;
    const char* slash = at;
    while (slash > begin && slash[-1] == '\\') --slash;
    if ((at - slash) % 2 == 0) break;
  }
  return at;
}

// The parser's events into a tree, each with the place where its value starts.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(const Position& position, int max_depth) : position_(position), tree_(max_depth) {}

  bool null() override { return add(nullptr, position_.current - 4); }
  bool boolean(bool value) override { return add(value, position_.current - (value ? 4 : 5)); }
  bool number_integer(number_integer_t value) override { return add(value, start_of_number()); }
  bool number_unsigned(number_unsigned_t value) override { return add(value, start_of_number()); }
  bool number_float(number_float_t value, const string_t&) override {
    return add(value, start_of_number());
  }
  bool string(string_t& value) override {
    return add(std::move(value), start_of_string(position_.begin, position_.current));
  }
  bool binary(binary_t&) override { return tree_.fail("binary values are not JSON", here()); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return tree_.close(); }
  bool end_array() override { return tree_.close(); }
  bool key(string_t& name) override { return tree_.key(std::move(name), here()); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    std::string_view what = e.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
    const auto colon = what.find(": ");
    if (colon != std::string_view::npos) {
      what.remove_prefix(colon + 2);
    } else if (const auto bracket = what.find("] "); bracket != std::string_view::npos) {
      what.remove_prefix(bracket + 2);  // "[json.exception.out_of_range.406] number overflow …"
    }
    return tree_.fail(std::string(what), here(), after_comma() ? "remove the comma before it" : "");
  }

  DocumentTree& tree() { return tree_; }

 private:
  // The scanner reads one character past a number before it knows where the number ends.
  const char* start_of_number() const {
    const char* at = position_.current;
    if (at > position_.begin && !is_of_number(at[-1])) --at;
    while (at > position_.begin && is_of_number(at[-1])) --at;
    return at;
  }
  // Of a value that starts there, on the current line or, before a line's end was read, the last.
  Place place_of(const char* start) const {
    const bool is_current = start >= position_.line_start;
    const char* line_start = position_.line_start;
    if (!is_current) {
      line_start = start;
      while (line_start > position_.begin && line_start[-1] != '\n') --line_start;
    }
    return {is_current ? position_.line : position_.line - 1,
            static_cast<int>(start - line_start) + 1};
  }
  // Whether what ends here, an object or a list, ends behind a comma: its last line was taken out.
  bool after_comma() const {
    if (position_.current - position_.begin < 2) return false;
    const char* at = position_.current - 1;
    if (*at != '}' && *at != ']') return false;
    while (at > position_.begin && std::isspace(static_cast<unsigned char>(at[-1])) != 0) --at;
    return at > position_.begin && at[-1] == ',';
  }
  Place here() const {
    return {position_.line,
            std::max(1, static_cast<int>(position_.current - position_.line_start))};
  }
  bool add(json value, const char* start) { return tree_.add(std::move(value), place_of(start)); }
  bool open(json value) { return tree_.open(std::move(value), place_of(position_.current - 1)); }

  const Position& position_;
  DocumentTree tree_;
};

// What holds of any text, whatever language it is written in.
Status check_text(std::string_view text, const std::string& name, const DocumentLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Error{Errc::kBadInput,
                 fmt::format("{} is larger than the limit of {} bytes", name, limits.max_bytes),
                 {name, "", 0, 0},
                 ""};
  }
  if (!is_valid_utf8(text)) {
    int line = 1;
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (!is_valid_utf8(rest.substr(0, end))) break;
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++line;
    }
    return Error{
        Errc::kBadInput, "the text is not UTF-8", {name, "", line, 0}, "save the file as UTF-8"};
  }
  // The JSON parser takes a zero byte for the end and would ignore the rest.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + zero, '\n');
    return Error{Errc::kBadInput, "a zero byte", {name, "", static_cast<int>(line), 0}, ""};
  }
  return kOk;
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

// A document of ours is an object, or a list of another tool's.
bool begins_as_json(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n");
  return at == text.npos || text[at] == '{' || text[at] == '[' || text[at] == '/';
}

bool is_yaml(std::string_view text, std::string_view name) {
  if (name == "-") return !begins_as_json(text);
  return is_yaml_name(name);
}

}  // namespace

struct Document::State {
  std::string name;
  DocumentTree tree;
};

bool is_yaml_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

Result<Document> Document::made(bool ok, DocumentTree tree, std::string name) {
  if (!ok) {
    const DocumentTree::Failure& failure = tree.error();
    return Error{Errc::kBadInput,
                 failure.message,
                 {name, "", failure.place.line, failure.place.column},
                 failure.hint};
  }
  Document document;
  document.state_ = std::make_shared<State>(State{std::move(name), std::move(tree)});
  return document;
}

Result<Document> Document::parse(std::string_view text, std::string name, DocumentLimits limits) {
  BACKCAST_CHECK(check_text(text, name, limits));
  text = without_mark(text);
  std::string copy;
  text = parsable(text, copy);
  Position position{text.data(), text.data(), 1, text.data()};
  Builder builder(position, limits.max_depth);
  const bool ok = json::sax_parse(CountingIterator(text.data(), &position),
                                  CountingIterator(text.data() + text.size(), &position), &builder,
                                  json::input_format_t::json, true, true);
  return made(ok, std::move(builder.tree()), std::move(name));
}

Result<Document> Document::parse_file(std::string_view text, const std::string& path,
                                      DocumentLimits limits) {
  if (!is_yaml(without_mark(text), path)) return parse(text, path, limits);
  limits.max_bytes = std::min(limits.max_bytes, kMaxYamlBytes);
  BACKCAST_CHECK(check_text(text, path, limits));
  DocumentTree tree(limits.max_depth);
  const bool ok = read_yaml(std::string(without_mark(text)), tree);
  return made(ok, std::move(tree), path);
}

Result<Document> Document::read(const std::string& path, DocumentLimits limits) {
  BACKCAST_TRY(const std::string text, read_text_file(path, limits.max_bytes));
  return parse_file(text, path, limits);
}

const json& Document::root() const {
  return state_->tree.root;
}
const std::string& Document::name() const {
  return state_->name;
}

Location Document::locate(std::string_view pointer) const {
  Location where{state_->name, std::string(pointer), 0, 0};
  std::string parent(pointer);
  for (;;) {
    if (const auto it = state_->tree.places.find(parent); it != state_->tree.places.end()) {
      where.line = it->second.line;
      where.column = it->second.column;
      return where;
    }
    const auto slash = parent.rfind('/');
    if (slash == std::string::npos) return where;
    parent.resize(slash);
  }
}

std::string pointer_child(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

Result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Error{Errc::kNotFound,
                 fmt::format("cannot open: {}", std::strerror(errno)),
                 {path, "", 0, 0},
                 ""};
  }
  std::string text;
  char buffer[1 << 16];
  std::size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    if (text.size() + got > max_bytes) {
      if (file != stdin) std::fclose(file);
      return Error{Errc::kBadInput,
                   fmt::format("larger than the limit of {} bytes", max_bytes),
                   {path, "", 0, 0},
                   ""};
    }
    text.append(buffer, got);
  }
  const bool bad = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (bad)
    return Error{
        Errc::kFailed, fmt::format("cannot read: {}", std::strerror(errno)), {path, "", 0, 0}, ""};
  return text;
}

}  // namespace backcast
