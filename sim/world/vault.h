// The restore points of one service in one region: what they hold, and which of them a retention
// policy lets go. Tells the ledger what is held from when to when.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/policy/retention/rolling.h"
#include "sim/model/byte_ages.h"
#include "sim/model/delta_model.h"
#include "sim/sums/common_part.h"
#include "sim/world/stage.h"

namespace backcast::sim {

// One change of what a vault holds, for those who replay it with other data.
struct VaultStep {
  Instant at{};
  std::uint32_t vault = 0;    // counts the vaults of the world
  std::uint32_t backup = 0;   // index into the run's backups
  std::uint32_t ordinal = 0;  // of its generation
  bool adds = false;          // false: removes
};

class Vault {
 public:
  // A restore point, or a copy still on its way (not yet `available`).
  struct Held {
    std::uint32_t backup = 0;  // index into the run's backups
    DeltaChain::Handle handle = 0;
    Generation generation;
    std::uint32_t first = 0;  // the oldest, by ordinal, that it may have bytes of
    policy::Snapshot snapshot;
    PolicyPlace birth;  // of the policy that gave it its expiry
    bool available = false;
    Instant since{};  // it holds these bytes, which the ledger does not know yet
    std::uint64_t bytes = 0;
  };

  Vault(Stage& stage, std::uint32_t service, std::string region);

  std::uint32_t service() const { return service_; }
  const std::string& region() const { return region_; }
  const std::list<Held>& held() const { return held_; }  // in the order of their generations
  std::uint64_t stored_bytes() const { return chain_.stored_bytes() - elsewhere_bytes_; }
  const Series& series() const { return stored_; }

  // What writing it as the newest restore point would move.
  std::uint64_t moved_if_reserved(const Generation& generation) const {
    return chain_.moved_if_added(generation) - there_already(generation);
  }
  // Makes room for a restore point: what must be moved to write it. It neither counts nor costs
  // anything until `arrive`.
  DeltaChain::Added reserve(std::uint32_t backup, const Generation& generation);
  void arrive(std::uint32_t backup, policy::Snapshot snapshot, const PolicyPlace& birth);
  // Takes it out again, arrived or not, and closes its records.
  void remove(std::uint32_t backup);
  // Takes over what was there before the run: one restore point, newer than those before it.
  // `settle` follows after the last of them.
  void adopt(std::uint32_t backup, const Generation& generation, policy::Snapshot snapshot,
             const PolicyPlace& birth);

  // The restore points that a policy, looking back over all of them, lets go, oldest first. In the
  // home region that is the service's own, and they are removed then.
  struct Doomed {
    std::uint32_t backup = 0;
    Reason reason{};
  };
  std::vector<Doomed> doomed(const policy::RetentionPolicy& policy);
  // What the policy would do if `newcomer`, for which there is room already, were the newest.
  struct Outlook {
    std::uint64_t freed_bytes = 0;
    std::optional<policy::Reason> why_not_kept;  // none: the newcomer stays
  };
  Outlook with_newcomer(const policy::RetentionPolicy& policy,
                        const policy::Snapshot& newcomer) const;
  // Those whose own expiry, given at birth, has come.
  std::vector<Doomed> expired();
  // The service has another policy from now on.
  void follow_policy();

  // Takes out several at once; `doomed` in the order of doomed() and expired().
  void remove(const std::vector<Doomed>& doomed);
  // Brings what the ledger is told in line with what is held.
  void settle();
  std::uint64_t own_bytes(const Held& held) const { return chain_.own_bytes(held.handle); }

  // Tells the ledger the rest, at the end of the run.
  void finish();

  // From now on it holds bytes that others of its repository hold as well. The common part lies in
  // its oldest restore point; others store `elsewhere` of them, which are not counted here.
  void join(CommonPart& part, CommonPart::Holder number, double drift_per_day);
  void count_elsewhere(std::uint64_t bytes);

  // Notes every restore point that comes or goes as vault number `vault`.
  void record(std::vector<VaultStep>& steps, std::uint32_t vault) {
    steps_ = &steps;
    number_ = vault;
  }

 private:
  using Place = std::list<Held>::iterator;
  Place place_of(std::uint32_t backup);
  policy::Point point_of(const policy::RetentionPolicy& policy, const Held& held,
                         const policy::Snapshot& snapshot) const;
  const Service& owner() const { return stage_.service(service_); }
  const std::optional<policy::RetentionPolicy>& retention() const {
    return stage_.in_force.retention(service_);
  }
  // Of null what is left of deleted ones.
  void tell(const Held* held, Instant since, std::uint64_t bytes);
  // Takes it out; what came after it.
  Place release(Place place);
  std::vector<FreedBytes> freed_parts(Place place, std::uint64_t freed_bytes);
  FreedParts shared_parts(Place place, std::uint64_t freed_bytes);
  void make_available(Held& held, policy::Snapshot snapshot, const PolicyPlace& birth);
  const Held* oldest() const;  // that is there; null: none
  std::uint64_t common_bytes(const Held* held) const;
  // What others have of a first restore point.
  std::uint64_t there_already(const Generation& generation) const;
  std::uint64_t kept_by_others(Place place) const;
  // What is held has changed.
  void note_changes();
  // In line with what the chain says is held.
  void rebalance(Held& held);
  void rebalance_heirs(Place next);
  void rebalance_leftover();
  void note_stored();

  Stage& stage_;
  std::uint32_t service_;
  std::string region_;
  DeltaChain chain_;
  WrittenLog log_;
  std::vector<Generation> generations_;  // by ordinal
  std::list<Held> held_;
  std::unordered_map<std::uint32_t, Place> places_;       // by backup
  std::set<std::pair<Instant, std::uint32_t>> expiries_;  // of what is there; backups
  // Of the service's own retention, in its home region; none where every plan is a whole one.
  std::unique_ptr<policy::RollingPlan> rolling_;
  CommonPart* part_ = nullptr;  // of its repository
  CommonPart::Holder holder_ = 0;
  double drift_per_day_ = 0;
  std::uint64_t first_bytes_ = 0;      // of its service at the start, as stored
  std::uint64_t elsewhere_bytes_ = 0;  // of its oldest restore point, in others' vaults
  std::uint64_t held_bytes_ = 0;       // sum over held_
  Instant leftover_since_{};           // so many bytes stay for those that depend on
  std::uint64_t leftover_bytes_ = 0;   // a deleted restore point
  Series stored_;
  std::vector<VaultStep>* steps_ = nullptr;
  std::uint32_t number_ = 0;
};

}  // namespace backcast::sim
