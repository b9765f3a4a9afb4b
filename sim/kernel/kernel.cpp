#include "sim/kernel/kernel.h"

#include <bit>

namespace backcast::sim {
namespace {

// A window is 2^k seconds; k follows the density of events so that a window holds a few hundred to
// a few thousand keys: enough to make opening it cheap, few enough to stay in the nearest caches.
constexpr int kSecondShift = kKindBits + kEntityBits;
constexpr int kFirstWindowLog2 = 6, kMaxWindowLog2 = 18;
constexpr std::uint64_t kFewKeys = 64, kManyKeys = 8192;
constexpr std::uint64_t kWindowsPerTuning = 32;
// Bits of the counting pass: about one bucket per key.
constexpr int kMinDigitBits = 6, kMaxDigitBits = 16;
constexpr std::size_t kInsertionRun = 24;

void sort_run(EventKey* begin, EventKey* end) {
  if (static_cast<std::size_t>(end - begin) > kInsertionRun) {
    std::sort(begin, end);
    return;
  }
  for (EventKey* i = begin + 1; i < end; ++i) {
    const EventKey key = *i;
    EventKey* j = i;
    for (; j > begin && j[-1] > key; --j) *j = j[-1];
    *j = key;
  }
}

// Takes `width` bits of the keys from bit `first` on, as far as `room` allows, leading bits first.
struct DigitPart {
  int shift;
  EventKey mask;
  int bits;

  DigitPart(int first, int width, int room)
      : shift(first + width - std::min(width, room)),
        mask((EventKey{1} << std::min(width, room)) - 1),
        bits(std::min(width, room)) {}
  EventKey of(EventKey key) const { return key >> shift & mask; }
};

int width_of(EventKey varying, int first, int width) {
  return static_cast<int>(std::bit_width(varying >> first & ((EventKey{1} << width) - 1)));
}

// Sorts `from` into `to`: one counting pass by the leading bits in which the keys differ (of the
// second, then the kind, then the entity), then each short run by itself.
void sort_keys(const std::vector<EventKey>& from, std::vector<EventKey>& to,
               std::vector<std::uint32_t>& ends) {
  EventKey varying = 0;
  for (const EventKey key : from) varying |= key ^ from.front();
  const int room =
      std::clamp(static_cast<int>(std::bit_width(from.size())), kMinDigitBits, kMaxDigitBits);
  const DigitPart second(kSecondShift, width_of(varying, kSecondShift, kSecondBits), room);
  const DigitPart kind(kEntityBits, width_of(varying, kEntityBits, kKindBits), room - second.bits);
  const DigitPart entity(0, width_of(varying, 0, kEntityBits), room - second.bits - kind.bits);
  const int kind_place = entity.bits, second_place = entity.bits + kind.bits;
  const auto digit = [&](EventKey key) {
    return second.of(key) << second_place | kind.of(key) << kind_place | entity.of(key);
  };
  ends.assign((std::size_t{1} << (second_place + second.bits)) + 1, 0);
  for (const EventKey key : from) ++ends[digit(key) + 1];
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  to.resize(from.size());
  for (const EventKey key : from) to[ends[digit(key)]++] = key;
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    if (ends[i] - begin > 1) sort_run(to.data() + begin, to.data() + ends[i]);
    begin = ends[i];
  }
}

constexpr std::uint32_t slot_of(std::int64_t window, std::uint32_t windows) {
  return static_cast<std::uint32_t>(window) & (windows - 1);
}

}  // namespace

EventQueue::EventQueue() : window_shift_(kSecondShift + kFirstWindowLog2) {
  tails_.fill(kNone);
}

void EventQueue::append_block(std::uint32_t slot, EventKey key) {
  std::uint32_t block = free_block_;
  if (block == kNone) {
    block = static_cast<std::uint32_t>(blocks_.size());
    blocks_.emplace_back();
  } else {
    free_block_ = blocks_[block].next;
  }
  blocks_[block].next = tails_[slot];
  blocks_[block].count = 1;
  blocks_[block].keys[0] = key;
  tails_[slot] = block;
  occupied_[slot / 64] |= 1ULL << slot % 64;
}

