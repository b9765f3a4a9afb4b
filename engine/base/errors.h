// For functions that give back every fault and call some that give back one.
#pragma once

#include "engine/base/error.h"

namespace backcast {

// BACKCAST_TRY(auto x, all_errors(f()));  where f() has a single error, and this function a list.
template <typename T>
Result<T, Errors> all_errors(Result<T> result) {
  if (!result.ok()) return Errors{std::move(result).error()};
  return std::move(result).value();
}

}  // namespace backcast
