#include "engine/source/restore_metadata.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "engine/base/text.h"
#include "engine/env/accounts.h"
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

// What a file system or a process without privileges cannot keep is noted, and the rest restored.
bool cannot_keep(int error_number) {
  switch (error_number) {
    case ENOTSUP:
    case EPERM:
    case EACCES:
    case EINVAL:
    case ENOSPC:  // no room for attributes beside this inode
    case E2BIG:
    case ERANGE:
      return true;
    default:
      return false;
  }
}

}  // namespace

MetadataWriter::MetadataWriter(env::Tree& tree, const RestoreOptions& options)
    : tree_(tree),
      options_(options),
      root_(env::effective_user() == 0),
      uid_(env::effective_user()),
      gid_(env::effective_group()) {}

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
  if (fresh) entry->second = env::find_user(node.user).value_or(node.uid);
  return entry->second;
}

std::uint32_t MetadataWriter::group_of(const Node& node) {
  if (!options_.names || node.group.empty()) return node.gid;
  const std::lock_guard guard(mutex_);
  const auto [entry, fresh] = groups_.try_emplace(node.group, node.gid);
  if (fresh) entry->second = env::find_group(node.group).value_or(node.gid);
  return entry->second;
}

Status MetadataWriter::set_owner(int descriptor, const Node& node, const Created& created,
                                 const std::string& path) {
  if (!options_.owners) return kOk;
  const std::uint32_t uid = user_of(node), gid = group_of(node);
  if (created.owner_is_ours && uid == uid_ && gid == gid_) return kOk;
  if (tree_.set_owner(descriptor, uid, gid) == 0) return kOk;
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

Status MetadataWriter::set_attributes(int descriptor, const Node& node, const std::string& path) {
  if (!options_.attributes) return kOk;
  const bool by_path_only = opened_by_path_only(node.kind);
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name == kCapability && !options_.setuid) continue;
    const auto& value = attribute.value;
    if (tree_.set_attribute(descriptor, by_path_only, attribute.name.c_str(), value.data(),
                            value.size()) == 0) {
      continue;
    }
    if (!cannot_keep(errno)) return env::system_error("set attributes of", path, errno);
    note(fmt::format("attribute {} of {} was not set: {}", printable(attribute.name),
                     printable(path), strerror(errno)));
  }
  return kOk;
}

Status MetadataWriter::remove_acl(int descriptor, bool is_folder, const std::string& path) {
  for (const char* name : {kAccessAcl, kDefaultAcl}) {
    if (name == kDefaultAcl && !is_folder) continue;
    if (tree_.remove_attribute(descriptor, name) != 0 && errno != ENODATA && errno != ENOTSUP) {
      return env::system_error("remove the inherited ACL of", path, errno);
    }
  }
  return kOk;
}

Status MetadataWriter::apply(int descriptor, const Node& node, const Created& created,
                             const std::string& path) {
  BACKCAST_CHECK(set_owner(descriptor, node, created, path));
  const bool link = node.kind == NodeKind::kSymlink;
  if (created.may_have_acl && !opened_by_path_only(node.kind)) {
    BACKCAST_CHECK(remove_acl(descriptor, node.kind == NodeKind::kFolder, path));
  }
  // Before the mode: without root, user attributes want a writable file.
  if (!node.attributes.empty()) BACKCAST_CHECK(set_attributes(descriptor, node, path));
  const bool keep_mode = node.attributes.empty() && created.mode_is_right && !created.may_have_acl;
  const bool by_path_only = opened_by_path_only(node.kind);
  if (!link && !keep_mode && tree_.set_mode(descriptor, by_path_only, mode_of(node)) != 0) {
    return env::system_error("set the mode of", path, errno);
  }
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(node.mtime_ns)};
  if (tree_.set_times(descriptor, by_path_only, times) != 0) {
    return env::system_error("set the times of", path, errno);
  }
  return kOk;
}

}  // namespace backcast::source
