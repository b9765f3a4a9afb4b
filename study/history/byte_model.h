// How many bytes a history's restore points store, and what policies free of them: exactly or by a
// model, from a document or from the history itself.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "sim/fit/freed.h"

namespace backcast::study {

// `text`: a presence table (exact), a workload that `backcast calibrate` wrote, or anything that
// calibrate reads. Errors: every fault of it; kBadInput where it does not say enough.
Result<sim::StoredBytes, Errors> byte_model(std::string_view text, const std::string& name,
                                            const std::vector<policy::Snapshot>& history);

// What keeping some of the restore points comes to.
struct KeptBytes {
  std::size_t kept = 0, deleted = 0;
  std::uint64_t stored_bytes = 0;  // once the others are deleted
  std::uint64_t all_bytes = 0;     // before

  std::uint64_t freed_bytes() const { return all_bytes - std::min(all_bytes, stored_bytes); }
};
// `kept`: by index of the history.
KeptBytes kept_bytes(const sim::StoredBytes& bytes, const std::vector<bool>& kept);

}  // namespace backcast::study
