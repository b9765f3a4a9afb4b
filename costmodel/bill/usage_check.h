// Notices usage that would be billed twice.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "engine/base/usage.h"

namespace backcast::cost {

// Memory: 16 bytes of key for every thing held (a backup, or a service's total) and every fact of
// one moment. Things are told apart by a 128-bit hash of all their names and tags.
class UsageCheck {
 public:
  // Errors: kBadInput if the interval runs backwards, lies before or overlaps the one before of the
  // same thing, or if the very same fact of one moment came before.
  Status add(const UsageRecord& record);

  // Forgets what ended before `moment`: nothing that starts from then on can repeat it.
  void forget_before(Instant moment);

 private:
  struct Key {
    std::uint64_t low = 0, high = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.low; }
  };
  static Key key_of(const UsageRecord& record);

  struct Seen {
    Instant start, end;
  };
  std::unordered_map<Key, Seen, KeyHash> seen_;
};

}  // namespace backcast::cost
