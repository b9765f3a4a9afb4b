// A repository on a disk that fails on request, a source tree to back up, and the question every
// test here ends with: does each committed snapshot still give back, byte for byte, what was saved?
//
// Contents are compared as tar streams: names, metadata and bytes of every entry in one string.
// BACKCAST_THOROUGH=1 runs every case where the ordinary run samples.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "engine/env/fault_env.h"
#include "engine/store/upkeep/check.h"
#include "engine/store/upkeep/prune.h"
#include "engine/store/work/backup.h"
#include "engine/store/work/copy.h"
#include "engine/store/work/forget.h"
#include "engine/store/work/restore.h"
#include "tests/source/trees.h"

namespace backcast::store {

inline bool thorough() {
  const char* wanted = std::getenv("BACKCAST_THOROUGH");
  return wanted != nullptr && *wanted != '\0' && *wanted != '0';
}

inline std::string random_bytes(std::uint64_t seed, std::size_t size_bytes) {
  std::mt19937_64 random(seed);
  std::string bytes(size_bytes, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class Lab {
 public:
  static constexpr const char* kPath = "/repository";
  static constexpr const char* kPassphrase = "correct horse";

  // `large_bytes`: about half of what the source tree holds.
  explicit Lab(std::size_t large_bytes = 400'000) : large_bytes_(large_bytes) {
    env_.set_now(*parse_now("2026-03-01T12:00:00Z"));
    const auto created = Repository::create(env_, kPath, keys_, kPassphrase, kStretchingFloor);
    EXPECT_TRUE(created.ok()) << (created.ok() ? "" : to_string(created.error()));
    write_source(0);
  }

  // Generation `number` of the source: some files stay, some change, some come and go.
  void write_source(std::uint64_t number) {
    for (int i = 0; i < 6; ++i) {
      const std::string name = fmt::format("folder{}/file{}", i % 3, i);
      const bool changes = static_cast<std::uint64_t>(i) % 3 == number % 3 || number == 0;
      if (changes) source_.write(name, random_bytes(number * 100 + i, 700u * (i + 1)));
    }
    source_.write(fmt::format("only-in-{}", number), fmt::format("generation {}", number));
    source_.write("large", random_bytes(7, large_bytes_ / 4 * 3) + fmt::format("{:080}", number) +
                               random_bytes(8, large_bytes_ / 4));
    source_.write("text", std::string(large_bytes_ / 8, 'x') + fmt::format("{}", number));
    if (number == 0 && !std::filesystem::exists(source_.path("empty"))) {
      source_.write("empty", "");
      std::filesystem::create_symlink("text", source_.path("link"));
      std::filesystem::create_hard_link(source_.path("text"), source_.path("folder0/hard"));
    }
  }

  // From now on backups keep a file cache there. The clock leaves what was written behind, for
  // nothing is cached that may still change within the same tick.
  void use_cache(env::Folder* cache) {
    cache_ = cache;
    env_.set_now(env::posix_env().now() + kHour);
  }

  env::FaultEnv& env() { return env_; }
  const Keys& keys() const { return keys_; }
  source::Scratch& source() { return source_; }

  Result<std::unique_ptr<Repository>> open() { return open(env_); }
  // As another process, or at another place.
  Result<std::unique_ptr<Repository>> open(env::Env& env, const std::string& path = kPath) {
    OpenOptions options;
    options.keys = keys_;
    return Repository::open(env, path, options);
  }

  Result<Snapshot> back_up(unsigned threads = 1) { return back_up(env_, threads); }
  Result<Snapshot> back_up(env::Env& env, unsigned threads = 1) {
    BACKCAST_TRY(const auto repository, open(env));
    BackupOptions options;
    options.walk.roots = {source_.path()};
    options.host = "lab";
    options.threads = threads;
    options.cache = cache_;
    BackupProgress progress;
    BACKCAST_TRY(auto result, backup(*repository, options, progress));
    if (!result.problems.empty()) return failed(result.problems[0].what);
    return result.snapshot;
  }

  Status forget(const Id& id) { return forget(env_, id); }
  Status forget(env::Env& env, const Id& id) {
    BACKCAST_TRY(const auto repository, open(env));
    ForgetRequest request;
    request.snapshots = {to_hex(id)};
    BACKCAST_TRY(const ForgetPlan plan, plan_forget(*repository, request));
    BACKCAST_CHECK(apply_forget(*repository, plan));
    return kOk;
  }

  // Frees everything that can be freed, at once.
  Result<PruneResult> prune_all() { return prune_all(env_); }
  Result<PruneResult> prune_all(env::Env& env, Duration grace = Duration(0)) {
    BACKCAST_TRY(const auto repository, open(env));
    PruneOptions options;
    options.grace = grace;
    options.max_unused_percent = 0;
    PruneProgress progress;
    return prune(*repository, options, progress);
  }

  // Backs up and remembers what the snapshot must give back for ever.
  Id commit(unsigned threads = 1) {
    const auto snapshot = back_up(threads);
    EXPECT_TRUE(snapshot.ok()) << (snapshot.ok() ? "" : to_string(snapshot.error()));
    const auto content = content_of(snapshot->id);
    EXPECT_TRUE(content.ok()) << (content.ok() ? "" : to_string(content.error()));
    committed_[snapshot->id] = *content;
    return snapshot->id;
  }

  // The whole snapshot as a tar stream.
  static Result<std::string> content_of(Repository& repository, const Snapshot& snapshot) {
    std::string tar;
    BACKCAST_CHECK(dump_tar(repository, snapshot, Selection(), [&](ByteView bytes) -> Status {
      tar += as_text(bytes);
      return kOk;
    }));
    return tar;
  }
  Result<std::string> content_of(const Id& id) {
    BACKCAST_TRY(const auto repository, open());
    BACKCAST_TRY(const Snapshot snapshot, load_snapshot(*repository, id));
    return content_of(*repository, snapshot);
  }

  std::map<Id, std::string>& committed() { return committed_; }

  // After whatever happened: the repository opens without anybody's help, every committed snapshot
  // is there and whole, and any other snapshot that is listed is whole too. Returns those others.
  std::vector<Id> verify(const std::string& when) {
    std::vector<Id> others;
    const auto repository = open();
    EXPECT_TRUE(repository.ok()) << when << ": " << to_string(repository.error());
    if (!repository.ok()) return others;
    const auto snapshots = load_snapshots(**repository);
    EXPECT_TRUE(snapshots.ok()) << when << ": " << to_string(snapshots.error());
    if (!snapshots.ok()) return others;
    std::size_t found = 0;
    for (const Snapshot& snapshot : *snapshots) {
      const auto content = content_of(**repository, snapshot);
      EXPECT_TRUE(content.ok()) << when << ": snapshot " << to_hex(snapshot.id) << ": "
                                << to_string(content.error());
      const auto known = committed_.find(snapshot.id);
      if (known == committed_.end()) {
        others.push_back(snapshot.id);
        continue;
      }
      ++found;
      EXPECT_TRUE(content.ok() && *content == known->second)
          << when << ": snapshot " << to_hex(snapshot.id) << " gives back other bytes";
    }
    EXPECT_EQ(found, committed_.size()) << when << ": a committed snapshot is gone";
    CheckOptions options;
    options.read_data = true;
    options.threads = 1;
    CheckProgress progress;
    const auto checked = check(**repository, options, progress);
    EXPECT_TRUE(checked.ok() && checked->ok())
        << when << ": check complains: "
        << (!checked.ok()             ? to_string(checked.error())
            : checked->damage.empty() ? ""
                                      : checked->damage[0].object + ": " + checked->damage[0].what);
    return others;
  }

 private:
  static std::optional<Instant> parse_now(std::string_view text) {
    return parse_instant(text)->instant;
  }

  std::size_t large_bytes_;
  env::FaultEnv env_;
  Keys keys_ = Keys::generate();
  source::Scratch source_{true};
  env::Folder* cache_ = nullptr;
  std::map<Id, std::string> committed_;
};

}  // namespace backcast::store
