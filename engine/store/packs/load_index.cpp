#include "engine/store/packs/load_index.h"

#include <algorithm>
#include <unordered_set>

#include "engine/store/packs/pack_scan.h"
#include "engine/store/repository/mark.h"

namespace backcast::store {
namespace {

using IdSet = std::unordered_set<Id, IdHash>;

Result<IdSet> load_condemned(Repository& repository) {
  std::vector<Damage> damaged;  // those condemn nothing
  BACKCAST_TRY(const auto marks, load_marks(repository, &damaged));
  IdSet condemned;
  for (const Mark& mark : marks) condemned.insert(mark.packs.begin(), mark.packs.end());
  return condemned;
}

// In the order in which the store received them: of two that describe one pack the earlier counts.
Result<std::vector<Id>> objects_in_order(Repository& repository) {
  BACKCAST_TRY(const auto ids, repository.objects().list(ObjectType::kIndex));
  std::vector<std::pair<Instant, Id>> order;
  for (const Id& id : ids) {
    BACKCAST_TRY(const auto info, repository.folder().stat(name_of(ObjectType::kIndex, id)));
    order.emplace_back(info.changed, id);
  }
  std::sort(order.begin(), order.end());
  std::vector<Id> sorted;
  for (const auto& [changed, id] : order) sorted.push_back(id);
  return sorted;
}

// What unreadable objects list is found by the tables of the packs: enough to read every chunk. A
// pack without a table is one that a backup is writing, or was when it died.
Status recover_packs(Repository& repository, const IdSet& condemned, Index& index) {
  BACKCAST_TRY(const auto files, repository.objects().list(ObjectType::kPack));
  for (const Id& id : files) {
    if (index.find_pack(id)) continue;
    auto table = read_pack_table(repository, id);
    if (!table.ok()) continue;
    index.add(*std::move(table), index.unreadable_objects().front(), condemned.contains(id));
    index.set_recovered(id);
  }
  return kOk;
}

// All chunks, or `only` these.
Result<Index> load_once(Repository& repository, const ChunkSet* only = nullptr) {
  BACKCAST_TRY(const auto ids, objects_in_order(repository));
  BACKCAST_TRY(const IdSet condemned, load_condemned(repository));
  Index index;
  for (const Id& id : ids) {
    auto plain = repository.objects().load(ObjectType::kIndex, id);
    auto visited = !plain.ok() ? plain.error() : visit_packs(as_bytes(*plain), [&](Pack pack) {
      const bool is_condemned = condemned.contains(pack.id);
      if (only) {
        std::erase_if(pack.blobs, [&](const Blob& blob) { return !only->contains(blob.id); });
        if (pack.blobs.empty()) return;
      }
      index.add(std::move(pack), id, is_condemned);
    });
    if (visited.ok()) continue;
    if (visited.error().code != Errc::kCorrupt) return visited.error();
    index.add_unreadable(id);
  }
  if (!index.unreadable_objects().empty()) {
    BACKCAST_CHECK(recover_packs(repository, condemned, index));
  }
  index.order_copies([&](const PackInfo& pack) -> std::optional<Instant> {
    auto info = repository.folder().stat(name_of(ObjectType::kPack, pack.id));
    if (!info.ok() || info->size_bytes != pack.size_bytes) return std::nullopt;
    return info->changed;
  });
  return index;
}

Result<Index> load_trusted_once(Repository& repository) {
  BACKCAST_TRY(Index index, load_once(repository));
  BACKCAST_TRY(const auto bad, load_damage(repository));
  index.distrust(bad);
  return index;
}

constexpr int kAttempts = 5;

}  // namespace

Result<Index> load_index(Repository& repository) {
  // Prune writes new objects before it removes old ones; a name that vanishes between listing and
  // reading means that the listing is out of date.
  for (int attempt = 0;; ++attempt) {
    auto index = load_trusted_once(repository);
    const bool is_outdated = !index.ok() && index.error().code == Errc::kNotFound;
    if (!is_outdated || attempt == kAttempts) return index;
  }
}

Result<Index> load_index_of(Repository& repository, const ChunkSet& chunks) {
  auto index = load_once(repository, &chunks);
  const bool has_all = index.ok() && std::all_of(chunks.begin(), chunks.end(), [&](const Id& id) {
                         return index->find(id) != nullptr;
                       });
  if (!has_all) return load_index(repository);
  BACKCAST_TRY(const auto bad, load_damage(repository));
  index->distrust(bad);
  return index;
}

Result<Index> load_index_unjudged(Repository& repository, std::vector<Damage>& damaged) {
  for (int attempt = 0;; ++attempt) {
    auto index = load_once(repository);
    // Prune replaced an object since the listing.
    if (!index.ok() && index.error().code == Errc::kNotFound && attempt < kAttempts) continue;
    if (!index.ok()) return index;
    damaged.clear();
    for (const Id& id : index->unreadable_objects()) {
      damaged.push_back({name_of(ObjectType::kIndex, id), "does not open"});
    }
    const auto marks = load_marks(repository, &damaged);
    if (!marks.ok() && marks.error().code != Errc::kNotFound) return marks.error();
    return index;
  }
}

}  // namespace backcast::store
