// What is kept, and what is let go: the vaults of a world under retention, expiry and quota. Every
// decision is a call into engine/policy.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/policy/service/quota.h"
#include "sim/world/availability.h"
#include "sim/world/stage.h"
#include "sim/world/vault.h"

namespace backcast::sim {

class Vaults {
 public:
  // With `steps`, every change of a vault is noted there.
  Vaults(Stage& stage, std::vector<VaultStep>* steps);

  // The vault of a service in a region, by number; made where there is none yet.
  std::uint32_t find(std::uint32_t service, const std::string& region);
  Vault& operator[](std::uint32_t vault) { return *vaults_[vault]; }
  std::uint32_t count() const { return static_cast<std::uint32_t>(vaults_.size()); }
  const std::vector<std::uint32_t>& of(std::uint32_t service) const {
    return states_[service].vaults;
  }

  // Takes over what was there before the run; how many, and when the newest was born.
  struct Adopted {
    std::uint32_t count = 0;
    std::optional<Instant> newest;
  };
  Adopted adopt(std::uint32_t service);

  // Whether the service's tool makes a backup at this time.
  bool is_due(std::uint32_t service) const;
  // Puts a finished backup into its home vault if the project's quota lets it. False: refused.
  bool store(std::uint32_t backup, const Generation& generation, bool automatic,
             const PolicyPlace& birth);
  // Makes a finished backup or copy available, with the expiry its policy gives it at birth.
  void arrive(std::uint32_t backup, std::uint32_t vault, const PolicyPlace& birth,
              policy::Origin origin);

  // How long it takes to bring the service back from these bytes once they are there, all of them
  // or some collections, asked for at that time.
  Duration restore_time(const BackupRecord& backup,
                        std::span<const policy::CollectionChoice> collections, Instant asked,
                        const std::string& into) const;

  // The verdict looking back: after a new backup, over everything in the home region.
  void prune(std::uint32_t vault);
  // A shared quota that has been passed lets go what neither protection nor a minimum keeps in the
  // project's other services, too, until it holds. Deleted ones keep what they have.
  void prune_others(std::uint32_t service, const Availability& availability);
  void expire(std::uint32_t vault);
  void drop(std::uint32_t backup, LogKind kind, const Reason& reason);

  // Everything available in a region, of the services named or of all.
  void lose_storage(const ScheduledEvent& event);

  // The newest backup of the service that the event describes, or kNone.
  std::uint32_t described(const ScheduledEvent& event, std::uint32_t service) const;
  // What a schedule of this name has made, copies, too, that is there.
  std::vector<std::uint32_t> made_by(std::uint32_t service, const std::string& schedule) const;
  // When the newest one was born that is there.
  std::optional<Instant> newest(std::uint32_t service) const;
  // The service's policy is this one from now on, and so is what it protects.
  void change_retention(std::uint32_t service, std::uint32_t index);
  void change_project(std::uint32_t index, const Project& becomes);
  void finish();

 private:
  struct State {
    std::vector<std::uint32_t> vaults;  // the home region's first
    std::optional<Instant> newest_automatic;
  };
  // All that was adopted is there: what each holds alone is known.
  void settle(std::uint32_t vault);
  void adopt(std::uint32_t vault, const policy::Snapshot& snapshot, const Generation& generation,
             std::string id);
  bool is_protected(std::uint32_t service, const policy::Snapshot& snapshot) const;
  policy::Snapshot snapshot_of(const BackupRecord& record, policy::Origin origin) const;
  std::optional<std::vector<std::string>> tags_of(std::uint32_t service,
                                                  std::vector<std::string> usual,
                                                  Instant born) const;
  void drop(std::uint32_t vault, const std::vector<Vault::Doomed>& doomed, LogKind kind);
  std::optional<policy::RetentionPolicy> retention_within_quota(std::uint32_t vault) const;
  std::optional<Reason> quota_refusal(const policy::Snapshot& newcomer, std::uint32_t vault) const;
  std::uint64_t quota_bytes(std::uint32_t project) const;
  void note_quota(std::uint32_t project);

  void join_repository(std::uint32_t vault);
  void note_repositories();

  // The common part of one repository in one region.
  struct Shared {
    std::uint32_t repository = 0;  // index into Scenario::repositories
    std::string region;
    std::unique_ptr<CommonPart> part;
    std::vector<std::uint32_t> vaults;
  };

  Stage& stage_;
  std::vector<VaultStep>* steps_;
  std::vector<Shared> shared_;
  std::vector<std::unique_ptr<Vault>> vaults_;
  PerService<State> states_;
  std::map<std::uint32_t, Series> quotas_;  // by project
};

}  // namespace backcast::sim
