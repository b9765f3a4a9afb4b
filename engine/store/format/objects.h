// The small sealed files of a repository: index, snapshots, heads, marks, journal, damage, rules,
// labels.
// Each is written whole under a random name and never changed; its seal binds repository, type and
// name.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "engine/env/env.h"
#include "engine/store/format/crypto.h"

namespace backcast::store {

enum class ObjectType : std::uint8_t {
  kIndex = 'I',
  kSnapshot = 'S',
  kMark = 'M',
  kJournal = 'J',
  kHead = 'H',       // named like the snapshot it vouches for (head.h)
  kDamage = 'D',     // copies of chunks that were found bad (damage.h)
  kRules = 'R',      // what the repository asks of backup and forget (rules.h)
  kLabel = 'L',      // what a service says of a snapshot (label.h)
  kPack = 'P',       // not a small object: packs/ holds chunks (pack.h)
  kPackTable = 'T',  // the sealed table at the end of a pack
};
const char* folder_of(ObjectType type);              // "index", "snapshots", …
std::string name_of(ObjectType type, const Id& id);  // "index/0123…"

inline constexpr std::uint64_t kMaxObjectBytes = 1ULL << 30;
inline constexpr std::size_t kObjectHeaderBytes = 8;
// 'B' 'K' 'C' type format, u16 rotations, 0: readable without any key, so that a newer format is
// recognised. `rotations`: how often its writer knew the key pair to have been renewed.
using ObjectHeader = std::array<std::uint8_t, kObjectHeaderBytes>;
ObjectHeader object_header(ObjectType type, std::uint16_t rotations = 0);
// kCorrupt if it is no such object; kFailed with advice if it was written by a newer format.
Status check_object_header(ObjectType type, ByteView bytes, const std::string& name);

class Objects {
 public:
  Objects(env::Env& env, env::Folder& folder, const Id& repository, const Secret& key)
      : env_(env), folder_(folder), repository_(repository), key_(key) {}

  // header ‖ sealed plain.
  std::string seal(ObjectType type, const Id& id, ByteView plain) const;
  Result<std::string> open(ObjectType type, const Id& id, ByteView bytes) const;

  // After it returns the object survives a power cut. Makes the folder that repositories of earlier
  // versions lack.
  Status publish(ObjectType type, const Id& id, ByteView plain);
  Result<std::string> load(ObjectType type, const Id& id) const;
  // In order of ids; names that are no ids are left out.
  Result<std::vector<Id>> list(ObjectType type) const;
  Status remove(ObjectType type, const Id& id);

  // Says so in whatever is written from now on.
  void set_rotations(std::uint16_t rotations) { rotations_ = rotations; }
  // The most that anything opened so far says: more than config knows means that config is old.
  std::uint16_t rotations_seen() const { return seen_; }

 private:
  Status write(ObjectType type, const Id& id, ByteView plain);
  std::string associated(const ObjectHeader& header, const Id& id) const;

  env::Env& env_;
  env::Folder& folder_;
  Id repository_;
  Secret key_;
  std::atomic<std::uint16_t> rotations_{0};
  mutable std::atomic<std::uint16_t> seen_{0};
};

}  // namespace backcast::store
