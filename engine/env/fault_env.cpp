#include "engine/env/fault_env.h"

#include <map>
#include <optional>
#include <set>

#include "engine/env/fault_disk.h"
#include "engine/env/system_error.h"

namespace backcast::env {

struct FaultEnv::State {
  std::mutex mutex;
  Disk disk;
  std::uint64_t epoch = 1;  // open files and locks of an earlier epoch belong to a dead process
  bool dead = false;
  std::vector<Call> log;
  std::function<void(const Call&)> hook;
  std::optional<Fault> fault;
  std::uint64_t fault_call = 0;
  bool sticky = false, fired = false;
  struct Holders {
    int shared = 0;
    bool exclusive = false;
  };
  std::map<InodeId, Holders> locks;
  Instant now = from_unix_seconds(1'700'000'000);
  Duration monotonic = kHour;
  std::uint64_t random_state = 1;

  void next_process() {
    ++epoch;
    dead = false;
    locks.clear();
    log.clear();
    fault.reset();
    fired = false;
  }
};

namespace {

using State = FaultEnv::State;

Error dead_error() {
  return failed("the process is dead");
}

// The fault of this mutating call, if any, after counting it.
std::optional<Fault> count_call(State& state, const Call& call) {
  const std::uint64_t number = state.log.size();
  state.log.push_back(call);
  if (!state.fault || number < state.fault_call) return std::nullopt;
  if (number > state.fault_call && !state.sticky) return std::nullopt;
  state.fired = true;
  if (*state.fault == Fault::kKill || *state.fault == Fault::kKillHalfway) state.dead = true;
  return state.fault;
}

// Runs a mutating call under the lock, unless a fault forbids it. `act(halfway)` does the work.
template <typename Act>
Status mutate(State& state, std::uint64_t epoch, Call call, Act act) {
  std::function<void(const Call&)> hook;
  {
    const std::lock_guard guard(state.mutex);
    hook = state.hook;
  }
  if (hook) hook(call);
  const std::lock_guard guard(state.mutex);
  if (state.dead || epoch != state.epoch) return dead_error();
  const auto fault = count_call(state, call);
  if (!fault) return act(false);
  switch (*fault) {
    case Fault::kKill:
      return dead_error();
    case Fault::kKillHalfway:
      if (call.kind == CallKind::kAppend) (void)act(true);
      return dead_error();
    case Fault::kNoSpace:
      // Freeing space and syncing names do not need any.
      if (call.kind == CallKind::kRemove || call.kind == CallKind::kSyncFolder) return act(false);
      if (call.kind == CallKind::kAppend) (void)act(true);
      return system_error("write", call.name, ENOSPC);
    case Fault::kDropSync:
      if (call.kind != CallKind::kSync && call.kind != CallKind::kSyncFolder) return act(false);
      return system_error("sync", call.name, EIO);
    case Fault::kIoError:
      return system_error(name_of(call.kind), call.name, EIO);
  }
  return dead_error();
}

class FaultFile final : public File {
 public:
  FaultFile(std::shared_ptr<State> state, InodeId id, std::string path)
      : state_(std::move(state)), id_(id), path_(std::move(path)), epoch_(state_->epoch) {}

