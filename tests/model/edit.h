// Changes of a source tree, as users make them between two backups.
#pragma once

#include <random>
#include <string>

namespace backcast::model {

void make_source(const std::string& folder, std::mt19937_64& random);
// One change; returns what kind it was.
const char* edit_source(const std::string& folder, std::mt19937_64& random);

}  // namespace backcast::model
