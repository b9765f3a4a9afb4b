// Virtual time: what is yet to come, and what time it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "engine/base/instant.h"
#include "sim/kernel/kernel.h"
#include "sim/model/reason.h"

namespace backcast::sim {

class Agenda {
 public:
  Agenda(Instant start, Instant end) : start_(start), end_(end), now_(start) {}

  Instant start() const { return start_; }
  Instant now() const { return now_; }
  std::int64_t now_ns() const { return (now_ - start_).count(); }

  // Instants of the run are whole seconds; what lies between two counts as the later one. What lies
  // beyond the end of the run never comes.
  void push(Instant at, Due due, std::uint32_t entity) {
    if (at >= end_) return;
    const auto since = std::max(at, now_) - start_;
    queue_.push({std::chrono::ceil<std::chrono::seconds>(since).count(),
                 static_cast<std::uint32_t>(due), entity});
  }
  bool empty() const { return queue_.empty(); }
  // What comes next; time moves on to it.
  Event pop() {
    const Event event = queue_.pop();
    now_ = start_ + std::chrono::seconds(event.second);
    return event;
  }
  std::uint64_t popped() const { return queue_.popped(); }
  void finish() { now_ = end_; }

 private:
  Instant start_, end_, now_;
  EventQueue queue_;
};

}  // namespace backcast::sim
