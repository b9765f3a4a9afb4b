#include "tests/model/world.h"

#include <fmt/format.h>
#include <sodium.h>

#include <chrono>

#include "tests/model/edit.h"

namespace backcast::model {
namespace {

constexpr std::size_t kHosts = 2;

// Ids and keys come from libsodium: from the seed of the world, so that a run repeats.
std::mt19937_64 g_random;  // NOLINT: libsodium takes functions without context
const char* random_name() {
  return "model";
}
std::uint32_t random_word() {
  return static_cast<std::uint32_t>(g_random());
}
void random_buffer(void* into, std::size_t size_bytes) {
  auto* bytes = static_cast<unsigned char*>(into);
  for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<unsigned char>(g_random());
}
randombytes_implementation g_implementation{random_name,   random_word, nullptr, nullptr,  // NOLINT
                                            random_buffer, nullptr};

// Now and then one of several is on another machine, where the locks of this one do not reach.
bool is_far(const Step& step, std::size_t actors) {
  return actors > 1 && step.seed % 4 == 0;
}

constexpr const char* kLie = "says that it is done, and ";

bool may_have_company(Verb verb) {
  return verb != Verb::kEdit && verb != Verb::kClock && verb != Verb::kRotate &&
         verb != Verb::kDamage;
}

}  // namespace

Error lie(const std::string& what) {
  return failed(kLie + what);
}

World::World(std::uint32_t seed) : random_(seed), env_(seed + 1) {
  g_random.seed(seed);
  randombytes_set_implementation(&g_implementation);
  // The kernel stamps the source: a clock behind it would take every file for just written.
  env_.set_now(std::chrono::system_clock::now() + kHour);
  const store::Keys shared = store::Keys::generate();
  places_.push_back({"/a", shared, "first"});
  places_.push_back({"/b", shared, "first"});
  places_.push_back({"/other", store::Keys::generate(), "first"});
  for (Place& place : places_) {
    auto made = store::Repository::create(env_, place.path, place.keys, place.passphrase,
                                          store::kStretchingFloor);
    if (!made.ok()) fail("no repository: " + to_string(made.error()));
  }
  for (std::size_t host = 0; host < kHosts; ++host) make_source(source_of(host), random_);
}

void World::fail(const std::string& what) {
  if (!failure_) failure_ = when_.empty() ? what : when_ + ": " + what;
}

std::optional<std::string> World::run(const Sequence& sequence) {
  const auto& steps = sequence.steps;
  for (std::size_t i = 0; i < steps.size() && !failure_;) {
    std::size_t end = i + 1;
    while (end < steps.size() && steps[end].is_beside && may_have_company(steps[end].verb) &&
           may_have_company(steps[i].verb)) {
      ++end;
    }
    const std::vector<Step> round(steps.begin() + static_cast<std::ptrdiff_t>(i),
                                  steps.begin() + static_cast<std::ptrdiff_t>(end));
    when_ = fmt::format("step {}, {}", i, to_text({sequence.world, round}));
    run_round(round);
    i = end;
  }
  when_ = "at the end";
  if (!failure_) finish();
  return failure_;
}

void World::run_round(const std::vector<Step>& steps) {
  for (const Step& step : steps) count(name_of(step.verb));
  const Verb first = steps[0].verb;
  if (first == Verb::kEdit || first == Verb::kClock || first == Verb::kDamage) {
    return run_alone(steps[0]);
  }
  std::vector<Actor> actors;
  for (const Step& step : steps) {
    // Now and then on another machine, where the locks of this one do not reach.
    const bool is_far = steps.size() > 1 && step.seed % 4 == 0;
    if (is_far) count("actors.far");
    actors.push_back({step,
                      std::mt19937_64(step.seed),
                      is_far ? env_.another_machine() : env_.another_process(),
                      {}});
  }
  for (Actor& actor : actors) prepare(actor);
  for (Actor& actor : actors) strike(actor, actors);
  if (actors.size() == 1) {
    actors[0].outcome = actors[0].deed.act();
  } else {
    count(fmt::format("actors.{}", actors.size()));
    Baton baton(steps[0].seed);
    std::mt19937_64 stalls(steps[0].seed);
    std::vector<Baton::Act> acts;
    for (Actor& actor : actors) {
      acts.push_back([&](const std::function<void()>& turn) {
        actor.env->on_turn([&, turn] {
          stall(actor, actors, stalls);
          turn();
          actor.env->suspend(false);
        });
        actor.outcome = actor.deed.act();
        actor.env->on_turn(nullptr);
      });
    }
    baton.run(acts);
  }
  for (Actor& actor : actors) {
    actor.was_struck = power_is_cut_ || actor.env->fault_fired();
    if (actor.was_struck && actor.step.strike != Strike::kNone)
      count(fmt::format("struck.{}", name_of(actor.step.strike)));
    actor.env->restart_process();
    // Of one that died on another machine only the age of its lease tells.
    if (actor.was_struck && is_far(actor.step, steps.size())) env_.advance(kHour);
  }
  if (power_is_cut_) {
    env_.power_cycle(steps[0].seed);
  }
  for (Actor& actor : actors) actor.deed.settle(actor.outcome);
  note_pruning(actors);
  for (const Actor& actor : actors) judge(actor, actors.size() == 1);
  for (Place& place : places_) verify(place);
  attempts_.clear();
  power_is_cut_ = false;
}

// Time passes while one is at work, and now and then another stands still for longer than its lease
// lives.
void World::stall(Actor& actor, std::vector<Actor>& all, std::mt19937_64& random) {
  if (random() % 40 == 0) env_.advance(std::chrono::milliseconds(random() % 5000));
  if (random() % 500 != 0) return;
  count("stalls");
  for (Actor& other : all) {
    if (&other != &actor && random() % 2 == 0) other.env->suspend(true);
  }
  env_.advance(std::chrono::minutes(40));
}

// What is forgotten may be gone for good once prune came by.
void World::note_pruning(const std::vector<Actor>& actors) {
  for (const Actor& actor : actors) {
    for (Place& place : places_) {
      if (actor.step.verb != Verb::kPrune || actor.deed.place != &place) continue;
      for (auto& [id, known] : place.snapshots) known.may_be_deleted |= known.fate != Fate::kMust;
    }
  }
}

void World::run_alone(const Step& step) {
  std::mt19937_64 random(step.seed);
  if (step.verb == Verb::kClock) return move_clock(random);
  if (step.verb == Verb::kDamage) return damage(step);
  // Usually several within one tick of the kernel's clock.
  const std::string source = source_of(random() % kHosts);
  for (std::uint64_t left = 1 + random() % 3; left > 0; --left) {
    count(fmt::format("edit.{}", edit_source(source, random)));
  }
}

void World::move_clock(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0:
      count("clock.back");
      return env_.set_now(env_.now() - std::chrono::minutes(random() % 3000));
    case 1:
      count("clock.back");
      return env_.set_now(env_.now() - std::chrono::milliseconds(random() % 3000));
    case 2:
      count("clock.forth");
      return env_.advance(std::chrono::milliseconds(random() % 100));
    case 3:
      count("clock.forth");
      return env_.advance(std::chrono::minutes(random() % 100));
    default:
      count("clock.forth");
      return env_.advance(std::chrono::hours(random() % 72));
  }
}