  Result<std::size_t> read_at(std::uint64_t offset_bytes, ByteSpan into) override {
    const std::lock_guard guard(state_->mutex);
    if (state_->dead || epoch_ != state_->epoch) return dead_error();
    const std::string& bytes = state_->disk.at(id_).bytes;
    if (offset_bytes >= bytes.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset_bytes);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset_bytes), count, into.begin());
    return count;
  }
  Status append(ByteView bytes) override {
    return mutate(*state_, epoch_, {CallKind::kAppend, path_, bytes.size()}, [&](bool halfway) {
      const ByteView part = halfway ? bytes.first(bytes.size() / 2) : bytes;
      state_->disk.append(id_, as_text(part), state_->now);
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
    const std::lock_guard guard(state_->mutex);
    if (state_->dead || epoch_ != state_->epoch) return dead_error();
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
    const std::lock_guard guard(state_->mutex);
    if (epoch_ != state_->epoch) return;
    auto& holders = state_->locks[id_];
    kind_ == LockKind::kShared ? void(--holders.shared) : void(holders.exclusive = false);
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
      state_->disk.change_names({{old_name.folder, old_name.name, 0}, new_name});
      return kOk;
    });
  }
  Status link(const std::string& from, const std::string& to) override {
    return mutate(*state_, epoch_, {CallKind::kLink, full(to), 0}, [&](bool) -> Status {
      BACKCAST_TRY(const NameEdit old_name, name_of_existing(from));
      BACKCAST_TRY(NameEdit new_name, parent(to));
      if (state_->disk.find(full(to))) return system_error("link", full(to), EEXIST);
      new_name.inode = old_name.inode;
      state_->disk.change_names({new_name});
      return kOk;
    });
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
    const std::lock_guard guard(state_->mutex);
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
    const std::lock_guard guard(state_->mutex);
    const Inode& inode = state_->disk.at(id);
    return FileInfo{inode.bytes.size(), inode.modified, inode.is_folder};
  }
  Status touch(const std::string& name, Instant modified) override {
    return mutate(*state_, epoch_, {CallKind::kTouch, full(name), 0}, [&](bool) -> Status {
      BACKCAST_TRY(const NameEdit edit, name_of_existing(name));
      state_->disk.at(edit.inode).modified = modified;
      return kOk;
    });
  }
  Result<std::unique_ptr<Lock>> lock(const std::string& name, LockKind kind) override {
    const std::unique_lock guard(state_->mutex);
    if (state_->dead || epoch_ != state_->epoch) return dead_error();
    // Making the lock file changes nothing that matters after a crash: not a call to count.
    auto id = state_->disk.find(full(name));
    InodeId made = 0;
    if (!id) {
      BACKCAST_CHECK(add(name, false, made));
      id = made;
    }
    auto& holders = state_->locks[*id];
    const bool free = !holders.exclusive && (kind == LockKind::kShared || holders.shared == 0);
    if (!free) return Error{Errc::kLocked, full(name) + " is locked by another process", {}, ""};
    kind == LockKind::kShared ? void(++holders.shared) : void(holders.exclusive = true);
    return std::unique_ptr<Lock>(std::make_unique<FaultLock>(state_, *id, kind));
  }
  const std::string& path() const override { return root_; }

 private:
  std::string full(const std::string& name) const {
    return name.empty() ? root_ : root_ + '/' + name;
  }
  Result<InodeId> find(const std::string& name) const {
    const std::lock_guard guard(state_->mutex);
    if (state_->dead || epoch_ != state_->epoch) return dead_error();
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
    id = edit.inode = state_->disk.add(is_folder, state_->now);
    state_->disk.change_names({edit});
    return kOk;
  }

  std::shared_ptr<State> state_;
  std::string root_;
  std::uint64_t epoch_;
};

void make_folders(State& state, const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    if (!state.disk.find(prefix)) {
      const auto last = prefix.rfind('/');
      const InodeId parent =
          *state.disk.find(prefix.substr(0, last == std::string::npos ? 0 : last));
      const InodeId made = state.disk.add(true, state.now);
      state.disk.change_names({{parent, prefix.substr(last + 1), made}});
      state.disk.sync_folder(parent);
    }
    if (slash == std::string::npos) return;
  }
}

}  // namespace

const char* name_of(CallKind kind) {
  switch (kind) {
    case CallKind::kCreate:
      return "create";
    case CallKind::kAppend:
      return "write";
    case CallKind::kSync:
      return "sync";
    case CallKind::kMakeFolder:
      return "make folder";
    case CallKind::kRename:
      return "rename to";
    case CallKind::kLink:
      return "link";
    case CallKind::kRemove:
      return "remove";
    case CallKind::kSyncFolder:
      return "sync folder";
    case CallKind::kTouch:
      return "touch";
  }
  return "?";
}

FaultEnv::FaultEnv(std::uint64_t seed) : state_(std::make_shared<State>()) {
  state_->random_state = seed;
}
FaultEnv::~FaultEnv() = default;

void FaultEnv::inject(std::uint64_t call, Fault fault, bool sticky) {
  const std::lock_guard guard(state_->mutex);
  state_->log.clear();
  state_->fault = fault;
  state_->fault_call = call;
  state_->sticky = sticky;
  state_->fired = false;
}

