// Bytes that several holders have in common and one store keeps once. Each holder has some of a
// common part; which of it each has lost is independent of the others, so that of C bytes, held to
// the shares p1, p2, ..., C (1 - (1-p1)(1-p2)...) are stored. They count as the oldest holder's,
// what it lacks as the next one's, and so on: the sum over all holders is what is stored.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace backcast::sim {

class CommonPart {
 public:
  using Holder = std::uint32_t;
  // Told at first and whenever it changes: how many of its bytes older holders store.
  using Tell = std::function<void(Holder, std::uint64_t elsewhere_bytes)>;

  CommonPart(std::uint64_t bytes, Tell tell) : bytes_(bytes), tell_(std::move(tell)) {}

  std::uint64_t bytes() const { return bytes_; }
  // So many bytes of the part, at most all of them; 0 and it is no holder any more.
  void holds(Holder holder, std::uint64_t bytes);

  // What others would store already of so many bytes that a newcomer has.
  std::uint64_t elsewhere_if_joined(std::uint64_t bytes) const { return elsewhere(bytes, nullptr); }
  // Of so many bytes that a holder loses, what others have as well.
  std::uint64_t kept_by_others(Holder holder, std::uint64_t lost_bytes) const;

 private:
  struct Share {
    Holder holder;
    std::uint64_t bytes, elsewhere_bytes;
  };
  std::uint64_t elsewhere(std::uint64_t bytes, const Share* but) const;
  std::uint64_t had(std::uint64_t bytes, double missing) const;

  std::uint64_t bytes_;
  Tell tell_;
  std::vector<Share> shares_;  // the oldest holder first
};

}  // namespace backcast::sim
