// Streams in the age v1 format (https://age-encryption.org/v1), to one X25519 recipient: what a
// download is that stays encrypted. Any age program opens it with the project's identity.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/wire.h"
#include "engine/kinds/formats/files.h"
#include "engine/store/format/crypto.h"

namespace backcast::kinds {

// "age1…", of a public key; and "AGE-SECRET-KEY-1…", of a private one (Bech32, BIP 173).
std::string age_recipient(const store::PublicKey& key);
store::SecretText age_identity(const store::Secret& private_key);

// Takes a content in parts and hands the encrypted stream on.
class AgeWriter {
 public:
  AgeWriter(const store::PublicKey& recipient, ByteSink sink);
  ~AgeWriter();
  Status append(ByteView bytes);
  Status finish();  // without it whoever opens the stream is told that it is cut short

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The other way round. Errors: kWrongKey if it is for other recipients, kCorrupt if it is no whole
// age file.
class AgeReader {
 public:
  // Any of the pairs may be the recipient.
  AgeReader(std::vector<store::KeyPair> pairs, ByteSink sink);
  ~AgeReader();
  Status append(ByteView bytes);
  Status finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace backcast::kinds
