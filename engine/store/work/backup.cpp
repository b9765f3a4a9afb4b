#include "engine/store/work/backup.h"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/damage.h"
#include "engine/store/repository/lease.h"
#include "engine/store/repository/reserve.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/birth.h"
#include "engine/store/snapshots/publish.h"
#include "engine/store/work/backup_work.h"

namespace backcast::store {
namespace {

// One cache per repository and set of roots: alternating backups do not evict each other.
std::string cache_name(const Repository& repository, const BackupOptions& options) {
  std::string roots = options.host;
  for (const std::string& root : options.walk.roots) roots += '\0' + root;
  Id name;
  const auto mac = mac_of(repository.keys().config_key(), as_bytes(roots));
  std::copy_n(mac.begin(), kIdBytes, name.bytes.begin());
  return to_hex(repository.config().repository) + '-' + to_hex(name);
}

Status run_threads(BackupSession& session) {
  const bool is_pipe = session.options.pipe != nullptr;
  if (is_pipe) {
    // Before any thread looks: the pipe is the one listing, and there is no walk.
    session.listings_open = 1;
    session.walk_ended = true;
  }
  std::vector<std::thread> others;
  for (unsigned i = 1; i < session.options.threads; ++i) {
    others.emplace_back([&] { BackupWorker(session).run(); });
  }
  BackupWorker worker(session);
  if (is_pipe) {
    worker.run_pipe(*session.options.pipe, session.options.pipe_name);
  } else {
    worker.run();
  }
  for (std::thread& thread : others) thread.join();
  return session.error ? Status(*session.error) : Status(kOk);
}

// However a backup ends, what it stored counts for the next.
Error keep_what_was_stored(ChunkStore& store, Error why) {
  const auto written = commit_packs(store);
  if (why.code == Errc::kInterrupted && written.ok()) {
    why.hint = "run the backup again: it stores only what this one did not";
  }
  return why;
}

// What the user should know though the snapshot is whole.
std::vector<std::string> notes_of(const ChunkStore& store) {
  std::vector<std::string> notes;
  for (const Id& object : store.index().unreadable_objects()) {
    notes.push_back(name_of(ObjectType::kIndex, object) +
                    " cannot be read: what it lists was stored again where it was needed; backcast "
                    "repair finds the rest");
  }
  for (const Id& pack : store.bad_packs()) {
    notes.push_back(name_of(ObjectType::kPack, pack) +
                    " is missing or cut short: what it held and is still there was stored again; "
                    "backcast check names what it affects");
  }
  return notes;
}

Status publish_by_rules(ChunkStore& store, Lease& lease, const std::optional<RulesInForce>& rules,
                        Snapshot& snapshot) {
  const std::uint64_t would_hold_bytes = held_bytes(store.index()) + store.added().stored_bytes;
  if (auto fits = check_quota(rules, would_hold_bytes); !fits.ok()) {
    return keep_what_was_stored(store, fits.error());
  }
  if (rules) BACKCAST_CHECK(bear(store.repository(), *rules, snapshot));
  return publish(store, lease, snapshot);
}

}  // namespace

Result<BackupResult> backup(Repository& repository, const BackupOptions& given,
                            BackupProgress& progress) {
  BackupOptions options = given;
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  env::Env& env = repository.env();
  const Duration began = env.monotonic();
  BackupResult result;
  Snapshot& snapshot = result.snapshot;
  snapshot.time = options.time.value_or(env.now());

  std::unique_ptr<source::Walk> walk;
  std::unique_ptr<BackupSession> session;
  if (!options.pipe) {
    walk = std::make_unique<source::Walk>(env.tree(), options.walk, [&](source::Problem problem) {
      session->add_problem(std::move(problem));
    });
  }
  std::unique_ptr<Lease> lease;
  if (!options.dry_run) {
    BACKCAST_TRY(lease, Lease::take(repository, LeaseKind::kWork));
  }
  std::optional<Damage> damaged;
  BACKCAST_TRY(const auto rules, load_rules_to_save(repository, damaged));
  if (damaged) result.notes.push_back(damaged->what);
  BACKCAST_TRY(const Index index, load_index(repository));
  BACKCAST_CHECK(check_quota(rules, held_bytes(index)));
  ChunkStore store(repository, index);
  const Secret cache_key = repository.keys().writer.derive(7);
  const std::string cache_file = cache_name(repository, options);
  const FileCache cache =
      options.read_all ? FileCache() : FileCache::open(options.cache, cache_file, cache_key);
  const bool keeps_cache = !options.pipe && !options.dry_run;
  FileCacheWriter next_cache(env, keeps_cache ? options.cache : nullptr, cache_file, cache_key);
  Collector collector(store, options.level, next_cache);
  session.reset(new BackupSession{store, options, progress, cache, collector, walk.get(),
                                  Chunker(repository.keys().gear_key(), kDataSizes)});
  if (walk) BACKCAST_CHECK(walk->open());
  if (auto ran = run_threads(*session); !ran.ok()) {
    return options.dry_run ? ran.error() : keep_what_was_stored(store, ran.error());
  }

  if (!options.dry_run) BACKCAST_CHECK(collector.finish(snapshot));
  snapshot.host = options.host;
  snapshot.paths = options.pipe ? std::vector{"/" + options.pipe_name} : options.walk.roots;
  snapshot.tags = options.tags;
  snapshot.program = BACKCAST_VERSION;
  snapshot.problems = session->problems.size();
  snapshot.read_bytes = progress.read_bytes;
  snapshot.took = env.monotonic() - began;
  result.problems = std::move(session->problems);
  for (std::string& note : notes_of(store)) result.notes.push_back(std::move(note));
  if (options.dry_run) {
    snapshot.files = progress.files;
    snapshot.content_bytes = progress.content_bytes;
    return result;
  }
  BACKCAST_CHECK(publish_by_rules(store, *lease, rules, snapshot));
  next_cache.commit();
  fill_reserve(repository);
  std::vector<BadPack> bad;
  for (const Id& pack : store.bad_packs()) bad.push_back({pack, {}});
  // Failing to record it is no matter: whoever comes next looks for himself.
  if (!bad.empty()) (void)record_damage(repository, std::move(bad));
  return result;
}

}  // namespace backcast::store
