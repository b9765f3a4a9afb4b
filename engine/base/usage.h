// The ledger: what a repository, real or simulated, used. The simulator and the engine write these
// records, costmodel/ prices them and knows nothing else about either. Usage holds facts only:
// which unit, month or minimum applies is the meter's business (costmodel/).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/instant.h"

namespace backcast {

enum class UsageKind : std::uint8_t {
  kStorage,     // quantity bytes were held from start until end
  kTransfer,    // quantity bytes moved from region to peer_region at start
  kEgress,      // quantity bytes left region for the internet at start
  kRequest,     // quantity requests of `operation` at start
  kRetrieval,   // quantity bytes were read back out of a storage class at start
  kDeletion,    // quantity bytes, stored at start, were deleted at end (minimum-duration fees)
  kInstance,    // quantity bytes of front-end data were under protection from start until end
  kRestoreTest  // quantity restore points were test-restored at start
};

// What they are called in files and interfaces, in their order.
inline constexpr std::array<std::string_view, 8> kUsageKinds{"storage",  "transfer",    "egress",
                                                             "request",  "retrieval",   "deletion",
                                                             "instance", "restore test"};
constexpr std::string_view name(UsageKind kind) {
  return kUsageKinds[static_cast<std::size_t>(kind)];
}

// One fact. Strings are identifiers of the scenario or repository, "" where they do not apply.
struct UsageRecord {
  UsageKind kind = UsageKind::kStorage;
  Instant start{};
  Instant end{};  // exclusive; equals start for facts of one moment
  // When the stored thing came into being, where that is before `start` because this record goes
  // on where another ended. Started days, started hours and minimum durations count from here.
  // Unset: `start` for a record with a backup id, full UTC days and hours for one without.
  std::optional<Instant> born;
  std::uint64_t quantity = 0;  // bytes, requests or objects, by kind
  std::uint64_t objects = 0;   // stored or moved objects behind the bytes; 0 = not counted
  std::string provider;        // whose bill it is on, as a price book names it; "" = not said
  std::string project;
  std::string service;  // the cluster, database or folder that was backed up
  std::string region;
  std::string peer_region;    // destination of a transfer
  std::string storage_class;  // provider's name, "" = its default
  std::string backup_kind;    // "automatic", "manual", "copy"
  std::string backup;         // backup id, "" for totals over a service
  std::string operation;      // "put", "get", "list", "delete", "transition" of kRequest
  std::vector<std::string> tags;
};

}  // namespace backcast
