// Ending work from outside: one word to it reaches whichever part is at work just then.
#pragma once

#include <atomic>
#include <mutex>
#include <set>

namespace backcast::kinds {

class Stopper {
 public:
  void stop();
  bool stopped() const { return stopped_; }

  // While it lives, stop() sets this flag too; at once if that was said already.
  class Reaches {
   public:
    Reaches(Stopper& stopper, std::atomic<bool>& flag);
    ~Reaches();
    Reaches(const Reaches&) = delete;
    Reaches& operator=(const Reaches&) = delete;

   private:
    Stopper& stopper_;
    std::atomic<bool>& flag_;
  };

 private:
  std::mutex mutex_;
  std::set<std::atomic<bool>*> flags_;
  std::atomic<bool> stopped_{false};
};

}  // namespace backcast::kinds
