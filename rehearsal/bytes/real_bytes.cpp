#include "rehearsal/bytes/real_bytes.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/time_math.h"
#include "engine/service/places.h"

namespace backcast::rehearsal {
namespace {

namespace fs = std::filesystem;
using control::Id;

constexpr int kFiles = 6;
constexpr std::int64_t kShortestSeconds = 6 * 3600;  // after which the first file is another
constexpr std::size_t kWords = 512;                  // of a file, 8 bytes each
constexpr const char* kKind = "shared-storage";

// The next number after `state`, by splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
std::uint64_t next(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// What a file of a cluster holds at a moment: the first changes often, the last one seldom.
std::string content(Id cluster, int file, Instant at) {
  const std::int64_t age = unix_seconds(at) / (kShortestSeconds << file);
  std::uint64_t state = static_cast<std::uint64_t>(cluster) * 1'000'003 +
                        static_cast<std::uint64_t>(file) * 7919 + static_cast<std::uint64_t>(age);
  std::string bytes;
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint64_t word = next(state);
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return bytes;
}

fs::path file_name(int file) {
  return fmt::format("part-{}", file);
}

Status write_data(const fs::path& folder, Id cluster, Instant at) {
  std::error_code error;
  fs::create_directories(folder, error);
  for (int file = 0; file < kFiles; ++file) {
    std::ofstream out(folder / file_name(file), std::ios::binary | std::ios::trunc);
    out << content(cluster, file, at);
    if (!out.flush()) return failed("cannot write " + (folder / file_name(file)).string());
  }
  return kOk;
}

fs::path data_folder(const fs::path& folder, Id cluster) {
  return folder / "data" / std::to_string(cluster);
}

kinds::DataPlace place_of(const fs::path& folder) {
  return {kKind, nlohmann::json{{"path", folder.string()}}.dump()};
}

std::string name_of(Id backup) {
  return fmt::format("backup-{}", backup);
}

}  // namespace

kinds::DataPlace generated_data(const fs::path& folder, Id cluster) {
  return place_of(data_folder(folder, cluster));
}

RealBytes::RealBytes(env::Env& env, fs::path folder, store::SecretText passphrase,
                     std::vector<ClusterPlace> clusters, std::vector<std::string> projects,
                     control::Outside& weather)
    : env_(env),
      folder_(std::move(folder)),
      clusters_(std::move(clusters)),
      projects_(std::move(projects)),
      weather_(weather),
      keys_(env, folder_ / "keys", std::move(passphrase)),
      tasks_(env, keys_) {}

void RealBytes::put(const control::Work& work) {
  weather_.put(work);
  const bool is_copy = work.kind == control::WorkKind::kCopy;
  decided_.push_back({is_copy ? Deed::What::kCopy : Deed::What::kMake, work});
}

void RealBytes::remove(Id vault, Id backup) {
  weather_.remove(vault, backup);
  control::Work work;
  work.backup = backup;
  decided_.push_back({Deed::What::kRemove, work});
}

void RealBytes::destroy_key(Id project) {
  weather_.destroy_key(project);
  control::Work work;
  work.backup = project;
  decided_.push_back({Deed::What::kDestroyKey, work});
}

void RealBytes::committed() {
  weather_.committed();
  for (const Deed& deed : decided_) {
    if (first_fault_.ok()) first_fault_ = act(deed);
  }
  decided_.clear();
}

void RealBytes::rolled_back() {
  weather_.rolled_back();
  decided_.clear();
}

Status RealBytes::act(const Deed& deed) {
  switch (deed.what) {
    case Deed::What::kMake:
      return make(deed.work);
    case Deed::What::kCopy:
      return copy(deed.work);
    case Deed::What::kDestroyKey:
      return destroy(projects_.at(static_cast<std::size_t>(deed.work.backup - 1)));
    case Deed::What::kRemove:
      break;
  }
  const auto held = held_.find(deed.work.backup);
  if (held == held_.end()) return kOk;
  const Held gone = held->second;
  held_.erase(held);
  ++counts_.removed;
  return tasks_.remove(gone.keyring, repository(gone), gone.snapshot);
}

Status RealBytes::make(const control::Work& work) {
  const ClusterPlace& place = clusters_.at(static_cast<std::size_t>(work.cluster - 1));
  const std::string keyring = service::keyring_of(place.project, place.key);
  Held held{keyring, place.region, {}, {}, work.cluster, work.born};
  const fs::path data = data_folder(folder_, work.cluster);
  BACKCAST_CHECK(write_data(data, work.cluster, work.born));
  kinds::JobWatch watch;
  const kinds::BackupTask task{keyring,
                               name_of(work.backup),
                               std::to_string(work.cluster),
                               repository(held),
                               folder_ / "spool",
                               place_of(data),
                               {}};
  BACKCAST_TRY(const kinds::Stored stored, tasks_.back_up(task, watch));
  held.snapshot = stored.snapshot;
  held.contents = stored.contents;
  held_[work.backup] = std::move(held);
  ++counts_.made;
  return kOk;
}

Status RealBytes::copy(const control::Work& work) {
  const auto original = held_.find(work.original);
  if (original == held_.end()) {
    return failed(fmt::format("{} is copied, and has no bytes", name_of(work.original)));
  }
  Held held = original->second;
  held.region = work.to_region;
  kinds::JobWatch watch;
  BACKCAST_CHECK(tasks_.copy(
      {held.keyring, held.snapshot, repository(original->second), repository(held)}, watch));
  held_[work.backup] = std::move(held);
  ++counts_.copied;
  return kOk;
}

Status RealBytes::destroy(const std::string& project) {
  std::vector<fs::path> repositories;
  std::error_code none;
  for (const auto& entry :
       fs::directory_iterator(service::repositories_of(folder_, project), none)) {
    repositories.push_back(entry.path());
  }
  std::erase_if(held_, [&](const auto& held) { return held.second.keyring == project; });
  return keys_.destroy(project, repositories);
}

fs::path RealBytes::repository(const Held& held) const {
  return service::repository_of(folder_, held.keyring, held.region);
}

Result<RealBytes::Checked> RealBytes::check(control::ControlPlane& plane) {
  BACKCAST_CHECK(first_fault_);
  BACKCAST_TRY(const auto available, plane.held());
  std::set<Id> by_catalogue, by_bytes;
  for (const auto& one : available) by_catalogue.insert(one.backup);
  std::map<fs::path, std::set<std::string>> wanted;
  std::map<fs::path, std::string> project_of;
  for (const auto& [backup, held] : held_) {
    by_bytes.insert(backup);
    wanted[repository(held)].insert(held.snapshot);
    project_of[repository(held)] = held.keyring;
  }
  if (by_catalogue != by_bytes) {
    return failed(fmt::format("{} backups are available, and {} have bytes", by_catalogue.size(),
                              by_bytes.size()));
  }
  for (const auto& [place, snapshots] : wanted) {
    std::vector<Error> damaged;
    BACKCAST_TRY(const auto there, tasks_.labelled(project_of[place], place, damaged));
    if (!damaged.empty()) return damaged.front();
    std::set<std::string> found;
    for (const kinds::Labelled& one : there) found.insert(one.snapshot);
    if (found != snapshots) {
      return failed(fmt::format("{} holds {} snapshots of {}", place.string(), found.size(),
                                snapshots.size()));
    }
  }
  for (const auto& [backup, held] : held_) BACKCAST_CHECK(check_restore(held));
  counts_.restored = held_.size();
  return counts_;
}

Status RealBytes::note_snapshots(control::ControlPlane& plane) {
  BACKCAST_CHECK(first_fault_);
  for (const auto& [backup, held] : held_) {
    BACKCAST_CHECK(plane.lies_in(backup, held.snapshot, held.contents));
  }
  return kOk;
}

Status RealBytes::check_restore(const Held& held) {
  const fs::path into = folder_ / "restored";
  std::error_code error;
  fs::remove_all(into, error);
  fs::create_directories(into, error);
  kinds::JobWatch watch;
  BACKCAST_CHECK(tasks_.restore({held.keyring, held.snapshot, repository(held), folder_ / "spool",
                                 place_of(into), kinds::RestoreChoice{}},
                                watch));
  for (int file = 0; file < kFiles; ++file) {
    std::ifstream in(into / file_name(file), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes != content(held.cluster, file, held.born)) {
      return failed(fmt::format("{} of snapshot {} is not what was backed up at {}",
                                file_name(file).string(), held.snapshot,
                                format_instant(held.born)));
    }
  }
  return kOk;
}

}  // namespace backcast::rehearsal
