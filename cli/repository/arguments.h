// What of the command line is settled before the parser sees it: which repository is meant, and
// where the words of another program begin.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.h"

namespace CLI {
class App;
}

namespace backcast::cli {

struct Arguments {
  std::vector<std::string> words;  // the program's name first
  // Of `backup --stdin-from-command`: all that follows it, or all after "--" where the next word is
  // an option. The parser sees none of it.
  std::vector<std::string> command;
};

// Puts -r, or the repository that BACKCAST_REPOSITORY names, right behind the verb, so that every
// position is what the verb takes besides.
Arguments arrange(const CLI::App& app, int argc, const char* const* argv);

// The repository of the command line if the variable named it, else "".
const std::string& repository_by_variable();
// kBadInput where the variable named the repository and `position` is one itself: it could mean
// either, so nothing is done.
Status check_reading(const std::string& position);

}  // namespace backcast::cli
