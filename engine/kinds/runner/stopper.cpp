#include "engine/kinds/runner/stopper.h"

namespace backcast::kinds {

void Stopper::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  for (std::atomic<bool>* flag : flags_) *flag = true;
}

Stopper::Reaches::Reaches(Stopper& stopper, std::atomic<bool>& flag)
    : stopper_(stopper), flag_(flag) {
  const std::scoped_lock lock(stopper_.mutex_);
  stopper_.flags_.insert(&flag_);
  if (stopper_.stopped_) flag_ = true;
}

Stopper::Reaches::~Reaches() {
  const std::scoped_lock lock(stopper_.mutex_);
  stopper_.flags_.erase(&flag_);
}

}  // namespace backcast::kinds
