#include "engine/store/packs/pack_scan.h"

#include <algorithm>

#include "engine/store/format/chunker.h"

namespace backcast::store {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kReadAheadBytes = 4 << 20;

Error corrupt(const Id& pack, const char* what) {
  return Error{Errc::kCorrupt,
               name_of(ObjectType::kPack, pack) + ": " + what,
               {},
               "backcast check --read-data names what it affects"};
}

}  // namespace

Status scan_pack(PackFiles& packs, const PackInfo& pack, ScanRoom& room, const OnSealed& on_chunk) {
  room.bytes.resize(kReadBytes + kMaxChunkBytes + kTagBytes);
  BACKCAST_TRY(const auto file,
               packs.repository().folder().open(name_of(ObjectType::kPack, pack.id)));
  PackDigest digest(packs.repository().keys().digest_key(), pack.id);
  const auto entries = packs.index().entries_of(pack);
  auto next = entries.begin();
  std::uint64_t begin = 0, end = 0;  // what `room` holds of the file
  while (true) {
    // Keep what the next chunk needs, fill up the rest.
    const std::uint64_t keep =
        next == entries.end() ? end : std::min<std::uint64_t>(next->offset_bytes, end);
    std::copy(room.bytes.begin() + static_cast<std::ptrdiff_t>(keep - begin),
              room.bytes.begin() + static_cast<std::ptrdiff_t>(end - begin), room.bytes.begin());
    begin = keep;
    const ByteSpan rest = ByteSpan(room.bytes).subspan(end - begin);
    file->will_read(end + rest.size(), kReadAheadBytes);
    BACKCAST_TRY(const std::size_t got, file->read_at(end, rest));
    digest.add(rest.first(got));
    end += got;
    for (; next != entries.end() && std::uint64_t{next->offset_bytes} + next->stored_bytes <= end;
         ++next) {
      if (next->offset_bytes < begin) return corrupt(pack.id, "its table is not in order");
      BACKCAST_CHECK(on_chunk(
          *next, ByteView(room.bytes).subspan(next->offset_bytes - begin, next->stored_bytes)));
    }
    if (got < rest.size()) break;
  }
  if (pack.is_recovered) {
    return Error{
        Errc::kCorrupt,
        name_of(ObjectType::kPack, pack.id) + ": the object of index/ that lists it is damaged",
        {},
        "backcast repair lists it again"};
  }
  if (end != pack.size_bytes) return corrupt(pack.id, "not as long as the index says");
  if (digest.finish() != pack.digest) return corrupt(pack.id, "damaged");
  return kOk;
}

Result<Pack> read_pack_table(Repository& repository, const Id& pack) {
  const std::string name = name_of(ObjectType::kPack, pack);
  BACKCAST_TRY(const auto file, repository.folder().open(name));
  BACKCAST_TRY(const std::uint64_t size, file->size_bytes());
  const auto read = [&](std::uint64_t offset, std::uint64_t length) -> Result<std::string> {
    std::string bytes(length, '\0');
    BACKCAST_TRY(const std::size_t got,
                 file->read_at(offset, {reinterpret_cast<std::uint8_t*>(bytes.data()), length}));
    if (got != length) return corrupt(pack, "too short");
    return bytes;
  };
  if (size < kPackHeaderBytes + kPackFooterBytes || size > kMaxPackBytes) {
    return corrupt(pack, "too short");
  }
  BACKCAST_TRY(const std::string footer, read(size - kPackFooterBytes, kPackFooterBytes));
  const std::uint64_t table_bytes = WireReader(as_bytes(footer)).u32();
  if (!footer.ends_with("BKPE") || table_bytes > size - kPackHeaderBytes - kPackFooterBytes) {
    return corrupt(pack, "not a whole pack");
  }
  BACKCAST_TRY(const std::string sealed, read(size - kPackFooterBytes - table_bytes, table_bytes));
  BACKCAST_TRY(const std::string plain,
               repository.objects().open(ObjectType::kPackTable, pack, as_bytes(sealed)));
  WireReader in(as_bytes(plain));
  BACKCAST_TRY(Pack table, read_table(in));
  if (!in.at_end()) return corrupt(pack, "damaged table");
  table.id = pack;
  table.size_bytes = size;
  return table;
}

}  // namespace backcast::store
