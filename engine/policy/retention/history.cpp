#include "engine/policy/retention/history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::policy {
namespace {

constexpr std::size_t kNamesShown = 8;

// One restore point of each source.
std::vector<const Snapshot*> sources_in(const std::vector<Snapshot>& history) {
  std::vector<const Snapshot*> sources;
  for (const Snapshot& s : history) {
    // Exports list a source in one piece or interleaved with few others.
    const bool is_known = std::any_of(sources.rbegin(), sources.rend(), [&](const Snapshot* known) {
      return is_same_source(*known, s);
    });
    if (!is_known) sources.push_back(&s);
  }
  return sources;
}

bool answers_to(const Snapshot& s, const std::string& name) {
  return source_name(s) == name || s.host == name ||
         std::find(s.paths.begin(), s.paths.end(), name) != s.paths.end();
}

std::string names_of(const std::vector<const Snapshot*>& sources) {
  std::vector<std::string> names;
  for (const Snapshot* s : sources) names.push_back(source_name(*s));
  std::sort(names.begin(), names.end());
  const std::size_t more = names.size() > kNamesShown ? names.size() - kNamesShown : 0;
  names.resize(names.size() - more);
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (more > 0) text += fmt::format(", and {} more", more);
  return text;
}

}  // namespace

bool is_same_source(const Snapshot& a, const Snapshot& b) {
  return a.host == b.host && a.username == b.username && a.paths == b.paths;
}

std::string source_name(const Snapshot& s) {
  std::string name = s.username;
  if (!s.username.empty() && !s.host.empty()) name += '@';
  name += s.host;
  if (!s.paths.empty()) {
    name += fmt::format("{}{}", name.empty() ? "" : ":", fmt::join(s.paths, ","));
  }
  return name.empty() ? "the history" : name;
}

Result<std::vector<Snapshot>> select_source(std::vector<Snapshot> history,
                                            const std::string& source) {
  std::vector<const Snapshot*> sources = sources_in(history);
  if (source.empty() && sources.size() > 1) {
    return bad_input(
        fmt::format("the history holds {} sources; one is needed here", sources.size()),
        "name one of " + names_of(sources));
  }
  if (!source.empty()) {
    std::vector<const Snapshot*> meant;
    std::copy_if(sources.begin(), sources.end(), std::back_inserter(meant),
                 [&](const Snapshot* s) { return answers_to(*s, source); });
    if (meant.size() != 1) {
      return bad_input(
          fmt::format("{} sources of the history answer to {}", meant.size(), printable(source)),
          "name one of " + names_of(meant.empty() ? sources : meant));
    }
    const Snapshot chosen = *meant.front();
    std::erase_if(history, [&](const Snapshot& s) { return !is_same_source(s, chosen); });
  }
  std::stable_sort(history.begin(), history.end(), [](const Snapshot& a, const Snapshot& b) {
    return a.trusted_time() < b.trusted_time();
  });
  return history;
}

std::string_view short_id(std::string_view id) {
  const bool is_hash = id.size() >= 32 && id.find_first_not_of("0123456789abcdef") == id.npos;
  return is_hash ? id.substr(0, 8) : id;
}

}  // namespace backcast::policy
