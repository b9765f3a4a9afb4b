// What was deleted and when, for the ledger: a record per run of forget and prune, written before
// the deletion (on a full disk, by forget, right after it). A run that was interrupted may name an
// object twice; its first time counts.
#pragma once

#include <vector>

#include "engine/store/repository/repository.h"

namespace backcast::store {

struct Deletion {
  ObjectType type = ObjectType::kPack;
  Id id;
  Instant created{};
  std::uint64_t size_bytes = 0;
};

struct JournalEntry {
  Instant time{};
  std::vector<Deletion> deletions;
};

std::string encode_journal(const JournalEntry& entry);
Result<JournalEntry> decode_journal(const Id& id, ByteView bytes);

Status write_journal(Repository& repository, const JournalEntry& entry);
// In order of time.
Result<std::vector<JournalEntry>> read_journal(Repository& repository);
// The snapshots it names; none where it is damaged, which check tells.
Result<std::vector<Id>> deleted_snapshots(Repository& repository);

}  // namespace backcast::store
