// The event kernel. An event is one 64-bit key, (second, kind, entity) from the highest bits down,
// so the order of events is total: a result depends neither on insertion order nor on how the work
// was divided. Keys live in windows of time: a window is sorted once when it opens and then
// streamed, and whoever runs the queue may look ahead in it and prefetch. No allocation per event.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/assert.h"

namespace backcast::sim {

inline constexpr int kEntityBits = 24, kKindBits = 6, kSecondBits = 34;
inline constexpr std::uint32_t kMaxEntities = 1U << kEntityBits;      // 16.7 million
inline constexpr std::int64_t kMaxSecond = (1LL << kSecondBits) - 1;  // 544 years

// `kind` orders events of the same second: lower kinds come first. `entity` is whatever the kind
// refers to: a service, a link, a region.
struct Event {
  std::int64_t second = 0;   // since the start of the run, 0..kMaxSecond
  std::uint32_t kind = 0;    // 0..63
  std::uint32_t entity = 0;  // 0..kMaxEntities-1

  bool operator==(const Event&) const = default;
};

using EventKey = std::uint64_t;

constexpr EventKey pack(Event e) {
  return static_cast<EventKey>(e.second) << (kKindBits + kEntityBits) |
         static_cast<EventKey>(e.kind) << kEntityBits | e.entity;
}
constexpr Event unpack(EventKey key) {
  return {static_cast<std::int64_t>(key >> (kKindBits + kEntityBits)),
          static_cast<std::uint32_t>(key >> kEntityBits) & ((1U << kKindBits) - 1),
          static_cast<std::uint32_t>(key) & (kMaxEntities - 1)};
}

// Events in total order. Pushing an event before the last popped one is a bug and stops the
// program; pushing one of the same second is fine, also of a lower kind than the one popped: it
// comes next.
class EventQueue {
 public:
  // Events usually lie within `reach_seconds` of now; farther ones cost one more move.
  explicit EventQueue(std::int64_t reach_seconds = 2 * 86'400);

  void push(Event event) { push(pack(event)); }
  void push(EventKey key);

  bool empty() const { return size_ == 0; }
  std::uint64_t size() const { return size_; }

  // The first event; the queue must not be empty.
  Event top();
  Event pop();

  std::uint64_t popped() const { return popped_; }

  // Memory held, for reports.
  std::uint64_t memory_bytes() const;

 private:
  std::vector<EventKey> heap_;
  std::uint64_t size_ = 0, popped_ = 0;
  std::int64_t now_ = 0;
};

}  // namespace backcast::sim
