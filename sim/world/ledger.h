// The usage ledger of what is simulated: whatever is held over time, freed, moved, asked for or
// read back becomes UsageRecords here, for one service as for the sums of a fleet, and nowhere
// else.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/checked.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// Bytes beyond what a record holds become several records.
class Ledger {
 public:
  using Sink = std::function<void(UsageRecord&&)>;

  // The scenario must outlive the ledger.
  Ledger(const Scenario& scenario, Sink sink) : scenario_(scenario), sink_(std::move(sink)) {}

  // Bytes of a restore point, or with null what is left in a region of deleted ones on which others
  // depend.
  void held(const Service& service, const std::string& region, const BackupRecord* backup,
            Instant since, Instant until, uint128 bytes) const;
  // Bytes, once written at that time, that went when the backup, which held so many, was deleted.
  // What others still share goes on being stored: a fee for early deletion is due on the rest.
  void freed(const Service& service, const BackupRecord& backup, std::uint64_t held_bytes,
             Instant written, Instant at, uint128 bytes) const;
  void copied(const Service& service, const BackupRecord& copy, Instant at, uint128 bytes) const;
  // Counts where the service says in which objects a backup lies.
  void requests(const Service& service, const BackupRecord& backup, Instant at,
                const char* operation, std::uint64_t bytes) const;
  void read_back(const Service& service, const BackupRecord& backup,
                 const RestoreRecord& restore) const;

 private:
  UsageRecord in(const Service& service, const std::string& region, UsageKind kind) const;
  UsageRecord of(const Service& service, const BackupRecord& backup, UsageKind kind,
                 Instant at) const;
  void write(UsageRecord record, uint128 quantity) const;

  const Scenario& scenario_;
  Sink sink_;
};

}  // namespace backcast::sim
