// A repository in a folder: who it is, who may open it, and its sealed objects. docs/format.md
// describes every byte.
//
//   config            what it is, in the clear, under a MAC of the writer secret
//   keys/             private keys, each sealed under a passphrase
//   packs/            sealed chunks
//   index/            where every chunk lies
//   snapshots/        one object per snapshot: written last, so what it names is there
//   heads/            a second word for the newest snapshot
//   marks/            what prune will delete after its grace period
//   damage/           which copies of chunks were found bad
//   journal/          what was deleted, for the ledger
//   rules/            what it asks of backup and forget
//   labels/           what a service says of each snapshot
//   leases/           who is at work
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/format/index.h"
#include "engine/store/format/keys.h"
#include "engine/store/format/objects.h"

namespace backcast::store {

struct Config {
  Id repository;
  Id project;
  std::vector<PublicKey> public_keys;  // the last one seals
  Instant created{};
};

struct OpenOptions {
  std::optional<WriterKey> writer;  // what this machine keeps; else the passphrase opens it too
  // Asked at most once, only when needed. Errors are handed on.
  std::function<Result<SecretText>()> passphrase;
  bool read_data = false;     // also open the private keys
  bool unlock_later = false;  // with a writer key: return at once and open them meanwhile
  std::optional<Keys> keys = std::nullopt;  // open already: nothing is asked
};

class Repository {
 public:
  // A new repository in a folder that is missing or empty. `keys` must hold the private keys,
  // which are sealed under `passphrase`. Errors: kExists if there is one already.
  static Result<std::unique_ptr<Repository>> create(env::Env& env, const std::string& path,
                                                    const Keys& keys, std::string_view passphrase,
                                                    Stretching cost);
  // Errors: kNoRepository, kWrongKey; kFailed for a newer format.
  static Result<std::unique_ptr<Repository>> open(env::Env& env, const std::string& path,
                                                  const OpenOptions& options);

  env::Env& env() { return env_; }
  env::Folder& folder() { return *folder_; }
  const Config& config() const { return config_; }
  const Keys& keys() const { return keys_; }
  Objects& objects() { return objects_; }
  KeySlots slots() { return {env_, *folder_, config_.project}; }

  // Waits for the private keys of an opening that is to unlock later; from then on keys() has them.
  // No other thread may use the repository meanwhile. Errors: kWrongKey.
  Status unlock();
  bool is_unlocking() const { return unlocking_.valid(); }

  // A new key pair for everything saved from now on, under a new passphrase, which also opens what
  // is there; every other passphrase ends. Returns how many did. Needs the private keys.
  // Interrupted at any point, every passphrase that still opens the repository reads all of it.
  Result<std::size_t> rotate_keys(std::string_view passphrase, const std::string& label,
                                  Stretching cost);
  // Whether the passphrase, or anything opened so far, is of somebody who knew a later key pair
  // than config does: kFailed. To be asked before anything is sealed to the public key.
  Status config_is_current() const;

 private:
  Repository(env::Env& env, std::unique_ptr<env::Folder> folder, Config config, Keys keys);
  void start_unlocking(SecretText passphrase);
  Status adopt_keys(const Keys& keys);

  env::Env& env_;
  std::unique_ptr<env::Folder> folder_;
  Config config_;
  Keys keys_;
  Objects objects_;
  std::future<Result<Keys>> unlocking_;  // the last member: what it uses outlives it
};

// What it is, without any key: for messages, and to find the machine's writer key for it.
Result<Config> read_config(env::Env& env, const std::string& path);

}  // namespace backcast::store
