#include "sim/world/ledger.h"

#include <limits>
#include <utility>

namespace backcast::sim {
namespace {

std::uint64_t objects_in(const Service& service, std::uint64_t bytes) {
  const std::uint64_t object_bytes = service.store.object_bytes;
  return object_bytes == 0 ? 0 : bytes / object_bytes + (bytes % object_bytes != 0 ? 1 : 0);
}

}  // namespace

UsageRecord Ledger::in(const Service& service, const std::string& region, UsageKind kind) const {
  UsageRecord record;
  record.kind = kind;
  record.project = scenario_.projects[service.project].name;
  record.service = service.name;
  Place place = place_in(service, region);
  record.provider = std::move(place.book);
  record.region = std::move(place.region);
  record.storage_class = std::move(place.storage_class);
  return record;
}

UsageRecord Ledger::of(const Service& service, const BackupRecord& backup, UsageKind kind,
                       Instant at) const {
  UsageRecord record = in(service, backup.region, kind);
  record.start = record.end = at;
  record.backup_kind = backup.kind;
  record.backup = backup.id;
  record.tags = ledger_tags(service, backup.tags);
  return record;
}

void Ledger::write(UsageRecord record, uint128 quantity) const {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (record.quantity = kMost; quantity > kMost; quantity -= kMost) sink_(UsageRecord(record));
  record.quantity = static_cast<std::uint64_t>(quantity);
  sink_(std::move(record));
}

void Ledger::held(const Service& service, const std::string& region, const BackupRecord* backup,
                  Instant since, Instant until, uint128 bytes) const {
  if (bytes == 0 || since >= until) return;
  UsageRecord record = backup != nullptr ? of(service, *backup, UsageKind::kStorage, since)
                                         : in(service, region, UsageKind::kStorage);
  if (backup != nullptr) {
    record.born = backup->of_history ? backup->born : backup->available;
  } else {
    record.start = since;
    record.backup_kind = region == service.region ? "automatic" : "copy";
    record.tags = service.cost_tags;
  }
  record.end = until;
  record.objects = objects_in(service, static_cast<std::uint64_t>(bytes));
  write(std::move(record), bytes);
}

void Ledger::freed(const Service& service, const BackupRecord& backup, std::uint64_t held_bytes,
                   Instant written, Instant at, uint128 bytes) const {
  UsageRecord record = of(service, backup, UsageKind::kDeletion, at);
  record.born = record.start = written;
  record.objects = objects_in(service, held_bytes);
  write(std::move(record), bytes);
}

void Ledger::copied(const Service& service, const BackupRecord& copy, Instant at,
                    uint128 bytes) const {
  const UsageRecord moved =
      movement(place_in(service, service.region), place_in(service, copy.region));
  UsageRecord record = of(service, copy, moved.kind, at);
  record.provider = moved.provider;
  record.region = moved.region;
  record.peer_region = moved.peer_region;
  record.storage_class.clear();
  record.backup_kind = "copy";
  write(std::move(record), bytes);
}

void Ledger::requests(const Service& service, const BackupRecord& backup, Instant at,
                      const char* operation, std::uint64_t bytes) const {
  const std::uint64_t objects = objects_in(service, bytes);
  if (objects == 0) return;
  UsageRecord record = of(service, backup, UsageKind::kRequest, at);
  record.operation = operation;
  write(std::move(record), objects);
}

void Ledger::read_back(const Service& service, const BackupRecord& backup,
                       const RestoreRecord& restore) const {
  if (service.store.retrieval) {
    write(of(service, backup, UsageKind::kRetrieval, restore.started), restore.bytes);
  }
  requests(service, backup, restore.started, "get", restore.bytes);
  if (restore.from_region == restore.to_region) return;
  const UsageRecord moved =
      movement(place_in(service, restore.from_region), place_in(service, restore.to_region));
  UsageRecord record = of(service, backup, moved.kind, restore.started);
  record.storage_class.clear();
  record.tags = service.cost_tags;
  record.peer_region = moved.peer_region;
  write(std::move(record), restore.bytes);
}

}  // namespace backcast::sim
