// The collections of a cluster by name: what came and went while it was saved or restored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace backcast::kinds {

// "DATABASE.NAME" of each collection in a description (ClusterSource::describe), and its rows where
// the description counts them and does not estimate.
using RowsByName = std::map<std::string, std::optional<std::uint64_t>>;
RowsByName collections_in(const std::string& description);

// Whether the rows of two collections may be the same: an estimate is no difference.
bool may_be_equal(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b);

// What of databases and collections differs between two descriptions, in one sentence; "" where
// nothing does, or where a description names none. Rows and load states are no difference.
std::string schema_change(const std::string& before, const std::string& after);

}  // namespace backcast::kinds
