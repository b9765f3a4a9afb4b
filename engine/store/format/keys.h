// Who may do what with a repository.
//
// A project has one or more X25519 key pairs (the newest seals, all open) and a writer secret.
// The writer secret makes chunk ids, boundaries and the seals of index, snapshots and journal: with
// it and the public key a machine backs up, deduplicates, forgets and prunes, but reads nothing it
// wrote. The private keys open data; they lie in keys/, each copy sealed under a passphrase.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/env/env.h"
#include "engine/store/format/crypto.h"

namespace backcast::store {

struct Keys {
  Id project;
  std::vector<PublicKey> public_keys;  // oldest first
  Secret writer;
  std::vector<KeyPair> pairs;  // empty: write-only

  bool can_read() const { return !pairs.empty(); }
  Secret chunk_id_key() const { return writer.derive(1); }
  Secret gear_key() const { return writer.derive(2); }
  Secret object_key() const { return writer.derive(3); }
  Secret reference_key() const { return writer.derive(4); }
  Secret digest_key() const { return writer.derive(5); }
  Secret config_key() const { return writer.derive(6); }
  Secret forgetting_key() const { return writer.derive(8); }

  static Keys generate();
};

// What a machine that backs up keeps: one line of text. Secret, but opens no data.
SecretText writer_key_text(const Keys& keys);
struct WriterKey {
  Id project;
  Secret writer;
};
// Errors: kBadInput.
Result<WriterKey> parse_writer_key(std::string_view text);

struct KeySlot {
  Id id;
  std::string label;
  Instant created{};
  Stretching cost;
};

// The folder keys/ of a repository: one file per passphrase.
class KeySlots {
 public:
  KeySlots(env::Env& env, env::Folder& folder, const Id& project)
      : env_(env), folder_(folder), project_(project) {}

  Result<std::vector<KeySlot>> list() const;
  // Seals all of `keys` under the passphrase. kBadInput for an empty passphrase.
  Result<Id> add(const Keys& keys, std::string_view passphrase, const std::string& label,
                 Stretching cost);
  // Tries every slot, newest first. kWrongKey if none opens or the private keys were destroyed.
  // `opened` receives the slot.
  Result<Keys> open(std::string_view passphrase, Id* opened = nullptr) const;
  Status remove(const Id& slot);

 private:
  Result<Keys> open_slot(const Id& slot, std::string_view passphrase) const;

  env::Env& env_;
  env::Folder& folder_;
  Id project_;
};

}  // namespace backcast::store
