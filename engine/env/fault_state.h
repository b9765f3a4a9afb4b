// What the processes of a FaultEnv share and what each has of its own.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/env/fault_disk.h"
#include "engine/env/fault_env.h"

namespace backcast::env {

// The disk, its locks and the clock.
struct FaultEnv::Machine {
  std::mutex mutex;
  Disk disk;
  struct Holder {
    const State* process = nullptr;
    LockKind kind = LockKind::kShared;
  };
  using Locks = std::map<InodeId, std::vector<Holder>>;
  std::vector<Locks> locks{1};  // by machine
  bool can_rename_new = true, can_link = true;
  Instant now = from_unix_seconds(1'700'000'000);
  Duration monotonic = kHour;
  std::uint64_t random_state = 1;
  std::vector<std::weak_ptr<State>> processes;
};

struct FaultEnv::State {
  explicit State(std::shared_ptr<Machine> on) : machine(std::move(on)), disk(machine->disk) {}

  const std::shared_ptr<Machine> machine;
  Disk& disk;
  std::uint64_t epoch = 1;  // open files and locks of an earlier epoch belong to a dead process
  bool dead = false;
  std::vector<Call> log;
  std::function<void(const Call&)> hook;
  std::function<void()> turn;
  std::optional<Fault> fault;
  std::uint64_t fault_call = 0;
  bool sticky = false, fired = false;
  Tree* tree = nullptr;

  struct Tick {
    std::recursive_mutex running;  // held while `act` runs
    Duration period{}, due{};
    std::function<void()> act;
    std::atomic<bool> is_over{false};
  };
  static thread_local bool in_tick;
  std::vector<std::shared_ptr<Tick>> ticks;
  bool is_suspended = false;
  std::size_t machine_number = 0;

  Machine::Locks& locks() { return machine->locks[machine_number]; }
  std::mutex& mutex() { return machine->mutex; }
  // To be called without the lock.
  void take_turn() {
    if (in_tick) return;
    std::function<void()> stop_here;
    {
      const std::lock_guard guard(mutex());
      stop_here = turn;
    }
    if (stop_here) stop_here();
  }
  // The operating system takes back what a process held.
  void free_locks() {
    for (auto& [id, holders] : locks()) {
      std::erase_if(holders, [&](const Machine::Holder& holder) { return holder.process == this; });
    }
  }
  void die() {
    dead = true;
    free_locks();
  }
  void start_anew() {
    free_locks();
    ++epoch;
    dead = false;
    ticks.clear();
    is_suspended = false;
    log.clear();
    fault.reset();
    fired = false;
  }
  void restart_machine() {
    for (const auto& process : machine->processes) {
      if (const auto alive = process.lock()) alive->start_anew();
    }
  }
};

// Files beneath `root` as this process sees them.
std::unique_ptr<Folder> make_fault_folder(std::shared_ptr<FaultEnv::State> state, std::string root);
Error dead_process();

}  // namespace backcast::env
