// The event kernel. An event is one 64-bit key, (second, kind, entity) from the highest bits down,
// so the order of events is total: a result depends neither on insertion order nor on how the work
// was divided. Keys wait unsorted in windows of time; a window is sorted once when it opens and
// then streamed, so whoever runs the queue can see what comes next and prefetch it. A push costs
// one write to a warm cache line; nothing is allocated per event.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
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

// Events in total order. Pushing an event of an earlier second than the last popped one is a bug
// and stops the program; one of the same second is fine, also with a key below the popped one: it
// comes next.
class EventQueue {
 public:
  EventQueue();

  void push(Event event) {
    BACKCAST_ASSERT(event.second >= now_ && event.second <= kMaxSecond);
    ++size_;
    file(pack(event));
  }

  bool empty() const { return size_ == 0; }
  std::uint64_t size() const { return size_; }

  // The first event; the queue must not be empty.
  Event top() {
    BACKCAST_ASSERT(size_ > 0);
    if (cursor_ == sorted_.size() && near_.empty()) open_next_window();
    return unpack(near_is_first() ? near_.front() : sorted_[cursor_]);
  }
  Event pop();

  // A guess at the event `steps` after the first, for prefetching: wrong only where events are
  // pushed in between. Its entity is 0 past the end of the open window.
  std::uint32_t entity_ahead(std::size_t steps) const {
    const std::size_t place = cursor_ + steps;
    return place < sorted_.size() ? static_cast<std::uint32_t>(sorted_[place]) & (kMaxEntities - 1)
                                  : 0;
  }

  std::uint64_t popped() const { return popped_; }

  // Memory held, for reports.
  std::uint64_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kWindows = 4096, kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kBlockKeys = 31;
  struct Block {
    std::array<EventKey, kBlockKeys> keys;
    std::uint32_t next;
    std::uint32_t count;
  };

  std::int64_t window_of(EventKey key) const {
    return static_cast<std::int64_t>(key >> window_shift_);
  }
  bool near_is_first() const {
    return !near_.empty() && (cursor_ == sorted_.size() || near_.front() < sorted_[cursor_]);
  }
  void file(EventKey key) {
    const std::int64_t window = window_of(key), ahead = window - open_window_;
    if (ahead <= 0) {  // the open window, or before it where top() has looked ahead
      near_.push_back(key);
      std::push_heap(near_.begin(), near_.end(), std::greater<>());
    } else if (ahead < kWindows) {
      push_window(static_cast<std::uint32_t>(window) % kWindows, key);
    } else {
      far_.push_back(key);
      std::push_heap(far_.begin(), far_.end(), std::greater<>());
    }
  }
  void push_window(std::uint32_t slot, EventKey key) {
    const std::uint32_t tail = tails_[slot];
    if (tail == kNone || blocks_[tail].count == kBlockKeys) {
      append_block(slot, key);
      return;
    }
    Block& block = blocks_[tail];
    block.keys[block.count++] = key;
  }
  void append_block(std::uint32_t slot, EventKey key);
  void empty_slot(std::uint32_t slot, std::vector<EventKey>& to);
  std::uint32_t next_occupied() const;
  void open_next_window();
  void take_far();
  void retune();

  // Pending keys by window, in slots around a ring: chains of blocks, newest block first. Beyond
  // the last window: far_.
  std::vector<Block> blocks_;
  std::uint32_t free_block_ = kNone;
  std::array<std::uint32_t, kWindows> tails_;
  std::array<std::uint64_t, kWindows / 64> occupied_{};
  std::vector<EventKey> far_;  // heap, smallest first
  // The open window: its sorted keys from cursor_ on, and the heap of what was pushed meanwhile.
  std::vector<EventKey> sorted_, scratch_, near_;
  std::size_t cursor_ = 0;
  std::vector<std::uint32_t> digits_;
  std::int64_t open_window_ = -1;  // none yet
  int window_shift_;
  std::uint64_t windows_opened_ = 0, keys_opened_ = 0;  // since the last retune()
  std::uint64_t size_ = 0, popped_ = 0;
  std::int64_t now_ = 0;
};

inline Event EventQueue::pop() {
  BACKCAST_ASSERT(size_ > 0);
  if (cursor_ == sorted_.size() && near_.empty()) open_next_window();
  EventKey key;
  if (near_is_first()) {
    key = near_.front();
    std::pop_heap(near_.begin(), near_.end(), std::greater<>());
    near_.pop_back();
  } else {
    key = sorted_[cursor_++];
  }
  --size_;
  ++popped_;
  const Event event = unpack(key);
  now_ = event.second;
  return event;
}

}  // namespace backcast::sim
