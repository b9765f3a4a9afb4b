// Each verb with its options drawn from the step's seed, through the library as the program does
// it.
#include <fmt/format.h>

#include <algorithm>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/snapshots/presence.h"
#include "engine/store/snapshots/usage.h"
#include "engine/store/upkeep/check.h"
#include "engine/store/upkeep/prune.h"
#include "engine/store/upkeep/repair.h"
#include "engine/store/work/backup.h"
#include "engine/store/work/copy.h"
#include "engine/store/work/diff.h"
#include "engine/store/work/forget.h"
#include "engine/store/work/restore.h"
#include "tests/model/world.h"

namespace backcast::model {
namespace {

constexpr std::size_t kHosts = 2;
// Beyond this many snapshots of a repository they are rather forgotten than made.
constexpr std::size_t kManySnapshots = 7;

store::Selection beneath(const std::string& root) {
  return store::Selection(root);
}

}  // namespace

std::string World::source_of(std::size_t host) const {
  return scratch_.path(fmt::format("source{}", host));
}

Result<std::unique_ptr<store::Repository>> World::open(env::Env& env, const Place& place) {
  store::OpenOptions options;
  options.keys = place.keys;
  return store::Repository::open(env, place.path, options);
}

Place& World::some_place(std::mt19937_64& random) {
  const auto draw = random() % 6;
  return places_[draw < 4 ? 0 : draw - 3];
}

std::optional<Id> World::some_snapshot(const Place& place, std::mt19937_64& random) const {
  const auto all = place.with(Fate::kMust);
  if (all.empty()) return std::nullopt;
  return all[random() % all.size()];
}

Deed World::deed_of(Actor& actor) {
  switch (actor.step.verb) {
    case Verb::kBackup:
      return back_up(actor);
    case Verb::kForget:
      return forget(actor);
    case Verb::kUnforget:
      return unforget(actor);
    case Verb::kPolicy:
      return set_policy(actor);
    case Verb::kPrune:
      return prune(actor);
    case Verb::kCheck:
      return check(actor);
    case Verb::kRepair:
      return repair(actor);
    case Verb::kRestore:
      return restore(actor);
    case Verb::kCopy:
      return copy(actor);
    case Verb::kRotate:
      return rotate(actor);
    case Verb::kLook:
      return look(actor);
    case Verb::kEdit:
    case Verb::kClock:
    case Verb::kDamage:
      break;
  }
  return {[] { return kOk; }};
}

Deed World::back_up(Actor& actor) {
  Place& place = some_place(actor.random);
  const std::size_t host = actor.random() % kHosts;
  const bool read_all = actor.random() % 6 == 0, no_cache = actor.random() % 6 == 0;
  if (read_all) count("backup.read_all");
  count(no_cache ? "backup.no_cache" : "backup.cache");
  const std::string source = source_of(host);
  const Known known{std::make_shared<const Tree>(read_tree(source)), source.substr(1), Fate::kMust};
  attempts_.push_back({&place, known});
  attempts_.back().known.fate = Fate::kMay;
  const auto made = std::make_shared<Id>();
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    BACKCAST_TRY(const auto cache, actor.env->open_folder(fmt::format("/cache{}", host), true));
    store::BackupOptions options;
    options.walk.roots = {source};
    options.host = fmt::format("host{}", host);
    options.threads = 1;
    options.read_all = read_all;
    options.cache = no_cache ? nullptr : cache.get();
    store::BackupProgress progress;
    BACKCAST_TRY(const auto result, store::backup(*repository, options, progress));
    *made = result.snapshot.id;
    if (!result.problems.empty()) return failed(result.problems[0].what);
    return kOk;
  };
  const auto settle = [=, &place](const Status& outcome) {
    if (!outcome.ok()) return;
    place.snapshots[*made] = known;
    // It promises presence and length of what it relies on, no more.
    place.snapshots[*made].is_whole = !place.has_unseen_flips;
  };
  return {act, settle, {}, &place};
}

