// Restoring what is neither a file nor a folder, and the further names of files.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include "engine/base/text.h"
#include "engine/env/accounts.h"
#include "engine/env/system_error.h"
#include "engine/source/beneath.h"
#include "engine/source/restore_state.h"

namespace backcast::source {

using env::system_error;
using env::UniqueFd;

namespace {

int make_entry(env::Tree& tree, int folder, const std::string& name, const Node& node) {
  const dev_t device = ::makedev(node.device_major, node.device_minor);
  switch (node.kind) {
    case NodeKind::kSymlink:
      return tree.make_symlink(node.target.c_str(), folder, name.c_str());
    case NodeKind::kFifo:
      return tree.make_node(folder, name.c_str(), S_IFIFO | 0600, 0);
    case NodeKind::kSocket:
      return tree.make_node(folder, name.c_str(), S_IFSOCK | 0600, 0);
    case NodeKind::kCharDevice:
      return tree.make_node(folder, name.c_str(), S_IFCHR | 0600, device);
    case NodeKind::kBlockDevice:
      return tree.make_node(folder, name.c_str(), S_IFBLK | 0600, device);
    default:
      errno = EINVAL;
      return -1;
  }
}

bool is_device(NodeKind kind) {
  return kind == NodeKind::kCharDevice || kind == NodeKind::kBlockDevice;
}

}  // namespace

// An entry with a temporary name and all its metadata.
Status Restorer::State::make_other(const RestoreFolder& parent, const Node& node,
                                   const std::string& temporary) {
  const int at = parent.descriptor.get();
  const std::string path = full(parent.path_of(node.name));
  if (make_entry(tree, at, temporary, node) != 0) {
    const int error = errno;
    return system_error(fmt::format("make {}", name_of(node.kind)), path, error);
  }
  const UniqueFd made = open_beneath(tree, at, temporary, O_PATH | O_NOFOLLOW);
  struct stat info {};
  if (!made || tree.stat(made.get(), info) != 0) return system_error("open", path, errno);
  // What was just made has one name and is ours; anything else was put there by somebody.
  const bool ours = !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode) && info.st_nlink == 1 &&
                    info.st_uid == env::effective_user();
  if (!ours) return taken(parent, node.name);
  const Created created{!parent.setgid, false, parent.may_have_acl};
  return metadata.apply(made.get(), node, created, path);
}

Status Restorer::write_other(const RestoreFolder& parent, const Node& node) {
  State& state = *state_;
  BACKCAST_CHECK(state.check_name(parent, node));
  if (is_device(node.kind) && !state.options.devices) {
    const std::lock_guard guard(state.mutex);
    if (state.devices_left_out++ == 0) state.first_device = state.full(parent.path_of(node.name));
    return kOk;
  }
  BACKCAST_TRY(const bool keeps, state.keeps(parent, node));
  if (keeps) return kOk;
  const std::string temporary = state.temporary_name();
  if (auto made = state.make_other(parent, node, temporary); !made.ok()) {
    state.tree.remove(parent.descriptor.get(), temporary.c_str(), 0);
    return made;
  }
  BACKCAST_TRY(const bool is_named, state.give_name(parent, temporary, node.name));
  if (is_named) ++state.others;
  return kOk;
}

Status Restorer::State::make_link(const PendingLink& link) {
  const std::string path = full(link.folder.empty() ? link.name : link.folder + '/' + link.name);
  const FirstName first = first_names[link.key];
  if (!first.written) {
    return failed(fmt::format("{} was not linked: its file failed", printable(path)));
  }
  const UniqueFd from = open_beneath(tree, root.get(), first.folder, kRestoreFolderFlags);
  const UniqueFd to =
      from ? open_beneath(tree, root.get(), link.folder, kRestoreFolderFlags) : UniqueFd();
  if (!from || !to) return system_error("link", path, errno);
  const std::string temporary = temporary_name();
  if (tree.make_link(from.get(), first.name.c_str(), to.get(), temporary.c_str()) != 0) {
    return system_error("link", path, errno);
  }
  struct stat info {};
  int error = tree.stat(to.get(), temporary.c_str(), info) == 0 ? 0 : errno;
  if (error == 0 && (info.st_dev != first.device || info.st_ino != first.inode)) error = ESTALE;
  if (error == 0 && tree.rename(to.get(), temporary.c_str(), link.name.c_str(), 0) != 0) {
    error = errno;
  }
  // Renaming one name of a file to another of the same file does nothing at all: then the temporary
  // one is still there.
  tree.remove(to.get(), temporary.c_str(), 0);
  if (error != 0) return system_error("link", path, error);
  ++made_links;
  return kOk;
}

}  // namespace backcast::source
