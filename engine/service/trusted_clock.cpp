#include "engine/service/trusted_clock.h"

#include <fmt/format.h>

#include "engine/base/time_math.h"

namespace backcast::service {
namespace {

// A clock that is set right jumps by less.
constexpr Duration kMostJump = kHour;
constexpr Duration kMostOff = 30 * kDay;

}  // namespace

TrustedClock::TrustedClock(env::Env& env, Log log, std::optional<Instant> stands_at)
    : env_(env),
      log_(std::move(log)),
      stands_at_(stands_at),
      time_(env.now()),
      monotonic_(env.monotonic()) {}

Instant TrustedClock::now() {
  if (stands_at_) return *stands_at_;
  const std::lock_guard lock(mutex_);
  const Duration monotonic = env_.monotonic();
  const Instant steady = plus(time_, monotonic - monotonic_);
  const Instant told = plus(env_.now(), -aside_);
  const Duration jump = between(steady, told);
  if (jump > kMostJump || jump < -kMostJump) {
    aside_ = plus(aside_, jump);
    log_(
        fmt::format("the clock jumped to {}: it is not believed, time goes on from {}; "
                    "restart with --accept-clock if it is right",
                    format_instant(env_.now()), format_instant(steady)));
    time_ = steady;
  } else {
    time_ = told;
  }
  monotonic_ = monotonic;
  return time_;
}

Status check_clock(Instant now, Instant last) {
  const Duration off = between(last, now);
  if (last == Instant{} || (off >= -kMostJump && off <= kMostOff)) return kOk;
  return failed(fmt::format("the clock says {}, and the newest entry of the catalogue is of {}",
                            format_instant(now), format_instant(last)),
                "set the clock right, or give --accept-clock: what is due by it is then done, and "
                "backups whose time is over are deleted");
}

}  // namespace backcast::service
