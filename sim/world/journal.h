// What happened in a world: its backups, its log, and the part of the usage ledger that is moved
// or asked for. What is stored the vaults write.
#pragma once

#include <cstdint>
#include <string>

#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/world/agenda.h"

namespace backcast::sim {

class Journal {
 public:
  Journal(const Scenario& scenario, const Agenda& agenda);

  RunResult& result() { return result_; }
  BackupRecord& backup(std::uint32_t index) { return result_.backups[index]; }
  // Its index.
  std::uint32_t add(BackupRecord record);

  // Log entries about a backup, a service, a region, and about none of them.
  void log_backup(LogKind kind, std::uint32_t backup, std::string text);
  void log_service(LogKind kind, std::uint32_t service, std::string text);
  void log_region(LogKind kind, std::string region, std::string text);
  void log(LogKind kind, std::uint32_t service, std::uint32_t backup, std::string region,
           std::string text);

  // The ledger. Requests count where the service says in which objects a backup lies.
  void requests(std::uint32_t backup, const char* operation, std::uint64_t bytes);
  void copied(std::uint32_t copy, std::uint64_t bytes);
  void read_back(const RestoreRecord& restore);

 private:
  UsageRecord usage_of(std::uint32_t backup, UsageKind kind) const;

  const Scenario& scenario_;
  const Agenda& agenda_;
  RunResult result_;
};

}  // namespace backcast::sim
