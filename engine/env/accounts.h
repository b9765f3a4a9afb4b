// Who this process is, and whom the machine knows by name.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace backcast::env {

uid_t effective_user();
gid_t effective_group();
// The bits that the process takes from every mode it creates; 07777 where it cannot be told.
unsigned process_umask();

// Empty if the machine knows no such user or group. The directory service is asked once per id and
// thread.
const std::string& user_name(uid_t uid);
const std::string& group_name(gid_t gid);
std::optional<uid_t> find_user(const std::string& name);
std::optional<gid_t> find_group(const std::string& name);

}  // namespace backcast::env
