#include "cli/shared/terminal.h"

#include <unistd.h>

#include <cstdio>

#include "engine/base/harmless.h"

namespace backcast::cli {

bool can_ask() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

bool ask(const std::string& question) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s [y/N] ", harmless(question, Lines::kKeep).c_str());
  std::fflush(stderr);
  std::string answer;
  for (int c = std::fgetc(stdin); c != EOF && c != '\n'; c = std::fgetc(stdin)) {
    if (answer.size() < 16) answer.push_back(static_cast<char>(c));
  }
  return answer == "y" || answer == "yes" || answer == "Y";
}

}  // namespace backcast::cli
