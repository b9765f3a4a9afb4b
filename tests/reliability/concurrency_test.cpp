// Several at work in one repository. First on schedules: one process stops at one of its calls,
// another runs, stops too or ends, and the first goes on; every pair of stops is a schedule, and a
// seed draws some. Then with real processes that are killed at any moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <array>

#include <condition_variable>
#include <csignal>
#include <set>
#include <thread>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

// Stops whoever makes the mutating call number `at`, until it is let go on.
class Gate {
 public:
  explicit Gate(std::uint64_t at) : at_(at) {}
  void pass() {
    std::unique_lock lock(mutex_);
    if (calls_++ != at_) return;
    is_stopped_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
  }
  void done() {
    const std::lock_guard lock(mutex_);
    is_done_ = true;
    changed_.notify_all();
  }
  void wait_until_stopped_or_done() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_stopped_ || is_done_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  const std::uint64_t at_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t calls_ = 0;
  bool is_stopped_ = false, is_done_ = false, is_open_ = false;
};

using Act = std::function<void(env::FaultEnv&)>;

// `first` up to its call `first_at`, `second` up to its call `second_at`, the rest of `first`, the
// rest of `second`.
void interleave(env::FaultEnv& one, const Act& first, std::uint64_t first_at, env::FaultEnv& two,
                const Act& second, std::uint64_t second_at) {
  Gate first_gate(first_at), second_gate(second_at);
  one.on_call([&](const env::Call&) { first_gate.pass(); });
  two.on_call([&](const env::Call&) { second_gate.pass(); });
  std::thread a([&] {
    first(one);
    first_gate.done();
  });
  first_gate.wait_until_stopped_or_done();
  std::thread b([&] {
    second(two);
    second_gate.done();
  });
  second_gate.wait_until_stopped_or_done();
  first_gate.open();
  a.join();
  second_gate.open();
  b.join();
  one.on_call(nullptr);
  two.on_call(nullptr);
}

struct Outcome {
  std::vector<Id> made;    // by backups that reported success
  std::set<Id> forgotten;  // by forgets that were tried
  Errors errors;
  std::mutex mutex;

  void note(const Error& error) {
    const std::lock_guard lock(mutex);
    errors.push_back(error);
  }
};

// What either side may be doing: back up, prune, or forget `second` and prune.
std::array<Act, 3> acts_of(Lab& lab, const Id& second, Outcome& outcome) {
  return {[&](env::FaultEnv& env) {
            const auto made = lab.back_up(env);
            if (!made.ok()) return outcome.note(made.error());
            const std::lock_guard lock(outcome.mutex);
            outcome.made.push_back(made->id);
          },
          [&](env::FaultEnv& env) {
            if (const auto pruned = lab.prune_all(env); !pruned.ok()) outcome.note(pruned.error());
          },
          [&](env::FaultEnv& env) {
            {
              const std::lock_guard lock(outcome.mutex);
              outcome.forgotten.insert(second);
            }
            if (const auto done = lab.forget(env, second); !done.ok()) {
              return outcome.note(done.error());
            }
            if (const auto pruned = lab.prune_all(env); !pruned.ok()) outcome.note(pruned.error());
          }};
}

