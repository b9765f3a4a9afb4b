// From a chunk's id to its plain bytes: find, read, open, decompress. Pack files and data keys are
// shared by all readers of a repository; every thread has a reader of its own.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "engine/store/format/codec.h"
#include "engine/store/format/index.h"
#include "engine/store/repository/repository.h"

namespace backcast::store {

// Open pack files and unwrapped data keys; and what its readers found damaged, which is recorded at
// the end, so that no later backup relies on it. Thread safe.
class PackFiles {
 public:
  // `index` must outlive it.
  PackFiles(Repository& repository, const Index& index) : repository_(repository), index_(index) {}
  ~PackFiles();
  PackFiles(const PackFiles&) = delete;
  PackFiles& operator=(const PackFiles&) = delete;

  Repository& repository() { return repository_; }
  const Index& index() const { return index_; }
  Result<std::shared_ptr<env::File>> file(std::uint32_t pack);
  // What was wrong with copies that others stood in for; each once.
  void note_overcome(const Error& why);
  std::vector<std::string> overcome() const;
  // Hints that these chunks are wanted soon, nearly all of each stretch they lie in.
  void will_read(std::vector<const IndexEntry*> entries);
  void note_damage(const IndexEntry& entry);  // this copy of the chunk
  // kWrongKey without the private key, except for references.
  Result<Secret> data_key(std::uint32_t pack, std::uint16_t key);

 private:
  Repository& repository_;
  const Index& index_;
  mutable std::mutex mutex_;
  std::set<std::string> overcome_;
  std::list<std::pair<std::uint32_t, std::shared_ptr<env::File>>> open_;  // newest first
  std::unordered_map<std::uint64_t, Secret> keys_;
  std::vector<BadPack> damage_;
};

class BlobReader {
 public:
  explicit BlobReader(PackFiles& packs);

  // The plain bytes; valid until the next call. Every id is computed anew from the bytes: a copy of
  // a chunk that is damaged, or that somebody sealed with other bytes, is passed over for the next.
  // Errors: kCorrupt naming chunk and pack if no copy is whole; kWrongKey.
  Result<ByteView> read(const Id& id, BlobKind kind);
  // What the index says of a chunk, kCorrupt if nothing. Where copies disagree about its length,
  // they are read to find one that is whole.
  Result<const IndexEntry*> locate(const Id& id, BlobKind kind);
  // The bytes of a chunk that was located.
  Status read_into(const IndexEntry& entry, ByteSpan out);
  // As stored, unopened; valid until the next call.
  Result<ByteView> read_sealed(const IndexEntry& entry);
  PackFiles& packs() { return packs_; }

 private:
  PackFiles& packs_;
  ChunkCipher cipher_;
  Decompressor decompressor_;
  // What was read of a pack: neighbours are usually wanted next.
  struct Window {
    std::vector<std::uint8_t> bytes;
    std::uint32_t pack = UINT32_MAX;
    std::uint64_t begin = 0, end = 0;
    bool holds(const IndexEntry& entry) const {
      return entry.pack == pack && entry.offset_bytes >= begin &&
             std::uint64_t{entry.offset_bytes} + entry.stored_bytes <= end;
    }
    bool leads_to(const IndexEntry& entry) const;
  };
  Status fill(Window& window, const IndexEntry& entry, bool forward);
  Status read_copy(const IndexEntry& entry, ByteSpan out);
  ByteSpan room(std::uint32_t bytes);

  std::vector<std::uint8_t> plain_, packed_;
  // Most recent first. Several, for a tree of many generations jumps between their packs and goes
  // forward in each.
  std::array<Window, 6> windows_;
};

}  // namespace backcast::store
