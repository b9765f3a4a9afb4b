// A pack: many sealed chunks in one file, with the table that finds them again.
//
//   header ‖ pack id ‖ chunks … ‖ zeros ‖ sealed table ‖ table length ‖ "BKPE"
//
// The same table goes into the index; the copy in the pack rebuilds a lost index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/instant.h"
#include "engine/store/format/crypto.h"
#include "engine/store/format/objects.h"

namespace backcast::store {

// The key of some chunks of a pack. A chunk copied to another pack takes its key along, unopened.
struct DataKey {
  // Sealed to the project's public key; or, for references, which need no private key, the name of
  // a child of the reference key in the first 16 bytes.
  bool is_derived = false;
  WrappedKey wrapped{};

  Id derived_name() const;
  static DataKey derived(const Id& name);
  bool operator==(const DataKey&) const = default;
};

struct Blob {
  Id id;
  BlobKind kind = BlobKind::kData;
  std::uint16_t key = 0;  // into Pack::keys
  std::uint32_t offset_bytes = 0;
  std::uint32_t stored_bytes = 0;  // sealed, with its tag
  std::uint32_t plain_bytes = 0;

  bool is_compressed() const { return stored_bytes != plain_bytes + kTagBytes; }
  ChunkLabel label() const { return {id, kind, plain_bytes}; }
  bool operator==(const Blob&) const = default;
};

struct Pack {
  Id id;
  Instant created{};
  std::uint64_t size_bytes = 0;  // of the file
  Tag digest{};                  // of the file's bytes
  std::vector<DataKey> keys;
  std::vector<Blob> blobs;  // in order of offsets
};

inline constexpr std::size_t kPackHeaderBytes = kObjectHeaderBytes + kIdBytes;
inline constexpr std::size_t kPackFooterBytes = 8;
inline constexpr std::uint64_t kMaxPackBytes = 1ULL << 30;
inline constexpr std::size_t kMaxPackKeys = 4096;

std::string pack_header(const Id& id);

// Table: created, keys and blobs. Index entry: the table with id, size and digest before it.
void append_table(std::string& out, const Pack& pack);
void append_pack(std::string& out, const Pack& pack);
// Errors: kCorrupt for anything the writers do not write: lengths out of bounds, unknown kinds.
Result<Pack> read_table(WireReader& in);
Result<Pack> read_pack(WireReader& in);

}  // namespace backcast::store