// Three snapshots, the first forgotten, and a source that looks like the forgotten one again: what
// prune is about to delete is exactly what the next backup would like to refer to.
TEST(Concurrency, SeededSchedulesOfBackupForgetAndPruneLoseNothing) {
  Lab lab(30'000);
  const Id first = lab.commit();
  lab.write_source(1);
  const Id second = lab.commit();
  lab.write_source(2);
  lab.commit();
  ASSERT_TRUE(lab.forget(first).ok());
  lab.committed().erase(first);
  lab.write_source(0);
  const auto before = lab.env().save();
  const auto committed = lab.committed();
  const auto other = lab.env().another_process();

  const int schedules = thorough() ? 10'000 : 200;
  std::uint64_t backups = 0, refused = 0;
  for (int seed = 0; seed < schedules; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    lab.env().load(before);
    lab.committed() = committed;
    Outcome outcome;
    const auto acts = acts_of(lab, second, outcome);
    const std::size_t a = random() % 3, b = random() % 3;
    const std::uint64_t a_at = random() % 32, b_at = random() % 40;
    interleave(lab.env(), acts[a], a_at, *other, acts[b], b_at);
    const std::string when =
        fmt::format("seed {}: act {} stopped at {}, act {} at {}", seed, a, a_at, b, b_at);
    for (const Error& error : outcome.errors) {
      // Two at maintenance exclude each other, and one forgets what the other forgot already.
      // Backups are never refused.
      ++refused;
      const bool expected = error.code == Errc::kLocked || error.code == Errc::kNotFound;
      EXPECT_TRUE(expected) << when << ": " << to_string(error);
    }
    for (const Id& id : outcome.forgotten) lab.committed().erase(id);
    const auto others = lab.verify(when);
    for (const Id& id : outcome.made) {
      ++backups;
      EXPECT_THAT(others, testing::Contains(id)) << when << ": a reported snapshot is gone";
    }
    // Maintenance later on still finds a sound repository.
    EXPECT_TRUE(lab.prune_all().ok()) << when;
    for (const Id& id : lab.verify(when + ", pruned")) {
      EXPECT_TRUE(lab.content_of(id).ok()) << when;
    }
    if (testing::Test::HasFailure()) return;
  }
  std::printf("%d schedules: %lu backups done, %lu operations refused\n", schedules, backups,
              refused);
  EXPECT_GT(backups, static_cast<std::uint64_t>(schedules) / 4);
}

// One dies at a call while the other is at work; the other must not care, and the dead one's
// leavings must not be in anybody's way.
TEST(Concurrency, ADeathBesidesLosesNothing) {
  Lab lab(30'000);
  const Id first = lab.commit();
  lab.write_source(1);
  lab.commit();
  ASSERT_TRUE(lab.forget(first).ok());
  lab.committed().erase(first);
  lab.write_source(0);
  const auto before = lab.env().save();
  const auto other = lab.env().another_process();
  std::uint64_t rounds = 0;
  for (std::uint64_t call = 0; call < 40; ++call) {
    for (const bool prune_dies : {false, true}) {
      lab.env().load(before);
      other->inject(call, env::Fault::kKillHalfway);
      std::optional<Id> made;
      const Act backup_act = [&](env::FaultEnv& env) {
        if (const auto snapshot = lab.back_up(env); snapshot.ok()) made = snapshot->id;
      };
      const Act prune_act = [&](env::FaultEnv& env) { (void)lab.prune_all(env); };
      // The survivor stops early on, the other runs to its death, the survivor goes on.
      interleave(lab.env(), prune_dies ? backup_act : prune_act, call % 7, *other,
                 prune_dies ? prune_act : backup_act, UINT64_MAX);
      other->restart_process();
      const std::string when =
          fmt::format("{} died at call {}", prune_dies ? "prune" : "backup", call);
      const auto others = lab.verify(when);
      if (made && prune_dies) {
        EXPECT_THAT(others, testing::Contains(*made)) << when;
      }
      EXPECT_TRUE(lab.prune_all().ok()) << when;
      EXPECT_EQ(lab.verify(when + ", pruned").size(), others.size()) << when;
      ++rounds;
      if (testing::Test::HasFailure()) return;
    }
  }
  std::printf("%lu deaths beside another at work\n", rounds);
}

// --- real processes -------------------------------------------------------------------------

// Runs `act` in a process of its own; it exits with 0 if `act` returned true.
pid_t run_process(const std::function<bool()>& act) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::_exit(act() ? 0 : 1);
}

// A repository on the real disk, opened anew for every act as a process of its own does.
struct RealPlace {
  std::string repository, source;
  OpenOptions options{};

  Result<Snapshot> back_up() const {
    BACKCAST_TRY(const auto opened, Repository::open(env::posix_env(), repository, options));
    BackupOptions backup_options;
    backup_options.walk.roots = {source};
    backup_options.threads = 2;
    BackupProgress progress;
    BACKCAST_TRY(auto result, backup(*opened, backup_options, progress));
    return result.snapshot;
  }
  Status maintain() const {
    BACKCAST_TRY(const auto opened, Repository::open(env::posix_env(), repository, options));
    BACKCAST_TRY(const auto snapshots, load_snapshots(*opened));
    if (snapshots.size() > 3) {
      ForgetRequest request;
      request.snapshots = {to_hex(snapshots.front().id)};
      BACKCAST_TRY(const auto plan, plan_forget(*opened, request));
      BACKCAST_CHECK(apply_forget(*opened, plan));
    }
    PruneOptions prune_options;
    prune_options.grace = Duration(0);
    prune_options.max_unused_percent = 0;
    PruneProgress progress;
    BACKCAST_TRY(const auto pruned, prune(*opened, prune_options, progress));
    (void)pruned;
    return kOk;
  }
};

TEST(Concurrency, RealProcessesKilledAtAnyMomentLoseNothing) {
  const source::Scratch scratch(true);
  const std::string path = scratch.path("repository");
  const Keys keys = Keys::generate();
  ASSERT_TRUE(Repository::create(env::posix_env(), path, keys, "pass", kStretchingFloor).ok());
  for (int i = 0; i < 30; ++i) {
    scratch.write(fmt::format("source/d{}/f{}", i % 4, i), random_bytes(i, 3000u * (i + 1)));
  }
  RealPlace place{path, scratch.path("source")};
  place.options.keys = keys;
  const OpenOptions& options = place.options;
  const auto began = std::chrono::steady_clock::now();
  const auto first = place.back_up();
  ASSERT_TRUE(first.ok()) << to_string(first.error());
  // Deaths are drawn from the time a backup takes here.
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  // The folders above the scratch folder are saved too, and other programs change their times.
  const std::string top = path.substr(1, path.rfind('/') - 1);
  const auto own_part = [&](const std::string& tar) {
    const std::size_t begin = tar.find(top);
    return begin == std::string::npos ? std::string("not there") : tar.substr(begin);
  };
  std::string expected;
  {
    const auto repository = *Repository::open(env::posix_env(), path, options);
    expected = own_part(*Lab::content_of(*repository, *first));
    ASSERT_GT(expected.size(), 1'000'000u);
  }
  std::mt19937_64 random(1);
  const int rounds = thorough() ? 200 : 25;
  int killed = 0;
  for (int round = 0; round < rounds || (killed == 0 && round < 40 * rounds); ++round) {
    std::vector<pid_t> processes;
    for (int i = 0; i < 2; ++i)
      processes.push_back(run_process([&] { return place.back_up().ok(); }));
    processes.push_back(run_process([&] { return place.maintain().ok(); }));
    ::usleep(static_cast<useconds_t>(random() % static_cast<std::uint64_t>(took.count() + 1)));
    ::kill(processes[random() % processes.size()], SIGKILL);
    for (const pid_t process : processes) {
      int status = 0;
      ASSERT_EQ(::waitpid(process, &status, 0), process);
      killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    const auto repository = Repository::open(env::posix_env(), path, options);
    ASSERT_TRUE(repository.ok()) << to_string(repository.error());
    const auto snapshots = load_snapshots(**repository);
    ASSERT_TRUE(snapshots.ok()) << to_string(snapshots.error());
    ASSERT_FALSE(snapshots->empty());
    for (const Snapshot& snapshot : *snapshots) {
      const auto content = Lab::content_of(**repository, snapshot);
      ASSERT_TRUE(content.ok()) << "round " << round << ": " << to_string(content.error());
      ASSERT_TRUE(own_part(*content) == expected) << "round " << round;
    }
    CheckProgress progress;
    const auto checked = check(**repository, {}, progress);
    ASSERT_TRUE(checked.ok() && checked->ok()) << "round " << round;
  }
  EXPECT_TRUE(place.back_up().ok());
  EXPECT_TRUE(place.maintain().ok()) << "nothing that died is in the way";
  std::printf("%d rounds of real processes, %d killed at work\n", rounds, killed);
  EXPECT_GT(killed, 0);
}

}  // namespace
}  // namespace backcast::store
