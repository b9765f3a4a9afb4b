#include "engine/base/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/base/lone_bytes.h"
#include "engine/base/text.h"

namespace backcast {
namespace {

using nlohmann::json;

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

struct Place {
  int line = 0, column = 0;
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

// Builds the value and remembers the place of each pointer; refuses deep nesting and double keys.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(const Position& position, int max_depth) : position_(position), max_depth_(max_depth) {}

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
  bool binary(binary_t&) override { return fail("binary values are not JSON"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (level.value.contains(name))
      return fail(fmt::format("field {} is given twice", printable(name)));
    level.key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    std::string_view what = e.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
    const auto colon = what.find(": ");
    if (colon != std::string_view::npos) {
      what.remove_prefix(colon + 2);
    } else if (const auto bracket = what.find("] "); bracket != std::string_view::npos) {
      what.remove_prefix(bracket + 2);  // "[json.exception.out_of_range.406] number overflow …"
    }
    return fail(std::string(what));
  }

  json take_root() { return std::move(root_); }
  const std::string& error() const { return error_; }
  int error_line() const { return error_line_; }
  int error_column() const { return error_column_; }
  std::unordered_map<std::string, Place> take_places() { return std::move(places_); }

 private:
  struct Level {
    json value;
    std::string key;
    std::string pointer;
  };

  std::string next_pointer() const {
    if (levels_.empty()) return "";
    const Level& level = levels_.back();
    return level.value.is_array() ? level.pointer + '/' + std::to_string(level.value.size())
                                  : pointer_child(level.pointer, level.key);
  }
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
  bool add(json value, const char* start) {
    places_.emplace(next_pointer(), place_of(start));
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    if (static_cast<int>(levels_.size()) >= max_depth_) {
      return fail(fmt::format("nested more than {} levels deep", max_depth_));
    }
    std::string pointer = next_pointer();
    places_.emplace(pointer, place_of(position_.current - 1));
    levels_.push_back({std::move(value), {}, std::move(pointer)});
    return true;
  }
  bool close() {
    json value = std::move(levels_.back().value);
    levels_.pop_back();
    place(std::move(value));
    return true;
  }
  void place(json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (levels_.back().value.is_array()) {
      levels_.back().value.push_back(std::move(value));
    } else {
      levels_.back().value[levels_.back().key] = std::move(value);
    }
  }
  bool fail(std::string message) {
    if (!error_.empty()) return false;
    error_ = std::move(message);
    error_line_ = position_.line;
    error_column_ = std::max(1, static_cast<int>(position_.current - position_.line_start));
    return false;
  }

  const Position& position_;
  int max_depth_;
  std::vector<Level> levels_;
  json root_;
  std::string error_;
  int error_line_ = 0;
  int error_column_ = 0;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace

struct Document::State {
  std::string name;
  json root;
  std::unordered_map<std::string, Place> places;
};

Result<Document> Document::parse(std::string_view text, std::string name, DocumentLimits limits) {
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
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string copy;
  text = parsable(text, copy);
  Position position{text.data(), text.data(), 1, text.data()};
  Builder builder(position, limits.max_depth);
  const bool ok = json::sax_parse(CountingIterator(text.data(), &position),
                                  CountingIterator(text.data() + text.size(), &position), &builder,
                                  json::input_format_t::json, true, true);
  if (!ok) {
    return Error{Errc::kBadInput,
                 builder.error(),
                 {name, "", builder.error_line(), builder.error_column()},
                 ""};
  }
  auto state = std::make_shared<State>();
  state->name = std::move(name);
  state->root = builder.take_root();
  state->places = builder.take_places();
  Document document;
  document.state_ = std::move(state);
  return document;
}

Result<Document> Document::read(const std::string& path, DocumentLimits limits) {
  BACKCAST_TRY(const std::string text, read_text_file(path, limits.max_bytes));
  return parse(text, path, limits);
}

const json& Document::root() const {
  return state_->root;
}
const std::string& Document::name() const {
  return state_->name;
}

Location Document::locate(std::string_view pointer) const {
  Location where{state_->name, std::string(pointer), 0, 0};
  std::string parent(pointer);
  for (;;) {
    if (const auto it = state_->places.find(parent); it != state_->places.end()) {
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
