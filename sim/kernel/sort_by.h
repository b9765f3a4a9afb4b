// Sorting of what is costly to move: records with strings.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace backcast::sim {

// Stable, by key(value); each value is moved once.
template <typename T, typename Key>
void sort_by(std::vector<T>& values, Key key) {
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return key(values[a]) < key(values[b]);
  });
  std::vector<T> sorted;
  sorted.reserve(values.size());
  for (const std::uint32_t i : order) sorted.push_back(std::move(values[i]));
  values = std::move(sorted);
}

}  // namespace backcast::sim
