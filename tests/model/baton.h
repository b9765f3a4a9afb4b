// Several threads of which one works at a time; at each of its turns a draw says who goes on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <vector>

namespace backcast::model {

class Baton {
 public:
  explicit Baton(std::uint64_t seed) : random_(seed), patience_(1 + random_() % 24) {}

  // Runs all of them, each in a thread of its own, until the last one ends. `act(turn)` calls
  // `turn` wherever others may go on.
  using Act = std::function<void(const std::function<void()>& turn)>;
  void run(const std::vector<Act>& acts);
  std::uint64_t exchanges() const { return exchanges_; }

 private:
  void turn(std::size_t who);
  void wait_for(std::size_t who, std::unique_lock<std::mutex>& lock);
  void draw_next();
  void leave(std::size_t who);

  std::mt19937_64 random_;
  const std::uint64_t patience_;  // turns that one has in a row, on average
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> at_work_;
  std::size_t current_ = 0;
  std::uint64_t exchanges_ = 0;
};

}  // namespace backcast::model
