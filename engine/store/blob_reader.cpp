#include "engine/store/blob_reader.h"

#include <algorithm>

namespace backcast::store {
namespace {

constexpr std::size_t kOpenPacks = 64;
// Chunks of one file lie next to each other, small files beside their neighbours: read ahead where
// reading goes forward.
constexpr std::uint64_t kReadAheadBytes = 1 << 20;

Error corrupt(const Index& index, const IndexEntry& entry, const char* what) {
  return Error{Errc::kCorrupt,
               "chunk " + to_hex(entry.id) + " in pack " + to_hex(index.packs()[entry.pack].id) +
                   ": " + what,
               {},
               "backcast check --read-data names what it affects"};
}

}  // namespace

Result<std::shared_ptr<env::File>> PackFiles::file(std::uint32_t pack) {
  std::lock_guard lock(mutex_);
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    if (it->first != pack) continue;
    open_.splice(open_.begin(), open_, it);
    return it->second;
  }
  BACKCAST_TRY(auto file,
               repository_.folder().open(name_of(ObjectType::kPack, index_.packs()[pack].id)));
  open_.emplace_front(pack, std::move(file));
  if (open_.size() > kOpenPacks) open_.pop_back();
  return open_.front().second;
}

Result<Secret> PackFiles::data_key(std::uint32_t pack, std::uint16_t key) {
  std::lock_guard lock(mutex_);
  const std::uint64_t number = std::uint64_t{pack} << 16 | key;
  if (const auto found = keys_.find(number); found != keys_.end()) return found->second;
  const DataKey& wanted = index_.packs()[pack].keys[key];
  Secret secret;
  if (wanted.is_derived) {
    secret = repository_.keys().reference_key().derive(wanted.derived_name());
  } else {
    if (!repository_.keys().can_read()) {
      return Error{Errc::kWrongKey,
                   "reading data needs the passphrase",
                   {},
                   "give --passphrase-file or --passphrase-command"};
    }
    // The newest pair sealed nearly everything.
    const auto& pairs = repository_.keys().pairs;
    bool opened = false;
    for (std::size_t i = pairs.size(); i-- > 0 && !opened;) {
      auto unwrapped = unwrap_key(pairs[i], wanted.wrapped);
      if (!unwrapped.ok()) continue;
      secret = *unwrapped;
      opened = true;
    }
    if (!opened) {
      return Error{Errc::kCorrupt,
                   "pack " + to_hex(index_.packs()[pack].id) +
                       ": its data key was not sealed to this project",
                   {},
                   {}};
    }
  }
  keys_.emplace(number, secret);
  return secret;
}

BlobReader::BlobReader(PackFiles& packs)
    : packs_(packs),
      cipher_(packs.repository().config().project, packs.repository().keys().chunk_id_key()) {}

Result<ByteView> BlobReader::read_sealed(const IndexEntry& entry) {
  const std::uint64_t begin = entry.offset_bytes, end = begin + entry.stored_bytes;
  if (entry.pack != window_pack_ || begin < window_begin_ || end > window_end_) {
    const PackInfo& pack = packs_.index().packs()[entry.pack];
    const bool forward = entry.pack == window_pack_ && begin >= window_begin_ &&
                         begin < window_end_ + kReadAheadBytes;
    const std::uint64_t wanted =
        std::max<std::uint64_t>(entry.stored_bytes, forward ? kReadAheadBytes : 64 << 10);
    const std::uint64_t size = std::min(wanted, pack.size_bytes - begin);
    if (window_.size() < size) window_.resize(size);
    window_pack_ = UINT32_MAX;
    BACKCAST_TRY(const auto file, packs_.file(entry.pack));
    BACKCAST_TRY(const std::size_t got, file->read_at(begin, ByteSpan(window_).first(size)));
    if (got < entry.stored_bytes) return corrupt(packs_.index(), entry, "the pack is too short");
    window_pack_ = entry.pack;
    window_begin_ = begin;
    window_end_ = begin + got;
  }
  return ByteView(window_).subspan(begin - window_begin_, entry.stored_bytes);
}

Status BlobReader::read_into(const IndexEntry& entry, ByteSpan out) {
  BACKCAST_ASSERT(out.size() == entry.plain_bytes);
  BACKCAST_TRY(const ByteView sealed, read_sealed(entry));
  BACKCAST_TRY(const Secret key, packs_.data_key(entry.pack, entry.key));
  cipher_.set_key(key);
  const bool is_compressed = entry.is_compressed();
  if (is_compressed && packed_.size() < sealed.size()) packed_.resize(sealed.size());
  if (!cipher_.open(entry.label(), sealed, is_compressed ? packed_.data() : out.data())) {
    return corrupt(packs_.index(), entry, "damaged");
  }
  if (is_compressed &&
      !decompressor_.decompress(ByteView(packed_).first(sealed.size() - kTagBytes), out)) {
    return corrupt(packs_.index(), entry, "does not decompress to its length");
  }
  return kOk;
}

Result<ByteView> BlobReader::read(const Id& id, BlobKind kind) {
  const IndexEntry* entry = packs_.index().find(id);
  if (!entry || entry->kind != kind) {
    return Error{Errc::kCorrupt,
                 "chunk " + to_hex(id) + " is missing from the index",
                 {},
                 "backcast check names what it affects"};
  }
  if (plain_.size() < entry->plain_bytes) plain_.resize(entry->plain_bytes);
  const ByteSpan out = ByteSpan(plain_).first(entry->plain_bytes);
  BACKCAST_CHECK(read_into(*entry, out));
  return ByteView(out);
}

}  // namespace backcast::store
