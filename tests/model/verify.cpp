// After each round: is everything there that was reported as done, is it what was saved, and is
// nothing there that should not be?
#include <fmt/format.h>

#include "engine/store/repository/rules.h"
#include "engine/store/upkeep/check.h"
#include "engine/store/work/restore.h"
#include "tests/model/world.h"

namespace backcast::model {
namespace {

std::string difference_from(const Known& known, const std::string& tar) {
  const Tree found = read_tar(tar, known.root);
  return known.is_partial ? difference_of_part(*known.tree, found) : difference(*known.tree, found);
}

Result<std::string> tar_of(store::Repository& repository, const store::Snapshot& snapshot) {
  std::string tar;
  BACKCAST_CHECK(
      store::dump_tar(repository, snapshot, store::Selection(), [&](ByteView bytes) -> Status {
        tar += as_text(bytes);
        return kOk;
      }));
  return tar;
}

}  // namespace

// What check says is wrong, and should not be; "" if nothing.
std::string first_alarm(const Place& place, const store::CheckResult& result) {
  for (const auto& damage : result.damage) {
    const bool is_missing = damage.what.ends_with("neither here nor forgotten");
    if (is_missing && place.has_unnoted_deletions) continue;
    return damage.object + ": " + damage.what;
  }
  for (const auto& affected : result.affected) {
    return affected.snapshot + " /" + affected.path + ": " + affected.what;
  }
  return {};
}

void World::verify(Place& place) {
  if (failure_) return;
  if (place.is_damaged) return verify_damaged(place);
  place.is_said_to_be_whole = false;
  const auto repository = open(env_, place);
  if (!repository.ok()) return fail(place.path + ": " + to_string(repository.error()));
  verify_policy(place, **repository);
  const auto snapshots = store::load_snapshots(**repository);
  if (!snapshots.ok()) return fail(place.path + ": " + to_string(snapshots.error()));
  std::set<Id> listed;
  for (const store::Snapshot& snapshot : *snapshots) {
    listed.insert(snapshot.id);
    const auto known = place.snapshots.find(snapshot.id);
    if (known == place.snapshots.end()) {
      adopt(**repository, place, snapshot);
    } else if (known->second.fate == Fate::kGone) {
      fail(fmt::format("{}: snapshot {} was forgotten, and is back", place.path,
                       to_hex(snapshot.id)));
    } else if (known->second.fate != Fate::kLost) {
      verify_snapshot(**repository, place, snapshot, known->second);
    }
    if (failure_) return;
  }
  for (const Id& id : place.with(Fate::kMust)) {
    if (!listed.contains(id)) {
      fail(
          fmt::format("{}: snapshot {} was reported as done, and is gone", place.path, to_hex(id)));
    }
  }
  if (!failure_ && random_() % 4 == 0) verify_by_check(place, random_() % 4 == 0);
}

void World::verify_policy(Place& place, store::Repository& repository) {
  const auto rules = store::load_rules(repository);
  if (!rules.ok()) return fail(place.path + ": " + to_string(rules.error()));
  for (const std::uint64_t keep : place.keeps) {
    if (keep_last(keep) != (*rules ? (*rules)->rules.retention : "")) continue;
    place.keeps = {keep};
    return;
  }
  fail(place.path + ": its policy is " + (*rules ? (*rules)->rules.retention : "none"));
}

void World::verify_snapshot(store::Repository& repository, const Place& place,
                            const store::Snapshot& snapshot, const Known& known) {
  count("compared");
  const auto tar = tar_of(repository, snapshot);
  const std::string name = fmt::format("{}: snapshot {}", place.path, to_hex(snapshot.id));
  if (!tar.ok()) return fail(name + " cannot be read: " + to_string(tar.error()));
  const std::string wrong = difference_from(known, *tar);
  if (!wrong.empty()) fail(name + " is not what was saved: " + wrong);
}

// Published by a backup or copy that could not report it: then it is whole.
void World::adopt(store::Repository& repository, Place& place, const store::Snapshot& snapshot) {
  const auto tar = tar_of(repository, snapshot);
  const std::string name =
      fmt::format("{}: unreported snapshot {}", place.path, to_hex(snapshot.id));
  if (!tar.ok() && place.is_damaged) {
    place.snapshots[snapshot.id] = {nullptr, "", Fate::kLost};
    return;
  }
  if (!tar.ok()) return fail(name + " cannot be read: " + to_string(tar.error()));
  for (const Attempt& attempt : attempts_) {
    if (attempt.place != &place) continue;
    if (!difference_from(attempt.known, *tar).empty()) continue;
    place.snapshots[snapshot.id] = attempt.known;
    return count("adopted");
  }
  fail(name + " is not what any backup at work was to save");
}

// After damage: never other bytes, nothing lost but by the damage itself, and check tells of it.
// What this finds must not help those who come after it: the disk is put back as it was.
void World::verify_damaged(Place& place) {
  const auto disk = env_.save();
  look_at_damaged(place);
  env_.load(disk);
}

void World::look_at_damaged(Place& place) {
  const auto repository = open(env_, place);
  if (!repository.ok()) return fail(place.path + ": " + to_string(repository.error()));
  std::vector<Error> unreadable;
  const auto listed = store::load_snapshots(**repository, &unreadable);
  if (!listed.ok()) return fail(place.path + ": " + to_string(listed.error()));
  for (const store::Snapshot& snapshot : *listed) {
    if (!place.snapshots.contains(snapshot.id)) adopt(**repository, place, snapshot);
  }
  for (auto& [id, known] : place.snapshots) {
    if (known.fate == Fate::kGone || known.fate == Fate::kLost) continue;
    count("compared.damaged");
    const std::string name = fmt::format("{}: snapshot {}", place.path, to_hex(id));
    const auto snapshot = store::load_snapshot(**repository, id);
    const auto tar = snapshot.ok() ? tar_of(**repository, *snapshot) : snapshot.error();
    const std::string wrong = tar.ok() ? difference_from(known, *tar) : "";
    if (!wrong.empty()) return fail(name + " gives back what was never saved: " + wrong);
    if (!tar.ok() && known.fate == Fate::kMay && tar.error().code == Errc::kNotFound) continue;
    const bool may_be_lost =
        place.is_freshly_damaged || !known.is_whole || known.fate == Fate::kMay;
    if (!tar.ok() && !may_be_lost) {
      return fail(name + " was whole, and is no longer: " + to_string(tar.error()));
    }
    known.is_whole = tar.ok();
  }
  place.is_freshly_damaged = false;
  verify_told(place, **repository);
}

// While anything is hurt check says so; after a repair that says all is whole nothing is.
void World::verify_told(Place& place, store::Repository& repository) {
  store::CheckOptions options;
  options.threads = 1;
  options.open_data = true;
  store::CheckProgress progress;
  const auto checked = store::check(repository, options, progress);
  const bool is_clean = checked.ok() && checked->ok();
  for (const auto& [id, known] : place.snapshots) {
    const bool is_hurt = known.fate == Fate::kMust && !known.is_whole;
    if (is_hurt && is_clean) {
      return fail(fmt::format("{}: snapshot {} is not whole, and check finds nothing wrong",
                              place.path, to_hex(id)));
    }
  }
  if (place.is_said_to_be_whole && !is_clean) {
    return fail(
        fmt::format("{}: repair says that all is whole, and check says {}", place.path,
                    checked.ok() ? first_alarm(place, *checked) : to_string(checked.error())));
  }
  if (place.is_said_to_be_whole) count("repair.healed");
  if (is_clean) place.is_damaged = place.has_unseen_flips = false;
  place.is_said_to_be_whole = false;
}

void World::verify_by_check(Place& place, bool open_data) {
  const auto repository = open(env_, place);
  if (!repository.ok()) return fail(place.path + ": " + to_string(repository.error()));
  store::CheckOptions options;
  options.threads = 1;
  options.open_data = open_data;
  store::CheckProgress progress;
  const auto checked = store::check(**repository, options, progress);
  if (!checked.ok()) return fail(place.path + ": check: " + to_string(checked.error()));
  const std::string alarm = first_alarm(place, *checked);
  if (!alarm.empty()) fail(place.path + ": check says " + alarm);
}

// After a rotation that was cut off either passphrase opens it, and where nothing can be saved
// until the rotation is brought to its end, that can be done.
void World::learn_keys(Place& place, const std::string& other_passphrase) {
  for (const std::string& passphrase : {place.passphrase, other_passphrase}) {
    store::OpenOptions options;
    options.read_data = true;
    options.passphrase = [=] { return Result<store::SecretText>(passphrase); };
    const auto repository = store::Repository::open(env_, place.path, options);
    if (!repository.ok()) continue;
    if (!(*repository)->config_is_current().ok()) {
      count("rotate.again");
      const auto again = (*repository)->rotate_keys(passphrase, "again", store::kStretchingFloor);
      if (!again.ok()) return fail(place.path + ": rotate again: " + to_string(again.error()));
    }
    place.keys = (*repository)->keys();
    place.passphrase = passphrase;
    return;
  }
  fail(place.path + ": neither the old nor the new passphrase opens it");
}

}  // namespace backcast::model