void World::prepare(Actor& actor) {
  actor.deed = deed_of(actor);
}

void World::strike(Actor& actor, std::vector<Actor>& all) {
  const bool lasts = actor.step.seed % 2 == 0;
  switch (actor.step.strike) {
    case Strike::kNone:
      return;
    case Strike::kKill:
      return actor.env->inject(actor.step.at, env::Fault::kKill);
    case Strike::kKillHalfway:
      return actor.env->inject(actor.step.at, env::Fault::kKillHalfway);
    case Strike::kIoError:
      return actor.env->inject(actor.step.at, env::Fault::kIoError, lasts);
    case Strike::kNoSpace:
      return actor.env->inject(actor.step.at, env::Fault::kNoSpace, lasts);
    case Strike::kFull:
      return actor.env->inject(actor.step.at, env::Fault::kFull);
    case Strike::kDropSync:
      return actor.env->inject(actor.step.at, env::Fault::kDropSync, lasts);
    case Strike::kPowerCut:
      return actor.env->on_call([&, calls = std::make_shared<std::uint32_t>(0)](const env::Call&) {
        if ((*calls)++ != actor.step.at) return;
        power_is_cut_ = true;
        for (Actor& other : all) other.env->inject(0, env::Fault::kKill);
      });
  }
}

void World::judge(const Actor& actor, bool alone) {
  if (actor.outcome.ok()) return;
  const Error& error = actor.outcome.error();
  if (error.message.starts_with(kLie)) return fail(to_string(error));
  if (actor.was_struck || actor.deed.meets_damage()) return;
  if ((!alone || actor.deed.may_be_refused_alone) && actor.deed.refusals.contains(error.code)) {
    return count(fmt::format("refused.{}", name_of(actor.step.verb)));
  }
  fail(fmt::format("{} failed: {}", name_of(actor.step.verb), to_string(error)));
}

// Whatever happened, the repositories are of use afterwards.
void World::finish() {
  for (const char* text : {"backup:3", "backup:4", "backup:5", "prune:1", "prune:2", "prune:6"}) {
    if (!failure_) run_round(from_text(text)->steps);
  }
  for (Place& place : places_) {
    if (!failure_ && !place.is_damaged) verify_by_check(place, true);
  }
}

std::string World::fingerprint() const {
  std::string all;
  for (const std::string& name : env_.files()) all += name + '\n' + env_.bytes(name);
  return fmt::format("{:x}", std::hash<std::string>()(all));
}

}  // namespace backcast::model
