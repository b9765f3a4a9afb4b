// Opening a repository together with one of its snapshots.
#pragma once

#include <memory>
#include <string>

#include "cli/repository/repository_options.h"
#include "engine/store/snapshots/forgotten.h"

namespace backcast::cli {

struct OpenSnapshot {
  std::unique_ptr<store::Repository> repository;
  store::Snapshot snapshot;
};

// Opens for reading data. `name`: as store::find_snapshot.
inline Result<OpenSnapshot> open_snapshot(const RepositoryOptions& options,
                                          const std::string& name) {
  BACKCAST_TRY(auto repository, open_repository(options, Access::kRead));
  std::vector<Error> damaged;  // those that are not meant do not stand in the way
  BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository, &damaged));
  BACKCAST_TRY(store::Snapshot snapshot, store::find_snapshot(*repository, snapshots, name));
  return OpenSnapshot{std::move(repository), std::move(snapshot)};
}

}  // namespace backcast::cli
