#include "engine/service/scheduler.h"

namespace backcast::service {
namespace {

// Commands and jobs put things on the agenda at any time; looking at it is one read of an index.
constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr Duration kAfterFault = 5 * kSecond;

}  // namespace

Scheduler::Scheduler(control::ControlPlane& control, env::Env& env, TrustedClock& clock, Log log)
    : control_(control), env_(env), clock_(clock), log_(std::move(log)), thread_([this] {
        run();
      }) {}

Scheduler::~Scheduler() {
  stop_ = true;
  thread_.join();
}

void Scheduler::run() {
  Duration rest = kLook;
  while (!stop_) {
    if (rest > Duration(0)) env_.sleep(kLook);
    rest -= kLook;
    if (rest > Duration(0)) continue;
    rest = kLook;
    const auto due = control_.next_due();
    if (due.ok() && (!*due || **due > clock_.now())) continue;
    const auto more = due.ok() ? control_.step(clock_.now()) : Result<bool>(due.error());
    if (!more.ok()) log_(to_string(more.error()));
    rest = more.ok() ? Duration(0) : kAfterFault;
  }
}

}  // namespace backcast::service
