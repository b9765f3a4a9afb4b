#include "engine/store/repository/aside.h"

namespace backcast::store {

Result<std::string> set_bad_aside(Repository& repository, ObjectType type, const Id& id) {
  env::Folder& folder = repository.folder();
  const std::string base =
      std::string(folder_of(type)) + '/' + std::string(kAsidePrefix) + to_hex(id);
  std::string name = base;
  for (int number = 2; folder.stat(name).ok(); ++number) name = base + '-' + std::to_string(number);
  BACKCAST_CHECK(folder.rename(name_of(type, id), name));
  BACKCAST_CHECK(folder.sync_folder(folder_of(type)));
  return name;
}

}  // namespace backcast::store
