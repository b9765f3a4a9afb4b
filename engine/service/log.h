// Where the service says what went wrong beside its answers.
#pragma once

#include <functional>
#include <string>

namespace backcast::service {

using Log = std::function<void(const std::string& line)>;  // from any thread

}  // namespace backcast::service
