#include "engine/env/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>
#include <string_view>
#include <unordered_map>

namespace backcast::env {
namespace {

constexpr std::size_t kMaxNameBytes = 256;

}  // namespace

uid_t effective_user() {
  return ::geteuid();
}

gid_t effective_group() {
  return ::getegid();
}

// Asking umask() means changing it for other threads; /proc tells without.
unsigned process_umask() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Umask:")) {
      return static_cast<unsigned>(std::stoul(line.substr(6), nullptr, 8));
    }
  }
  return 07777;
}

const std::string& user_name(uid_t uid) {
  thread_local std::unordered_map<uid_t, std::string> names;
  const auto [entry, fresh] = names.try_emplace(uid);
  if (fresh) {
    char buffer[4096];
    passwd record{}, *found = nullptr;
    if (::getpwuid_r(uid, &record, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
      entry->second = std::string_view(found->pw_name).substr(0, kMaxNameBytes);
    }
  }
  return entry->second;
}

const std::string& group_name(gid_t gid) {
  thread_local std::unordered_map<gid_t, std::string> names;
  const auto [entry, fresh] = names.try_emplace(gid);
  if (fresh) {
    char buffer[16384];
    group record{}, *found = nullptr;
    if (::getgrgid_r(gid, &record, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
      entry->second = std::string_view(found->gr_name).substr(0, kMaxNameBytes);
    }
  }
  return entry->second;
}

std::optional<uid_t> find_user(const std::string& name) {
  char buffer[4096];
  passwd record{}, *found = nullptr;
  ::getpwnam_r(name.c_str(), &record, buffer, sizeof buffer, &found);
  return found != nullptr ? std::optional(found->pw_uid) : std::nullopt;
}

std::optional<gid_t> find_group(const std::string& name) {
  char buffer[16384];
  group record{}, *found = nullptr;
  ::getgrnam_r(name.c_str(), &record, buffer, sizeof buffer, &found);
  return found != nullptr ? std::optional(found->gr_gid) : std::nullopt;
}

}  // namespace backcast::env
