// Requests that moving objects takes, where a ledger counts bytes and objects only.
#pragma once

#include <cstdint>

#include "engine/base/error.h"

namespace backcast::cost {

// PUT requests for `objects` of like size, `bytes` in all, uploaded in parts of `part_bytes`: one
// per part and one that puts the parts together, as Azure and S3 count them. Errors: kBadInput for
// parts of no size, or more than 2^64 requests.
Result<std::uint64_t> put_requests(std::uint64_t objects, std::uint64_t bytes,
                                   std::uint64_t part_bytes);

}  // namespace backcast::cost
