// The end of every writing session, in the order that makes a crash harmless: chunks are safe on
// the disk, then the index that finds them, then the snapshot that needs them.
#pragma once

#include "engine/store/packs/chunk_writer.h"
#include "engine/store/repository/lease.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

// Finishes the packs of the session and adds them to the index.
Result<WrittenPacks> commit_packs(ChunkStore& store);

// commit_packs, then snapshots of another repository, as they are but for their sequence.
Status publish_copies(ChunkStore& store, Lease& lease, std::vector<Snapshot>& snapshots);

// commit_packs, then the snapshot: gives it id, sequence, time of arrival and counts.
Status publish(ChunkStore& store, Lease& lease, Snapshot& snapshot);

}  // namespace backcast::store
