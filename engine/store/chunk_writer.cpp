#include "engine/store/chunk_writer.h"

namespace backcast::store {

bool ChunkStore::claim(const Id& id) {
  if (index_.find_usable(id)) return false;
  std::lock_guard lock(mutex_);
  return claimed_.insert(id).second;
}

bool ChunkStore::has(const Id& id) {
  if (index_.find_usable(id)) return true;
  std::lock_guard lock(mutex_);
  return claimed_.contains(id);
}

void ChunkStore::count_added(std::uint64_t plain_bytes, std::uint64_t stored_bytes) {
  added_.chunks.fetch_add(1, std::memory_order_relaxed);
  added_.plain_bytes.fetch_add(plain_bytes, std::memory_order_relaxed);
  added_.stored_bytes.fetch_add(stored_bytes, std::memory_order_relaxed);
}

ChunkWriter::ChunkWriter(ChunkStore& store, int level)
    : store_(store),
      cipher_(store.repository().config().project, store.repository().keys().chunk_id_key()),
      compressor_(level) {}

// A data key seals about one pack: what one key can open stays small.
ChunkWriter::SealingKey& ChunkWriter::fresh_enough(BlobKind kind) {
  const Keys& keys = store_.repository().keys();
  SealingKey& current = kind == BlobKind::kReferences ? reference_key_ : data_key_;
  if (current.sealed_bytes < kTargetPackBytes) return current;
  if (kind == BlobKind::kReferences) {
    const Id name = random_id();
    current = {keys.reference_key().derive(name), DataKey::derived(name), 0};
  } else {
    current.secret = Secret::random();
    current.key = {false, wrap_key(keys.public_keys.back(), current.secret)};
    current.sealed_bytes = 0;
  }
  return current;
}

Result<Id> ChunkWriter::put(BlobKind kind, ByteView plain) {
  BACKCAST_ASSERT(plain.size() <= kMaxChunkBytes);
  const Id id = cipher_.id_of(kind, plain);
  if (!store_.claim(id)) return id;
  if (packed_.size() < plain.size()) {
    packed_.resize(plain.size());
    sealed_.resize(plain.size() + kTagBytes);
  }
  const ByteView packed = compressor_.compress(plain, packed_);
  SealingKey& sealing = fresh_enough(kind);
  sealing.sealed_bytes += packed.size();
  cipher_.set_key(sealing.secret);
  const ChunkLabel label{id, kind, static_cast<std::uint32_t>(plain.size())};
  cipher_.seal(label, packed, sealed_.data());
  const ByteView sealed = ByteView(sealed_).first(packed.size() + kTagBytes);
  BACKCAST_CHECK(store_.sink().append({label, sealing.key, sealed}));
  store_.count_added(plain.size(), sealed.size());
  return id;
}

}  // namespace backcast::store
