// How many bytes a history's restore points store: exactly or by a model, from a file or from the
// history itself.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "reports/parts/table.h"
#include "sim/fit/freed.h"

namespace backcast::cli {

// `path`: a presence table (exact), a workload that `backcast calibrate` wrote, or anything that
// calibrate reads; "" = fitted to the history's own sizes and new bytes. Errors: every fault of the
// file; kBadInput where neither says enough.
Result<sim::StoredBytes, Errors> byte_model(const std::string& path,
                                            const std::vector<policy::Snapshot>& history);

// What a policy keeps, for the table below.
struct PolicyBytes {
  std::string role, text;  // "policy", "versus"; the policy in its own words
  std::vector<bool> kept;  // by index of the history
};

// What each policy stores of the history once it has run, and frees by that; from the second on
// also what it frees beyond the first.
reports::Table bytes_table(const sim::StoredBytes& bytes, const std::vector<PolicyBytes>& policies);

// The same of two policies in one line: "frees now: policy 1.00 GB, versus ...".
std::string bytes_note(const sim::StoredBytes& bytes, const std::vector<bool>& kept,
                       const std::vector<bool>& versus_kept);

}  // namespace backcast::cli
