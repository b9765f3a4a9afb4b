#include "engine/api/access/rate.h"

#include <algorithm>

namespace backcast::api {
namespace {

// Somebody with many addresses does not fill the memory: full buckets say nothing and are dropped.
constexpr std::size_t kMaxBuckets = 10'000;

}  // namespace

bool RateLimit::take(const std::string& key, Duration now) {
  const std::lock_guard guard(mutex_);
  const auto refilled = [&](const Bucket& bucket) {
    const double seconds = std::chrono::duration<double>(now - bucket.at).count();
    return std::min<double>(most_, bucket.left + seconds * per_second_);
  };
  if (buckets_.size() >= kMaxBuckets && !buckets_.contains(key)) {
    std::erase_if(buckets_, [&](const auto& entry) { return refilled(entry.second) >= most_; });
    if (buckets_.size() >= kMaxBuckets) return false;
  }
  Bucket& bucket = buckets_.try_emplace(key, Bucket{static_cast<double>(most_), now}).first->second;
  bucket = {refilled(bucket), now};
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace backcast::api
