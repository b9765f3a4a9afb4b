#include "engine/source/restore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <fstream>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/source/beneath.h"
#include "engine/source/restore_state.h"

namespace backcast::source {

using env::system_error;
using env::UniqueFd;

namespace {

// Asking umask() means changing it for other threads; /proc tells without.
unsigned process_umask() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Umask:")) {
      return static_cast<unsigned>(std::stoul(line.substr(6), nullptr, 8));
    }
  }
  return 07777;  // unknown: every mode is set explicitly
}

void drop_inherited_acl(int parent, const std::string& name) {
  const UniqueFd made = open_beneath(parent, name, kRestoreFolderFlags);
  if (!made) return;
  ::fremovexattr(made.get(), "system.posix_acl_default");
  ::fremovexattr(made.get(), "system.posix_acl_access");
  ::fchmod(made.get(), 0700);
}

}  // namespace

std::string random_name() {
  std::uint64_t value[2] = {};
  BACKCAST_ASSERT(::getrandom(value, sizeof value, 0) == sizeof value);
  return fmt::format(".backcast-{:016x}{:016x}", value[0], value[1]);
}

Restorer::State::State(UniqueFd root_fd, std::string target_path, const RestoreOptions& with)
    : root(std::move(root_fd)),
      target(std::move(target_path)),
      options(with),
      metadata(with),
      umask_bits(process_umask()),
      is_root(::geteuid() == 0) {}

Status Restorer::State::check_name(const RestoreFolder& parent, const Node& node) const {
  if (is_entry_name(node.name)) return kOk;
  return Error{Errc::kCorrupt,
               fmt::format("the snapshot has an entry {} in {}, which no folder can hold",
                           printable(node.name), printable(full(parent.path))),
               {},
               ""};
}

Error Restorer::State::taken(const RestoreFolder& parent, const Node& node) const {
  return {Errc::kExists,
          fmt::format("{} is in the snapshot twice, or appeared while it was restored",
                      printable(full(parent.path_of(node.name)))),
          {},
          ""};
}

