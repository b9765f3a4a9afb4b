#include "sim/world/journal.h"

namespace backcast::sim {

Journal::Journal(const Scenario& scenario, const Agenda& agenda)
    : scenario_(scenario), agenda_(agenda) {
  result_.start = scenario.start;
  result_.end = scenario.end;
}

std::uint32_t Journal::add(BackupRecord record) {
  result_.backups.push_back(std::move(record));
  return static_cast<std::uint32_t>(result_.backups.size() - 1);
}

void Journal::log(LogKind kind, std::uint32_t service, std::uint32_t backup, std::string region,
                  std::string text) {
  result_.log.push_back({agenda_.now(), kind, service, backup, std::move(region), std::move(text)});
}

void Journal::log_backup(LogKind kind, std::uint32_t backup, std::string text) {
  const BackupRecord& record = result_.backups[backup];
  log(kind, record.service, backup, record.region, std::move(text));
}

void Journal::log_service(LogKind kind, std::uint32_t service, std::string text) {
  log(kind, service, kNone, scenario_.services[service].region, std::move(text));
}

void Journal::log_region(LogKind kind, std::string region, std::string text) {
  log(kind, kNone, kNone, std::move(region), std::move(text));
}

UsageRecord Journal::usage_of(std::uint32_t backup, UsageKind kind) const {
  const BackupRecord& b = result_.backups[backup];
  const Service& s = scenario_.services[b.service];
  UsageRecord record;
  record.kind = kind;
  record.start = record.end = agenda_.now();
  record.project = scenario_.projects[s.project].name;
  record.service = s.name;
  const Place place = place_in(s, b.region);
  record.provider = place.book;
  record.region = place.region;
  record.storage_class = place.storage_class;
  record.backup_kind = b.kind;
  record.backup = b.id;
  record.tags = ledger_tags(s, b.tags);
  return record;
}

void Journal::requests(std::uint32_t backup, const char* operation, std::uint64_t bytes) {
  const std::uint64_t object_bytes =
      scenario_.services[result_.backups[backup].service].store.object_bytes;
  if (object_bytes == 0 || bytes == 0) return;
  UsageRecord record = usage_of(backup, UsageKind::kRequest);
  record.operation = operation;
  record.quantity = bytes / object_bytes + (bytes % object_bytes != 0 ? 1 : 0);
  result_.usage.push_back(std::move(record));
}

void Journal::copied(std::uint32_t copy, std::uint64_t bytes) {
  const BackupRecord& record = result_.backups[copy];
  const Service& s = scenario_.services[record.service];
  UsageRecord transfer = movement(place_in(s, s.region), place_in(s, record.region));
  transfer.start = transfer.end = agenda_.now();
  transfer.quantity = bytes;
  transfer.project = scenario_.projects[s.project].name;
  transfer.service = s.name;
  transfer.backup_kind = "copy";
  transfer.backup = record.id;
  transfer.tags = ledger_tags(s, record.tags);
  result_.usage.push_back(std::move(transfer));
}

void Journal::read_back(const RestoreRecord& restore) {
  const Service& s = scenario_.services[restore.service];
  if (s.store.retrieval) {
    UsageRecord record = usage_of(restore.backup, UsageKind::kRetrieval);
    record.quantity = restore.bytes;
    result_.usage.push_back(std::move(record));
  }
  requests(restore.backup, "get", restore.bytes);
  if (restore.from_region == restore.to_region) return;
  const UsageRecord moved =
      movement(place_in(s, restore.from_region), place_in(s, restore.to_region));
  UsageRecord transfer = usage_of(restore.backup, moved.kind);
  transfer.storage_class.clear();
  transfer.tags = s.cost_tags;
  transfer.quantity = restore.bytes;
  transfer.peer_region = moved.peer_region;
  result_.usage.push_back(std::move(transfer));
}

}  // namespace backcast::sim
