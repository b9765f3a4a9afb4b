#include "costmodel/requests.h"

#include <algorithm>

#include "engine/base/checked.h"

namespace backcast::cost {

Result<std::uint64_t> put_requests(std::uint64_t objects, std::uint64_t bytes,
                                   std::uint64_t part_bytes) {
  if (part_bytes == 0) return bad_input("a part of an upload has no size");
  if (objects == 0) return std::uint64_t{0};
  const std::uint64_t object_bytes = bytes / objects + (bytes % objects > 0);
  const std::uint64_t parts =
      std::max<std::uint64_t>(1, object_bytes / part_bytes + (object_bytes % part_bytes > 0));
  const auto requests = checked_add(parts, std::uint64_t{1});
  const auto all = requests ? checked_mul(objects, *requests) : std::nullopt;
  if (!all) return bad_input("more than 2^64 requests");
  return *all;
}

}  // namespace backcast::cost
