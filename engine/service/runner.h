// Does what the control plane decides: jobs over real data on threads of their own, into one
// encrypted repository for each project and region.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/control/plane/control_plane.h"
#include "engine/kinds/runner/tasks.h"
#include "engine/service/collections.h"
#include "engine/service/held.h"
#include "engine/service/log.h"
#include "engine/service/nodes.h"
#include "engine/service/upkeep.h"

namespace backcast::service {

class Runner : public control::Outside {
 public:
  // `folder` is the service's own; exports go to the buckets, by the names callers know them by.
  Runner(env::Env& env, std::filesystem::path folder, store::SecretText passphrase, Log log,
         std::map<std::string, std::filesystem::path> buckets = {});
  ~Runner() override;

  // Begins again what the process before this one left, and works from here on.
  Status start(control::ControlPlane& control);
  // Interrupts what runs; the catalogue still has it as running, so that the next start goes on.
  void stop();

  // Before start(): as service::rebuild.
  Result<Rebuilt> rebuild(control::ControlPlane& control);

  // The data of a backup into a new file, decrypted or as an age file.
  Status write_file(const control::Backup& backup, bool encrypted, const std::string& file);

  // Of several nodes that of the primary.
  kinds::DataPlace data_of(const control::Cluster& cluster) const;
  Adoptions& adoptions() { return adoptions_; }

  Duration start_delay(control::Id cluster, std::uint32_t schedule, Instant named,
                       int window_seconds) override;
  std::uint64_t accept(const control::Work&, Instant) override { return 0; }
  control::Begun begin(const control::Work& work, Instant now) override;
  Duration bring_back(const control::Work&) override { return Duration(0); }
  void cancel(const control::Work& work, Instant now) override;
  void put(const control::Work& work) override;
  void remove(control::Id vault, control::Id backup) override;
  void changed(control::Id backup) override;
  std::uint64_t held_bytes(control::Id vault) override;
  std::uint64_t freed_bytes(control::Id vault, const std::vector<control::Id>& backups) override;
  bool is_increment(control::Id, control::Id) override { return false; }
  std::vector<control::Id> arrived(std::uint32_t, Instant) override { return {}; }
  std::vector<Wake> wakes() override { return {}; }
  std::optional<std::uint32_t> link_between(const std::string&, const std::string&) override {
    return std::nullopt;
  }
  void happens(const std::string&, bool, Instant) override {}
  void destroy_key(control::Id project) override;
  void committed() override;
  void rolled_back() override;

 private:
  // What is to be done once the decision is noted.
  struct Deed {
    enum class What : std::uint8_t {
      kJob,
      kCancel,
      kRemove,
      kLabel,
      kDestroyKey,
      kTidy,
      kCopyCatalogue
    } what{};
    control::Id id = 0;
    control::ControlPlane::Shelf shelf{};  // to tidy
  };
  // Jobs may take hours; what keeps the house does not wait for them.
  struct Lane {
    std::deque<Deed> queue;
    std::condition_variable wake;
  };
  void add(Deed deed);
  void work(Lane& lane);
  Status keep_house(const Deed& deed);
  House house() { return {folder_, *control_, tasks_, log_}; }
  void report_progress();
  bool rests(Duration time);  // false: the service stops
  Status tidy_adopted();
  std::filesystem::path note_of(control::Id job) const;  // as kinds::RestoreTask::note
  void forget_notes(const std::vector<control::Work>& running) const;
  void do_job(control::Id job);
  Result<control::Ended> run(const control::ControlPlane::Detail& detail, kinds::JobWatch& watch);
  Result<control::Ended> back_up(const control::ControlPlane::Detail& detail,
                                 kinds::JobWatch& watch);
  Status restore(const control::ControlPlane::Detail& detail, kinds::JobWatch& watch);
  Result<NodePlace> node_of(const control::ControlPlane::Detail& detail);
  Status send(const control::ControlPlane::Detail& detail, kinds::JobWatch& watch);
  Status remove_bytes(control::Id backup);
  Status discard(control::Id backup, const std::string& snapshot);
  Status destroy(control::Id project);

  env::Env& env_;
  const std::filesystem::path folder_;
  const std::map<std::string, std::filesystem::path> buckets_;
  const Log log_;
  kinds::ProjectKeys keys_;
  kinds::Tasks tasks_;
  Adoptions adoptions_;
  control::ControlPlane* control_ = nullptr;

  // Of the transaction that is under way: the thread that decides alone.
  std::vector<Deed> decided_;
  Held held_;

  std::mutex mutex_;
  Lane jobs_, upkeep_;
  std::map<control::Id, std::shared_ptr<kinds::JobWatch>> watched_;
  bool stopping_ = false;
  Duration catalogue_copied_{0};  // by the monotonic clock: when it was last seen to
  std::vector<std::thread> threads_;
  std::unique_ptr<env::Ticker> ticker_;
};

}  // namespace backcast::service