void FaultEnv::clear_faults() {
  const std::lock_guard guard(state_->mutex);
  state_->log.clear();
  state_->fault.reset();
  state_->fired = false;
}

bool FaultEnv::fault_fired() const {
  const std::lock_guard guard(state_->mutex);
  return state_->fired;
}

std::uint64_t FaultEnv::calls() const {
  const std::lock_guard guard(state_->mutex);
  return state_->log.size();
}

std::vector<Call> FaultEnv::log() const {
  const std::lock_guard guard(state_->mutex);
  return state_->log;
}

void FaultEnv::on_call(std::function<void(const Call&)> hook) {
  const std::lock_guard guard(state_->mutex);
  state_->hook = std::move(hook);
}

void FaultEnv::restart_process() {
  const std::lock_guard guard(state_->mutex);
  state_->next_process();
}

void FaultEnv::power_cycle(std::uint64_t seed) {
  const std::lock_guard guard(state_->mutex);
  state_->disk = state_->disk.after_power_cut(seed);
  state_->next_process();
}

std::shared_ptr<const Disk> FaultEnv::save() const {
  const std::lock_guard guard(state_->mutex);
  return std::make_shared<const Disk>(state_->disk);
}

void FaultEnv::load(const std::shared_ptr<const Disk>& disk) {
  const std::lock_guard guard(state_->mutex);
  state_->disk = *disk;
  state_->next_process();
}

std::vector<std::string> FaultEnv::files() const {
  const std::lock_guard guard(state_->mutex);
  return state_->disk.files();
}

std::string FaultEnv::bytes(const std::string& name) const {
  const std::lock_guard guard(state_->mutex);
  const auto id = state_->disk.find(name);
  return id ? state_->disk.at(*id).bytes : "";
}

void FaultEnv::set_bytes(const std::string& name, std::string bytes) {
  const std::lock_guard guard(state_->mutex);
  const auto slash = name.rfind('/');
  if (slash != std::string::npos) make_folders(*state_, name.substr(0, slash));
  auto id = state_->disk.find(name);
  if (!id) {
    id = state_->disk.add(false, state_->now);
    const InodeId folder =
        *state_->disk.find(name.substr(0, slash == std::string::npos ? 0 : slash));
    state_->disk.change_names({{folder, name.substr(slash + 1), *id}});
  }
  state_->disk.at(*id).bytes = std::move(bytes);
  state_->disk.sync_all();
}

void FaultEnv::erase(const std::string& name) {
  const std::lock_guard guard(state_->mutex);
  if (!state_->disk.find(name)) return;
  const auto slash = name.rfind('/');
  const InodeId folder = *state_->disk.find(name.substr(0, slash == std::string::npos ? 0 : slash));
  state_->disk.change_names({{folder, name.substr(slash + 1), 0}});
  state_->disk.sync_all();
}

void FaultEnv::set_now(Instant now_is) {
  const std::lock_guard guard(state_->mutex);
  state_->now = now_is;
}

void FaultEnv::advance(Duration duration) {
  const std::lock_guard guard(state_->mutex);
  state_->now += duration;
  state_->monotonic += duration;
}

Instant FaultEnv::now() {
  const std::lock_guard guard(state_->mutex);
  return state_->now;
}

Duration FaultEnv::monotonic() {
  const std::lock_guard guard(state_->mutex);
  return state_->monotonic;
}

void FaultEnv::sleep(Duration duration) {
  advance(duration);
}

void FaultEnv::random(ByteSpan into) {
  const std::lock_guard guard(state_->mutex);
  for (std::uint8_t& byte : into) {
    // splitmix64 (Steele, Lea, Flood 2014): enough for tests, and the same everywhere.
    std::uint64_t z = state_->random_state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    byte = static_cast<std::uint8_t>(z >> 56);
  }
}

Result<std::unique_ptr<Folder>> FaultEnv::open_folder(const std::string& path, bool create) {
  const std::lock_guard guard(state_->mutex);
  if (state_->dead) return dead_error();
  if (create) make_folders(*state_, path);
  const auto id = state_->disk.find(path);
  if (!id || !state_->disk.at(*id).is_folder) return system_error("open folder", path, ENOENT);
  return std::unique_ptr<Folder>(std::make_unique<FaultFolder>(state_, path));
}

}  // namespace backcast::env
