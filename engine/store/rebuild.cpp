// The index again, from the tables that the packs carry.
#include <unordered_set>

#include "engine/store/check.h"
#include "engine/store/lease.h"
#include "engine/store/pack_scan.h"

namespace backcast::store {
namespace {

// Objects that do not open are set aside under a name nothing reads.
Result<Index> load_what_opens(Repository& repository, RebuildResult& result) {
  BACKCAST_TRY(const auto ids, repository.objects().list(ObjectType::kIndex));
  Index index;
  for (const Id& id : ids) {
    auto plain = repository.objects().load(ObjectType::kIndex, id);
    auto packs = plain.ok() ? decode_packs(as_bytes(*plain)) : plain.error();
    if (packs.ok()) {
      for (Pack& pack : *packs) index.add(std::move(pack), id, false);
      continue;
    }
    if (packs.error().code != Errc::kCorrupt) return packs.error();
    const std::string name = name_of(ObjectType::kIndex, id);
    BACKCAST_CHECK(repository.folder().rename(name, "index/damaged-" + to_hex(id)));
    ++result.set_aside;
  }
  return index;
}

Result<Tag> digest_of(Repository& repository, const Id& pack) {
  BACKCAST_TRY(const auto file, repository.folder().open(name_of(ObjectType::kPack, pack)));
  PackDigest digest(repository.keys().digest_key(), pack);
  std::vector<std::uint8_t> buffer(1 << 20);
  for (std::uint64_t at = 0;;) {
    BACKCAST_TRY(const std::size_t got, file->read_at(at, buffer));
    digest.add(ByteView(buffer).first(got));
    at += got;
    if (got < buffer.size()) return digest.finish();
  }
}

// A damaged mark condemns nothing and keeps prune from going on.
Status set_aside_marks(Repository& repository, RebuildResult& result) {
  BACKCAST_TRY(const auto ids, repository.objects().list(ObjectType::kMark));
  for (const Id& id : ids) {
    auto plain = repository.objects().load(ObjectType::kMark, id);
    if (plain.ok() || plain.error().code != Errc::kCorrupt) continue;
    BACKCAST_CHECK(
        repository.folder().rename(name_of(ObjectType::kMark, id), "marks/damaged-" + to_hex(id)));
    ++result.set_aside;
  }
  return kOk;
}

}  // namespace

Result<RebuildResult> rebuild_index(Repository& repository) {
  BACKCAST_TRY(const auto lease, Lease::take(repository, LeaseKind::kMaintenance));
  RebuildResult result;
  BACKCAST_TRY(const Index index, load_what_opens(repository, result));
  BACKCAST_CHECK(set_aside_marks(repository, result));
  BACKCAST_TRY(const auto files, repository.objects().list(ObjectType::kPack));
  std::vector<Pack> found;
  for (const Id& id : files) {
    if (index.find_pack(id)) continue;
    auto table = read_pack_table(repository, id);
    if (!table.ok()) {
      ++result.unreadable;
      continue;
    }
    BACKCAST_TRY(table->digest, digest_of(repository, id));
    found.push_back(*std::move(table));
  }
  result.packs = found.size();
  if (!found.empty()) {
    BACKCAST_CHECK(repository.objects().publish(ObjectType::kIndex, random_id(),
                                                as_bytes(encode_packs(found))));
  }
  BACKCAST_CHECK(repository.folder().sync_folder(folder_of(ObjectType::kIndex)));
  return result;
}

}  // namespace backcast::store
