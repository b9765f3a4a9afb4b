// Env::every of the operating system: a thread that waits.
#pragma once

#include "engine/env/env.h"

namespace backcast::env {

std::unique_ptr<Ticker> start_ticker(Duration period, std::function<void()> act);

}  // namespace backcast::env
