// What happened in a world: its backups, its log, its ledger.
#pragma once

#include <cstdint>
#include <utility>

#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/world/agenda.h"
#include "sim/world/ledger.h"

namespace backcast::sim {

class Journal {
 public:
  Journal(const Scenario& scenario, const Agenda& agenda)
      : agenda_(agenda), ledger_(scenario, [this](UsageRecord&& record) {
          result_.usage.push_back(std::move(record));
        }) {
    result_.start = scenario.start;
    result_.end = scenario.end;
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  RunResult& result() { return result_; }
  BackupRecord& backup(std::uint32_t index) { return result_.backups[index]; }
  // Its index.
  std::uint32_t add(BackupRecord record) {
    result_.backups.push_back(std::move(record));
    return static_cast<std::uint32_t>(result_.backups.size() - 1);
  }
  // Now; what is about a backup is about its service.
  void log(LogEvent event) {
    event.at = agenda_.now();
    if (event.backup != kNone) event.service = result_.backups[event.backup].service;
    result_.log.push_back(event);
  }
  const Ledger& ledger() const { return ledger_; }

 private:
  const Agenda& agenda_;
  RunResult result_;
  Ledger ledger_;
};

}  // namespace backcast::sim
