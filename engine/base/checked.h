// Integer arithmetic that cannot overflow in silence, and the 128-bit integers that byte-seconds
// need: 2^64 bytes held for 292 years is just under 2^98.
#pragma once

#include <concepts>
#include <optional>

#include "engine/base/assert.h"

namespace backcast {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

// nullopt where the exact result does not fit T.
template <typename T>
constexpr std::optional<T> checked_add(T a, T b) {
  T r{};
  if (__builtin_add_overflow(a, b, &r)) return std::nullopt;
  return r;
}
template <typename T>
constexpr std::optional<T> checked_sub(T a, T b) {
  T r{};
  if (__builtin_sub_overflow(a, b, &r)) return std::nullopt;
  return r;
}
template <typename T>
constexpr std::optional<T> checked_mul(T a, T b) {
  T r{};
  if (__builtin_mul_overflow(a, b, &r)) return std::nullopt;
  return r;
}

// For sums whose bounds were checked at the edge: overflow is a bug and stops the program.
template <typename T>
constexpr T must_add(T a, T b) {
  T r{};
  BACKCAST_ASSERT(!__builtin_add_overflow(a, b, &r));
  return r;
}
template <typename T>
constexpr T must_mul(T a, T b) {
  T r{};
  BACKCAST_ASSERT(!__builtin_mul_overflow(a, b, &r));
  return r;
}

}  // namespace backcast
