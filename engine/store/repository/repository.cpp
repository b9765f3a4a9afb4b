#include "engine/store/repository/repository.h"

#include <algorithm>

#include "engine/base/harmless.h"
#include "engine/store/format/address.h"
#include "engine/store/repository/config.h"
#include "engine/store/repository/reserve.h"

namespace backcast::store {
namespace {

constexpr const char* kFolders[] = {"keys",  "packs",  "index",   "snapshots", "heads",
                                    "marks", "damage", "journal", "leases"};

Error no_repository(const std::string& path) {
  const std::string name = harmless(path);
  return Error{
      Errc::kNoRepository, "no repository at " + name, {}, "backcast init " + name + " makes one"};
}

Result<std::string> read_config_text(env::Folder& folder) {
  auto text = env::read_file(folder, "config", 1 << 20);
  if (!text.ok() && text.error().code == Errc::kNotFound) return no_repository(folder.path());
  return text;
}

Result<std::unique_ptr<env::Folder>> open_existing(env::Env& env, const std::string& path) {
  BACKCAST_CHECK(check_address(path));
  auto folder = env.open_folder(path, false);
  if (!folder.ok() && folder.error().code == Errc::kNotFound) return no_repository(path);
  return folder;
}

Error reading_needs_passphrase() {
  return Error{Errc::kWrongKey,
               "reading data needs the passphrase",
               {},
               "give --passphrase-file or --passphrase-command"};
}

// The keys this opening needs, at the least cost: no passphrase where the writer key is enough.
Result<Keys> find_keys(env::Env& env, env::Folder& folder, const Config& config,
                       const OpenOptions& options) {
  if (options.keys && options.keys->project == config.project) return *options.keys;
  if (options.writer && (!options.read_data || options.unlock_later)) {
    if (options.writer->project != config.project) {
      return Error{Errc::kWrongKey,
                   "the writer key belongs to another project",
                   {},
                   "backcast key writer prints the one of this repository"};
    }
    return Keys{config.project, config.public_keys, options.writer->writer, {}};
  }
  if (!options.passphrase) {
    return options.read_data ? reading_needs_passphrase()
                             : Error{Errc::kWrongKey,
                                     "no writer key for this repository on this machine",
                                     {},
                                     "give --passphrase-file or --passphrase-command"};
  }
  BACKCAST_TRY(const SecretText passphrase, options.passphrase());
  return KeySlots(env, folder, config.project).open(passphrase.view());
}

std::uint16_t rotations_of(const Config& config) {
  return static_cast<std::uint16_t>(config.public_keys.size() - 1);
}

// The config knows the newest public key even where an older key file was opened; the key file
// does where a rotation was interrupted, or an old config put back.
void take_newest(Keys& keys, const Config& config) {
  if (keys.pairs.size() <= config.public_keys.size()) keys.public_keys = config.public_keys;
}

}  // namespace

Repository::Repository(env::Env& env, std::unique_ptr<env::Folder> folder, Config config, Keys keys)
    : env_(env),
      folder_(std::move(folder)),
      config_(std::move(config)),
      keys_(std::move(keys)),
      objects_(env_, *folder_, config_.repository, keys_.object_key()) {
  objects_.set_rotations(rotations_of(config_));
}

Result<Config> read_config(env::Env& env, const std::string& path) {
  BACKCAST_TRY(const auto folder, open_existing(env, path));
  BACKCAST_TRY(const std::string text, read_config_text(*folder));
  return decode_config(text);
}

Result<std::unique_ptr<Repository>> Repository::create(env::Env& env, const std::string& path,
                                                       const Keys& keys,
                                                       std::string_view passphrase,
                                                       Stretching cost) {
  BACKCAST_CHECK(check_address(path));
  BACKCAST_TRY(auto folder, env.open_folder(path, true));
  BACKCAST_TRY(const auto present, folder->list(""));
  for (const auto& entry : present) {
    if (entry.name == "config") {
      return Error{
          Errc::kExists, "there is a repository at " + harmless(path) + " already", {}, {}};
    }
    // What an interrupted init left behind is taken up; anything else is somebody's.
    const bool ours = std::any_of(std::begin(kFolders), std::end(kFolders),
                                  [&](const char* name) { return entry.name == name; }) ||
                      entry.name.starts_with(env::kTemporaryPrefix);
    if (!ours) {
      return Error{Errc::kBadInput, path + " is not empty", {}, "choose a new or empty folder"};
    }
  }
  for (const char* name : kFolders) {
    if (auto made = folder->make_folder(name); !made.ok() && made.error().code != Errc::kExists) {
      return made.error();
    }
  }
  const Config config{random_id(), keys.project, keys.public_keys, env.now()};
  auto repository =
      std::unique_ptr<Repository>(new Repository(env, std::move(folder), config, keys));
  BACKCAST_TRY(const Id slot, repository->slots().add(keys, passphrase, "init", cost));
  (void)slot;
  // The config comes last: without it there is no repository.
  const std::string text = encode_config(config, keys.config_key());
  BACKCAST_CHECK(env::publish_file(env, repository->folder(), "config", as_bytes(text)));
  fill_reserve(*repository);
  return repository;
}

Result<std::unique_ptr<Repository>> Repository::open(env::Env& env, const std::string& path,
                                                     const OpenOptions& options) {
  BACKCAST_TRY(auto folder, open_existing(env, path));
  BACKCAST_TRY(const std::string text, read_config_text(*folder));
  BACKCAST_TRY(Config config, decode_config(text));
  BACKCAST_TRY(Keys keys, find_keys(env, *folder, config, options));
  BACKCAST_CHECK(verify_config(text, keys.config_key()));
  take_newest(keys, config);
  auto repository = std::unique_ptr<Repository>(
      new Repository(env, std::move(folder), std::move(config), std::move(keys)));
  if (options.read_data && !repository->keys_.can_read()) {
    if (!options.passphrase) return reading_needs_passphrase();
    BACKCAST_TRY(SecretText passphrase, options.passphrase());
    repository->start_unlocking(std::move(passphrase));
  }
  return repository;
}

void Repository::start_unlocking(SecretText passphrase) {
  unlocking_ = std::async(std::launch::async, [this, given = std::move(passphrase)] {
    return slots().open(given.view());
  });
}

Status Repository::unlock() {
  if (!unlocking_.valid()) return keys_.can_read() ? Status(kOk) : reading_needs_passphrase();
  BACKCAST_TRY(Keys opened, unlocking_.get());
  if (opened.writer != keys_.writer) {
    return Error{Errc::kWrongKey, "the writer key belongs to another project", {}, {}};
  }
  take_newest(opened, config_);
  keys_ = std::move(opened);
  return kOk;
}

Result<std::size_t> Repository::rotate_keys(std::string_view passphrase, const std::string& label,
                                            Stretching cost) {
  BACKCAST_TRY(const auto old_slots, slots().list());
  Keys keys = keys_;  // its public keys are the newest that are known
  keys.pairs.push_back(KeyPair::generate());
  keys.public_keys.push_back(keys.pairs.back().public_key);
  // The private half is safe under the new passphrase before anything is sealed to the public one,
  // and by then no passphrase is left that opens the repository without it.
  BACKCAST_TRY(const Id slot, slots().add(keys, passphrase, label, cost));
  (void)slot;
  const auto put_into_force = [&]() -> Status {
    for (const auto& old : old_slots) BACKCAST_CHECK(slots().remove(old.id));
    return adopt_keys(keys);
  };
  if (auto done = put_into_force(); !done.ok()) {
    Error error = done.error();
    error.hint =
        "the new passphrase opens the repository, others may not any more; with it, "
        "backcast key rotate brings this to its end";
    return error;
  }
  return old_slots.size();
}

// An index object without packs records it, so that an older config is found out at once.
Status Repository::adopt_keys(const Keys& keys) {
  BACKCAST_ASSERT(keys.project == config_.project && keys.writer == keys_.writer);
  Config config = config_;
  config.public_keys = keys.public_keys;
  const std::string text = encode_config(config, keys.config_key());
  BACKCAST_CHECK(env::publish_file(env_, *folder_, "config", as_bytes(text), {.replace = true}));
  config_ = config;
  keys_ = keys;
  objects_.set_rotations(rotations_of(config_));
  return objects_.publish(ObjectType::kIndex, random_id(), as_bytes(encode_packs({})));
}

Status Repository::config_is_current() const {
  const bool passphrase_is_newer = keys_.public_keys.size() > config_.public_keys.size();
  if (objects_.rotations_seen() <= rotations_of(config_) && !passphrase_is_newer) return kOk;
  return failed(
      std::string("config is older than ") +
          (passphrase_is_newer ? "this passphrase: a key rotation was interrupted, or somebody put "
                                 "back the one from before it"
                               : "what was written since: somebody put back the one from before a "
                                 "key rotation, or restored it from an old copy") +
          "; nothing is sealed to its key",
      "backcast key rotate, with the newest passphrase, writes a new one");
}

}  // namespace backcast::store