Deed World::forget(Actor& actor) {
  Place& place = some_place(actor.random);
  store::ForgetRequest request;
  const bool by_policy = actor.random() % 3 == 0;
  std::uint64_t keep = 1 + actor.random() % 3;
  if (by_policy) {
    const std::uint64_t own = *place.keeps.begin();  // the least that it may be
    if (own > 0 && actor.random() % 3 > 0) {
      count("forget.own_policy");
      keep = own;
    } else {
      count("forget.policy");
      request.policy = *policy::parse_policy(keep_last(keep));
      keep = std::max(keep, own);
    }
    if (actor.random() % 2 == 0) request.host = "host0";
    request.max_deletions = UINT64_MAX;
  } else {
    count("forget.named");
    const std::size_t held = place.with(Fate::kMust).size();
    for (std::size_t left = held > kManySnapshots ? 3 : 1; left > 0; --left) {
      const auto id = some_snapshot(place, actor.random);
      if (id) request.snapshots.push_back(to_hex(*id));
    }
    if (request.snapshots.empty()) return {[] { return kOk; }};
  }
  const bool is_full = actor.step.strike == Strike::kFull || actor.step.strike == Strike::kNoSpace;
  const auto doomed = std::make_shared<std::vector<Id>>();
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    BACKCAST_TRY(const auto plan, store::plan_forget(*repository, request));
    std::uint64_t kept = 0;
    for (const auto& verdict : plan.verdicts) {
      if (!verdict.keep) doomed->push_back(verdict.snapshot.id);
      kept += verdict.keep;
    }
    if (by_policy && kept < std::min<std::uint64_t>(keep, plan.verdicts.size())) {
      return failed(fmt::format("keep-last {} keeps {}", keep, kept));
    }
    BACKCAST_CHECK(store::apply_forget(*repository, plan));
    return kOk;
  };
  const auto settle = [=, &place](const Status& outcome) {
    for (const Id& id : *doomed) {
      const auto known = place.snapshots.find(id);
      if (known == place.snapshots.end()) continue;
      if (known->second.fate == Fate::kGone) continue;
      known->second.fate = outcome.ok() ? Fate::kGone : Fate::kMay;
      // A disk too full for another name makes forget delete at once.
      known->second.may_be_deleted |= is_full;
    }
    place.has_unnoted_deletions |= !outcome.ok() && outcome.error().code == Errc::kNoSpace;
  };
  return {act, settle, {Errc::kNotFound, Errc::kLocked}, &place};
}

std::string keep_last(std::uint64_t count) {
  return count == 0 ? "" : fmt::format("restic: --keep-last {}", count);
}

// As `backcast policy`.
Deed World::set_policy(Actor& actor) {
  Place& place = some_place(actor.random);
  const std::uint64_t keep = actor.random() % 4;
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    store::RepositoryRules rules;
    rules.retention = keep_last(keep);
    return store::set_rules(*repository, rules);
  };
  const auto settle = [=, &place](const Status& outcome) {
    if (outcome.ok()) place.keeps.clear();
    place.keeps.insert(keep);
  };
  return {act, settle, {}, &place};
}

Deed World::unforget(Actor& actor) {
  Place& place = some_place(actor.random);
  const auto gone = place.with(Fate::kGone);
  if (gone.empty()) return {[] { return kOk; }};
  const Id id = gone[actor.random() % gone.size()];
  // Prune may have been there, or be there now.
  const bool may_be_deleted = place.snapshots.at(id).may_be_deleted;
  count(may_be_deleted ? "unforget.late" : "unforget.in_time");
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    BACKCAST_TRY(const auto result, store::unforget(*repository, {to_hex(id)}));
    if (result.back.size() + result.present.size() != 1) return lie("nothing is back");
    return kOk;
  };
  const auto settle = [=, &place](const Status& outcome) {
    Known& known = place.snapshots.at(id);
    const bool is_certain = !outcome.ok() && outcome.error().code == Errc::kNotFound;
    if (!is_certain) known.fate = outcome.ok() ? Fate::kMust : Fate::kMay;
    if (outcome.ok()) known.may_be_deleted = false;
    known.is_whole = !place.is_damaged;
  };
  std::set<Errc> refusals{Errc::kNotFound, Errc::kLocked, Errc::kBadInput};
  return {act, settle, refusals, &place, nullptr, may_be_deleted};
}

Deed World::prune(Actor& actor) {
  static constexpr Duration kGraces[] = {Duration(0), Duration(0), kHour, kDay};
  static constexpr unsigned kUnused[] = {0, 0, 2, 50};
  const Place& place = some_place(actor.random);
  store::PruneOptions options;
  options.grace = kGraces[actor.random() % 4];
  options.max_unused_percent = kUnused[actor.random() % 4];
  options.dry_run = actor.random() % 8 == 0;
  count(options.grace == Duration(0) ? "prune.no_grace" : "prune.grace");
  if (options.dry_run) count("prune.dry_run");
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    store::PruneProgress progress;
    BACKCAST_TRY(const auto result, store::prune(*repository, options, progress));
    (void)result;
    return kOk;
  };
  return {act, [](const Status&) {}, {Errc::kLocked}, &place};
}

