#include "engine/store/packs/blob_reader.h"

#include <algorithm>
#include <tuple>

#include "engine/store/repository/damage.h"

namespace backcast::store {
namespace {

constexpr std::size_t kOpenPacks = 64;
// Chunks of one file lie next to each other, small files beside their neighbours: read ahead where
// reading goes forward.
constexpr std::uint64_t kReadAheadBytes = 256 << 10;
constexpr std::uint64_t kFirstReadBytes = 64 << 10;
// Stretches of a pack that are this near to each other are read as one.
constexpr std::uint64_t kGapBytes = 128 << 10;

// A pack that is missing or cannot be read is damage, too: whoever reads on finds the rest.
Error corrupt(const Index& index, const IndexEntry& entry, const std::string& what) {
  return Error{Errc::kCorrupt,
               "chunk " + to_hex(entry.id) + " in pack " + to_hex(index.packs()[entry.pack].id) +
                   ": " + what,
               {},
               "backcast check --read-data names what it affects"};
}

// Found to be so: nothing new refers to this copy.
Error corrupt(PackFiles& packs, const IndexEntry& entry, const std::string& what) {
  packs.note_damage(entry);
  return corrupt(packs.index(), entry, what);
}

// What cannot be read now may be read another time: only what is gone is noted.
Error unreadable(PackFiles& packs, const IndexEntry& entry, const Error& why) {
  if (why.code == Errc::kNotFound) return corrupt(packs, entry, why.message);
  return corrupt(packs.index(), entry, why.message);
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

void PackFiles::note_overcome(const Error& why) {
  std::lock_guard lock(mutex_);
  overcome_.insert(why.message + "; another copy of it is whole");
}

std::vector<std::string> PackFiles::overcome() const {
  std::lock_guard lock(mutex_);
  return {overcome_.begin(), overcome_.end()};
}

// Where the repository cannot be written nobody can rely on anything either.
PackFiles::~PackFiles() {
  if (!damage_.empty()) (void)record_damage(repository_, std::move(damage_));
}

void PackFiles::note_damage(const IndexEntry& entry) {
  std::lock_guard lock(mutex_);
  damage_.push_back({index_.packs()[entry.pack].id, {entry.id}});
}

void PackFiles::will_read(std::vector<const IndexEntry*> entries) {
  std::sort(entries.begin(), entries.end(), [](const IndexEntry* a, const IndexEntry* b) {
    return std::tie(a->pack, a->offset_bytes) < std::tie(b->pack, b->offset_bytes);
  });
  for (std::size_t i = 0; i < entries.size();) {
    const IndexEntry& first = *entries[i];
    std::uint64_t end = first.offset_bytes;
    for (; i < entries.size() && entries[i]->pack == first.pack &&
           entries[i]->offset_bytes <= end + kGapBytes;
         ++i) {
      end = std::uint64_t{entries[i]->offset_bytes} + entries[i]->stored_bytes;
    }
    // A pack that cannot be opened is the reader's affair.
    if (auto opened = file(first.pack); opened.ok()) {
      (*opened)->will_read(first.offset_bytes, end - first.offset_bytes);
    }
  }
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

bool BlobReader::Window::leads_to(const IndexEntry& entry) const {
  return entry.pack == pack && entry.offset_bytes >= begin &&
         entry.offset_bytes < end + kReadAheadBytes;
}

Status BlobReader::fill(Window& window, const IndexEntry& entry, bool forward) {
  const PackInfo& pack = packs_.index().packs()[entry.pack];
  const std::uint64_t begin = entry.offset_bytes;
  const std::uint64_t wanted =
      std::max<std::uint64_t>(entry.stored_bytes, forward ? kReadAheadBytes : kFirstReadBytes);
  const std::uint64_t size = std::min(wanted, pack.size_bytes - begin);
  if (window.bytes.size() < size) window.bytes.resize(size);
  window.pack = UINT32_MAX;
  const auto file = packs_.file(entry.pack);
  if (!file.ok()) return unreadable(packs_, entry, file.error());
  const auto read = (*file)->read_at(begin, ByteSpan(window.bytes).first(size));
  if (!read.ok()) return unreadable(packs_, entry, read.error());
  const std::size_t got = *read;
  if (got < entry.stored_bytes) return corrupt(packs_, entry, "the pack is too short");
  window.pack = entry.pack;
  window.begin = begin;
  window.end = begin + got;
  return kOk;
}

Result<ByteView> BlobReader::read_sealed(const IndexEntry& entry) {
  const auto found = [&](auto fits) {
    return std::find_if(windows_.begin(), windows_.end(),
                        [&](const Window& window) { return (window.*fits)(entry); });
  };
  auto window = found(&Window::holds);
  if (window == windows_.end()) {
    window = found(&Window::leads_to);
    const bool forward = window != windows_.end();
    if (!forward) --window;  // the one not used for longest
    BACKCAST_CHECK(fill(*window, entry, forward));
  }
  std::rotate(windows_.begin(), window, window + 1);
  const Window& newest = windows_.front();
  return ByteView(newest.bytes).subspan(entry.offset_bytes - newest.begin, entry.stored_bytes);
}

Status BlobReader::read_copy(const IndexEntry& entry, ByteSpan out) {
  BACKCAST_ASSERT(out.size() == entry.plain_bytes);
  BACKCAST_TRY(const ByteView sealed, read_sealed(entry));
  BACKCAST_TRY(const Secret key, packs_.data_key(entry.pack, entry.key));
  cipher_.set_key(key);
  const bool is_compressed = entry.is_compressed();
  if (is_compressed && packed_.size() < sealed.size()) packed_.resize(sealed.size());
  if (!cipher_.open(entry.label(), sealed, is_compressed ? packed_.data() : out.data())) {
    return corrupt(packs_, entry, "damaged");
  }
  if (is_compressed &&
      !decompressor_.decompress(ByteView(packed_).first(sealed.size() - kTagBytes), out)) {
    return corrupt(packs_, entry, "does not decompress to its length");
  }
  // The seal says who wrote it, the id what it must be: a stolen writer key makes the one alone.
  if (cipher_.id_of(entry.kind, out) != entry.id) {
    return corrupt(packs_, entry, "holds other bytes than its id says");
  }
  return kOk;
}

Status BlobReader::read_into(const IndexEntry& entry, ByteSpan out) {
  auto read = read_copy(entry, out);
  if (read.ok()) return read;
  for (const IndexEntry* copy : packs_.index().copies(entry.id)) {
    if (copy == &entry || copy->kind != entry.kind || copy->plain_bytes != entry.plain_bytes) {
      continue;
    }
    if (!read_copy(*copy, out).ok()) continue;
    packs_.note_overcome(read.error());
    return kOk;
  }
  return read;
}

Result<const IndexEntry*> BlobReader::locate(const Id& id, BlobKind kind) {
  Error why{Errc::kCorrupt,
            "chunk " + to_hex(id) + " is missing from the index",
            {},
            "backcast check names what it affects"};
  const auto copies = packs_.index().copies(id);
  if (copies.empty()) return why;
  const bool agree = std::all_of(copies.begin(), copies.end(), [&](const IndexEntry* copy) {
    return copy->kind == kind && copy->plain_bytes == copies[0]->plain_bytes;
  });
  if (agree) return copies[0];
  // Somebody lies: reading tells who.
  bool is_first = true;
  for (const IndexEntry* copy : copies) {
    if (copy->kind != kind) continue;
    auto read = read_copy(*copy, room(copy->plain_bytes));
    if (read.ok()) {
      if (!is_first) packs_.note_overcome(why);
      return copy;
    }
    if (std::exchange(is_first, false)) why = read.error();
  }
  return why;
}

ByteSpan BlobReader::room(std::uint32_t bytes) {
  if (plain_.size() < bytes) plain_.resize(bytes);
  return ByteSpan(plain_).first(bytes);
}

Result<ByteView> BlobReader::read(const Id& id, BlobKind kind) {
  BACKCAST_TRY(const IndexEntry* entry, locate(id, kind));
  const ByteSpan out = room(entry->plain_bytes);
  BACKCAST_CHECK(read_into(*entry, out));
  return ByteView(out);
}

}  // namespace backcast::store
