#include "sim/model/byte_ages.h"

#include <algorithm>
#include <utility>

namespace backcast::sim {

std::int64_t AgeScale::stretch(std::int64_t age_seconds) const {
  constexpr std::int64_t kOldest = std::int64_t{1} << 62;
  if (age_seconds >= oldest_seconds()) return kOldest;
  // A whole number of hours or days is a stretch by itself: it has not started the next one.
  if (step_seconds > 0) {
    return 2 * (age_seconds / step_seconds) + (age_seconds % step_seconds != 0 ? 1 : 0);
  }
  return std::upper_bound(edges_seconds.begin(), edges_seconds.end(), age_seconds) -
         edges_seconds.begin();
}

void FreedParts::add(Instant written, std::uint64_t bytes) {
  age_seconds_ = std::max(age_seconds_, unix_seconds(now_) - unix_seconds(written));
  if (const std::int64_t stretch = scale_.stretch(age_seconds_); stretch != stretch_) {
    stretch_ = stretch;
    sums_.emplace_back();
  }
  sums_.back().bytes += bytes;
  sums_.back().byte_seconds += uint128{bytes} * static_cast<std::uint64_t>(age_seconds_);
}

std::vector<FreedBytes> dated(const FreedSum& sum, Instant now) {
  std::vector<FreedBytes> parts;
  constexpr uint128 kMost = std::uint64_t{1} << 62;  // in one record
  const auto part = [&](std::int64_t age_seconds, uint128 bytes) {
    for (; bytes > 0; bytes -= std::min(bytes, kMost)) {
      parts.push_back({from_unix_seconds(unix_seconds(now) - age_seconds),
                       static_cast<std::uint64_t>(std::min(bytes, kMost))});
    }
  };
  if (sum.bytes == 0) return parts;
  const auto age_seconds = static_cast<std::int64_t>(sum.byte_seconds / sum.bytes);
  const uint128 older = sum.byte_seconds % sum.bytes;  // by a second
  part(age_seconds, sum.bytes - older);
  part(age_seconds + 1, older);
  return parts;
}

void WrittenLog::note(std::uint32_t ordinal, Instant at) {
  if (at_.size() <= ordinal) at_.resize(ordinal + 1, Instant::max());
  at_[ordinal] = at;
}

void WrittenLog::forget(std::uint32_t first, std::uint32_t last) {
  for (std::uint32_t ordinal = first; ordinal <= last; ++ordinal) at_[ordinal] = Instant::max();
}

bool shares_with_older(const DeltaChain& chain, DeltaChain::Handle handle) {
  const DeltaModel& model = chain.model();
  if (model.kind == DeltaModel::Kind::kFull || model.kind == DeltaModel::Kind::kHalfOfDisk) {
    return false;
  }
  return !model.chained() || chain.is_increment(handle);
}

void WrittenLog::thin(std::uint32_t first, std::uint32_t gone) {
  constexpr std::uint32_t kAll = 4096, kSixteenth = 65'536;
  for (const auto& [behind, every] : {std::pair{kAll, 16U}, std::pair{kSixteenth, 256U}}) {
    if (gone - first < behind) return;
    const std::uint32_t ordinal = gone - behind;
    if (ordinal % every != 0) forget(ordinal, ordinal);
  }
}

}  // namespace backcast::sim
