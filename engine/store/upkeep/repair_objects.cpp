#include "engine/store/repository/aside.h"
#include "engine/store/repository/journal.h"
#include "engine/store/repository/label.h"
#include "engine/store/repository/mark.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/head.h"
#include "engine/store/snapshots/missing_snapshots.h"
#include "engine/store/upkeep/repair_work.h"

namespace backcast::store {
namespace {

// Opens and parses.
Status is_sound(Repository& repository, ObjectType type, const Id& id) {
  BACKCAST_TRY(const std::string plain, repository.objects().load(type, id));
  const auto status = [](const auto& parsed) { return parsed.ok() ? Status(kOk) : parsed.error(); };
  switch (type) {
    case ObjectType::kIndex:
      return status(decode_packs(as_bytes(plain)));
    case ObjectType::kSnapshot:
      return status(decode_snapshot(id, as_bytes(plain)));
    case ObjectType::kMark:
      return status(decode_mark(id, as_bytes(plain)));
    case ObjectType::kJournal:
      return status(decode_journal(id, as_bytes(plain)));
    case ObjectType::kDamage:
      return status(decode_damage(id, as_bytes(plain)));
    case ObjectType::kRules:
      return status(decode_rules(id, as_bytes(plain)));
    case ObjectType::kLabel:
      return status(decode_label(id, as_bytes(plain)));
    default:
      return kOk;
  }
}

// The ledger learns that a snapshot is no longer there; its own words cannot be read.
Status note_snapshot(RepairWork& work, const Id& id) {
  Repository& repository = work.repository;
  BACKCAST_TRY(const auto info, repository.folder().stat(name_of(ObjectType::kSnapshot, id)));
  return write_journal(repository, {repository.env().now(),
                                    {{ObjectType::kSnapshot, id, info.modified, info.size_bytes}}});
}

Status repair_objects_of(RepairWork& work, std::initializer_list<ObjectType> types) {
  Repository& repository = work.repository;
  for (const ObjectType type : types) {
    const auto ids = repository.objects().list(type);
    if (!ids.ok() && ids.error().code == Errc::kNotFound) continue;  // of an earlier version
    if (!ids.ok()) return ids.error();
    for (const Id& id : *ids) {
      BACKCAST_CHECK(work.check_stop());
      const auto sound = is_sound(repository, type, id);
      if (sound.ok() || sound.error().code == Errc::kNotFound) continue;
      if (sound.error().code != Errc::kCorrupt) return sound.error();
      std::string name = name_of(type, id);
      if (!work.options.dry_run) {
        if (type == ObjectType::kSnapshot) BACKCAST_CHECK(note_snapshot(work, id));
        BACKCAST_TRY(name, set_bad_aside(repository, type, id));
      }
      work.result.set_aside.push_back({name, sound.error().message});
    }
  }
  return kOk;
}

}  // namespace

Status repair_objects(RepairWork& work) {
  return repair_objects_of(
      work, {ObjectType::kSnapshot, ObjectType::kMark, ObjectType::kJournal, ObjectType::kHead,
             ObjectType::kDamage, ObjectType::kRules, ObjectType::kLabel});
}

Status repair_index_objects(RepairWork& work) {
  return repair_objects_of(work, {ObjectType::kIndex});
}

// Nobody will bring them back: check need not go on about them once a person knows.
Status note_missing_snapshots(RepairWork& work) {
  Repository& repository = work.repository;
  BACKCAST_TRY(const auto heads, read_heads(repository));
  BACKCAST_TRY(const SnapshotNames present, list_snapshot_names(repository));
  std::vector<Error> damaged;  // with dry_run still there
  BACKCAST_TRY(const auto snapshots, load_snapshots(repository, &damaged));
  const auto missing = find_missing_snapshots(repository, heads, present,
                                              snapshots.empty() ? 0 : snapshots.back().sequence);
  // With dry_run a damaged journal is still there.
  if (!missing.ok() && missing.error().code == Errc::kCorrupt) return kOk;
  if (!missing.ok()) return missing.error();
  JournalEntry entry{repository.env().now(), {}};
  for (const Id& id : missing->named) {
    entry.deletions.push_back({ObjectType::kSnapshot, id, entry.time, 0});
  }
  for (std::uint64_t i = 0; i < missing->unnamed; ++i) {
    entry.deletions.push_back({ObjectType::kSnapshot, random_id(), entry.time, 0});
  }
  work.result.vanished_snapshots = entry.deletions.size();
  if (entry.deletions.empty() || work.options.dry_run) return kOk;
  return write_journal(repository, entry);
}

}  // namespace backcast::store
