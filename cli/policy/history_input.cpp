#include "cli/policy/history_input.h"

#include <fmt/format.h>

#include "engine/base/document.h"
#include "engine/env/env.h"

namespace backcast::cli {

Result<policy::History> read_history(const std::string& path, const std::string& tool,
                                     const policy::Zone& zone) {
  BACKCAST_TRY(const std::string text, read_text_file(path, policy::kMaxHistoryBytes));
  return policy::import_history(tool, text, {path, zone});
}

Result<Instant> parse_moment(const std::string& text) {
  if (text.empty() || text == "now") {
    return from_unix_seconds(unix_seconds(env::posix_env().now()));
  }
  BACKCAST_TRY(const StampedInstant given, parse_instant(text));
  return given.instant;
}

}  // namespace backcast::cli
