// Assertions that also hold in release builds: a broken invariant stops the program rather than
// write a wrong byte or a wrong bill.
#pragma once

namespace backcast {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace backcast

#define BACKCAST_ASSERT(condition) \
  ((condition) ? void(0) : ::backcast::assertion_failed(#condition, __FILE__, __LINE__))
