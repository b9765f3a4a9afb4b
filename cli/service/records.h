// What a service has, whole: lists that it answers in pages.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/service/client.h"
#include "study/live/from_service.h"

namespace backcast::cli {

Result<nlohmann::json> all_clusters(const Client& client, bool with_gone);
// `query`: "cluster=…", "with_gone=true". Newest first.
Result<std::vector<nlohmann::json>> all_backups(const Client& client, const std::string& query);

// Now, by the clock of the service: it may be ahead, or stand still.
Result<Instant> fetch_time(const Client& client);
// What the token reaches of it. Errors: kFailed where it answers what is none of its values.
Result<study::ServiceState> fetch_state(const Client& client);
// Scenarios that were applied.
Result<std::vector<control::AppliedScenario>> fetch_scenarios(const Client& client);

}  // namespace backcast::cli
