// What the operating system said, as an Error.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast::env {

// "cannot <doing> <path>: No such file or directory"; the kind follows from the errno.
Error system_error(std::string_view doing, const std::string& path, int error_number);

}  // namespace backcast::env
