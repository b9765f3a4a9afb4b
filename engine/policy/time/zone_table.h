// The offsets of one named zone as a flat, immutable table: what makes civil time cheap.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backcast::policy {

// Interval i is [begins[i], begins[i + 1]) in Unix seconds; the first begins before all instants.
// Neighbouring intervals differ in offset.
class ZoneTable {
 public:
  struct Interval {
    std::int64_t begin;
    std::int64_t end;
    std::int64_t offset;  // seconds east of UTC
  };

  ZoneTable(std::string name, std::vector<std::int64_t> begins, std::vector<std::int32_t> offsets);

  const std::string& name() const { return name_; }
  Interval at(std::int64_t unix_second) const;

 private:
  std::string name_;
  std::vector<std::int64_t> begins_;
  std::vector<std::int32_t> offsets_;
  // slots_[k] is the interval in force at the start of the k-th stretch of time.
  std::vector<std::uint16_t> slots_;
};

// The table of a zone known to the system's tz database, or null; built once per name.
const ZoneTable* find_zone_table(const std::string& name);
// Every name the tz database knows, sorted.
std::vector<std::string> known_zone_names();

}  // namespace backcast::policy
