// Reading a history given on the command line: a file of ours, or an export of another tool.
#pragma once

#include <string>

#include "histories/import.h"

namespace CLI {
class App;
}

namespace backcast::cli {

// `tool` empty: recognised by the text. "-" is standard input. Errors: as import_history, and
// kBadInput where nothing recognisable stands in the file.
Result<policy::History> read_history(const std::string& path, const std::string& tool,
                                     const policy::Zone& zone);

// "now", an instant, or one after now ("+1y"). Errors: kBadInput.
Result<Instant> moment_or_now(const std::string& text);

}  // namespace backcast::cli
