// The world a sequence runs in: three repositories, two machines with a source each, a clock, and
// what the model knows of every snapshot.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/env/fault_env.h"
#include "engine/store/upkeep/check.h"
#include "engine/store/upkeep/repair.h"
#include "tests/model/baton.h"
#include "tests/model/sequence.h"
#include "tests/model/tree.h"
#include "tests/source/trees.h"

namespace backcast::model {

using store::Id;

enum class Fate : std::uint8_t {
  kMust,  // reported as done: there and whole, whatever happens
  kMay,   // a backup or a forget of it was cut off: there and whole, or not there
  kGone,  // reported as forgotten: not listed, until unforget brings it back
  kLost,  // repair said that damage took something of it: there in part, or set aside
};

struct Known {
  std::shared_ptr<const Tree> tree;
  std::string root;  // where it was saved from, without leading "/"
  Fate fate = Fate::kMust;
  bool is_partial = false;      // what repair made of a lost one: some of its entries
  bool may_be_deleted = false;  // forgotten, and prune came by
  bool is_whole = true;         // false: damage took something of it, and whoever looks is told
};

struct Place {
  std::string path;
  store::Keys keys;
  std::string passphrase;
  std::map<Id, Known> snapshots{};
  // Its own policy is `restic: --keep-last` one of these, 0 = it has none: more than one while
  // nobody looked after a change that was cut off.
  std::set<std::uint64_t> keeps{0};
  // A forget on a full disk said that check will miss what it could not note.
  bool has_unnoted_deletions = false;
  // Stored bytes were damaged. Until they are repaired everything may fail, nothing may lie, and
  // what is whole stays so.
  bool is_damaged = false;
  bool is_freshly_damaged = false;  // in this round
  // A byte was flipped, and nobody has read it since: a backup may still rely on it.
  bool has_unseen_flips = false;
  bool is_said_to_be_whole = false;  // by a repair of this round

  std::vector<Id> with(Fate fate) const {
    std::vector<Id> found;
    for (const auto& [id, known] : snapshots) {
      if (known.fate == fate) found.push_back(id);
    }
    return found;
  }
};

// A step on its way: what it does as a process of its own, and what the model learns from its end.
struct Deed {
  std::function<Status()> act;
  std::function<void(const Status&)> settle = [](const Status&) {};
  // Errors that are right for it while others are at work beside it.
  std::set<Errc> refusals{};
  const Place* place = nullptr;
  const Place* other_place = nullptr;  // of a copy
  bool may_be_refused_alone = false;

  bool meets_damage() const {
    return (place && place->is_damaged) || (other_place && other_place->is_damaged);
  }
};
// The policy that keeps so many, "" for 0.
std::string keep_last(std::uint64_t count);
// A success that is none: wrong however many faults there were.
Error lie(const std::string& what);

std::string first_alarm(const Place& place, const store::CheckResult& result);

class World {
 public:
  explicit World(std::uint32_t seed);
  // Runs all of it; the first thing that is wrong, or nothing.
  std::optional<std::string> run(const Sequence& sequence);
  // How often each verb, option and fault was drawn.
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  // Of every file of every repository: equal for equal runs.
  std::string fingerprint() const;

 private:
  struct Actor {
    Step step;
    std::mt19937_64 random;
    std::unique_ptr<env::FaultEnv> env;
    Deed deed;
    Status outcome = kOk;
    bool was_struck = false;
  };
  // A tree that a backup which did not report may have published.
  struct Attempt {
    Place* place;
    Known known;
  };

  // world.cpp
  void run_round(const std::vector<Step>& steps);
  void run_alone(const Step& step);
  void prepare(Actor& actor);
  void strike(Actor& actor, std::vector<Actor>& all);
  void judge(const Actor& actor, bool alone);
  void damage(const Step& step);
  void stall(Actor& actor, std::vector<Actor>& all, std::mt19937_64& random);
  void note_pruning(const std::vector<Actor>& actors);
  void move_clock(std::mt19937_64& random);
  void finish();

  // verbs.cpp
  Deed deed_of(Actor& actor);
  Deed back_up(Actor& actor);
  Deed forget(Actor& actor);
  Deed unforget(Actor& actor);
  Deed set_policy(Actor& actor);
  Deed prune(Actor& actor);
  Deed check(Actor& actor);
  Deed repair(Actor& actor);
  Deed restore(Actor& actor);
  Deed copy(Actor& actor);
  Deed rotate(Actor& actor);
  Deed look(Actor& actor);
  Place& some_place(std::mt19937_64& random);
  std::optional<Id> some_snapshot(const Place& place, std::mt19937_64& random) const;
  std::string source_of(std::size_t host) const;
  Result<std::unique_ptr<store::Repository>> open(env::Env& env, const Place& place);

  // verify.cpp
  void verify(Place& place);
  void verify_snapshot(store::Repository& repository, const Place& place,
                       const store::Snapshot& snapshot, const Known& known);
  void adopt(store::Repository& repository, Place& place, const store::Snapshot& snapshot);
  void verify_damaged(Place& place);
  void look_at_damaged(Place& place);
  void verify_told(Place& place, store::Repository& repository);
  void verify_by_check(Place& place, bool open_data);
  void learn_losses(Place& place, const store::RepairResult& result);
  void learn_losses(Place& place);
  void verify_policy(Place& place, store::Repository& repository);
  void learn_keys(Place& place, const std::string& other_passphrase);

  void fail(const std::string& what);
  void count(const std::string& what) { ++counts_[what]; }

  source::Scratch scratch_{true};
  std::mt19937_64 random_;
  env::FaultEnv env_;
  std::vector<Place> places_;
  std::vector<Attempt> attempts_;  // of the round
  bool power_is_cut_ = false;
  std::string when_;
  std::optional<std::string> failure_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace backcast::model
