// A recorded history under a retention policy: which restore points existed after each backup, and
// what they stored, freed and cost. What forecasts of its past are held against.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "engine/base/error.h"
#include "engine/policy/retention/retention.h"
#include "sim/fit/observations.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::study {

// Under which policy, and whose prices.
struct RecordedTerms {
  policy::RetentionPolicy retention;
  std::shared_ptr<const cost::PriceBook> book = nullptr;  // null: no bill
  std::string region = "home", storage_class = "";        // as the book calls them
};

// Bytes or money of one stretch of time.
struct Outcome {
  double stored_bytes = 0;  // at its end
  double freed_bytes = 0;   // within it
  double bill = 0;          // of it, in the book's currency; 0 without one
};

class Recorded {
 public:
  // Errors: kBadInput for a history that calibration would refuse as well; for more than
  // kMostBackups backups, that the oldest must be left out. `threads`: 0 = every core.
  static Result<Recorded> of(sim::Observations seen, RecordedTerms terms);
  static constexpr std::size_t kMostBackups = 1500;

  std::uint32_t backups() const { return static_cast<std::uint32_t>(times_.size()); }
  // As calibration would see it after that backup; with that backup as its newest.
  sim::ObservedHistory prefix(std::uint32_t newest) const;
  const sim::ObservedHistory& seen() const { return seen_; }
  Instant time(std::uint32_t backup) const { return times_[backup]; }
  // Usual distance of two backups.
  Duration step() const { return step_; }
  const RecordedTerms& terms() const { return terms_; }
  // Where the figures of the past come from: "exact, from the presence table".
  const std::string& basis() const { return basis_; }

  // Restore points that existed after a backup, by their numbers, oldest first.
  std::vector<std::uint32_t> kept_after(std::uint32_t backup) const;
  // Gives a service them to go on from, at `start`: each with what it does not share with the one
  // before it, and where the presence table says it, with all that they share.
  void go_on_after(std::uint32_t backup, sim::Service& service) const;
  double stored_after(std::uint32_t backup) const { return stored_[backup]; }
  // What happened after backup `from`, up to and with backup `to`. Errors: those of the bill.
  Result<Outcome, Errors> between(std::uint32_t from, std::uint32_t to) const;

  // One service under the policy whose backups are made at these times, from `start` on.
  sim::Scenario scenario(sim::Service service, Instant start, std::span<const Instant> backups,
                         std::uint64_t seed) const;
  // Of usage, what falls between two moments, billed. Errors: what no row prices.
  Result<double, Errors> bill(std::span<const UsageRecord> usage, Instant from, Instant to) const;

 private:
  void live();
  std::uint64_t stored_bytes(const std::vector<std::uint32_t>& kept) const;

  sim::ObservedHistory seen_;
  std::optional<sim::PresenceTable> table_;
  std::shared_ptr<const sim::Trace> trace_;
  RecordedTerms terms_;
  std::vector<Instant> times_;
  Duration step_{0};
  std::string basis_;
  sim::RunResult run_;                  // of all of it, sizes and overlaps as recorded
  std::vector<double> stored_, freed_;  // after each backup; by it
};

// Of a run that a Recorded made a scenario for: what the series says at a moment, and what was
// freed by then.
double stored_at(const sim::RunResult& run, Instant at);
double freed_by(const sim::RunResult& run, Instant at);

}  // namespace backcast::study
