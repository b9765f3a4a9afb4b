#include "sim/model/timeline.h"

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::sim {
namespace {

// How many of a set of intervals are open, as steps.
class Depth {
 public:
  void add(Instant from, Instant until) {
    if (from >= until) return;
    edges_.push_back({from, 1});
    edges_.push_back({until, -1});
  }

  // Calls visit(from, until, depth) for the pieces of `span`, in order.
  template <typename Visit>
  void sweep(Span span, Visit visit) {
    std::sort(edges_.begin(), edges_.end());
    std::int64_t depth = 0;
    Instant from = span.from;
    for (std::size_t i = 0; i < edges_.size();) {
      const Instant at = edges_[i].first;
      if (at > from && from < span.until) {
        visit(from, std::min(at, span.until), depth);
        from = std::min(at, span.until);
      }
      for (; i < edges_.size() && edges_[i].first == at; ++i) depth += edges_[i].second;
    }
    if (from < span.until) visit(from, span.until, depth);
  }

 private:
  std::vector<std::pair<Instant, int>> edges_;
};

}  // namespace

std::vector<Span> joined(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.from < b.from; });
  std::vector<Span> result;
  for (const Span& span : spans) {
    if (span.from >= span.until) continue;
    if (!result.empty() && span.from <= result.back().until) {
      result.back().until = std::max(result.back().until, span.until);
    } else {
      result.push_back(span);
    }
  }
  return result;
}

Duration total(const std::vector<Span>& spans) {
  Duration sum{0};
  for (const Span& span : spans) sum += span.until - span.from;
  return sum;
}

std::vector<Span> sparse_spans(const std::vector<PointInTime>& points, Span checked,
                               std::uint32_t at_least, Duration within, std::uint32_t* fewest) {
  Depth depth;
  for (const PointInTime& p : points) {
    const Instant leaves = within > Duration{0} ? plus(p.born, within) : Instant::max();
    depth.add(p.available, std::min(p.deleted, leaves));
  }
  std::vector<Span> sparse;
  std::uint32_t lowest = UINT32_MAX;
  depth.sweep(checked, [&](Instant from, Instant until, std::int64_t count) {
    lowest = std::min(lowest, static_cast<std::uint32_t>(count));
    if (count < static_cast<std::int64_t>(at_least)) sparse.push_back({from, until});
  });
  if (fewest != nullptr) *fewest = lowest == UINT32_MAX ? 0 : lowest;
  return joined(std::move(sparse));
}

std::vector<Span> uncovered_spans(const std::vector<PointInTime>& points, Span checked,
                                  Duration youngest, Duration oldest) {
  Depth depth;
  for (const PointInTime& p : points) {
    depth.add(std::max(p.available, plus(p.born, youngest)),
              std::min(p.deleted, plus(p.born, oldest)));
  }
  std::vector<Span> spans;
  depth.sweep(checked, [&](Instant from, Instant until, std::int64_t count) {
    if (count == 0) spans.push_back({from, until});
  });
  return joined(std::move(spans));
}

std::vector<Span> spans_above(const std::vector<SeriesPoint>& steps, Span checked,
                              std::uint64_t limit, std::uint64_t* highest) {
  std::vector<Span> spans;
  std::uint64_t top = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Instant until = i + 1 < steps.size() ? steps[i + 1].at : checked.until;
    const Span span{std::max(steps[i].at, checked.from), std::min(until, checked.until)};
    if (span.from >= span.until) continue;
    top = std::max(top, steps[i].value);
    if (steps[i].value > limit) spans.push_back(span);
  }
  if (highest != nullptr) *highest = top;
  return joined(std::move(spans));
}

}  // namespace backcast::sim
