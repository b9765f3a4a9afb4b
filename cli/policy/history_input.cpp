#include "cli/policy/history_input.h"

#include <fmt/format.h>

#include "engine/base/document.h"
#include "engine/env/env.h"
#include "engine/policy/time/moment.h"

namespace backcast::cli {

Result<policy::History> read_history(const std::string& path, const std::string& tool,
                                     const policy::Zone& zone) {
  BACKCAST_TRY(const std::string text, read_text_file(path, policy::kMaxHistoryBytes));
  return policy::import_history(tool, text, {path, zone});
}

Result<Instant> moment_or_now(const std::string& text) {
  const Instant now = from_unix_seconds(unix_seconds(env::posix_env().now()));
  if (text.empty() || text == "now") return now;
  return policy::parse_moment(text, now);
}

}  // namespace backcast::cli
