#include "tests/model/baton.h"

#include <thread>

namespace backcast::model {

void Baton::run(const std::vector<Act>& acts) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < acts.size(); ++i) at_work_.push_back(i);
  draw_next();
  for (std::size_t i = 0; i < acts.size(); ++i) {
    threads.emplace_back([this, &acts, i] {
      {
        std::unique_lock lock(mutex_);
        wait_for(i, lock);
      }
      acts[i]([this, i] { turn(i); });
      leave(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void Baton::turn(std::size_t who) {
  std::unique_lock lock(mutex_);
  if (random_() % patience_ != 0) return;
  draw_next();
  if (current_ == who) return;
  ++exchanges_;
  changed_.notify_all();
  wait_for(who, lock);
}

void Baton::wait_for(std::size_t who, std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [&] { return current_ == who; });
}

void Baton::draw_next() {
  if (!at_work_.empty()) current_ = at_work_[random_() % at_work_.size()];
}

void Baton::leave(std::size_t who) {
  const std::lock_guard lock(mutex_);
  std::erase(at_work_, who);
  draw_next();
  changed_.notify_all();
}

}  // namespace backcast::model
