// Fuzz targets: whatever bytes come in, a parser returns. Each target names itself, gives seeds
// (made by the writers, so they never go stale) and a function that must come back from any input.
//
// Ordinary builds replay, as GoogleTest cases: every seed, every file of tests/fuzz/corpus/<name>/
// (inputs that once failed), and a fixed number of mutations of both. The preset `fuzz` builds the
// same targets with libFuzzer:
//   mkdir /tmp/node && BACKCAST_FUZZ_TARGET=node build/fuzz/bin/fuzz -max_total_time=60 /tmp/node
// An empty folder is filled with the seeds first.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/wire.h"

namespace backcast::fuzz {

struct Target {
  const char* name;
  std::function<void(ByteView)> run;
  std::function<std::vector<std::string>()> seeds;
};

// In order of registration.
std::vector<Target>& targets();

struct Register {
  explicit Register(Target target) { targets().push_back(std::move(target)); }
};

}  // namespace backcast::fuzz
