#include "engine/store/packs/index_rewrite.h"

namespace backcast::store {
namespace {

// Index objects are joined into objects of about this many packs.
constexpr std::size_t kPacksPerObject = 256;
constexpr std::size_t kManyIndexObjects = 16;

}  // namespace

Status rewrite_index(Repository& repository, const Index& index, const PackSet& gone) {
  PackSet old_objects(index.repeating_objects().begin(), index.repeating_objects().end());
  PackSet all_objects = old_objects;
  for (const PackInfo& pack : index.packs()) {
    all_objects.insert(pack.index_object);
    if (gone.contains(pack.id)) old_objects.insert(pack.index_object);
  }
  if (all_objects.size() >= kManyIndexObjects) old_objects = all_objects;
  if (old_objects.empty()) return kOk;
  std::vector<Pack> kept;
  const auto publish_kept = [&]() -> Status {
    if (kept.empty()) return kOk;
    const std::string plain = encode_packs(kept);
    kept.clear();
    return repository.objects().publish(ObjectType::kIndex, random_id(), as_bytes(plain));
  };
  for (const PackInfo& pack : index.packs()) {
    if (!old_objects.contains(pack.index_object) || gone.contains(pack.id)) continue;
    kept.push_back(pack_of(index, pack));
    if (kept.size() == kPacksPerObject) BACKCAST_CHECK(publish_kept());
  }
  BACKCAST_CHECK(publish_kept());
  for (const Id& object : old_objects) {
    BACKCAST_CHECK(repository.objects().remove(ObjectType::kIndex, object));
  }
  return repository.folder().sync_folder(folder_of(ObjectType::kIndex));
}

}  // namespace backcast::store
