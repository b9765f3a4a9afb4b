// Collections that came and went while a cluster was being saved.
#pragma once

#include <string>

namespace backcast::kinds {

// What of databases and collections differs between two descriptions (ClusterSource::describe), in
// one sentence; "" where nothing does, or where a description names none. Rows and load states are
// no difference.
std::string schema_change(const std::string& before, const std::string& after);

}  // namespace backcast::kinds
