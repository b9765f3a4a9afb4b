// The phases of repair (repair.h) and what they share.
#pragma once

#include "engine/store/upkeep/repair.h"

namespace backcast::store {

struct RepairWork {
  Repository& repository;
  const RepairOptions& options;
  RepairProgress& progress;
  RepairResult result{};

  Status check_stop() const;
};

// Sets aside what does not open; the objects of the index wait until their packs are listed again.
Status repair_objects(RepairWork& work);
Status repair_index_objects(RepairWork& work);
// Lists packs again. With dry_run `index` gains them.
Status list_lost_packs(RepairWork& work, Index& index);
// Drops, moves and sets aside; leaves `index` distrusting all that is bad.
Status repair_packs(RepairWork& work, Index& index);
// Tells what of the snapshots is not whole, and writes them anew if asked to.
Status repair_snapshots(RepairWork& work, const std::vector<Snapshot>& snapshots,
                        const Index& index);
// Notes those that vanished.
Status note_missing_snapshots(RepairWork& work);

}  // namespace backcast::store
