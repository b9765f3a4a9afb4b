// Folders and files of the faulty disk: every mutating call is counted, and fails when it should.
#include <algorithm>

#include "engine/env/fault_state.h"
#include "engine/env/system_error.h"

namespace backcast::env {
namespace {

using State = FaultEnv::State;

// The fault of this mutating call, if any, after counting it.
std::optional<Fault> count_call(State& state, const Call& call) {
  const std::uint64_t number = state.log.size();
  state.log.push_back(call);
  if (!state.fault || number < state.fault_call) return std::nullopt;
  const bool lasts = state.sticky || state.fault == Fault::kFull;
  if (number > state.fault_call && !lasts) return std::nullopt;
  state.fired = true;
  if (*state.fault == Fault::kKill || *state.fault == Fault::kKillHalfway) state.die();
  return state.fault;
}

// Runs a mutating call under the lock, unless a fault forbids it. `act(halfway)` does the work.
template <typename Act>
Status mutate(State& state, std::uint64_t epoch, Call call, Act act) {
  if (State::in_tick) {  // a thread of its own: no call of the one that tests count
    const std::lock_guard guard(state.mutex());
    return state.dead || epoch != state.epoch ? Status(dead_process()) : act(false);
  }
  state.take_turn();
  std::function<void(const Call&)> hook;
  {
    const std::lock_guard guard(state.mutex());
    hook = state.hook;
  }
  if (hook) hook(call);
  const std::lock_guard guard(state.mutex());
  if (state.dead || epoch != state.epoch) return dead_process();
  const auto fault = count_call(state, call);
  if (!fault) return act(false);
  switch (*fault) {
    case Fault::kKill:
      return dead_process();
    case Fault::kKillHalfway:
      if (call.kind == CallKind::kAppend) (void)act(true);
      return dead_process();
    case Fault::kFull:
    case Fault::kNoSpace:
      // Freeing space and syncing names do not need any.
      if (call.kind == CallKind::kRemove || call.kind == CallKind::kSyncFolder) {
        auto done = act(false);
        if (call.kind == CallKind::kRemove && fault == Fault::kFull && done.ok())
          state.fault.reset();
        return done;
      }
      if (call.kind == CallKind::kAppend) (void)act(true);
      return system_error("write", call.name, ENOSPC);
    case Fault::kDropSync:
      if (call.kind != CallKind::kSync && call.kind != CallKind::kSyncFolder) return act(false);
      return system_error("sync", call.name, EIO);
    case Fault::kIoError:
      return system_error(name_of(call.kind), call.name, EIO);
  }
  return dead_process();
}

class FaultFile final : public File {
 public:
  FaultFile(std::shared_ptr<State> state, InodeId id, std::string path)
      : state_(std::move(state)), id_(id), path_(std::move(path)), epoch_(state_->epoch) {}

  Result<std::size_t> read_at(std::uint64_t offset_bytes, ByteSpan into) override {
    state_->take_turn();
    const std::lock_guard guard(state_->mutex());
    if (state_->dead || epoch_ != state_->epoch) return dead_process();
    const std::string& bytes = state_->disk.at(id_).bytes;
    if (offset_bytes >= bytes.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset_bytes);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset_bytes), count, into.begin());
    return count;
  }
  Status append(ByteView bytes) override {
    return mutate(*state_, epoch_, {CallKind::kAppend, path_, bytes.size()}, [&](bool halfway) {
      const ByteView part = halfway ? bytes.first(bytes.size() / 2) : bytes;
      state_->disk.append(id_, as_text(part), state_->machine->now);
      return Status(kOk);
    });
  }
  Status sync() override {
    return mutate(*state_, epoch_, {CallKind::kSync, path_, 0}, [&](bool) {
      state_->disk.sync_file(id_);
      return Status(kOk);
    });
  }
  Result<std::uint64_t> size_bytes() override {
    state_->take_turn();
    const std::lock_guard guard(state_->mutex());
    if (state_->dead || epoch_ != state_->epoch) return dead_process();
    return std::uint64_t{state_->disk.at(id_).bytes.size()};
  }

 private:
  std::shared_ptr<State> state_;
  InodeId id_;
  std::string path_;
  std::uint64_t epoch_;
};

