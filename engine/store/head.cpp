#include "engine/store/head.h"

namespace backcast::store {

Result<std::vector<Id>> read_heads(Repository& repository) {
  auto heads = repository.objects().list(ObjectType::kHead);
  // Repositories of earlier versions have no such folder.
  if (!heads.ok() && heads.error().code == Errc::kNotFound) return std::vector<Id>();
  return heads;
}

Status write_head(Repository& repository, const Id& snapshot, const std::vector<Id>& older) {
  Objects& objects = repository.objects();
  auto written = objects.publish(ObjectType::kHead, snapshot, {});
  if (!written.ok() && written.error().code == Errc::kNotFound) {
    const auto made = repository.folder().make_folder(folder_of(ObjectType::kHead));
    if (!made.ok() && made.error().code != Errc::kExists)
      return made;  // or another backup was first
    written = objects.publish(ObjectType::kHead, snapshot, {});
  }
  // A copy that comes back after it was forgotten finds its own head, if none came after it.
  if (!written.ok() && written.error().code != Errc::kExists) return written;
  for (const Id& id : older) {
    if (id == snapshot) continue;
    auto removed = objects.remove(ObjectType::kHead, id);
    if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
  }
  return kOk;
}

}  // namespace backcast::store
