#include "engine/store/repository/file_cache.h"

#include <sodium.h>

#include <algorithm>

namespace backcast::store {
namespace {

// file: blocks … ‖ slots (hash, offset, size) … ‖ slot count ‖ MAC of the slots ‖ magic
// block: MAC of the rest ‖ path ‖ number ‖ entries
constexpr std::string_view kMagic = "BKCACHE3";
constexpr std::size_t kMacBytes = crypto_shorthash_siphashx24_BYTES;
constexpr std::size_t kFooterBytes = 8 + kMacBytes + 8;
constexpr std::size_t kSlotBytes = 24;
constexpr std::size_t kFlushBytes = 1 << 20;
constexpr std::uint64_t kMaxEntryBytes = 1ULL << 32;
static_assert(crypto_shorthash_siphashx24_KEYBYTES <= kKeyBytes);

// SipHash: keyed, so that neither an accident nor a stranger's file passes.
std::string mac(const Secret& key, std::string_view bytes) {
  std::string out(kMacBytes, '\0');
  crypto_shorthash_siphashx24(reinterpret_cast<std::uint8_t*>(out.data()), as_bytes(bytes).data(),
                              bytes.size(), key.view().data());
  return out;
}

std::string block_head(const std::string& path, std::uint64_t number) {
  std::string head;
  WireWriter writer(head);
  writer.bytes(path);
  writer.varint(number);
  return head;
}

std::uint64_t hash_of(const Secret& key, const std::string& head) {
  return WireReader(as_bytes(mac(key, head))).u64();
}

// What killed backups left: whoever writes one of these holds its lock.
void remove_dead_files(env::Folder& folder) {
  const auto entries = folder.list("");
  if (!entries.ok()) return;
  for (const env::FolderEntry& entry : *entries) {
    if (entry.is_folder || !entry.name.starts_with(env::kTemporaryPrefix)) continue;
    const auto lock = folder.lock(entry.name, env::LockKind::kExclusive);
    if (lock.ok()) (void)folder.remove(entry.name);
  }
}

}  // namespace

bool CachedEntry::matches(const source::Node& found) const {
  return kind == found.kind && size_bytes == found.size_bytes && mtime_ns == found.mtime_ns &&
         ctime_ns == found.ctime_ns && file == found.file;
}

const CachedEntry* CachedListing::find(std::string_view name) const {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), name,
                       [](const CachedEntry& entry, std::string_view n) { return entry.name < n; });
  return found != entries.end() && found->name == name ? &*found : nullptr;
}

FileCache FileCache::open(env::Folder* folder, const std::string& name, const Secret& key) {
  FileCache cache;
  cache.key_ = key;
  if (!folder) return cache;
  auto file = folder->open(name);
  if (!file.ok()) return cache;
  auto size = (*file)->size_bytes();
  if (!size.ok() || *size < kFooterBytes) return cache;
  std::string footer(kFooterBytes, '\0');
  const auto read = [&](std::uint64_t offset, std::string& into) {
    auto got =
        (*file)->read_at(offset, {reinterpret_cast<std::uint8_t*>(into.data()), into.size()});
    return got.ok() && *got == into.size();
  };
  if (!read(*size - kFooterBytes, footer) || !footer.ends_with(kMagic)) return cache;
  WireReader in(as_bytes(footer));
  const std::uint64_t count = in.u64();
  if (count > (*size - kFooterBytes) / kSlotBytes) return cache;
  std::string table(count * kSlotBytes, '\0');
  if (!read(*size - kFooterBytes - table.size(), table) ||
      mac(key, table) != footer.substr(8, kMacBytes)) {
    return cache;
  }
  WireReader slots(as_bytes(table));
  cache.slots_.resize(count);
  for (Slot& slot : cache.slots_) slot = {slots.u64(), slots.u64(), slots.u64()};
  cache.file_ = std::move(*file);
  return cache;
}

