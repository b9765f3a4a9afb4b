// What a service says of a snapshot, beside it and not in it, for it may change: the name of the
// backup, tags given later, an expiry. Text that means nothing here. One per snapshot.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/store/repository/repository.h"

namespace backcast::store {

struct Label {
  Id snapshot;
  std::uint64_t version = 1;  // of several of one snapshot the highest holds
  std::string text;
};

std::string encode_label(const Label& label);
Result<Label> decode_label(const Id& id, ByteView bytes);

// In place of the one there was; after it returns it survives a power cut. kBadInput above 1 MiB.
Status set_label(Repository& repository, const Id& snapshot, const std::string& text);
// Those that hold, in order of their snapshots, which may be gone. Damaged ones are left out and
// reported; a version before it may hold then.
Result<std::vector<Label>> load_labels(Repository& repository, std::vector<Error>& damaged);
// For prune: labels of other snapshots than these go. They are asked for when the labels are known
// already: a snapshot is there before its label.
Status remove_labels_but(Repository& repository,
                         const std::function<Result<std::set<Id>>()>& snapshots);

}  // namespace backcast::store
