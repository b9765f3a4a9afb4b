// One libFuzzer program for all targets; BACKCAST_FUZZ_TARGET chooses.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

namespace {

const backcast::fuzz::Target& chosen() {
  const char* wanted = std::getenv("BACKCAST_FUZZ_TARGET");
  for (const auto& target : backcast::fuzz::targets()) {
    if (wanted != nullptr && std::string_view(wanted) == target.name) return target;
  }
  std::fprintf(stderr, "set BACKCAST_FUZZ_TARGET to one of:\n");
  for (const auto& target : backcast::fuzz::targets()) std::fprintf(stderr, "  %s\n", target.name);
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  static const backcast::fuzz::Target& target = chosen();
  target.run({data, size_bytes});
  return 0;
}

// A corpus folder that is empty gets the seeds: a fuzzer that starts from nothing would first have
// to find out what a scenario or a pack looks like.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  namespace fs = std::filesystem;
  const backcast::fuzz::Target& target = chosen();
  for (int i = 1; i < *argc; ++i) {
    const fs::path folder = (*argv)[i];
    if ((*argv)[i][0] == '-' || !fs::is_directory(folder) || !fs::is_empty(folder)) continue;
    int number = 0;
    for (const std::string& seed : target.seeds()) {
      std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary) << seed;
    }
  }
  return 0;
}
