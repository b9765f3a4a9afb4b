// Where a repository may lie.
#pragma once

#include <string>

#include "engine/base/error.h"

namespace backcast::store {

// A repository lies in a folder. kBadInput for what looks like an address of another kind
// ("sftp:host:/x", "s3:…", "host:/x"): taken for a name, it would make a folder of that name here.
// A folder whose name has a colon is written with a "/" before it.
Status check_address(const std::string& path);

}  // namespace backcast::store
