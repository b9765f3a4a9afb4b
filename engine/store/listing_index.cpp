#include "engine/store/listing_index.h"

#include <algorithm>
#include <unordered_set>

namespace backcast::store {
namespace {

using IdSet = std::unordered_set<Id, IdHash>;

// Adds of one object what is wanted. A pack at a time: an object of a large backup lists millions
// of chunks.
Status add_wanted(ByteView bytes, const Id& object, const IdSet& wanted, Index& index) {
  WireReader in(bytes);
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    BACKCAST_TRY(Pack pack, read_pack(in));
    std::erase_if(pack.blobs, [&](const Blob& blob) { return !wanted.contains(blob.id); });
    pack.blobs.shrink_to_fit();
    if (!pack.blobs.empty()) index.add(std::move(pack), object, false);
  }
  return kOk;
}

}  // namespace

Result<Index> load_listing_index(Repository& repository, const Snapshot& snapshot) {
  IdSet wanted(snapshot.tree.begin(), snapshot.tree.end());
  wanted.insert(snapshot.references.begin(), snapshot.references.end());
  BACKCAST_TRY(const auto objects, repository.objects().list(ObjectType::kIndex));
  Index index;
  for (const Id& object : objects) {
    const auto plain = repository.objects().load(ObjectType::kIndex, object);
    // Replaced by prune, or damaged: then what it listed is missing below, or it is not needed.
    if (plain.ok()) (void)add_wanted(as_bytes(*plain), object, wanted, index);
  }
  const bool has_all = std::all_of(wanted.begin(), wanted.end(),
                                   [&](const Id& id) { return index.find(id) != nullptr; });
  if (has_all) return index;
  return repository.load_index();
}

}  // namespace backcast::store
