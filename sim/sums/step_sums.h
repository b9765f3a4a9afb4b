// Stored bytes of very many services, summed by region at every instant at which one of them
// changes: the sum's peak and mean are exact. Memory grows with the number of such instants, not
// with the number of services.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/model/result.h"

namespace backcast::sim {

class StepSums {
 public:
  explicit StepSums(Instant start) : start_(start) {}

  // A series of whole seconds, none before the start.
  void add(const Series& series);

  // The sums, by region. A sum that 64 bits cannot hold stays at the largest number: the run then
  // is too large.
  std::vector<Series> take(const std::string& project, Instant end);

 private:
  struct Change {
    std::int64_t second = 0, bytes = 0;
  };
  struct Changes {
    std::vector<Change> list;
    std::size_t settled = 0;  // so many are sorted, each second once
  };
  void settle(Changes& changes);

  Instant start_;
  std::map<std::string, Changes> by_region_;
};

}  // namespace backcast::sim
