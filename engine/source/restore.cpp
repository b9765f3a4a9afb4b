#include "engine/source/restore.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/env/accounts.h"
#include "engine/env/system_error.h"
#include "engine/source/beneath.h"
#include "engine/source/restore_state.h"

namespace backcast::source {

using env::system_error;
using env::UniqueFd;

namespace {

constexpr const char* kDefaultAcl = "system.posix_acl_default";

std::uint64_t random_number(env::Env& env) {
  std::uint64_t number = 0;
  env.random({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
  return number;
}

}  // namespace

Restorer::State::State(env::Env& with_env, UniqueFd root_fd, std::string target_path,
                       const RestoreOptions& with)
    : env(with_env),
      tree(with_env.tree()),
      root(std::move(root_fd)),
      target(std::move(target_path)),
      options(with),
      metadata(with_env.tree(), with),
      umask_bits(env::process_umask()),
      is_root(env::effective_user() == 0),
      session(random_number(with_env)) {}

Status Restorer::State::check_name(const RestoreFolder& parent, const Node& node) const {
  if (is_entry_name(node.name)) return kOk;
  return Error{Errc::kCorrupt,
               fmt::format("the snapshot has an entry {} in {}, which no folder can hold",
                           printable(node.name), printable(full(parent.path))),
               {},
               ""};
}

Error Restorer::State::taken(const RestoreFolder& parent, const std::string& name) const {
  return {Errc::kExists,
          fmt::format("{} is in the snapshot twice, or appeared while it was restored",
                      printable(full(parent.path_of(name)))),
          {},
          ""};
}

Result<bool> Restorer::State::keeps(const RestoreFolder& parent, const Node& node) {
  if (parent.fresh || options.overwrite != Overwrite::kNever) return false;
  struct stat info {};
  if (tree.stat(parent.descriptor.get(), node.name.c_str(), info) == 0) {
    ++kept;
    if (node.links > 1) know_first_name(parent, node, info);
    return true;
  }
  if (errno == ENOENT) return false;
  return system_error("stat", full(parent.path_of(node.name)), errno);
}

// A kept file that an earlier restore wrote is what the further names of it are linked to.
void Restorer::State::know_first_name(const RestoreFolder& parent, const Node& node,
                                      const struct stat& info) {
  const bool is_the_file =
      S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) == node.size_bytes &&
      std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec == node.mtime_ns;
  if (!is_the_file) return;
  const std::lock_guard guard(mutex);
  first_names.try_emplace({node.device, node.inode},
                          FirstName{parent.path, node.name, info.st_dev, info.st_ino, true});
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

Restorer::Restorer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Restorer::Restorer(Restorer&&) noexcept = default;
Restorer::~Restorer() = default;

Result<Restorer> Restorer::open(env::Env& env, const std::string& target, RestoreOptions options) {
  env::Tree& tree = env.tree();
  if (target.empty()) return bad_input("the path is empty");
  for (std::size_t slash = target.find('/', 1);; slash = target.find('/', slash + 1)) {
    const std::string prefix = target.substr(0, slash);
    if (tree.make_path(prefix.c_str(), 0777) != 0 && errno != EEXIST) {
      return system_error("make folder", prefix, errno);
    }
    if (slash == std::string::npos) break;
  }
  const auto open = [&] { return tree.open(AT_FDCWD, target.c_str(), O_RDONLY | O_DIRECTORY); };
  UniqueFd root(uninterrupted(open));
  if (!root) return system_error("restore into", target, errno);
  return Restorer(std::make_unique<State>(env, std::move(root), target, options));
}

Result<std::shared_ptr<RestoreFolder>> Restorer::folder(const std::string& path) {
  State& state = *state_;
  auto folder = std::make_shared<RestoreFolder>(state.tree);
  folder->path = path;
  bool first_visit = false;
  {
    const std::lock_guard guard(state.mutex);
    const auto record = state.folders.find(path);
    if (!path.empty() && record == state.folders.end()) {
      return Error{Errc::kNotFound,
                   fmt::format("{} was not restored as a folder", printable(state.full(path))),
                   {},
                   ""};
    }
    folder->fresh = !path.empty() && record->second.fresh;
    first_visit = !std::exchange(path.empty() ? state.root_entered : record->second.entered, true);
  }
  folder->descriptor = open_beneath(state.tree, state.root.get(), path, kRestoreFolderFlags);
  const int at = folder->descriptor.get();
  struct stat info {};
  if (!folder->descriptor || state.tree.stat(at, info) != 0) {
    return system_error("open folder", state.full(path), errno);
  }
  BACKCAST_CHECK(state.note_file_system(*folder, info.st_dev));
  folder->setgid = (info.st_mode & S_ISGID) != 0;
  const ssize_t acl_bytes = state.tree.get_attribute(at, nullptr, kDefaultAcl, nullptr, 0);
  // One that cannot be told may be there.
  folder->may_have_acl = acl_bytes > 0 || (acl_bytes < 0 && errno != ENODATA && errno != ENOTSUP);
  state.enter(*folder, first_visit);
  return folder;
}

Status Restorer::State::note_file_system(const RestoreFolder& folder, dev_t device) {
  const std::lock_guard guard(mutex);
  if (file_systems.contains(device)) return kOk;
  UniqueFd descriptor(tree.duplicate(folder.descriptor.get()));
  if (!descriptor) return system_error("open folder", full(folder.path), errno);
  file_systems[device] = {std::move(descriptor), full(folder.path)};
  return kOk;
}

// A folder that stands there: as it is, or to get the metadata of the snapshot.
Status Restorer::State::use_standing_folder(int folder, const std::string& path, Standing standing,
                                            FolderRecord& record) {
  if (standing == Standing::kAsItIs) {
    struct stat info {};
    if (tree.stat(folder, info) != 0) return system_error("stat", path, errno);
    record.node.clear();
    record.mode = info.st_mode & 07777;
    record.modified = info.st_mtim;
  }
  if (is_root || tree.may_write_folder(folder) == 0) return kOk;
  record.opened_up = tree.set_mode(folder, false, 0700) == 0;  // finish gives it the mode it had
  return kOk;
}

// The name is taken. Accepts a folder that stands there, or clears the way for one.
Status Restorer::State::make_room_for_folder(const RestoreFolder& parent, const Node& node,
                                             Standing standing, FolderRecord& record) {
  if (parent.fresh) return taken(parent, node.name);
  const int at = parent.descriptor.get();
  const std::string path = full(parent.path_of(node.name));
  const UniqueFd there = open_beneath(tree, at, node.name, kRestoreFolderFlags);
  if (there) return use_standing_folder(there.get(), path, standing, record);
  if (errno != ENOTDIR && errno != ELOOP) return system_error("open folder", path, errno);
  if (options.overwrite == Overwrite::kNever || standing == Standing::kNotListed) {
    return system_error("make folder", path, EEXIST);
  }
  if (tree.remove(at, node.name.c_str(), 0) != 0 ||
      tree.make_folder(at, node.name.c_str(), 0700) != 0) {
    return system_error("make folder", path, errno);
  }
  record.fresh = true;
  return kOk;
}

// What a restored folder hands down is its own affair, not its new surroundings'.
Status Restorer::State::drop_inherited_acl(const RestoreFolder& parent, const std::string& name) {
  const UniqueFd made = open_beneath(tree, parent.descriptor.get(), name, kRestoreFolderFlags);
  const std::string path = full(parent.path_of(name));
  if (!made) return system_error("open folder", path, errno);
  BACKCAST_CHECK(metadata.remove_acl(made.get(), true, path));
  if (tree.set_mode(made.get(), false, 0700) != 0) return system_error("make folder", path, errno);
  return kOk;
}

Status Restorer::make_folder(const RestoreFolder& parent, const Node& node, Standing standing) {
  State& state = *state_;
  BACKCAST_CHECK(state.check_name(parent, node));
  const std::string path = parent.path_of(node.name);
  State::FolderRecord record;
  append_node(record.node, node);
  const int at = parent.descriptor.get();
  record.fresh = state.tree.make_folder(at, node.name.c_str(), 0700) == 0;
  if (!record.fresh) {
    if (errno != EEXIST) return system_error("make folder", state.full(path), errno);
    BACKCAST_CHECK(state.make_room_for_folder(parent, node, standing, record));
  }
  if (record.fresh && parent.may_have_acl) {
    BACKCAST_CHECK(state.drop_inherited_acl(parent, node.name));
  }
  const std::lock_guard guard(state.mutex);
  if (!state.folders.try_emplace(path, std::move(record)).second) {
    return state.taken(parent, node.name);
  }
  ++state.made_folders;
  return kOk;
}

void Restorer::set_root_metadata(const Node& node) {
  state_->root_node.clear();
  append_node(state_->root_node, node);
}

Status Restorer::State::finish_folder(const std::string& path, const FolderRecord& record) {
  const UniqueFd folder = open_beneath(tree, root.get(), path, kRestoreFolderFlags);
  if (!folder) return system_error("finish folder", full(path), errno);
  if (record.node.empty()) {
    const timespec times[2] = {{0, UTIME_OMIT}, record.modified};
    if ((record.opened_up && tree.set_mode(folder.get(), false, record.mode) != 0) ||
        tree.set_times(folder.get(), false, times) != 0) {
      return system_error("finish folder", full(path), errno);
    }
    return kOk;
  }
  WireReader reader(as_bytes(record.node));
  BACKCAST_TRY(const Node node, read_node(reader));
  // A folder that stood there may have an ACL that the snapshot's had not.
  return metadata.apply(folder.get(), node, {false, false, !record.fresh}, full(path));
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
  for (const auto* record : folders) keep_first(state.finish_folder(record->first, record->second));
  if (!state.root_node.empty()) {
    State::FolderRecord root;
    root.node = state.root_node;
    keep_first(state.finish_folder("", root));
  }
  return result;
}

Status Restorer::sync() {
  Status result = kOk;
  for (const auto& [device, on] : state_->file_systems) {
    auto synced = state_->env.sync_file_system(on.descriptor.get(), on.path);
    if (result.ok() && !synced.ok()) result = std::move(synced);
  }
  return result;
}

RestoreCounts Restorer::counts() const {
  const State& s = *state_;
  return {s.files, s.made_folders, s.others, s.made_links, s.kept, s.devices_left_out, s.bytes};
}

std::vector<std::string> Restorer::notes() const {
  std::vector<std::string> notes = state_->metadata.notes();
  if (state_->devices_left_out > 0) {
    notes.push_back(fmt::format("device nodes are made on request only: {} were left out, first {}",
                                state_->devices_left_out.load(), printable(state_->first_device)));
  }
  return notes;
}

}  // namespace backcast::source
