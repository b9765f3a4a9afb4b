// The values of the control plane as JSON, in our own words.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "engine/api/routes/route.h"
#include "engine/control/plane/commands.h"

namespace backcast::api {

nlohmann::json json_of(const control::Project& project);
nlohmann::json json_of(const control::Cluster& cluster);
nlohmann::json json_of(const control::Schedule& schedule);
nlohmann::json json_of(const control::Backup& backup);
nlohmann::json json_of(const control::Job& job);
nlohmann::json json_of(const control::Limit& limit);
nlohmann::json json_of(const control::AppliedScenario& scenario);

// What is given replaces what stands there. Errors: a value that cannot be read; fields that there
// are not.
Status read_into(control::Project& project, const nlohmann::json& value);
Status read_into(control::Cluster& cluster, const nlohmann::json& value);
Status read_into(control::Schedule& schedule, const nlohmann::json& value);
Status read_into(control::Limit& limit, const nlohmann::json& value);
Status read_into(control::AppliedScenario& scenario, const nlohmann::json& value);

// As "copies" of a schedule or a backup by hand.
std::vector<control::Copy> copies_in(const nlohmann::json& value);

std::vector<Field> project_fields();
std::vector<Field> cluster_fields();
std::vector<Field> schedule_fields();
std::vector<Field> backup_fields();
std::vector<Field> job_fields();
std::vector<Field> limit_fields();
std::vector<Field> scenario_fields();
Field copies_field();

}  // namespace backcast::api
