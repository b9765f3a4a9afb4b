// focus_check FOLDER FOCUS.csv: checks a FOCUS file against the tables in FOLDER (focus_rules.h).
// Prints every failure and "N rules, M broken"; exit code 1 if any is broken.
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

#include "tests/focus/focus_rules.h"

int main(int argc, char** argv) {
  using namespace backcast::focus;
  if (argc != 3) {
    std::fprintf(stderr, "usage: focus_check FOLDER FOCUS.csv\n");
    return 2;
  }
  const auto read = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::move(text).str();
  };
  try {
    const std::string folder = argv[1];
    const std::vector<Row> rows = read_csv(read(argv[2]));
    const Outcome outcome =
        check(read(folder + "/columns.csv"), read(folder + "/conditions.csv"), rows);
    for (const Failure& failure : outcome.failures) {
      std::printf("%s: %s\n", failure.rule.c_str(), failure.why.c_str());
    }
    std::printf("%zu rules, %zu broken, %zu rows\n", outcome.rules, outcome.failures.size(),
                rows.size());
    return outcome.failures.empty() && !rows.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "focus_check: %s\n", error.what());
    return 2;
  }
}
