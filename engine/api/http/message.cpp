#include "engine/api/http/message.h"

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[at] != '%') {
      out += text[at];
    } else {
      const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) return bad_input("a broken %-escape in the address");
      out += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return bad_input("U+0000 in the address");
  if (!is_valid_utf8(out)) return bad_input("the address is not UTF-8");
  return out;
}

}  // namespace

std::optional<std::string_view> find(const Fields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& field) { return field.first == name; });
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

Status take_apart(Request& request) {
  std::string_view rest = request.target;
  if (rest.empty() || rest.front() != '/') return bad_input("the address is no path");
  rest = rest.substr(0, rest.find('#'));
  const std::size_t mark = rest.find('?');
  std::string_view query = mark == std::string_view::npos ? "" : rest.substr(mark + 1);
  rest = rest.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    BACKCAST_TRY(std::string segment, decoded(rest.substr(0, slash), false));
    request.segments.push_back(std::move(segment));
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view field = query.substr(0, end);
    const std::size_t equals = field.find('=');
    BACKCAST_TRY(std::string name, decoded(field.substr(0, equals), true));
    BACKCAST_TRY(std::string value,
                 decoded(equals == std::string_view::npos ? "" : field.substr(equals + 1), true));
    if (!name.empty()) request.query.emplace_back(std::move(name), std::move(value));
    query = end == std::string_view::npos ? "" : query.substr(end + 1);
  }
  return kOk;
}

}  // namespace backcast::api
