// Instants of the library.
#pragma once

#include <chrono>

namespace backcast {

// UTC without leap seconds, 1678 to 2261. std::chrono's arithmetic and formatting apply.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

}  // namespace backcast
