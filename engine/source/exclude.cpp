#include "engine/source/exclude.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <span>

#include "engine/base/text.h"

namespace backcast::source {
namespace {

Error bad_pattern(std::string_view pattern, std::string_view why) {
  return bad_input(fmt::format("exclude pattern {}: {}", printable(pattern), why));
}

// fnmatch takes an unclosed class and a trailing backslash as they stand; a user meant otherwise.
std::string_view fault_of(std::string_view component) {
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\' && ++i >= component.size()) return "backslash at the end";
    if (component[i] != '[') continue;
    const std::size_t first = i + 1 < component.size() && component[i + 1] == '!' ? i + 2 : i + 1;
    const auto close = component.find(']', first + 1);
    if (close == std::string_view::npos)
      return "\"[\" without \"]\"; write \"\\[\" for the character";
    i = close;
  }
  return {};
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (slash > 0) components.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return components;
}

bool matches(std::span<const std::string> pattern, std::span<const std::string> path) {
  // The last "**" may swallow one component more whenever what follows it fails: linear memory,
  // and at most |pattern| * |path| steps.
  std::size_t p = 0, s = 0, star = SIZE_MAX, resume = 0;
  while (s < path.size()) {
    if (p < pattern.size() && pattern[p] == "**") {
      star = p++;
      resume = s;
    } else if (p < pattern.size() && ::fnmatch(pattern[p].c_str(), path[s].c_str(), 0) == 0) {
      ++p;
      ++s;
    } else if (star != SIZE_MAX) {
      p = star + 1;
      s = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == "**") ++p;
  return p == pattern.size();
}

}  // namespace

Result<Excludes> Excludes::compile(const std::vector<std::string>& patterns) {
  Excludes excludes;
  for (const std::string& text : patterns) {
    std::string_view rest = text;
    Pattern pattern;
    if (rest.starts_with('!')) {
      pattern.negated = true;
      rest.remove_prefix(1);
    }
    pattern.folders_only = rest.ends_with('/');
    const bool anchored = rest.starts_with('/');
    pattern.components = split(rest);
    if (pattern.components.empty()) return bad_pattern(text, "it names nothing");
    for (const std::string& component : pattern.components) {
      if (const auto fault = fault_of(component); !fault.empty()) return bad_pattern(text, fault);
    }
    if (!anchored) pattern.components.insert(pattern.components.begin(), "**");
    excludes.patterns_.push_back(std::move(pattern));
  }
  return excludes;
}

bool Excludes::excludes(std::string_view path, bool is_folder) const {
  if (patterns_.empty()) return false;
  const std::vector<std::string> components = split(path);
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->folders_only && !is_folder) continue;
    if (matches(pattern->components, components)) return !pattern->negated;
  }
  return false;
}

std::vector<std::string> exclude_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    if (!line.empty() && line[0] != '#') lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace backcast::source
