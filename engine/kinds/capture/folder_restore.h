// The plan of a restore into a folder cluster: values only, nothing is written.
#pragma once

#include "engine/kinds/capture/cluster_source.h"
#include "engine/kinds/capture/folder_catalog.h"

namespace backcast::kinds {

struct Placing {
  std::string database;       // where the saved files are
  FolderCollection saved;     // the same
  std::string to_database;    // where they go
  FolderCollection restored;  // its folder and files are chosen when they are placed
  bool replaces = false;      // the collection that has its name now
};

struct FolderPlan {
  FolderCatalog catalog;         // after the restore, but for the collections placed
  std::vector<Placing> placing;  // in order of the backup
  FolderCatalog gone;            // what the cluster had and has no longer
};

// Errors: kNotFound for a collection that the backup does not have, kExists for a name that is
// taken or given twice.
Result<FolderPlan> plan_folder_restore(const FolderCatalog& backup, const FolderCatalog& cluster,
                                       const RestoreChoice& choice);

}  // namespace backcast::kinds
