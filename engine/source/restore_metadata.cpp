#include "engine/source/restore_metadata.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/text.h"
#include "engine/env/system_error.h"

namespace backcast::source {
namespace {

constexpr std::size_t kMaxNotes = 1000;
constexpr const char* kAccessAcl = "system.posix_acl_access";
constexpr const char* kDefaultAcl = "system.posix_acl_default";
constexpr std::string_view kCapability = "security.capability";

timespec to_timespec(std::int64_t time_ns) {
  timespec time{};
  time.tv_sec = time_ns / 1'000'000'000;
  time.tv_nsec = time_ns % 1'000'000'000;
  if (time.tv_nsec < 0) {
    time.tv_nsec += 1'000'000'000;
    --time.tv_sec;
  }
  return time;
}

bool opened_by_path_only(NodeKind kind) {
  return kind != NodeKind::kFile && kind != NodeKind::kFolder;
}

// fchmod and fsetxattr refuse an O_PATH descriptor; its magic link leads to the very same entry.
std::string magic_path(int descriptor) {
  return fmt::format("/proc/self/fd/{}", descriptor);
}

}  // namespace

MetadataWriter::MetadataWriter(const RestoreOptions& options)
    : options_(options), root_(::geteuid() == 0), uid_(::geteuid()), gid_(::getegid()) {}

unsigned MetadataWriter::mode_of(const Node& node) const {
  if (options_.setuid) return node.mode;
  return node.mode & (node.kind == NodeKind::kFolder ? 03777u : 01777u);
}

void MetadataWriter::note(std::string text) {
  const std::lock_guard guard(mutex_);
  if (notes_.size() < kMaxNotes) notes_.push_back(std::move(text));
}

std::vector<std::string> MetadataWriter::notes() const {
  const std::lock_guard guard(mutex_);
  return notes_;
}

std::uint32_t MetadataWriter::user_of(const Node& node) {
  if (!options_.names || node.user.empty()) return node.uid;
  const std::lock_guard guard(mutex_);
  const auto [entry, fresh] = users_.try_emplace(node.user, node.uid);
  if (fresh) {
    char buffer[4096];
    passwd record{}, *found = nullptr;
    ::getpwnam_r(node.user.c_str(), &record, buffer, sizeof buffer, &found);
    if (found != nullptr) entry->second = found->pw_uid;
  }
  return entry->second;
}

std::uint32_t MetadataWriter::group_of(const Node& node) {
  if (!options_.names || node.group.empty()) return node.gid;
  const std::lock_guard guard(mutex_);
  const auto [entry, fresh] = groups_.try_emplace(node.group, node.gid);
  if (fresh) {
    char buffer[16384];
    group record{}, *found = nullptr;
    ::getgrnam_r(node.group.c_str(), &record, buffer, sizeof buffer, &found);
    if (found != nullptr) entry->second = found->gr_gid;
  }
  return entry->second;
}

Status MetadataWriter::set_owner(int descriptor, const Node& node, const Created& created,
                                 const std::string& path) {
  if (!options_.owners) return kOk;
  const std::uint32_t uid = user_of(node), gid = group_of(node);
  if (created.owner_is_ours && uid == uid_ && gid == gid_) return kOk;
  if (::fchownat(descriptor, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0) return kOk;
  if (errno != EPERM || root_) return env::system_error("set the owner of", path, errno);
  bool first = false;
  {
    const std::lock_guard guard(mutex_);
    first = !std::exchange(owner_noted_, true);
  }
  if (first)
    note(fmt::format("owners were not set, which takes root; first of {}", printable(path)));
  return kOk;
}

void MetadataWriter::set_attributes(int descriptor, const Node& node, const std::string& path) {
  if (!options_.attributes) return;
  const std::string magic = opened_by_path_only(node.kind) ? magic_path(descriptor) : "";
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name == kCapability && !options_.setuid) continue;
    const char* name = attribute.name.c_str();
    const auto& value = attribute.value;
    const int result = magic.empty()
                           ? ::fsetxattr(descriptor, name, value.data(), value.size(), 0)
                           : ::setxattr(magic.c_str(), name, value.data(), value.size(), 0);
    if (result != 0) {
      note(fmt::format("attribute {} of {} was not set: {}", printable(attribute.name),
                       printable(path), strerror(errno)));
    }
  }
}

Status MetadataWriter::apply(int descriptor, const Node& node, const Created& created,
                             const std::string& path) {
  BACKCAST_CHECK(set_owner(descriptor, node, created, path));
  const bool link = node.kind == NodeKind::kSymlink;
  if (created.may_have_acl && !opened_by_path_only(node.kind)) {
    ::fremovexattr(descriptor, kAccessAcl);
    if (node.kind == NodeKind::kFolder) ::fremovexattr(descriptor, kDefaultAcl);
  }
  // Before the mode: without root, user attributes want a writable file.
  if (!node.attributes.empty()) set_attributes(descriptor, node, path);
  const bool keep_mode = node.attributes.empty() && created.mode_is_right && !created.may_have_acl;
  if (!link && !keep_mode) {
    const int result = opened_by_path_only(node.kind)
                           ? ::chmod(magic_path(descriptor).c_str(), mode_of(node))
                           : ::fchmod(descriptor, mode_of(node));
    if (result != 0) return env::system_error("set the mode of", path, errno);
  }
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(node.mtime_ns)};
  const int result = opened_by_path_only(node.kind)
                         ? ::utimensat(descriptor, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)
                         : ::futimens(descriptor, times);
  if (result != 0) return env::system_error("set the times of", path, errno);
  return kOk;
}

}  // namespace backcast::source
