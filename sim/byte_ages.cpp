#include "sim/byte_ages.h"

#include <algorithm>
#include <array>

#include "engine/base/time_math.h"

namespace backcast::sim {
namespace {

// Minimum storage durations of object stores: S3 Standard-IA and Azure cool 30 days, Wasabi,
// Glacier and Coldline 90, Deep Archive and Azure archive 180, Google's Archive class 365.
constexpr std::array<std::int64_t, 4> kEdgeDays{30, 90, 180, 365};
static_assert(kEdgeDays.size() + 1 == kAgeStretches);
constexpr std::size_t kMostWritten = 256;

// Adds bytes to the last part, or to a new one where they are of another stretch.
class Parts {
 public:
  explicit Parts(Instant now) : now_(now) {}

  void add(Instant written, std::uint64_t bytes) {
    if (bytes == 0) return;
    const std::size_t stretch = age_stretch(written, now_);
    if (parts_.empty() || stretch != stretch_) {
      close();
      stretch_ = stretch;
      first_ = written;
      parts_.push_back({written, 0});
    }
    parts_.back().bytes += bytes;
    byte_ns_ += static_cast<int128>(bytes) * between(first_, written).count();
  }

  std::vector<FreedBytes> take() {
    close();
    return std::move(parts_);
  }

 private:
  void close() {
    if (parts_.empty()) return;
    const int128 mean_ns = byte_ns_ / static_cast<int128>(parts_.back().bytes);
    parts_.back().written = std::chrono::floor<std::chrono::seconds>(
        plus(first_, Duration(static_cast<std::int64_t>(mean_ns))));
    byte_ns_ = 0;
  }

  Instant now_;
  std::vector<FreedBytes> parts_;
  std::size_t stretch_ = 0;
  Instant first_{};
  int128 byte_ns_ = 0;  // of the last part, since first_
};

}  // namespace

std::size_t age_stretch(Instant written, Instant now) {
  const Duration age = between(written, now);
  std::size_t stretch = 0;
  while (stretch < kEdgeDays.size() && age >= kEdgeDays[stretch] * kDay) ++stretch;
  return stretch;
}

bool shares_with_older(const DeltaChain& chain, DeltaChain::Handle handle) {
  const DeltaModel& model = chain.model();
  if (model.kind == DeltaModel::Kind::kFull || model.kind == DeltaModel::Kind::kHalfOfDisk) {
    return false;
  }
  return !model.chained() || chain.is_increment(handle);
}

std::vector<FreedBytes> freed_by_age(const DeltaModel& model, const Generation* older,
                                     std::span<const Written> written, const Generation* heir,
                                     std::uint64_t freed_bytes, Instant now) {
  const Generation& gone = written.back().generation;
  // Of the bytes of `gone` and of `heir`: how many were there already with `by`.
  const auto known = [&](const Generation& by, const Generation& in) {
    return static_cast<std::int64_t>(model.shared_bytes(by, in));
  };
  const std::int64_t not_own = older == nullptr ? 0 : known(*older, gone);
  const std::int64_t not_heirs = older == nullptr || heir == nullptr ? 0 : known(*older, *heir);
  Parts parts(now);
  std::int64_t told = 0;
  for (std::size_t i = 0; i + 1 < written.size(); ++i) {
    const Generation& by = written[i].generation;
    const std::int64_t left = heir == nullptr ? 0 : known(by, *heir) - not_heirs;
    const std::int64_t freed = std::clamp<std::int64_t>(known(by, gone) - not_own - left, told,
                                                        static_cast<std::int64_t>(freed_bytes));
    parts.add(written[i].at, static_cast<std::uint64_t>(freed - told));
    told = freed;
  }
  parts.add(written.back().at, freed_bytes - static_cast<std::uint64_t>(told));
  return parts.take();
}

void thin(std::vector<Written>& written, Instant now) {
  const auto is_old = [&](const Written& w) { return age_stretch(w.at, now) == kEdgeDays.size(); };
  const auto young = std::find_if_not(written.begin(), written.end(), is_old);
  if (young - written.begin() > 1) written.erase(written.begin(), young - 1);
  if (written.size() <= kMostWritten) return;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < written.size(); i += 2) written[kept++] = written[i];
  written.resize(kept);
}

}  // namespace backcast::sim
