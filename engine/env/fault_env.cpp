#include "engine/env/fault_env.h"

#include <algorithm>

#include "engine/env/fault_state.h"
#include "engine/env/system_error.h"

namespace backcast::env {
namespace {

void make_folders(FaultEnv::Machine& state, const std::string& path) {
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

using Tick = FaultEnv::State::Tick;

// The next that is due by `end`, of processes that run.
std::shared_ptr<Tick> next_tick(FaultEnv::Machine& machine, Duration end) {
  std::shared_ptr<Tick> next;
  for (const auto& weak : machine.processes) {
    const auto process = weak.lock();
    if (!process || process->dead) continue;
    std::erase_if(process->ticks, [](const auto& tick) { return tick->is_over.load(); });
    for (const auto& tick : process->ticks) {
      // What a stopped process missed does not come twice.
      if (process->is_suspended) tick->due = std::max(tick->due, end + tick->period);
      if (tick->due <= end && (!next || tick->due < next->due)) next = tick;
    }
  }
  return next;
}

}  // namespace

thread_local bool FaultEnv::State::in_tick = false;

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
    case CallKind::kRenameNew:
      return "rename to a new name";
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

FaultEnv::FaultEnv(std::uint64_t seed) : FaultEnv(std::make_shared<Machine>()) {
  state_->machine->random_state = seed;
}

FaultEnv::FaultEnv(std::shared_ptr<Machine> machine)
    : state_(std::make_shared<State>(std::move(machine))) {
  state_->machine->processes.push_back(state_);
}

std::unique_ptr<FaultEnv> FaultEnv::another_process() {
  const std::lock_guard guard(state_->mutex());
  return std::unique_ptr<FaultEnv>(new FaultEnv(state_->machine));
}

FaultEnv::~FaultEnv() = default;

void FaultEnv::inject(std::uint64_t call, Fault fault, bool sticky) {
  const std::lock_guard guard(state_->mutex());
  state_->log.clear();
  state_->fault = fault;
  state_->fault_call = call;
  state_->sticky = sticky;
  state_->fired = false;
}

void FaultEnv::clear_faults() {
  const std::lock_guard guard(state_->mutex());
  state_->log.clear();
  state_->fault.reset();
  state_->fired = false;
}

bool FaultEnv::fault_fired() const {
  const std::lock_guard guard(state_->mutex());
  return state_->fired;
}

std::uint64_t FaultEnv::calls() const {
  const std::lock_guard guard(state_->mutex());
  return state_->log.size();
}

std::vector<Call> FaultEnv::log() const {
  const std::lock_guard guard(state_->mutex());
  return state_->log;
}

void FaultEnv::on_call(std::function<void(const Call&)> hook) {
  const std::lock_guard guard(state_->mutex());
  state_->hook = std::move(hook);
}

void FaultEnv::on_turn(std::function<void()> turn) {
  const std::lock_guard guard(state_->mutex());
  state_->turn = std::move(turn);
}

void FaultEnv::set_tree(Tree& tree) {
  const std::lock_guard guard(state_->mutex());
  state_->tree = &tree;
}

Tree& FaultEnv::tree() {
  const std::lock_guard guard(state_->mutex());
  return state_->tree != nullptr ? *state_->tree : Env::tree();
}

void FaultEnv::restart_process() {
  const std::lock_guard guard(state_->mutex());
  state_->start_anew();
}

void FaultEnv::power_cycle(std::uint64_t seed) {
  const std::lock_guard guard(state_->mutex());
  state_->disk = state_->disk.after_power_cut(seed);
  state_->restart_machine();
}

std::shared_ptr<const Disk> FaultEnv::save() const {
  const std::lock_guard guard(state_->mutex());
  return std::make_shared<const Disk>(state_->disk);
}

void FaultEnv::load(const std::shared_ptr<const Disk>& disk) {
  const std::lock_guard guard(state_->mutex());
  state_->disk = *disk;
  state_->restart_machine();
}

std::vector<std::string> FaultEnv::files() const {
  const std::lock_guard guard(state_->mutex());
  return state_->disk.files();
}

std::string FaultEnv::bytes(const std::string& name) const {
  const std::lock_guard guard(state_->mutex());
  const auto id = state_->disk.find(name);
  return id ? state_->disk.at(*id).bytes : "";
}

void FaultEnv::set_bytes(const std::string& name, std::string bytes) {
  const std::lock_guard guard(state_->mutex());
  const auto slash = name.rfind('/');
  if (slash != std::string::npos) make_folders(*state_->machine, name.substr(0, slash));
  auto id = state_->disk.find(name);
  if (!id) {
    id = state_->disk.add(false, state_->machine->now);
    const InodeId folder =
        *state_->disk.find(name.substr(0, slash == std::string::npos ? 0 : slash));
    state_->disk.change_names({{folder, name.substr(slash + 1), *id}});
  }
  state_->disk.at(*id).bytes = std::move(bytes);
  state_->disk.at(*id).changed = state_->machine->now;
  state_->disk.sync_all();
}

void FaultEnv::erase(const std::string& name) {
  const std::lock_guard guard(state_->mutex());
  if (!state_->disk.find(name)) return;
  const auto slash = name.rfind('/');
  const InodeId folder = *state_->disk.find(name.substr(0, slash == std::string::npos ? 0 : slash));
  state_->disk.change_names({{folder, name.substr(slash + 1), 0}});
  state_->disk.sync_all();
}

void FaultEnv::set_now(Instant now_is) {
  const std::lock_guard guard(state_->mutex());
  state_->machine->now = now_is;
}

void FaultEnv::advance(Duration duration) {
  Machine& machine = *state_->machine;
  std::unique_lock lock(machine.mutex);
  const Duration end = machine.monotonic + duration;
  while (const auto tick = state_->in_tick ? nullptr : next_tick(machine, end)) {
    const Duration step = std::max(Duration(0), tick->due - machine.monotonic);
    machine.now += step;
    machine.monotonic += step;
    tick->due += tick->period;
    lock.unlock();
    {
      const std::lock_guard running(tick->running);
      State::in_tick = true;
      if (!tick->is_over) tick->act();
      State::in_tick = false;
    }
    lock.lock();
  }
  machine.now += std::max(Duration(0), end - machine.monotonic);
  machine.monotonic = std::max(machine.monotonic, end);
}

std::unique_ptr<Ticker> FaultEnv::every(Duration period, std::function<void()> act) {
  struct FaultTicker final : Ticker {
    explicit FaultTicker(std::shared_ptr<State::Tick> given) : tick(std::move(given)) {}
    ~FaultTicker() override {
      const std::lock_guard running(tick->running);
      tick->is_over = true;
    }
    std::shared_ptr<State::Tick> tick;
  };
  auto tick = std::make_shared<State::Tick>();
  tick->period = period;
  tick->act = std::move(act);
  const std::lock_guard guard(state_->mutex());
  tick->due = state_->machine->monotonic + period;
  state_->ticks.push_back(tick);
  return std::make_unique<FaultTicker>(std::move(tick));
}

Machine FaultEnv::machine() {
  const std::string number = std::to_string(state_->machine_number);
  return {"machine" + number, "boot" + number};
}

std::unique_ptr<FaultEnv> FaultEnv::another_machine() {
  auto process = another_process();
  const std::lock_guard guard(state_->mutex());
  process->state_->machine_number = state_->machine->locks.size();
  state_->machine->locks.emplace_back();
  return process;
}

void FaultEnv::suspend(bool is_suspended) {
  const std::lock_guard guard(state_->mutex());
  state_->is_suspended = is_suspended;
}

void FaultEnv::set_abilities(bool rename_new, bool link) {
  const std::lock_guard guard(state_->mutex());
  state_->machine->can_rename_new = rename_new;
  state_->machine->can_link = link;
}

Instant FaultEnv::now() {
  state_->take_turn();
  const std::lock_guard guard(state_->mutex());
  return state_->machine->now;
}

Duration FaultEnv::monotonic() {
  const std::lock_guard guard(state_->mutex());
  return state_->machine->monotonic;
}

void FaultEnv::sleep(Duration duration) {
  advance(duration);
  state_->take_turn();
}

void FaultEnv::random(ByteSpan into) {
  const std::lock_guard guard(state_->mutex());
  for (std::uint8_t& byte : into) {
    // splitmix64 (Steele, Lea, Flood 2014): enough for tests, and the same everywhere.
    std::uint64_t z = state_->machine->random_state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    byte = static_cast<std::uint8_t>(z >> 56);
  }
}

Result<std::unique_ptr<Folder>> FaultEnv::open_folder(const std::string& path, bool create) {
  state_->take_turn();
  const std::lock_guard guard(state_->mutex());
  if (state_->dead) return dead_process();
  if (create) make_folders(*state_->machine, path);
  const auto id = state_->disk.find(path);
  if (!id || !state_->disk.at(*id).is_folder) return system_error("open folder", path, ENOENT);
  return make_fault_folder(state_, path);
}

}  // namespace backcast::env