std::optional<CachedListing> FileCache::find(const std::string& path, std::uint64_t number) const {
  if (slots_.empty()) return std::nullopt;
  const std::string head = block_head(path, number);
  const std::uint64_t hash = hash_of(key_, head);
  const auto slot = std::lower_bound(slots_.begin(), slots_.end(), hash,
                                     [](const Slot& s, std::uint64_t h) { return s.hash < h; });
  if (slot == slots_.end() || slot->hash != hash || slot->size_bytes > kMaxEntryBytes) {
    return std::nullopt;
  }
  CachedListing listing;
  listing.bytes.resize(slot->size_bytes);
  auto got =
      file_->read_at(slot->offset_bytes,
                     {reinterpret_cast<std::uint8_t*>(listing.bytes.data()), listing.bytes.size()});
  const std::string_view block = listing.bytes;
  if (!got.ok() || *got != block.size() || block.size() < kMacBytes + head.size() ||
      block.substr(kMacBytes, head.size()) != head ||
      mac(key_, block.substr(kMacBytes)) != block.substr(0, kMacBytes)) {
    return std::nullopt;
  }
  WireReader in(as_bytes(block.substr(kMacBytes + head.size())));
  while (in.ok() && !in.at_end()) {
    CachedEntry entry;
    entry.name = in.bytes(block.size());
    entry.kind = static_cast<source::NodeKind>(in.u8());
    entry.size_bytes = in.varint();
    entry.mtime_ns = in.zigzag();
    entry.ctime_ns = in.zigzag();
    entry.file.device = in.varint();
    entry.file.inode = in.varint();
    entry.content_bytes = in.varint();
    entry.node = in.bytes(block.size());
    entry.ids = as_bytes(in.bytes(block.size()));
    listing.entries.push_back(entry);
  }
  if (!in.ok()) return std::nullopt;
  return listing;
}

FileCacheWriter::FileCacheWriter(env::Env& env, env::Folder* folder, std::string name,
                                 const Secret& key)
    : folder_(folder), name_(std::move(name)), key_(key) {
  if (!folder_) return;
  remove_dead_files(*folder_);
  Id unique;
  env.random(unique.bytes);
  temporary_ = std::string(env::kTemporaryPrefix) + to_hex(unique);
  auto file = folder_->create(temporary_);
  if (!file.ok()) return;
  // Another backup that tidies up here may be quicker: then this one writes no cache. Where there
  // are no locks nobody tidies up.
  auto lock = folder_->lock(temporary_, env::LockKind::kExclusive);
  if (!lock.ok() && lock.error().code == Errc::kLocked) return;
  if (!folder_->stat(temporary_).ok()) return;
  if (lock.ok()) lock_ = *std::move(lock);
  file_ = *std::move(file);
}

FileCacheWriter::~FileCacheWriter() {
  if (file_) (void)folder_->remove(temporary_);
}

void FileCacheWriter::add(const std::string& path, std::uint64_t number, std::string_view entries) {
  if (!file_) return;
  const std::string head = block_head(path, number);
  std::string body = head;
  body.append(entries);
  slots_.push_back({hash_of(key_, head), end_bytes_, kMacBytes + body.size()});
  pending_ += mac(key_, body) + body;
  end_bytes_ += kMacBytes + body.size();
  if (pending_.size() >= kFlushBytes) flush();
}

void FileCacheWriter::flush() {
  if (file_ && !file_->append(as_bytes(pending_)).ok()) {
    file_.reset();
    (void)folder_->remove(temporary_);
  }
  pending_.clear();
}

void FileCacheWriter::commit() {
  if (!file_) return;
  std::sort(slots_.begin(), slots_.end(),
            [](const auto& a, const auto& b) { return a.hash < b.hash; });
  std::string table;
  WireWriter writer(table);
  for (const auto& slot : slots_) {
    writer.u64(slot.hash);
    writer.u64(slot.offset_bytes);
    writer.u64(slot.size_bytes);
  }
  const std::string table_mac = mac(key_, table);
  pending_ += table;
  WireWriter footer(pending_);
  footer.u64(slots_.size());
  footer.fixed(table_mac);
  footer.fixed(kMagic);
  flush();
  if (file_ && folder_->rename(temporary_, name_).ok()) file_.reset();
}

void append_cached(std::string& out, const source::Node& node, std::uint64_t content_bytes,
                   std::string_view node_bytes, std::span<const Id> ids) {
  WireWriter writer(out);
  writer.bytes(node.name);
  writer.u8(static_cast<std::uint8_t>(node.kind));
  writer.varint(node.size_bytes);
  writer.zigzag(node.mtime_ns);
  writer.zigzag(node.ctime_ns);
  writer.varint(node.file.device);
  writer.varint(node.file.inode);
  writer.varint(content_bytes);
  writer.bytes(node_bytes);
  writer.varint(ids.size() * kIdBytes);
  for (const Id& id : ids) writer.fixed(view(id));
}

}  // namespace backcast::store
