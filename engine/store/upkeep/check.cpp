#include "engine/store/upkeep/check.h"

#include <algorithm>
#include <thread>

#include "engine/store/repository/label.h"
#include "engine/store/repository/lease.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/head.h"
#include "engine/store/snapshots/missing_snapshots.h"
#include "engine/store/snapshots/snapshot_check.h"
#include "engine/store/upkeep/check_packs.h"

namespace backcast::store {
namespace {

class Checking {
 public:
  Checking(Repository& repository, const CheckOptions& options, CheckProgress& progress)
      : repository_(repository),
        options_(options),
        progress_(progress),
        packs_(repository, options, progress, result_),
        index_(packs_.index()) {}

  Result<CheckResult> run() {
    // Listed before the index is read: it then holds all that these need, whoever publishes
    // meanwhile.
    BACKCAST_TRY(const auto heads, read_heads(repository_));
    BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository_));
    BACKCAST_CHECK(packs_.look_for_packs());
    if (options_.open_data) BACKCAST_CHECK(repository_.unlock());
    if (options_.read_data || options_.open_data) packs_.read_packs();
    // Reading takes its time, in which the keys are unlocked.
    if (repository_.is_unlocking()) BACKCAST_CHECK(repository_.unlock());
    packs_.name_damaged_chunks();
    packs_.weigh_damage();
    result_.forgotten = names.forgotten.size();
    for (const std::string& name : names.foreign) {
      packs_.add_damage(name, "not what its name says");
    }
    result_.opened_trees = repository_.keys().can_read();
    result_.opened_data = options_.open_data;
    for (const Id& id : names.live) {
      if (progress_.stop) return Error{Errc::kInterrupted, "interrupted", {}, {}};
      BACKCAST_CHECK(check_snapshot(id));
    }
    if (auto current = repository_.config_is_current(); !current.ok()) {
      packs_.add_damage("config", current.error().message);
    }
    if (auto rules = load_rules(repository_); !rules.ok()) {
      packs_.add_damage("rules", rules.error().message);
    }
    std::vector<Error> damaged;
    BACKCAST_CHECK(load_labels(repository_, damaged));
    for (const Error& error : damaged) packs_.add_damage("labels", error.message);
    BACKCAST_CHECK(look_for_missing_snapshots(names, heads));
    result_.chunks = index_.entries().size();
    return std::move(result_);
  }

 private:
  Status look_for_missing_snapshots(const SnapshotNames& present, const std::vector<Id>& heads) {
    const auto missing = find_missing_snapshots(repository_, heads, present, newest_sequence_);
    if (!missing.ok() && missing.error().code != Errc::kCorrupt) return missing.error();
    if (!missing.ok()) {
      packs_.add_damage("journal", missing.error().message);
      return kOk;
    }
    for (const Damage& damage : missing->damaged) packs_.add_damage(damage.object, damage.what);
    constexpr const char* kWhat = "missing: neither here nor forgotten";
    for (const Id& id : missing->named) {
      packs_.add_damage(name_of(ObjectType::kSnapshot, id), kWhat);
    }
    if (missing->unnamed > 0) {
      packs_.add_damage("snapshots", std::to_string(missing->unnamed) + ' ' + kWhat);
    }
    return kOk;
  }

  Status check_snapshot(const Id& id) {
    auto snapshot = load_snapshot(repository_, id);
    if (!snapshot.ok() && snapshot.error().code == Errc::kNotFound) return kOk;
    ++result_.snapshots;
    const std::string name = to_hex(id);
    if (!snapshot.ok()) {
      result_.damage.push_back({name_of(ObjectType::kSnapshot, id), snapshot.error().message});
      result_.affected.push_back({name, "", "the snapshot itself is damaged"});
      return kOk;
    }
    newest_sequence_ = std::max(newest_sequence_, snapshot->sequence);
    PackFiles packs(repository_, index_);
    const SnapshotCheck looked(packs);
    const std::size_t affected_before = result_.affected.size();
    std::string fault = looked.structure_fault(*snapshot);
    if (repository_.keys().can_read()) {
      const auto on_file = [&](const std::string& path, const std::string& what) {
        result_.affected.push_back({name, path, what});
      };
      const std::string tree_fault = looked.tree_fault(*snapshot, fault.empty(), on_file);
      if (!tree_fault.empty()) {
        result_.affected.resize(affected_before);
        if (fault.empty()) fault = tree_fault;
      }
    }
    const bool named_files = result_.affected.size() > affected_before;
    const bool is_whole = fault.empty() && !named_files;
    if (!is_whole && is_gone(id)) {  // forgotten and pruned while it was looked at
      result_.affected.resize(affected_before);
      --result_.snapshots;
      return kOk;
    }
    if (is_whole) {
      result_.intact.push_back(name);
    } else if (!named_files) {
      result_.affected.push_back({name, "", fault});
    }
    return kOk;
  }

  bool is_gone(const Id& snapshot) {
    const auto info = repository_.folder().stat(name_of(ObjectType::kSnapshot, snapshot));
    return !info.ok() && info.error().code == Errc::kNotFound;
  }

  Repository& repository_;
  const CheckOptions& options_;
  CheckProgress& progress_;
  CheckResult result_;
  PackCheck packs_;
  const Index& index_;
  std::uint64_t newest_sequence_ = 0;
};

}  // namespace

Result<CheckResult> check(Repository& repository, const CheckOptions& given,
                          CheckProgress& progress) {
  CheckOptions options = given;
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  return Checking(repository, options, progress).run();
}

}  // namespace backcast::store