bool Restorer::State::keeps(const RestoreFolder& parent, const Node& node) {
  if (parent.fresh || options.overwrite != Overwrite::kNever) return false;
  struct stat info {};
  const int at = parent.descriptor.get();
  if (::fstatat(at, node.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  ++kept;
  return true;
}

bool Restorer::State::claim(const RestoreFolder& parent, const Node& node) {
  if (node.links < 2) return true;
  const std::lock_guard guard(mutex);
  const FileKey key{node.device, node.inode};
  const auto [entry, first] = first_names.try_emplace(key);
  if (first) {
    entry->second.folder = parent.path;
    entry->second.name = node.name;
    return true;
  }
  links.push_back({key, parent.path, node.name});
  return false;
}

Status Restorer::State::give_name(const RestoreFolder& parent, const std::string& temporary,
                                  const std::string& name) {
  const int at = parent.descriptor.get();
  if (::renameat(at, temporary.c_str(), at, name.c_str()) == 0) return kOk;
  const int error = errno;
  // An empty folder gives way; one with something in it is not ours to remove.
  if (error == EISDIR && ::unlinkat(at, name.c_str(), AT_REMOVEDIR) == 0 &&
      ::renameat(at, temporary.c_str(), at, name.c_str()) == 0) {
    return kOk;
  }
  ::unlinkat(at, temporary.c_str(), 0);
  return system_error("replace", full(parent.path_of(name)), error);
}

Restorer::Restorer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Restorer::Restorer(Restorer&&) noexcept = default;
Restorer::~Restorer() = default;

Result<Restorer> Restorer::open(const std::string& target, RestoreOptions options) {
  if (target.empty()) return bad_input("an empty path names no folder");
  for (std::size_t slash = target.find('/', 1);; slash = target.find('/', slash + 1)) {
    const std::string prefix = target.substr(0, slash);
    if (::mkdir(prefix.c_str(), 0777) != 0 && errno != EEXIST) {
      return system_error("make folder", prefix, errno);
    }
    if (slash == std::string::npos) break;
  }
  UniqueFd root(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return system_error("restore into", target, errno);
  return Restorer(std::make_unique<State>(std::move(root), target, options));
}

Result<std::shared_ptr<RestoreFolder>> Restorer::folder(const std::string& path) {
  auto folder = std::make_shared<RestoreFolder>();
  folder->path = path;
  if (!path.empty()) {
    const std::lock_guard guard(state_->mutex);
    const auto record = state_->folders.find(path);
    if (record == state_->folders.end()) {
      return failed(fmt::format("{} was not restored as a folder", printable(state_->full(path))));
    }
    folder->fresh = record->second.fresh;
  }
  folder->descriptor = open_beneath(state_->root.get(), path, kRestoreFolderFlags);
  struct stat info {};
  if (!folder->descriptor || ::fstat(folder->descriptor.get(), &info) != 0) {
    return system_error("open folder", state_->full(path), errno);
  }
  BACKCAST_CHECK(state_->note_file_system(*folder, info.st_dev));
  folder->setgid = (info.st_mode & S_ISGID) != 0;
  folder->may_have_acl =
      ::fgetxattr(folder->descriptor.get(), "system.posix_acl_default", nullptr, 0) > 0;
  return folder;
}

Status Restorer::State::note_file_system(const RestoreFolder& folder, dev_t device) {
  const std::lock_guard guard(mutex);
  if (file_systems.contains(device)) return kOk;
  UniqueFd descriptor(::fcntl(folder.descriptor.get(), F_DUPFD_CLOEXEC, 0));
  if (!descriptor) return system_error("open folder", full(folder.path), errno);
  file_systems[device] = {std::move(descriptor), full(folder.path)};
  return kOk;
}

// The name is taken. Accepts a folder that stands there, or clears the way for one.
Status Restorer::State::make_room_for_folder(const RestoreFolder& parent, const Node& node,
                                             bool& fresh) {
  if (parent.fresh) return taken(parent, node);
  const int at = parent.descriptor.get();
  const std::string path = full(parent.path_of(node.name));
  const UniqueFd there = open_beneath(at, node.name, kRestoreFolderFlags);
  if (there) {
    if (!is_root && ::faccessat(there.get(), ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
      ::fchmod(there.get(), 0700);  // finish gives it the mode it had
    }
    return kOk;
  }
  if (errno != ENOTDIR && errno != ELOOP) return system_error("open folder", path, errno);
  if (options.overwrite == Overwrite::kNever) return system_error("make folder", path, EEXIST);
  ::unlinkat(at, node.name.c_str(), 0);
  if (::mkdirat(at, node.name.c_str(), 0700) != 0) return system_error("make folder", path, errno);
  fresh = true;
  return kOk;
}

Status Restorer::make_folder(const RestoreFolder& parent, const Node& node) {
  State& state = *state_;
  BACKCAST_CHECK(state.check_name(parent, node));
  const std::string path = parent.path_of(node.name);
  const int at = parent.descriptor.get();
  State::FolderRecord record;
  append_node(record.node, node);
  record.fresh = ::mkdirat(at, node.name.c_str(), 0700) == 0;
  if (!record.fresh) {
    if (errno != EEXIST) return system_error("make folder", state.full(path), errno);
    BACKCAST_CHECK(state.make_room_for_folder(parent, node, record.fresh));
  }
  // What a restored folder hands down is its own affair, not its new surroundings'.
  if (record.fresh && parent.may_have_acl) drop_inherited_acl(at, node.name);
  const std::lock_guard guard(state.mutex);
  if (!state.folders.try_emplace(path, std::move(record)).second) return state.taken(parent, node);
  ++state.made_folders;
  return kOk;
}

void Restorer::set_root_metadata(const Node& node) {
  state_->root_node.clear();
  append_node(state_->root_node, node);
}

namespace {

int make_entry(int folder, const std::string& name, const Node& node) {
  const dev_t device = ::makedev(node.device_major, node.device_minor);
  switch (node.kind) {
    case NodeKind::kSymlink:
      return ::symlinkat(node.target.c_str(), folder, name.c_str());
    case NodeKind::kFifo:
      return ::mknodat(folder, name.c_str(), S_IFIFO | 0600, 0);
    case NodeKind::kSocket:
      return ::mknodat(folder, name.c_str(), S_IFSOCK | 0600, 0);
    case NodeKind::kCharDevice:
      return ::mknodat(folder, name.c_str(), S_IFCHR | 0600, device);
    case NodeKind::kBlockDevice:
      return ::mknodat(folder, name.c_str(), S_IFBLK | 0600, device);
    default:
      errno = EINVAL;
      return -1;
  }
}

}  // namespace

Status Restorer::write_other(const RestoreFolder& parent, const Node& node) {
  State& state = *state_;
  BACKCAST_CHECK(state.check_name(parent, node));
  if (state.keeps(parent, node)) return kOk;
  const int at = parent.descriptor.get();
  const std::string path = state.full(parent.path_of(node.name));
  const std::string name = parent.fresh ? node.name : random_name();
  if (make_entry(at, name, node) != 0) {
    if (errno == EEXIST) return state.taken(parent, node);
    const int error = errno;
    return system_error(fmt::format("make {}", name_of(node.kind)), path, error);
  }
  const UniqueFd made = open_beneath(at, name, O_PATH | O_NOFOLLOW);
  struct stat info {};
  // What was just made has one name and is ours; anything else was put there by somebody.
  const bool ours = made && ::fstat(made.get(), &info) == 0 && !S_ISREG(info.st_mode) &&
                    !S_ISDIR(info.st_mode) && info.st_nlink == 1 && info.st_uid == ::geteuid();
  if (!ours) return state.taken(parent, node);
  const Created created{!parent.setgid, false, parent.may_have_acl};
  BACKCAST_CHECK(state.metadata.apply(made.get(), node, created, path));
  if (!parent.fresh) BACKCAST_CHECK(state.give_name(parent, name, node.name));
  ++state.others;
  return kOk;
}

Status Restorer::State::make_link(const PendingLink& link) {
  const std::string path = full(link.folder.empty() ? link.name : link.folder + '/' + link.name);
  const FirstName first = first_names[link.key];
  if (!first.written)
    return failed(fmt::format("{} was not linked: its file failed", printable(path)));
  const UniqueFd from = open_beneath(root.get(), first.folder, kRestoreFolderFlags);
  const UniqueFd to =
      from ? open_beneath(root.get(), link.folder, kRestoreFolderFlags) : UniqueFd();
  if (!from || !to) return system_error("link", path, errno);
  const std::string temporary = random_name();
  if (::linkat(from.get(), first.name.c_str(), to.get(), temporary.c_str(), 0) != 0) {
    return system_error("link", path, errno);
  }
  struct stat info {};
  const bool same = ::fstatat(to.get(), temporary.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                    info.st_dev == first.device && info.st_ino == first.inode;
  struct stat there {};
  const bool was_there = ::fstatat(to.get(), link.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
  if (!same || ::renameat(to.get(), temporary.c_str(), to.get(), link.name.c_str()) != 0) {
    const int error = same ? errno : ESTALE;
    ::unlinkat(to.get(), temporary.c_str(), 0);
    return system_error("link", path, error);
  }
  // Renaming one name of a file to another of the same file does nothing at all.
  if (was_there && there.st_ino == first.inode) ::unlinkat(to.get(), temporary.c_str(), 0);
  ++made_links;
  return kOk;
}

Status Restorer::State::finish_folder(const std::string& path, const std::string& node_bytes,
                                      bool fresh) {
  WireReader reader(as_bytes(node_bytes));
  BACKCAST_TRY(const Node node, read_node(reader));
  const UniqueFd folder = open_beneath(root.get(), path, kRestoreFolderFlags);
  if (!folder) return system_error("finish folder", full(path), errno);
  // A folder that stood there may have an ACL that the snapshot's had not.
  return metadata.apply(folder.get(), node, {false, false, !fresh}, full(path));
}

Status Restorer::finish() {
  State& state = *state_;
  Status result = kOk;
  const auto keep_first = [&](Status status) {
    if (result.ok() && !status.ok()) result = std::move(status);
  };
  for (const State::PendingLink& link : state.links) keep_first(state.make_link(link));
  std::vector<const std::pair<const std::string, State::FolderRecord>*> folders;
  for (const auto& record : state.folders) folders.push_back(&record);
  // Longer paths first: a folder comes after all that lies in it.
  std::sort(folders.begin(), folders.end(), [](const auto* a, const auto* b) {
    return a->first.size() != b->first.size() ? a->first.size() > b->first.size()
                                              : a->first < b->first;
  });
  for (const auto* record : folders) {
    keep_first(state.finish_folder(record->first, record->second.node, record->second.fresh));
  }
  if (!state.root_node.empty()) keep_first(state.finish_folder("", state.root_node, false));
  return result;
}

Status Restorer::sync(env::Env& env) {
  Status result = kOk;
  for (const auto& [device, on] : state_->file_systems) {
    auto synced = env.sync_file_system(on.descriptor.get(), on.path);
    if (result.ok() && !synced.ok()) result = std::move(synced);
  }
  return result;
}

RestoreCounts Restorer::counts() const {
  const State& s = *state_;
  return {s.files, s.made_folders, s.others, s.made_links, s.kept, s.bytes};
}

std::vector<std::string> Restorer::notes() const {
  return state_->metadata.notes();
}

}  // namespace backcast::source
