#include "tests/fuzz/fuzz_target.h"

namespace backcast::fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

}  // namespace backcast::fuzz
