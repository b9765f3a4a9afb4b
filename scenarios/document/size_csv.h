// Recorded sizes from a CSV file.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "sim/model/workload.h"

namespace backcast::scenario {

// A file with the columns `time` (RFC 3339) and `size_bytes` (or "20 GB"), rising in time; other
// columns are ignored. Errors: kNotFound; kBadInput with the line.
Result<std::vector<sim::SizePoint>> read_size_csv(const std::string& path);

// The same with a third column, `new_bytes`: what each backup added to the store.
struct RecordedBackup {
  Instant at{};
  std::uint64_t size_bytes = 0, new_bytes = 0;
};
Result<std::vector<RecordedBackup>> read_history_csv(const std::string& path);

// A path that a document names, taken from the folder of that document.
std::string beside(const std::string& document_name, const std::string& path);

}  // namespace backcast::scenario
