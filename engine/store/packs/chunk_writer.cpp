#include "engine/store/packs/chunk_writer.h"

#include <algorithm>

namespace backcast::store {
namespace {

// Nonces are 96 bits of chunk ids. Two of n chunks under one key share theirs with probability
// n²/2⁹⁷: with this many, however small they are, 2⁻⁶⁵.
constexpr std::uint32_t kMaxChunksPerKey = 1 << 16;

}  // namespace

bool ChunkStore::claim(const Id& id) {
  if (had(id)) return false;
  std::lock_guard lock(mutex_);
  return claimed_.insert(id).second;
}

bool ChunkStore::has(const Id& id) {
  if (had(id)) return true;
  std::lock_guard lock(mutex_);
  return claimed_.contains(id);
}

bool ChunkStore::had(const Id& id) {
  const IndexEntry* entry = index_.find_usable(id);
  if (!entry) return false;
  if (is_there(entry->pack)) return true;
  const auto copies = index_.copies(id);
  return std::any_of(copies.begin(), copies.end(), [&](const IndexEntry* copy) {
    return index_.is_usable(*copy) && is_there(copy->pack);
  });
}

// Two threads may look at once: both see the same.
bool ChunkStore::is_there(std::uint32_t pack) {
  Look look = looks_[pack].load(std::memory_order_relaxed);
  if (look == Look::kNone) {
    const PackInfo& info = index_.packs()[pack];
    look = look_at_pack(repository_, info.id, info.size_bytes).ok() ? Look::kThere : Look::kBad;
    looks_[pack].store(look, std::memory_order_relaxed);
  }
  return look == Look::kThere;
}

Status ChunkStore::check_relied_on() {
  for (std::size_t i = 0; i < looks_.size(); ++i) {
    if (looks_[i].load(std::memory_order_relaxed) != Look::kThere) continue;
    const PackInfo& info = index_.packs()[i];
    BACKCAST_CHECK(look_at_pack(repository_, info.id, info.size_bytes));
  }
  return kOk;
}

std::vector<Id> ChunkStore::bad_packs() const {
  std::vector<Id> bad;
  for (std::size_t i = 0; i < looks_.size(); ++i) {
    if (looks_[i].load(std::memory_order_relaxed) == Look::kBad)
      bad.push_back(index_.packs()[i].id);
  }
  return bad;
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
Result<ChunkWriter::SealingKey*> ChunkWriter::fresh_enough(BlobKind kind) {
  const Keys& keys = store_.repository().keys();
  SealingKey& current = kind == BlobKind::kReferences ? reference_key_ : data_key_;
  if (current.sealed_bytes < kTargetPackBytes && current.sealed_chunks < kMaxChunksPerKey) {
    return &current;
  }
  if (kind == BlobKind::kReferences) {
    const Id name = random_id();
    current = {keys.reference_key().derive(name), DataKey::derived(name), 0, 0};
  } else {
    BACKCAST_CHECK(store_.repository().config_is_current());
    current.secret = Secret::random();
    current.key = {false, wrap_key(keys.public_keys.back(), current.secret)};
    current.sealed_bytes = 0;
    current.sealed_chunks = 0;
  }
  return &current;
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
  BACKCAST_TRY(SealingKey * sealing_key, fresh_enough(kind));
  SealingKey& sealing = *sealing_key;
  sealing.sealed_bytes += packed.size();
  ++sealing.sealed_chunks;
  cipher_.set_key(sealing.secret);
  const ChunkLabel label{id, kind, static_cast<std::uint32_t>(plain.size())};
  cipher_.seal(label, packed, sealed_.data());
  const ByteView sealed = ByteView(sealed_).first(packed.size() + kTagBytes);
  BACKCAST_CHECK(store_.sink().append({label, sealing.key, sealed}));
  store_.count_added(plain.size(), sealed.size());
  return id;
}

}  // namespace backcast::store
