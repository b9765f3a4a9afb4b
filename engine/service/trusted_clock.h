// The time of the service: the machine's clock as long as it can be believed. One that jumps by
// years would let every backup expire at once.
#pragma once

#include <mutex>
#include <optional>

#include "engine/base/error.h"
#include "engine/env/env.h"
#include "engine/service/log.h"

namespace backcast::service {

class TrustedClock {
 public:
  // Believes what the clock says now; or stands still for ever.
  TrustedClock(env::Env& env, Log log, std::optional<Instant> stands_at = {});

  // The machine's time. Where that has jumped by more than an hour since the last call, it goes on
  // from where it was, by the clock that never jumps, and tells the log so once.
  Instant now();

 private:
  env::Env& env_;
  const Log log_;
  const std::optional<Instant> stands_at_;
  std::mutex mutex_;
  Instant time_{};         // as it was believed last
  Duration monotonic_{0};  // at that moment
  Duration aside_{0};      // how far the machine's clock has jumped
};

// Whether the clock can be believed after the newest entry of a catalogue, which is `last`. Errors:
// kFailed where it is earlier, or more than 30 days later: the service may have been off so long,
// or the clock may be wrong.
Status check_clock(Instant now, Instant last);

}  // namespace backcast::service