Deed World::check(Actor& actor) {
  Place& place = some_place(actor.random);
  store::CheckOptions options;
  options.threads = 1;
  options.read_data = actor.random() % 2 == 0;
  options.open_data = actor.random() % 3 == 0;
  count(options.open_data   ? "check.open_data"
        : options.read_data ? "check.read_data"
                            : "check.plain");
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    store::CheckProgress progress;
    BACKCAST_TRY(const auto result, store::check(*repository, options, progress));
    const std::string alarm = first_alarm(place, result);
    return alarm.empty() ? Status(kOk) : failed("false alarm: " + alarm);
  };
  const auto settle = [=, &actor, &place](const Status&) {
    const bool read = options.read_data || options.open_data;
    if (read && actor.step.strike == Strike::kNone) place.has_unseen_flips = false;
  };
  return {act, settle, {}, &place};
}

Deed World::repair(Actor& actor) {
  Place& place = some_place(actor.random);
  store::RepairOptions options;
  options.read_data = actor.random() % 3 != 0;
  options.rewrite_snapshots = actor.random() % 2 == 0;
  options.dry_run = actor.random() % 8 == 0;
  count(options.read_data ? "repair.read_data" : "repair.known");
  if (options.rewrite_snapshots) count("repair.rewrite");
  if (place.is_damaged) count("repair.of_damage");
  const auto result = std::make_shared<store::RepairResult>();
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    store::RepairProgress progress;
    BACKCAST_TRY(*result, store::repair(*repository, options, progress));
    const bool may_be_hurt = place.is_damaged || result->is_whole();
    return may_be_hurt ? Status(kOk) : failed("false alarm of repair");
  };
  const auto settle = [=, this, &place](const Status& outcome) {
    if (options.dry_run) return;
    // What it had not said when it was struck may have been done all the same.
    if (!outcome.ok()) return learn_losses(place);
    learn_losses(place, *result);
    place.is_said_to_be_whole = options.read_data && result->is_whole();
  };
  return {act, settle, {Errc::kLocked}, &place};
}

Deed World::restore(Actor& actor) {
  const Place& place = some_place(actor.random);
  const auto id = some_snapshot(place, actor.random);
  if (!id) return {[] { return kOk; }};
  const Known known = place.snapshots.at(*id);
  std::string path;
  if (actor.random() % 3 == 0) {
    auto at = known.tree->begin();
    std::advance(at, static_cast<std::ptrdiff_t>(actor.random() % known.tree->size()));
    path = at->first;
  }
  const bool keep = actor.random() % 3 == 0;
  count(path.empty() ? "restore.whole" : "restore.path");
  if (keep) count("restore.keep_existing");
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    BACKCAST_TRY(const auto snapshot, store::load_snapshot(*repository, *id));
    const source::Scratch target(true);
    store::RestoreRequest request;
    request.target = target.path();
    request.threads = 1;
    const std::string chosen = path.empty() ? known.root : known.root + '/' + path;
    request.selection = beneath(chosen);
    if (keep) request.writing.overwrite = source::Overwrite::kNever;
    store::RestoreProgress progress;
    BACKCAST_TRY(const auto result, store::restore(*repository, snapshot, request, progress));
    if (!result.failures.empty()) return failed(result.failures[0].what);
    BACKCAST_CHECK(result.synced);
    const Tree expected = part_of(*known.tree, path);
    Tree found = part_of(read_tree(target.path(known.root)), path);
    // A group of hard links is told by what was restored of it.
    for (auto& [at, entry] : found) {
      const auto other = expected.find(at);
      if (!path.empty() && other != expected.end()) entry.same_as = other->second.same_as;
    }
    const std::string wrong = difference(expected, found);
    return wrong.empty() ? Status(kOk) : lie("restored other than it was saved: " + wrong);
  };
  return {act, [](const Status&) {}, {Errc::kNotFound}, &place};
}