// Moves far events that have come within reach into their windows.
void EventQueue::take_far() {
  while (!far_.empty() && window_of(far_.front()) - open_window_ < kWindows) {
    const EventKey key = far_.front();
    std::pop_heap(far_.begin(), far_.end(), std::greater<>());
    far_.pop_back();
    push_window(slot_of(window_of(key), kWindows), key);
  }
}

// The slot of the first window after the open one that holds keys, around the ring.
std::uint32_t EventQueue::next_occupied() const {
  const std::uint32_t start = slot_of(open_window_ + 1, kWindows);
  constexpr std::uint32_t kWords = kWindows / 64;
  for (std::uint32_t step = 0; step <= kWords; ++step) {
    const std::uint32_t word = (start / 64 + step) % kWords;
    std::uint64_t bits = occupied_[word];
    if (step == 0) bits &= ~0ULL << start % 64;
    if (step == kWords) bits &= (1ULL << start % 64) - 1;
    if (bits != 0) return word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
  }
  return kNone;
}

void EventQueue::open_next_window() {
  if (windows_opened_ >= kWindowsPerTuning) retune();
  std::uint32_t slot = next_occupied();
  if (slot == kNone) {
    // Nothing within reach: jump so that the first far event is in the window to be opened.
    open_window_ = window_of(far_.front()) - 1;
    take_far();
    slot = next_occupied();
  }
  open_window_ += (slot - slot_of(open_window_, kWindows)) & (kWindows - 1);
  empty_slot(slot, scratch_);
  sort_keys(scratch_, sorted_, digits_);
  cursor_ = 0;
  ++windows_opened_;
  keys_opened_ += scratch_.size();
  scratch_.clear();
  take_far();
}

// Appends a slot's keys to `to` and gives its blocks back.
void EventQueue::empty_slot(std::uint32_t slot, std::vector<EventKey>& to) {
  std::uint32_t last = kNone;
  for (std::uint32_t b = tails_[slot]; b != kNone; b = blocks_[b].next) {
    const Block& block = blocks_[b];
    to.insert(to.end(), block.keys.begin(), block.keys.begin() + block.count);
    last = b;
  }
  if (last == kNone) return;
  blocks_[last].next = free_block_;
  free_block_ = tails_[slot];
  tails_[slot] = kNone;
  occupied_[slot / 64] &= ~(1ULL << slot % 64);
}

// Chooses a new window length where windows have become too empty or too full, and files every
// pending key again. Nothing is open when this runs.
void EventQueue::retune() {
  const std::uint64_t keys_per_window = keys_opened_ / windows_opened_;
  windows_opened_ = keys_opened_ = 0;
  const int log2 = window_shift_ - kSecondShift;
  int next = log2;
  if (keys_per_window < kFewKeys) next = std::min(log2 + 2, kMaxWindowLog2);
  if (keys_per_window > kManyKeys) next = std::max(log2 - 2, 0);
  if (next == log2) return;
  std::vector<EventKey> keys;
  keys.reserve(size_);
  for (std::uint32_t slot = 0; slot < kWindows; ++slot) empty_slot(slot, keys);
  keys.insert(keys.end(), far_.begin(), far_.end());
  far_.clear();
  window_shift_ = kSecondShift + next;
  open_window_ = window_of(*std::min_element(keys.begin(), keys.end())) - 1;
  for (const EventKey key : keys) file(key);
}

std::uint64_t EventQueue::memory_bytes() const {
  const std::uint64_t keys =
      far_.capacity() + sorted_.capacity() + scratch_.capacity() + near_.capacity();
  return sizeof(*this) + keys * sizeof(EventKey) + digits_.capacity() * sizeof(std::uint32_t) +
         blocks_.capacity() * sizeof(Block);
}

}  // namespace backcast::sim
