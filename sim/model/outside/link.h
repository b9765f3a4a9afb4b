// A link whose transfers share it equally (processor sharing), O(log n) per start and end. Time is
// in nanoseconds and everything is integer, so the result is the same on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/checked.h"

namespace backcast::sim {

class Link {
 public:
  using Handle = std::uint32_t;

  // What ended: `id` is what start() was given, `end_ns` when its last byte arrived.
  struct Completion {
    std::uint64_t id = 0;
    std::int64_t end_ns = 0;
  };

  // rate: bytes per second of the whole link, up to 10^15; 0 = down. per_transfer: the most one
  // transfer can take, 0 = no limit.
  explicit Link(std::uint64_t rate_bytes_per_second,
                std::uint64_t per_transfer_bytes_per_second = 0);

  // Times never go back: each call's `now_ns` is at least that of the call before, and transfers
  // that end before it must have been popped first; otherwise the program stops.
  Handle start(std::int64_t now_ns, std::uint64_t id, std::uint64_t bytes);
  // Stops an unfinished transfer and returns the bytes not yet moved, rounded up.
  std::uint64_t cancel(std::int64_t now_ns, Handle transfer);
  // Bytes of an unfinished transfer not yet moved, rounded up.
  std::uint64_t remaining_bytes(std::int64_t now_ns, Handle transfer);
  void set_rate(std::int64_t now_ns, std::uint64_t rate_bytes_per_second);

  // When the next transfer ends if nothing else changes, rounded up to a nanosecond; nullopt when
  // nothing runs or the link is down. Ties end in the order of their ids.
  std::optional<std::int64_t> next_end_ns() const;
  // Takes the next transfer that ends at or before now_ns, or nullopt.
  std::optional<Completion> pop(std::int64_t now_ns);

  std::uint64_t live() const { return heap_.size(); }
  // Bytes moved by transfers that ended or were cancelled.
  std::uint64_t moved_bytes() const { return moved_bytes_; }
  // Little's law, exactly: the number present summed over time is the time spent summed over
  // transfers. Holds at any moment of a sound run.
  bool obeys_littles_law() const {
    return present_ns_ == spent_ns_ + static_cast<int128>(live()) * now_ns_;
  }

 private:
  struct Transfer {
    uint128 finish_nanobytes = 0;  // service per transfer at which it ends
    std::uint64_t id = 0, bytes = 0;
    std::uint32_t place = 0;  // in the heap
  };

  struct Share {
    std::uint64_t rate, sharers;
  };

  Share share() const;
  void advance(std::int64_t now_ns);
  bool before(Handle a, Handle b) const;
  void put(std::uint32_t place, Handle handle);
  void sift_up(std::uint32_t place);
  void sift_down(std::uint32_t place);
  void remove(std::uint32_t place);
  std::uint64_t left_bytes(const Transfer& transfer) const;

  std::uint64_t rate_, per_transfer_;
  std::int64_t now_ns_ = 0;
  uint128 service_nanobytes_ = 0;  // what each live transfer has received since time 0
  std::vector<Transfer> transfers_;
  std::vector<Handle> free_, heap_;
  std::uint64_t moved_bytes_ = 0;
  int128 present_ns_ = 0;  // number present, integrated over time
  int128 spent_ns_ = 0;    // ends minus starts
};

}  // namespace backcast::sim
