#include "sim/model/outside/link.h"

#include <limits>

namespace backcast::sim {
namespace {

// Bytes per second times nanoseconds are nanobytes (10^-9 byte): 2^50 * 2^63 fits 128 bits.
constexpr std::uint64_t kNanobytesPerByte = 1'000'000'000;
constexpr std::uint64_t kMaxRate = 1'000'000'000'000'000;

}  // namespace

Link::Link(std::uint64_t rate_bytes_per_second, std::uint64_t per_transfer_bytes_per_second)
    : rate_(rate_bytes_per_second), per_transfer_(per_transfer_bytes_per_second) {
  BACKCAST_ASSERT(rate_ <= kMaxRate);
}

// Each live transfer gets rate / sharers, where a limit per transfer means fewer may share.
Link::Share Link::share() const {
  const std::uint64_t live = heap_.size();
  if (per_transfer_ != 0 && static_cast<uint128>(per_transfer_) * live <= rate_) {
    return {per_transfer_, 1};
  }
  return {rate_, live};
}

void Link::advance(std::int64_t now_ns) {
  BACKCAST_ASSERT(now_ns >= now_ns_);
  if (!heap_.empty()) {
    const auto [rate, sharers] = share();
    service_nanobytes_ +=
        static_cast<uint128>(rate) * static_cast<uint128>(now_ns - now_ns_) / sharers;
  }
  present_ns_ += static_cast<int128>(live()) * (now_ns - now_ns_);
  now_ns_ = now_ns;
}

std::optional<std::int64_t> Link::next_end_ns() const {
  if (heap_.empty()) return std::nullopt;
  const uint128 finish = transfers_[heap_.front()].finish_nanobytes;
  if (finish <= service_nanobytes_) return now_ns_;
  const auto [rate, sharers] = share();
  if (rate == 0) return std::nullopt;
  const uint128 wait_ns = ((finish - service_nanobytes_) * sharers + (rate - 1)) / rate;
  constexpr auto kEnd = std::numeric_limits<std::int64_t>::max();
  if (wait_ns > static_cast<uint128>(kEnd - now_ns_)) return kEnd;  // later than time itself
  return now_ns_ + static_cast<std::int64_t>(wait_ns);
}

Link::Handle Link::start(std::int64_t now_ns, std::uint64_t id, std::uint64_t bytes) {
  const auto first_end = next_end_ns();
  BACKCAST_ASSERT(!first_end || *first_end >= now_ns);
  advance(now_ns);
  spent_ns_ -= now_ns;
  Handle handle;
  if (free_.empty()) {
    handle = static_cast<Handle>(transfers_.size());
    transfers_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  const auto place = static_cast<std::uint32_t>(heap_.size());
  transfers_[handle] = {service_nanobytes_ + static_cast<uint128>(bytes) * kNanobytesPerByte, id,
                        bytes, place};
  heap_.push_back(handle);
  sift_up(place);
  return handle;
}

std::uint64_t Link::left_bytes(const Transfer& transfer) const {
  if (transfer.finish_nanobytes <= service_nanobytes_) return 0;
  return static_cast<std::uint64_t>(
      (transfer.finish_nanobytes - service_nanobytes_ + (kNanobytesPerByte - 1)) /
      kNanobytesPerByte);
}

std::uint64_t Link::remaining_bytes(std::int64_t now_ns, Handle transfer) {
  advance(now_ns);
  return left_bytes(transfers_[transfer]);
}

std::uint64_t Link::cancel(std::int64_t now_ns, Handle transfer) {
  advance(now_ns);
  const std::uint64_t left = left_bytes(transfers_[transfer]);
  moved_bytes_ += transfers_[transfer].bytes - left;
  remove(transfers_[transfer].place);
  return left;
}

void Link::set_rate(std::int64_t now_ns, std::uint64_t rate_bytes_per_second) {
  BACKCAST_ASSERT(rate_bytes_per_second <= kMaxRate);
  advance(now_ns);
  rate_ = rate_bytes_per_second;
}

std::optional<Link::Completion> Link::pop(std::int64_t now_ns) {
  const auto end_ns = next_end_ns();
  if (!end_ns || *end_ns > now_ns) return std::nullopt;
  advance(*end_ns);
  const Transfer& first = transfers_[heap_.front()];
  const Completion done{first.id, *end_ns};
  moved_bytes_ += first.bytes;
  remove(0);
  return done;
}

bool Link::before(Handle a, Handle b) const {
  const Transfer &x = transfers_[a], &y = transfers_[b];
  if (x.finish_nanobytes != y.finish_nanobytes) return x.finish_nanobytes < y.finish_nanobytes;
  return x.id < y.id;
}

void Link::put(std::uint32_t place, Handle handle) {
  heap_[place] = handle;
  transfers_[handle].place = place;
}

void Link::sift_up(std::uint32_t place) {
  const Handle moving = heap_[place];
  while (place > 0) {
    const std::uint32_t parent = (place - 1) / 2;
    if (!before(moving, heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, moving);
}

void Link::sift_down(std::uint32_t place) {
  const Handle moving = heap_[place];
  const auto size = static_cast<std::uint32_t>(heap_.size());
  while (true) {
    std::uint32_t child = 2 * place + 1;
    if (child >= size) break;
    if (child + 1 < size && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], moving)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, moving);
}

void Link::remove(std::uint32_t place) {
  free_.push_back(heap_[place]);
  spent_ns_ += now_ns_;
  const Handle last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  put(place, last);
  sift_up(place);
  sift_down(transfers_[last].place);
}

}  // namespace backcast::sim
