#include "engine/store/repository/journal.h"

#include <algorithm>

namespace backcast::store {

Result<JournalEntry> decode_journal(const Id& id, ByteView bytes) {
  WireReader in(bytes);
  JournalEntry entry;
  entry.time = Instant(Duration(in.zigzag()));
  const std::uint64_t count = in.varint(bytes.size());
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Deletion deletion;
    deletion.type = static_cast<ObjectType>(in.u8());
    deletion.id = read_id(in);
    deletion.created = Instant(Duration(in.zigzag()));
    deletion.size_bytes = in.varint();
    entry.deletions.push_back(deletion);
  }
  if (!in.ok() || !in.at_end()) {
    return Error{Errc::kCorrupt, name_of(ObjectType::kJournal, id) + ": damaged", {}, {}};
  }
  return entry;
}

std::string encode_journal(const JournalEntry& entry) {
  std::string out;
  WireWriter writer(out);
  writer.zigzag(entry.time.time_since_epoch().count());
  writer.varint(entry.deletions.size());
  for (const Deletion& deletion : entry.deletions) {
    writer.u8(static_cast<std::uint8_t>(deletion.type));
    writer.fixed(view(deletion.id));
    writer.zigzag(deletion.created.time_since_epoch().count());
    writer.varint(deletion.size_bytes);
  }
  return out;
}

Status write_journal(Repository& repository, const JournalEntry& entry) {
  return repository.objects().publish(ObjectType::kJournal, random_id(),
                                      as_bytes(encode_journal(entry)));
}

Result<std::vector<JournalEntry>> read_journal(Repository& repository) {
  BACKCAST_TRY(const auto ids, repository.objects().list(ObjectType::kJournal));
  std::vector<JournalEntry> entries;
  for (const Id& id : ids) {
    BACKCAST_TRY(const std::string plain, repository.objects().load(ObjectType::kJournal, id));
    BACKCAST_TRY(JournalEntry entry, decode_journal(id, as_bytes(plain)));
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  return entries;
}

Result<std::vector<Id>> deleted_snapshots(Repository& repository) {
  const auto journal = read_journal(repository);
  std::vector<Id> ids;
  if (!journal.ok() && journal.error().code == Errc::kCorrupt) return ids;
  if (!journal.ok()) return journal.error();
  for (const JournalEntry& entry : *journal) {
    for (const Deletion& deletion : entry.deletions) {
      if (deletion.type == ObjectType::kSnapshot) ids.push_back(deletion.id);
    }
  }
  return ids;
}

}  // namespace backcast::store
