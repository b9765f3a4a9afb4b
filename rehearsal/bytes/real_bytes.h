// Between a control plane under the virtual clock and what plays its outside: every backup, copy
// and deletion is done with real, small data as well, so that what the catalogue says can be held
// to what the repositories hold.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/control/outside/outside.h"
#include "engine/control/plane/control_plane.h"
#include "engine/kinds/runner/tasks.h"

namespace backcast::rehearsal {

struct ClusterPlace {
  std::string project, region;
  std::string key;  // of its own; "" = that of the project
};

// The data of a cluster, by its row, that a rehearsal in this folder generates.
kinds::DataPlace generated_data(const std::filesystem::path& folder, control::Id cluster);

class RealBytes : public control::Outside {
 public:
  // `folder` is empty; in it things lie as in a service's, whose passphrase seals the keys.
  // Clusters and projects in the order of their rows, from 1.
  RealBytes(env::Env& env, std::filesystem::path folder, store::SecretText passphrase,
            std::vector<ClusterPlace> clusters, std::vector<std::string> projects,
            control::Outside& weather);

  struct Checked {
    std::uint64_t made = 0, copied = 0, removed = 0, restored = 0;
  };
  // Whether the repositories hold what is available by the catalogue and nothing else, and all of
  // it restores to the data of its moment. Errors: the first thing that is not so.
  Result<Checked> check(control::ControlPlane& plane);
  // Tells the catalogue where the bytes of its backups lie, so that a service can go on with them.
  Status note_snapshots(control::ControlPlane& plane);

  void opened(control::Notes& notes) override { weather_.opened(notes); }
  Duration start_delay(control::Id cluster, std::uint32_t schedule, Instant named,
                       int window_seconds) override {
    return weather_.start_delay(cluster, schedule, named, window_seconds);
  }
  std::uint64_t accept(const control::Work& work, Instant now) override {
    return weather_.accept(work, now);
  }
  control::Begun begin(const control::Work& work, Instant now) override {
    return weather_.begin(work, now);
  }
  Duration bring_back(const control::Work& work) override { return weather_.bring_back(work); }
  void cancel(const control::Work& work, Instant now) override { weather_.cancel(work, now); }
  void put(const control::Work& work) override;
  void remove(control::Id vault, control::Id backup) override;
  std::uint64_t held_bytes(control::Id vault) override { return weather_.held_bytes(vault); }
  std::uint64_t freed_bytes(control::Id vault, const std::vector<control::Id>& backups) override {
    return weather_.freed_bytes(vault, backups);
  }
  void changed(control::Id backup) override { weather_.changed(backup); }
  std::vector<policy::CollectionName> collections(control::Id cluster) override {
    return weather_.collections(cluster);
  }
  bool is_increment(control::Id vault, control::Id backup) override {
    return weather_.is_increment(vault, backup);
  }
  std::vector<control::Id> arrived(std::uint32_t link, Instant now) override {
    return weather_.arrived(link, now);
  }
  std::vector<Wake> wakes() override { return weather_.wakes(); }
  std::optional<std::uint32_t> link_between(const std::string& from,
                                            const std::string& to) override {
    return weather_.link_between(from, to);
  }
  void happens(const std::string& text, bool begins, Instant now) override {
    weather_.happens(text, begins, now);
  }
  void destroy_key(control::Id project) override;
  void committed() override;
  void rolled_back() override;

 private:
  struct Held {
    std::string keyring, region, snapshot, contents;
    control::Id cluster = 0;
    Instant born{};
  };
  struct Deed {
    enum class What : std::uint8_t { kMake, kCopy, kRemove, kDestroyKey } what{};
    control::Work work{};  // of a removal its backup, of a key the project's row
  };
  Status act(const Deed& deed);
  Status make(const control::Work& work);
  Status copy(const control::Work& work);
  Status destroy(const std::string& project);
  Status check_restore(const Held& held);
  std::filesystem::path repository(const Held& held) const;

  env::Env& env_;
  const std::filesystem::path folder_;
  const std::vector<ClusterPlace> clusters_;
  const std::vector<std::string> projects_;
  control::Outside& weather_;
  kinds::ProjectKeys keys_;
  kinds::Tasks tasks_;
  std::vector<Deed> decided_;
  std::map<control::Id, Held> held_;  // by backup
  Checked counts_;
  Status first_fault_ = kOk;
};

}  // namespace backcast::rehearsal
