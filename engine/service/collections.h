// Single collections of a cluster, and files that one comes from.
#pragma once

#include <filesystem>
#include <string>

#include "engine/control/plane/control_plane.h"
#include "engine/kinds/runner/tasks.h"

namespace backcast::service {

// What the cluster holds now, as its kind of data describes it.
Result<std::string> describe(env::Env& env, const kinds::DataPlace& data);
// Whether a file could take the place of this collection or shard: it is whole, has this SHA-256
// ("" = any) and fits what is there. Errors: kBadInput, kCorrupt, kNotFound.
Status check_file(env::Env& env, const kinds::DataPlace& data, const kinds::CollectionName& as,
                  const std::string& file, const std::string& checksum);
// The same of what a backup has.
Status check_contents(env::Env& env, const kinds::DataPlace& data, const std::string& contents,
                      const kinds::CollectionName& of, const kinds::CollectionName& as);

// Files that backups are made of instead of a cluster's data. One stays until it is removed, or a
// start finds that no backup in the making needs it.
class Adoptions {
 public:
  Adoptions(env::Env& env, std::filesystem::path folder) : env_(env), folder_(std::move(folder)) {}

  // Takes the file over: the name for "adopt" in the contents of a backup.
  Result<std::string> take_in(const std::string& file);
  // That of the backup; "" = it is made of the cluster's data. Errors: kBadInput for a name that
  // take_in did not give.
  Result<std::filesystem::path> file_of(const control::Backup& backup) const;
  void remove(const std::string& name) const;
  bool empty() const;
  // Removes what none of these is made of.
  Status tidy(const std::vector<control::Backup>& running) const;

 private:
  env::Env& env_;
  std::filesystem::path folder_;
};

}  // namespace backcast::service
