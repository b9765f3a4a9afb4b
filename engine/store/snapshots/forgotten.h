// Snapshots that forget set aside until prune deletes them. The object of such a snapshot stays in
// its folder under a longer name:
//
//   snapshots/<id>-<when>-<tag>   when: nanoseconds since 1970, 16 hexadecimal digits
//                                 tag: a MAC of both under the writer secret, cut to 128 bits
//
// So one rename sets it aside and one brings it back: each happens or does not, needs no room on a
// full disk, and cannot be made up by whoever holds the storage alone.
#pragma once

#include <string>
#include <vector>

#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

struct Forgotten {
  Id id;
  Instant since{};
  std::string name;  // within the repository
};

// One listing of snapshots/, so that nothing is missed that changes from one state to the other.
struct SnapshotNames {
  std::vector<Id> live;              // in order of ids
  std::vector<Forgotten> forgotten;  // in order of ids, then of time
  std::vector<std::string> foreign;  // long names whose tag is not ours, within the repository
};
Result<SnapshotNames> list_snapshot_names(Repository& repository);

// The snapshot that `name` means: "latest", or at least four digits of the beginning of an id that
// no other snapshot has, forgotten and damaged ones included. `snapshots` is what load_snapshots
// gave. Errors: kNotFound, also where it is forgotten; kBadInput for what means several; kCorrupt
// where it means one that is damaged.
Result<Snapshot> find_snapshot(Repository& repository, const std::vector<Snapshot>& snapshots,
                               const std::string& name);
// The same among all that are not forgotten, by their names alone: to forget what is damaged, too.
Result<Id> find_live(const SnapshotNames& names, const std::string& name);

// Sets a snapshot aside, durably once the folder is synced. Errors: kNotFound, kNoSpace.
Status set_aside(Repository& repository, const Id& id, Instant now);
Result<Snapshot> load_forgotten(Repository& repository, const Forgotten& forgotten);

// For prune, while nobody else is at work: deletes those that were set aside at `until` or earlier;
// the journal says so first. Returns how many.
Result<std::uint64_t> delete_forgotten(Repository& repository, Instant until);

struct UnforgetResult {
  std::vector<Id> back;     // listed again
  std::vector<Id> present;  // listed anyway: a copy brought them again
};
// Brings snapshots back; `names` are beginnings of ids. Either all come back or, where one cannot,
// none. Errors: kNotFound, with the day on which prune deleted it where the journal knows;
// kBadInput for an ambiguous beginning; kLocked while prune is at work; kCorrupt if data it needs
// is gone or it is damaged.
Result<UnforgetResult> unforget(Repository& repository, const std::vector<std::string>& names);

}  // namespace backcast::store
