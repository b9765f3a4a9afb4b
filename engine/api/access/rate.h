// How often somebody may call.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/base/instant.h"

namespace backcast::api {

// So many calls a second for each key, and at once those of `burst` seconds. Thread-safe.
class RateLimit {
 public:
  RateLimit(std::uint32_t per_second, std::uint32_t burst_seconds)
      : per_second_(per_second), most_(per_second * burst_seconds) {}
  // Whether one more may be made now; `now` is of a clock that never goes back.
  bool take(const std::string& key, Duration now);

 private:
  struct Bucket {
    double left = 0;
    Duration at{0};
  };
  std::uint32_t per_second_, most_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace backcast::api
