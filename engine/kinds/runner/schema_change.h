// The collections of a cluster by name: what came and went while it was saved or restored.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace backcast::kinds {

// "DATABASE.NAME" of each collection in a description (ClusterSource::describe), and its rows; -1
// where the description counts none.
std::map<std::string, std::int64_t> collections_in(const std::string& description);

// What of databases and collections differs between two descriptions, in one sentence; "" where
// nothing does, or where a description names none. Rows and load states are no difference.
std::string schema_change(const std::string& before, const std::string& after);

}  // namespace backcast::kinds
