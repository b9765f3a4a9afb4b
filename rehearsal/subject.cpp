#include "rehearsal/subject.h"

namespace backcast::sim {

Result<std::uint64_t> folder_bytes(env::Folder& folder, const std::string& name) {
  std::uint64_t sum = 0;
  BACKCAST_TRY(const auto entries, folder.list(name));
  for (const env::FolderEntry& entry : entries) {
    const std::string path = name.empty() ? entry.name : name + '/' + entry.name;
    if (entry.is_folder) {
      BACKCAST_TRY(const std::uint64_t inner_bytes, folder_bytes(folder, path));
      sum += inner_bytes;
    } else {
      BACKCAST_TRY(const env::FileInfo info, folder.stat(path));
      sum += info.size_bytes;
    }
  }
  return sum;
}

}  // namespace backcast::sim
