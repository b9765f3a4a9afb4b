#include "engine/store/format/address.h"

#include "engine/base/text.h"

namespace backcast::store {

Status check_address(const std::string& path) {
  const auto colon = path.find(':');
  if (colon == std::string::npos || path.find('/') < colon) return kOk;
  return bad_input(printable(path) + " is not a folder: repositories of the kind " +
                       printable(path.substr(0, colon + 1)) + " are not known",
                   "name a folder; write ./" + path + " if that is its name");
}

}  // namespace backcast::store