Deed World::copy(Actor& actor) {
  const Place& from = some_place(actor.random);
  Place& to = places_[(static_cast<std::size_t>(&from - places_.data()) + 1 + actor.random() % 2) %
                      places_.size()];
  std::vector<Id> chosen;
  for (std::uint64_t left = 1 + actor.random() % 2; left > 0; --left) {
    const auto id = some_snapshot(from, actor.random);
    if (id && std::find(chosen.begin(), chosen.end(), *id) == chosen.end()) chosen.push_back(*id);
  }
  const std::vector<Id> there_before = to.with(Fate::kMust);
  const bool one_project = from.keys.project == to.keys.project;
  count(one_project ? "copy.sealed" : "copy.opened");
  const auto act = [=, this, &actor, &from, &to]() -> Status {
    BACKCAST_TRY(const auto source, open(*actor.env, from));
    BACKCAST_TRY(const auto target, open(*actor.env, to));
    std::vector<store::Snapshot> snapshots;
    for (const Id& id : chosen) {
      BACKCAST_TRY(auto snapshot, store::load_snapshot(*source, id));
      snapshots.push_back(std::move(snapshot));
    }
    store::CopyProgress progress;
    BACKCAST_TRY(const auto result, store::copy_snapshots(*source, *target, snapshots, progress));
    for (const auto& skipped : result.skipped) {
      // Forgotten and pruned meanwhile, or damaged.
      BACKCAST_TRY(const auto there, store::load_snapshot(*source, skipped.id));
      return failed("copy skipped " + to_hex(there.id) + ": " + skipped.what);
    }
    return kOk;
  };
  const auto settle = [=, &from, &to](const Status& outcome) {
    for (const Id& id : chosen) {
      const auto there = to.snapshots.find(id);
      const bool was_there = there != to.snapshots.end() && there->second.fate != Fate::kGone;
      if (was_there && !outcome.ok()) continue;
      // Whoever forgot it beside may have come after a copy that found it there.
      const bool may_be_gone =
          there != to.snapshots.end() && !was_there &&
          std::find(there_before.begin(), there_before.end(), id) != there_before.end();
      Known known = from.snapshots.at(id);
      known.fate = outcome.ok() && !may_be_gone ? Fate::kMust : Fate::kMay;
      // What is there already is left as it is.
      known.is_whole = was_there ? there->second.is_whole : !to.has_unseen_flips;
      to.snapshots[id] = known;
    }
  };
  return {act, settle, {Errc::kNotFound, Errc::kExists}, &from, &to};
}

// As `backcast key rotate`.
Deed World::rotate(Actor& actor) {
  Place& place = some_place(actor.random);
  const std::string next = fmt::format("after {}", actor.step.seed);
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    const auto ended = repository->rotate_keys(next, "new", store::kStretchingFloor);
    return ended.ok() ? Status(kOk) : ended.error();
  };
  const auto settle = [=, this, &place](const Status& outcome) {
    learn_keys(place, next);
    if (outcome.ok() && place.passphrase != next) fail("the old passphrase still opens it");
  };
  return {act, settle, {}, &place};
}

// Everything that only reads: ls, dump, diff, stats, the ledger.
Deed World::look(Actor& actor) {
  const Place& place = some_place(actor.random);
  const auto one = some_snapshot(place, actor.random), two = some_snapshot(place, actor.random);
  if (!one) return {[] { return kOk; }};
  const Known older = place.snapshots.at(*one), newer = place.snapshots.at(*two);
  count("look.taken");
  const auto act = [=, this, &actor, &place]() -> Status {
    BACKCAST_TRY(const auto repository, open(*actor.env, place));
    BACKCAST_TRY(const auto first, store::load_snapshot(*repository, *one));
    BACKCAST_TRY(const auto second, store::load_snapshot(*repository, *two));
    for (const auto& [path, entry] : *older.tree) {
      if (entry.kind != 'f' || entry.content.size() % 3 != 0) continue;
      std::string bytes;
      BACKCAST_CHECK(store::dump_file(*repository, first, older.root + '/' + path,
                                      [&](ByteView part) -> Status {
                                        bytes += as_text(part);
                                        return kOk;
                                      }));
      if (bytes != entry.content) return lie("dump gives other bytes of /" + path);
      break;
    }
    if (older.root == newer.root) {
      BACKCAST_TRY(const auto found, store::diff(*repository, first, second, beneath(older.root)));
      for (const auto& entry : found.entries) {
        if (entry.path.size() <= older.root.size()) continue;
        const std::string path = entry.path.substr(older.root.size() + 1);
        const bool is_right =
            (entry.change == store::Change::kAdded) == !older.tree->contains(path) &&
            (entry.change == store::Change::kRemoved) == !newer.tree->contains(path);
        if (!is_right) return lie("diff is wrong about /" + path);
      }
    }
    // In this order: the index that is read after them holds all that they need.
    BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository));
    BACKCAST_TRY(const store::Index index, load_index(*repository));
    store::PackFiles packs(*repository, index);
    BACKCAST_TRY(const auto presence, store::Presence::of(packs, snapshots));
    if (presence.snapshot_count() != snapshots.size()) return lie("stats leave out a snapshot");
    BACKCAST_TRY(const auto records, store::usage(*repository, {}, actor.env->now()));
    return records.empty() ? Status(failed("the ledger is empty")) : kOk;
  };
  return {act, [](const Status&) {}, {Errc::kNotFound}, &place};
}

}  // namespace backcast::model
