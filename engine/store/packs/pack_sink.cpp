#include "engine/store/packs/pack_sink.h"

#include <algorithm>

namespace backcast::store {

Status PackSink::append(const SealedChunk& chunk) {
  std::lock_guard lock(mutex_);
  if (error_) return *error_;
  auto added = add(chunk);
  if (!added.ok()) error_ = added.error();
  return added;
}

Status PackSink::add(const SealedChunk& chunk) {
  if (!pack_) BACKCAST_CHECK(begin_pack(chunk));
  const std::uint16_t key = number_of(chunk.key);
  pack_->blobs.push_back({chunk.label.id, chunk.label.kind, key,
                          static_cast<std::uint32_t>(end_bytes_),
                          static_cast<std::uint32_t>(chunk.bytes.size()), chunk.label.plain_bytes});
  BACKCAST_CHECK(put(chunk.bytes));
  if (end_bytes_ >= target_pack_bytes_ || pack_->keys.size() == kMaxPackKeys) {
    BACKCAST_CHECK(end_pack());
  }
  return kOk;
}

Result<WrittenPacks> PackSink::finish() {
  std::lock_guard lock(mutex_);
  if (error_) return *error_;
  if (pack_) BACKCAST_CHECK(end_pack());
  return disk_.finish();
}

Status PackSink::begin_pack(const SealedChunk& first) {
  pack_ = std::make_shared<Pack>();
  pack_->created = repository_.env().now();
  // Its digest is under a key that follows from its id: also where random numbers repeat, two packs
  // should not have one.
  std::string about;
  WireWriter writer(about);
  writer.fixed(view(repository_.config().repository));
  writer.fixed(view(first.label.id));
  writer.zigzag(pack_->created.time_since_epoch().count());
  writer.fixed(first.bytes.last(kTagBytes));
  pack_->id = random_id(as_bytes(about));
  end_bytes_ = 0;
  return put(as_bytes(pack_header(pack_->id)));
}

// Table and footer end at a multiple of the alignment, so that all of the file bypasses the page
// cache.
Status PackSink::end_pack() {
  std::string table;
  append_table(table, *pack_);
  std::string tail = repository_.objects().seal(ObjectType::kPackTable, pack_->id, as_bytes(table));
  const auto table_bytes = static_cast<std::uint32_t>(tail.size());
  WireWriter writer(tail);
  writer.u32(table_bytes);
  writer.fixed("BKPE");
  const std::uint64_t beyond = (end_bytes_ + tail.size()) % env::kDirectAlignment;
  if (beyond != 0) tail.insert(0, env::kDirectAlignment - beyond, '\0');
  BACKCAST_CHECK(put(as_bytes(tail)));
  pack_->size_bytes = end_bytes_;
  BACKCAST_CHECK(need_buffer());
  disk_.send(std::move(pack_), std::move(buffer_), true);
  pack_.reset();
  return kOk;
}

Status PackSink::need_buffer() {
  if (buffer_) return kOk;
  BACKCAST_TRY(buffer_, disk_.take_buffer());
  return kOk;
}

Status PackSink::put(ByteView bytes) {
  while (!bytes.empty()) {
    BACKCAST_CHECK(need_buffer());
    const std::size_t n = std::min(bytes.size(), DiskBuffer::kCapacityBytes - buffer_->used);
    std::copy_n(bytes.data(), n, buffer_->bytes.get() + buffer_->used);
    buffer_->used += n;
    end_bytes_ += n;
    bytes = bytes.subspan(n);
    if (buffer_->used == DiskBuffer::kCapacityBytes) disk_.send(pack_, std::move(buffer_), false);
  }
  return kOk;
}

// The key in use is nearly always among the last few.
std::uint16_t PackSink::number_of(const DataKey& key) {
  auto& keys = pack_->keys;
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (keys[i] == key) return static_cast<std::uint16_t>(i);
  }
  keys.push_back(key);
  return static_cast<std::uint16_t>(keys.size() - 1);
}

}  // namespace backcast::store
