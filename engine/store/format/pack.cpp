#include "engine/store/format/pack.h"

#include <algorithm>

#include "engine/store/format/chunker.h"

namespace backcast::store {
namespace {

Error damaged() {
  return Error{Errc::kCorrupt, "damaged pack table", {}, {}};
}

void append_key(WireWriter& out, const DataKey& key) {
  out.u8(key.is_derived ? 1 : 0);
  out.fixed(ByteView(key.wrapped).first(key.is_derived ? kIdBytes : kWrappedKeyBytes));
}

DataKey read_key(WireReader& in) {
  DataKey key;
  const std::uint8_t form = in.u8();
  if (form > 1) in.fail();
  key.is_derived = form == 1;
  const ByteView raw = in.fixed(key.is_derived ? kIdBytes : kWrappedKeyBytes);
  std::copy(raw.begin(), raw.end(), key.wrapped.begin());
  return key;
}

// Key number and kind change rarely: one byte for both where the key is below 64.
std::uint64_t key_and_kind(const Blob& blob) {
  return std::uint64_t{blob.key} * 4 + static_cast<std::uint64_t>(blob.kind);
}

}  // namespace

Id DataKey::derived_name() const {
  Id name;
  std::memcpy(name.bytes.data(), wrapped.data(), kIdBytes);
  return name;
}

DataKey DataKey::derived(const Id& name) {
  DataKey key;
  key.is_derived = true;
  std::memcpy(key.wrapped.data(), name.bytes.data(), kIdBytes);
  return key;
}

std::string pack_header(const Id& id) {
  std::string out;
  WireWriter writer(out);
  writer.fixed(object_header(ObjectType::kPack));
  writer.fixed(view(id));
  return out;
}

void append_table(std::string& out, const Pack& pack) {
  WireWriter writer(out);
  writer.zigzag(pack.created.time_since_epoch().count());
  writer.varint(pack.keys.size());
  for (const DataKey& key : pack.keys) append_key(writer, key);
  writer.varint(pack.blobs.size());
  std::uint64_t end = kPackHeaderBytes;
  for (const Blob& blob : pack.blobs) {
    BACKCAST_ASSERT(blob.offset_bytes == end && blob.key < pack.keys.size());
    writer.fixed(view(blob.id));
    writer.varint(key_and_kind(blob));
    writer.varint(blob.plain_bytes);
    // How much compression saved; 0 = stored as it is.
    writer.varint(blob.plain_bytes + kTagBytes - blob.stored_bytes);
    end += blob.stored_bytes;
  }
}

void append_pack(std::string& out, const Pack& pack) {
  WireWriter writer(out);
  writer.fixed(view(pack.id));
  writer.varint(pack.size_bytes);
  writer.fixed(pack.digest);
  append_table(out, pack);
}

Result<Pack> read_table(WireReader& in) {
  Pack pack;
  pack.created = Instant(Duration(in.zigzag()));
  const std::uint64_t keys = in.varint(kMaxPackKeys);
  for (std::uint64_t i = 0; i < keys && in.ok(); ++i) pack.keys.push_back(read_key(in));
  const std::uint64_t blobs = in.varint(kMaxPackBytes);
  std::uint64_t end = kPackHeaderBytes;
  // Each blob takes at least 19 bytes of table, which bounds what a forged count can allocate.
  pack.blobs.reserve(std::min<std::uint64_t>(blobs, in.rest().size() / 19));
  for (std::uint64_t i = 0; i < blobs && in.ok(); ++i) {
    Blob blob;
    blob.id = read_id(in);
    const std::uint64_t key_kind = in.varint(kMaxPackKeys * 4);
    blob.kind = static_cast<BlobKind>(key_kind & 3);
    blob.key = static_cast<std::uint16_t>(key_kind / 4);
    blob.plain_bytes = static_cast<std::uint32_t>(in.varint(kMaxChunkBytes));
    const std::uint64_t saved = in.varint(blob.plain_bytes);
    blob.stored_bytes = static_cast<std::uint32_t>(blob.plain_bytes + kTagBytes - saved);
    blob.offset_bytes = static_cast<std::uint32_t>(end);
    end += blob.stored_bytes;
    if (blob.kind > BlobKind::kReferences || blob.key >= keys || end > kMaxPackBytes) in.fail();
    pack.blobs.push_back(blob);
  }
  if (!in.ok()) return damaged();
  return pack;
}

Result<Pack> read_pack(WireReader& in) {
  const Id id = read_id(in);
  const std::uint64_t size = in.varint(kMaxPackBytes);
  const ByteView digest = in.fixed(kTagBytes);
  BACKCAST_TRY(Pack pack, read_table(in));
  pack.id = id;
  pack.size_bytes = size;
  std::copy(digest.begin(), digest.end(), pack.digest.begin());
  if (!pack.blobs.empty() &&
      std::uint64_t{pack.blobs.back().offset_bytes} + pack.blobs.back().stored_bytes > size) {
    return damaged();
  }
  return pack;
}

}  // namespace backcast::store
