// What keeps a service's folder whole: labels beside the snapshots, a copy of the catalogue each
// day, and the way back from both.
#pragma once

#include <filesystem>

#include "engine/control/plane/control_plane.h"
#include "engine/kinds/runner/tasks.h"
#include "engine/service/log.h"

namespace backcast::service {

// A service's folder, and what works in it. All of it outlives what is called with it.
struct House {
  const std::filesystem::path& folder;
  control::ControlPlane& control;
  kinds::Tasks& tasks;
  const Log& log;
};

// Says beside a backup's snapshot what the catalogue says of it.
Status label(House house, control::Id backup);

// Tells the log of snapshots that Tasks::labelled could not read.
void tell_damaged(House house, const std::filesystem::path& place,
                  const std::vector<Error>& damaged);

// Removes snapshots whose backup has failed or was deleted, and writes labels that are missing or
// old: what a service that was killed could not do any more. A snapshot that the catalogue does
// not know at all stays, and the log says so.
Status tidy(House house, const control::ControlPlane::Shelf& shelf);

// One copy of the catalogue for the day of `now`, below "copies"; the newest seven stay.
Status copy_catalogue(House house, Instant now);
// Puts the newest copy in the place of a catalogue that is missing or damaged; what was there is
// kept beside it. Without a copy an empty catalogue is begun.
Status bring_back_catalogue(const std::filesystem::path& folder, const Log& log);

struct Rebuilt {
  std::uint64_t adopted = 0, known = 0, lost = 0;
  std::uint64_t unlabelled = 0;  // snapshots that say nothing of themselves
  std::uint64_t refused = 0;     // whose names other backups have
};
// Takes every labelled snapshot of the repositories in the folder into the catalogue. Backups of
// the catalogue whose snapshot is gone are noted as lost, but in a repository of which anything
// cannot be read: that it is gone is not known there.
Result<Rebuilt> rebuild(House house);

}  // namespace backcast::service
