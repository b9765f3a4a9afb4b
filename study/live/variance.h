// A policy's forecast beside what a service really did, and why they differ: the ledger goes from
// the one to the other in steps, each is billed, and what a step adds is what its cause costs.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "engine/base/error.h"
#include "engine/base/usage.h"

namespace backcast::study {

// One backup or copy of either side.
struct BackupFact {
  std::string id;                              // as its usage records have it
  std::string project, service, region, kind;  // kind: "automatic", "manual", "copy"
  Instant born{};
  std::string why_not;  // it never could be restored; "" = it could
};

struct Ledger {
  std::vector<UsageRecord> usage;
  std::vector<BackupFact> backups;  // of the usage, and those that came to nothing
};

struct Cause {
  std::string project, service;  // "" = shared by all
  std::string what;              // "backups that were not made"
  std::string detail;            // "2 of 30: 1 failed (…), 1 was not made"
  cost::Decimal amount;          // actual - forecast, as far as it comes from this
};

struct Variance {
  cost::Invoice forecast, actual;
  std::vector<Cause> causes;  // their amounts sum to the difference of the totals
};

// Whoever asks chooses prices and options.
using BillOf = std::function<Result<cost::Invoice, Errors>(std::span<const UsageRecord>)>;

// Which backup is which: of one service, region and kind, two whose moments are nearest to each
// other on both sides. `since`: when the policy was switched on. Errors: those of `bill`.
Result<Variance, Errors> explain_variance(const Ledger& forecast, const Ledger& actual,
                                          Instant since, const BillOf& bill);

// What of usage falls between two moments.
std::vector<UsageRecord> within(std::span<const UsageRecord> usage, Instant from, Instant to);

}  // namespace backcast::study
