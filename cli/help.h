// `help VERB` is `VERB --help`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace backcast::cli {

// The words of a command line, the program's name first, with `help X Y` as `X Y --help`.
std::vector<std::string> without_help_verb(const CLI::App& app,
                                           const std::vector<std::string>& given);

}  // namespace backcast::cli
