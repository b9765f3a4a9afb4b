// A disk in memory that misbehaves on request. It counts every mutating call, can fail, shorten or
// kill at any of them, and after a power cut yields the states a real disk could be found in:
// un-synced writes dropped, torn or reordered, names lost whose folder was not synced.
//
// Model: each file keeps its synced bytes and the writes since; each folder its synced names and
// the changes since. A crash state takes any subset of the writes of a file (each possibly torn at
// a 512-byte sector) and any subset of the name changes that keeps a rename whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/env/env.h"

namespace backcast::env {

enum class CallKind : std::uint8_t {
  kCreate,
  kAppend,
  kSync,
  kMakeFolder,
  kRename,
  kRenameNew,
  kLink,
  kRemove,
  kSyncFolder,
  kTouch
};
const char* name_of(CallKind kind);

struct Call {
  CallKind kind;
  std::string name;         // the path, from the root of the disk
  std::uint64_t bytes = 0;  // of an append
};

enum class Fault : std::uint8_t {
  kIoError,      // EIO: nothing is done
  kNoSpace,      // ENOSPC: an append writes half of its bytes first
  kFull,         // the same, at each later call too, until something is removed
  kDropSync,     // a sync reports EIO and syncs nothing
  kKill,         // the process dies before the call: this and every later call fails
  kKillHalfway,  // an append writes half of its bytes, then the process dies
};

// The content of a disk; a value.
class Disk;

class FaultEnv final : public Env {
 public:
  explicit FaultEnv(std::uint64_t seed = 1);
  ~FaultEnv() override;
  // A second process on the same disk with faults, a log and a life of its own. Locks exclude it.
  std::unique_ptr<FaultEnv> another_process();
  // A process on another machine, on which a network disk shows the same files: its locks and those
  // of other machines do not exclude each other.
  std::unique_ptr<FaultEnv> another_machine();
  // It is stopped (or its machine asleep): its tickers stand still while time goes on.
  void suspend(bool is_suspended);
  // What the file system of this disk can do besides rename; both at first.
  void set_abilities(bool rename_new, bool link);

  // Faults ------------------------------------------------------------------------------------
  // Injects `fault` at the mutating call with this number (0 = the next one); sticky: at every
  // later one too. The count starts anew.
  void inject(std::uint64_t call, Fault fault, bool sticky = false);
  void clear_faults();
  bool fault_fired() const;
  std::uint64_t calls() const;    // mutating calls since the last inject, clear_faults or reboot
  std::vector<Call> log() const;  // the same calls
  // Where its sources lie and its restores go; it must outlive them. Otherwise the machine's own.
  void set_tree(Tree& tree);
  // Called before each mutating call, outside the lock: schedules threads in tests.
  void on_call(std::function<void(const Call&)> hook);
  // Called before every call of this process, those that only look included, outside the lock: a
  // schedule may stop it there and let others go on.
  void on_turn(std::function<void()> turn);

  // Crashes -----------------------------------------------------------------------------------
  // The process died, the machine runs on: everything written is there, its locks are free.
  void restart_process();
  // The machine lost power: the disk is in one of the states it may be found in, chosen by seed.
  // Seed 0 keeps only what was synced, seed 1 everything.
  void power_cycle(std::uint64_t seed);
  // Copies: try several futures of one state. Open files and locks belong to the past.
  std::shared_ptr<const Disk> save() const;
  void load(const std::shared_ptr<const Disk>& disk);

  // Damage: every file, and its bytes to read and change behind the repository's back.
  std::vector<std::string> files() const;
  std::string bytes(const std::string& name) const;
  void set_bytes(const std::string& name, std::string bytes);  // creates missing folders
  void erase(const std::string& name);

  // Clock: stands still unless moved.
  void set_now(Instant now);
  void advance(Duration duration);

  Instant now() override;
  Duration monotonic() override;
  void sleep(Duration duration) override;  // advances the clock
  // Acts run within advance and sleep, on their thread, when they are due: neither counted nor
  // hooked, for a real one is another thread.
  std::unique_ptr<Ticker> every(Duration period, std::function<void()> act) override;
  env::Machine machine() override;
  void random(ByteSpan into) override;  // from the seed: same seed, same bytes
  Result<std::unique_ptr<Folder>> open_folder(const std::string& path, bool create) override;
  // Changes nothing, but counts as a sync of `path` and fails like one.
  Status sync_file_system(int descriptor, const std::string& path) override;
  Tree& tree() override;

  struct State;
  struct Machine;

 private:
  explicit FaultEnv(std::shared_ptr<Machine> machine);
  std::shared_ptr<State> state_;
};

}  // namespace backcast::env