class FaultLock final : public Lock {
 public:
  FaultLock(std::shared_ptr<State> state, InodeId id, LockKind kind)
      : state_(std::move(state)), id_(id), kind_(kind), epoch_(state_->epoch) {}
  ~FaultLock() override {
    const std::lock_guard guard(state_->mutex());
    if (state_->dead || epoch_ != state_->epoch) return;
    auto& holders = state_->locks()[id_];
    const auto own = std::find_if(holders.begin(), holders.end(), [&](const auto& holder) {
      return holder.process == state_.get() && holder.kind == kind_;
    });
    if (own != holders.end()) holders.erase(own);
  }

 private:
  std::shared_ptr<State> state_;
  InodeId id_;
  LockKind kind_;
  std::uint64_t epoch_;
};

class FaultFolder final : public Folder {
 public:
  FaultFolder(std::shared_ptr<State> state, std::string root)
      : state_(std::move(state)), root_(std::move(root)), epoch_(state_->epoch) {}

  Result<std::unique_ptr<File>> create(const std::string& name, CreateOptions) override {
    InodeId id = 0;
    const auto made = mutate(*state_, epoch_, {CallKind::kCreate, full(name), 0},
                             [&](bool) { return add(name, false, id); });
    if (!made.ok()) return made.error();
    return std::unique_ptr<File>(std::make_unique<FaultFile>(state_, id, full(name)));
  }
  Result<std::unique_ptr<File>> open(const std::string& name) override {
    BACKCAST_TRY(const InodeId id, find(name));
    return std::unique_ptr<File>(std::make_unique<FaultFile>(state_, id, full(name)));
  }
  Status make_folder(const std::string& name) override {
    return mutate(*state_, epoch_, {CallKind::kMakeFolder, full(name), 0}, [&](bool) {
      InodeId id = 0;
      return add(name, true, id);
    });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return mutate(*state_, epoch_, {CallKind::kRename, full(to), 0}, [&](bool) -> Status {
      BACKCAST_TRY(const NameEdit old_name, name_of_existing(from));
      BACKCAST_TRY(NameEdit new_name, parent(to));
      new_name.inode = old_name.inode;
      state_->disk.at(new_name.inode).changed = state_->machine->now;
      state_->disk.change_names({{old_name.folder, old_name.name, 0}, new_name});
      return kOk;
    });
  }
  Result<bool> rename_new(const std::string& from, const std::string& to) override {
    if (!can_rename_new()) return false;
    BACKCAST_CHECK(give_name(CallKind::kRenameNew, from, to));
    return true;
  }
  Result<bool> link(const std::string& from, const std::string& to) override {
    if (!can_link()) return false;
    BACKCAST_CHECK(give_name(CallKind::kLink, from, to));
    return true;
  }
  Status remove(const std::string& name) override {
    return mutate(*state_, epoch_, {CallKind::kRemove, full(name), 0}, [&](bool) -> Status {
      BACKCAST_TRY(NameEdit edit, name_of_existing(name));
      const Inode& inode = state_->disk.at(edit.inode);
      if (inode.is_folder && !inode.names.empty()) {
        return system_error("remove", full(name), ENOTEMPTY);
      }
      edit.inode = 0;
      state_->disk.change_names({edit});
      return kOk;
    });
  }
  Status sync_folder(const std::string& name) override {
    return mutate(*state_, epoch_, {CallKind::kSyncFolder, full(name), 0}, [&](bool) -> Status {
      const auto id = state_->disk.find(full(name));
      if (!id) return system_error("sync", full(name), ENOENT);
      state_->disk.sync_folder(*id);
      return kOk;
    });
  }
  Result<std::vector<FolderEntry>> list(const std::string& name) override {
    BACKCAST_TRY(const InodeId id, find(name));
    const std::lock_guard guard(state_->mutex());
    const Inode& folder = state_->disk.at(id);
    if (!folder.is_folder) return system_error("list", full(name), ENOTDIR);
    std::vector<FolderEntry> entries;
    for (const auto& [child, child_id] : folder.names) {
      entries.push_back({child, state_->disk.at(child_id).is_folder});
    }
    return entries;
  }
  Result<FileInfo> stat(const std::string& name) override {
    BACKCAST_TRY(const InodeId id, find(name));
    const std::lock_guard guard(state_->mutex());
    const Inode& inode = state_->disk.at(id);
    return FileInfo{inode.bytes.size(), inode.modified, inode.changed, inode.is_folder};
  }
  Status touch(const std::string& name, Instant modified) override {
    return mutate(*state_, epoch_, {CallKind::kTouch, full(name), 0}, [&](bool) -> Status {
      BACKCAST_TRY(const NameEdit edit, name_of_existing(name));
      Inode& inode = state_->disk.at(edit.inode);
      inode.modified = modified;
      inode.changed = state_->machine->now;
      return kOk;
    });
  }
  Result<std::unique_ptr<Lock>> lock(const std::string& name, LockKind kind) override {
    state_->take_turn();
    const std::unique_lock guard(state_->mutex());
    if (state_->dead || epoch_ != state_->epoch) return dead_process();
    // Making the lock file changes nothing that matters after a crash: not a call to count.
    auto id = state_->disk.find(full(name));
    InodeId made = 0;
    if (!id) {
      BACKCAST_CHECK(add(name, false, made));
      id = made;
    }
    auto& holders = state_->locks()[*id];
    const bool free = std::all_of(holders.begin(), holders.end(), [&](const auto& holder) {
      return kind == LockKind::kShared && holder.kind == LockKind::kShared;
    });
    if (!free) return Error{Errc::kLocked, full(name) + " is locked by another process", {}, ""};
    holders.push_back({state_.get(), kind});
    return std::unique_ptr<Lock>(std::make_unique<FaultLock>(state_, *id, kind));
  }
  const std::string& path() const override { return root_; }

