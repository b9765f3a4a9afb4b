// Collections of a cluster as a restore names them, one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace backcast::policy {

inline constexpr const char* kDefaultDatabase = "default";

struct CollectionName {
  std::string database, name;  // unique in its database
  auto operator<=>(const CollectionName&) const = default;
};
std::string to_string(const CollectionName& name);  // "shop.articles"

// Whether what comes back is served at once.
enum class LoadState : std::uint8_t { kAsSaved, kLoaded, kReleased };
std::string_view name(LoadState state);  // "as_saved", "loaded", "released"
std::optional<LoadState> parse_load_state(std::string_view word);

struct CollectionChoice {
  CollectionName from, to;  // as saved, and what it is called then
  LoadState load = LoadState::kAsSaved;
  bool replaces = false;  // takes the place of what has its name now, or of a shard of that
};

// Whether any of them comes into another database than it was in.
bool leaves_database(std::span<const CollectionChoice> chosen);

// The place of the first of these names that something else has: what is there already, or one
// before it. Nothing: all of them are free. Where one is not, nothing at all is restored.
std::optional<std::size_t> first_taken(std::span<const CollectionName> wanted,
                                       const std::function<bool(const CollectionName&)>& is_there);

}  // namespace backcast::policy
