#include "engine/env/posix_ticker.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace backcast::env {
namespace {

class PosixTicker final : public Ticker {
 public:
  PosixTicker(Duration period, std::function<void()> act)
      : period_(period), act_(std::move(act)), thread_([this] { run(); }) {}
  ~PosixTicker() override {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, period_, [this] { return is_over_; })) {
      lock.unlock();
      act_();
      lock.lock();
    }
  }

  const Duration period_;
  const std::function<void()> act_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace

std::unique_ptr<Ticker> start_ticker(Duration period, std::function<void()> act) {
  return std::make_unique<PosixTicker>(period, std::move(act));
}

}  // namespace backcast::env
