#include "sim/kernel.h"

#include <algorithm>
#include <functional>

namespace backcast::sim {

EventQueue::EventQueue(std::int64_t) {}

void EventQueue::push(EventKey key) {
  BACKCAST_ASSERT(unpack(key).second >= now_);
  heap_.push_back(key);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  ++size_;
}

Event EventQueue::top() {
  BACKCAST_ASSERT(size_ > 0);
  return unpack(heap_.front());
}

Event EventQueue::pop() {
  const Event first = top();
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  heap_.pop_back();
  --size_;
  ++popped_;
  now_ = first.second;
  return first;
}

std::uint64_t EventQueue::memory_bytes() const {
  return heap_.capacity() * sizeof(EventKey);
}

}  // namespace backcast::sim
