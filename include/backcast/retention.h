// Retention: which restore points a policy keeps, which it deletes, and why (docs/policies.md).
#pragma once

#include <backcast/result.h>
#include <backcast/time.h>

#include <cstdint>
#include <string>
#include <vector>

namespace backcast {

struct KeptPoint {
  std::string id;
  Time time{};                   // when the data was read
  std::uint64_t size_bytes = 0;  // for policies with a limit of bytes; 0 = unknown
  std::vector<std::string> tags;
  std::string host;                // for policies that group by it
  std::vector<std::string> paths;  // the same
  bool manual = false;             // made by hand
  bool incomplete = false;         // the backup did not finish
};

struct RetentionVerdict {
  std::string id;
  bool keep = false;
  std::vector<std::string> reasons;  // in the words of the policy's tool: "daily snapshot"
};

// `policy` is what its tool is told: "restic: --keep-daily 7 --keep-weekly 5". Periods end in
// `zone`, an IANA name. Verdicts come in the order of `points`. Errors: a policy or a zone that
// cannot be understood.
Expected<std::vector<RetentionVerdict>> apply_retention(const std::string& policy,
                                                        const std::vector<KeptPoint>& points,
                                                        Time now, const std::string& zone = "UTC");

}  // namespace backcast
