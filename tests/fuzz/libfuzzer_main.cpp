// One libFuzzer program for all targets; BACKCAST_FUZZ_TARGET chooses.
#include <cstdio>
#include <cstdlib>
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

// Mutations start from the seeds as well as from the corpus.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t*, std::size_t,
                                                 const std::uint8_t*, std::size_t,
                                                 std::uint8_t* out, std::size_t max_out_bytes,
                                                 unsigned seed) {
  static const auto seeds = chosen().seeds();
  const std::string& text = seeds[seed % seeds.size()];
  const std::size_t size_bytes = text.size() < max_out_bytes ? text.size() : max_out_bytes;
  text.copy(reinterpret_cast<char*>(out), size_bytes);
  return size_bytes;
}
