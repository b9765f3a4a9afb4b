#include "sim/sums/common_part.h"

#include <algorithm>
#include <utility>

namespace backcast::sim {

// Of so many bytes of the part, those that are not missing; exact where all or none are.
std::uint64_t CommonPart::had(std::uint64_t bytes, double missing) const {
  if (missing <= 0) return bytes;
  const auto lacked = static_cast<std::uint64_t>(static_cast<double>(bytes) * missing + 0.5);
  return bytes - std::min(bytes, lacked);
}

std::uint64_t CommonPart::elsewhere(std::uint64_t bytes, const Share* but) const {
  double missing = 1;  // the share of the part that none has
  for (const Share& share : shares_) {
    if (&share == but) continue;
    missing *= 1 - static_cast<double>(share.bytes) / static_cast<double>(bytes_);
  }
  return missing >= 1 ? 0 : had(bytes, missing);
}

std::uint64_t CommonPart::kept_by_others(Holder holder, std::uint64_t lost_bytes) const {
  const auto place = std::find_if(shares_.begin(), shares_.end(),
                                  [&](const Share& share) { return share.holder == holder; });
  return elsewhere(lost_bytes, place == shares_.end() ? nullptr : &*place);
}

void CommonPart::holds(Holder holder, std::uint64_t bytes) {
  bytes = std::min(bytes, bytes_);
  auto place = std::find_if(shares_.begin(), shares_.end(),
                            [&](const Share& share) { return share.holder == holder; });
  const bool is_new = place == shares_.end();
  if (is_new ? bytes == 0 : place->bytes == bytes) return;
  if (is_new) {
    shares_.push_back({holder, bytes, UINT64_MAX});  // it is told in any case
  } else if (bytes == 0) {
    shares_.erase(place);
    tell_(holder, 0);
  } else {
    place->bytes = bytes;
  }
  std::vector<std::pair<Holder, std::uint64_t>> changed;
  double missing = 1;
  for (Share& share : shares_) {
    const std::uint64_t now = missing >= 1 ? 0 : had(share.bytes, missing);
    if (now != std::exchange(share.elsewhere_bytes, now)) changed.emplace_back(share.holder, now);
    missing *= 1 - static_cast<double>(share.bytes) / static_cast<double>(bytes_);
  }
  for (const auto& [whose, elsewhere_bytes] : changed) tell_(whose, elsewhere_bytes);
}

}  // namespace backcast::sim