 private:
  std::string full(const std::string& name) const {
    return name.empty() ? root_ : root_ + '/' + name;
  }
  bool can_rename_new() const {
    const std::lock_guard guard(state_->mutex());
    return state_->machine->can_rename_new;
  }
  bool can_link() const {
    const std::lock_guard guard(state_->mutex());
    return state_->machine->can_link;
  }
  // Both ways to publish without replacing; a link leaves the old name.
  Status give_name(CallKind kind, const std::string& from, const std::string& to) {
    return mutate(*state_, epoch_, {kind, full(to), 0}, [&](bool) -> Status {
      BACKCAST_TRY(const NameEdit old_name, name_of_existing(from));
      BACKCAST_TRY(NameEdit new_name, parent(to));
      if (state_->disk.find(full(to))) return system_error(name_of(kind), full(to), EEXIST);
      new_name.inode = old_name.inode;
      state_->disk.at(new_name.inode).changed = state_->machine->now;
      std::vector<NameEdit> edits{new_name};
      if (kind == CallKind::kRenameNew) edits.push_back({old_name.folder, old_name.name, 0});
      state_->disk.change_names(std::move(edits));
      return kOk;
    });
  }
  Result<InodeId> find(const std::string& name) const {
    state_->take_turn();
    const std::lock_guard guard(state_->mutex());
    if (state_->dead || epoch_ != state_->epoch) return dead_process();
    const auto id = state_->disk.find(full(name));
    if (!id) return system_error("open", full(name), ENOENT);
    return *id;
  }
  // Where `name` is or will be; inode is left 0. The lock is held.
  Result<NameEdit> parent(const std::string& name) const {
    const std::string path = full(name);
    const auto slash = path.rfind('/');
    const auto folder = state_->disk.find(path.substr(0, slash));
    if (!folder || !state_->disk.at(*folder).is_folder) {
      return system_error("create", path, ENOENT);
    }
    return NameEdit{*folder, path.substr(slash + 1), 0};
  }
  Result<NameEdit> name_of_existing(const std::string& name) const {
    const auto id = state_->disk.find(full(name));
    if (!id) return system_error("find", full(name), ENOENT);
    BACKCAST_TRY(NameEdit edit, parent(name));
    edit.inode = *id;
    return edit;
  }
  Status add(const std::string& name, bool is_folder, InodeId& id) {
    BACKCAST_TRY(NameEdit edit, parent(name));
    if (state_->disk.find(full(name))) return system_error("create", full(name), EEXIST);
    id = edit.inode = state_->disk.add(is_folder, state_->machine->now);
    state_->disk.change_names({edit});
    return kOk;
  }

  std::shared_ptr<State> state_;
  std::string root_;
  std::uint64_t epoch_;
};

}  // namespace

Error dead_process() {
  return failed("the process is dead");
}

Status FaultEnv::sync_file_system(int, const std::string& path) {
  return mutate(*state_, state_->epoch, {CallKind::kSync, path, 0},
                [](bool) -> Status { return kOk; });
}

std::unique_ptr<Folder> make_fault_folder(std::shared_ptr<FaultEnv::State> state,
                                          std::string root) {
  return std::make_unique<FaultFolder>(std::move(state), std::move(root));
}

}  // namespace backcast::env
