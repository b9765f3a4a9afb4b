#include "engine/policy/service/collections.h"

#include <algorithm>
#include <array>
#include <set>

namespace backcast::policy {
namespace {

constexpr std::array<std::string_view, 3> kLoadStates{"as_saved", "loaded", "released"};

}  // namespace

std::string to_string(const CollectionName& name) {
  return name.database + "." + name.name;
}

std::string_view name(LoadState state) {
  return kLoadStates[static_cast<std::size_t>(state)];
}

std::optional<LoadState> parse_load_state(std::string_view word) {
  for (std::size_t i = 0; i < kLoadStates.size(); ++i) {
    if (kLoadStates[i] == word) return static_cast<LoadState>(i);
  }
  return std::nullopt;
}

bool leaves_database(std::span<const CollectionChoice> chosen) {
  return std::any_of(chosen.begin(), chosen.end(), [](const CollectionChoice& one) {
    return one.from.database != one.to.database;
  });
}

std::optional<std::size_t> first_taken(std::span<const CollectionName> wanted,
                                       const std::function<bool(const CollectionName&)>& is_there) {
  std::set<CollectionName> given;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (is_there(wanted[i]) || !given.insert(wanted[i]).second) return i;
  }
  return std::nullopt;
}

}  // namespace backcast::policy
