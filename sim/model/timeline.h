// Step functions over time and the spans in which they break a limit: what requirements are
// checked on.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/instant.h"
#include "sim/model/result.h"

namespace backcast::sim {

// A stretch of time in which something does not hold; end exclusive.
struct Span {
  Instant from{}, until{};
  bool operator==(const Span&) const = default;
};

// One restore point as requirements see it.
struct PointInTime {
  Instant born{};       // the moment it brings back
  Instant available{};  // restorable from here
  Instant deleted{};    // until here (exclusive); kNever if it outlives the run
  std::uint32_t backup = kNone;
};

// Spans within `checked` in which fewer than `at_least` restorable points were born within the last
// `within` (all of them if zero).
std::vector<Span> sparse_spans(const std::vector<PointInTime>& points, Span checked,
                               std::uint32_t at_least, Duration within, std::uint32_t* fewest);

// Spans within `checked` in which no restorable point has an age from `youngest` to `oldest`.
std::vector<Span> uncovered_spans(const std::vector<PointInTime>& points, Span checked,
                                  Duration youngest, Duration oldest);

// Spans within `checked` in which a step function lies above a limit.
std::vector<Span> spans_above(const std::vector<SeriesPoint>& steps, Span checked,
                              std::uint64_t limit, std::uint64_t* highest);

// Sorted, overlapping and touching ones joined.
std::vector<Span> joined(std::vector<Span> spans);
Duration total(const std::vector<Span>& spans);

}  // namespace backcast::sim
