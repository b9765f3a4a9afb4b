// focus_check RULES.csv FOCUS.csv: runs a table of conformance rules over a FOCUS file and prints
// "N passed, M failed, K not applicable" and every failure. Exit code 1 if any rule fails.
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

#include "tests/focus/focus_rules.h"

int main(int argc, char** argv) {
  using namespace backcast::focus;
  if (argc != 3) {
    std::fprintf(stderr, "usage: focus_check RULES.csv FOCUS.csv\n");
    return 2;
  }
  const auto read = [](const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
  };
  int counts[3] = {0, 0, 0};
  try {
    for (const Outcome& outcome : check(read_rules(read(argv[1])), read_csv(read(argv[2])))) {
      ++counts[static_cast<int>(outcome.verdict)];
      if (outcome.verdict == Outcome::Verdict::kPassed) continue;
      const bool failed = outcome.verdict == Outcome::Verdict::kFailed;
      std::printf("%s %s: %s\n", outcome.id.c_str(), failed ? "failed" : "not applicable",
                  outcome.why.c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "focus_check: %s\n", error.what());
    return 2;
  }
  std::printf("%d passed, %d failed, %d not applicable\n", counts[0], counts[1], counts[2]);
  return counts[1] == 0 ? 0 : 1;
}
