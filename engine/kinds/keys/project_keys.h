// The keys of projects: one X25519 pair and one writer secret each, sealed under the passphrase of
// the service, as long as nobody destroys them. Every repository of a project has the same keys and
// keeps a sealed copy of its own, so that it opens without the service, too. A key that a cluster
// names is the same under a name of its own: to this, a keyring is a project.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/store/repository/repository.h"

namespace backcast::kinds {

class ProjectKeys {
 public:
  // `folder` is made when it is needed. `env` must outlive this.
  ProjectKeys(env::Env& env, std::filesystem::path folder, store::SecretText passphrase,
              store::Stretching cost = {})
      : env_(env), folder_(std::move(folder)), passphrase_(std::move(passphrase)), cost_(cost) {}

  // Made if the project has none. Errors: kWrongKey for another passphrase, or if they were
  // destroyed: a project gets none a second time.
  Result<store::Keys> of(const std::string& project);
  // A repository of the project; made if there is none and `create` is set.
  Result<std::unique_ptr<store::Repository>> open(const std::string& project,
                                                  const std::filesystem::path& repository,
                                                  bool create);
  // Here and in these repositories: what they hold cannot be opened any more, by nobody. Done
  // again, it goes on where it was interrupted.
  Status destroy(const std::string& project,
                 const std::vector<std::filesystem::path>& repositories);

 private:
  Result<store::Keys> read_or_make(const std::string& project);

  env::Env& env_;
  const std::filesystem::path folder_;
  const store::SecretText passphrase_;
  const store::Stretching cost_;
  std::mutex mutex_;
  std::map<std::string, store::Keys> known_;  // opened already: stretching takes its time
};

}  // namespace backcast::kinds
