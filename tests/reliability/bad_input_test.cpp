// Sources that misbehave, clocks that jump, places that hold no repository: end to end, from the
// source tree through the repository and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using testing::HasSubstr;

struct Restored {
  source::Scratch target{true};
  RestoreResult result;
  std::map<std::string, std::string> tree;
};

void restore_latest(Lab& lab, Restored& restored) {
  const auto repository = lab.open();
  ASSERT_TRUE(repository.ok());
  const auto snapshots = load_snapshots(**repository);
  ASSERT_TRUE(snapshots.ok());
  RestoreRequest request;
  request.target = restored.target.path();
  RestoreProgress progress;
  const auto done = restore(**repository, snapshots->back(), request, progress);
  ASSERT_TRUE(done.ok()) << to_string(done.error());
  restored.result = *done;
  restored.tree = source::describe(restored.target.path(lab.source().path().substr(1)));
}

TEST(BadInput, NamesThatAreNotUtf8AndEmptyFilesComeBackByteForByte) {
  Lab lab(1000);
  for (const char* name : {"\xff\xfe\x80", "new\nline", "-rf", "trailing ", "\xe2\x28\xa1"}) {
    lab.source().write(name, "");
    lab.source().write(std::string("d\xff/") + name, name);
  }
  lab.commit();
  Restored restored;
  restore_latest(lab, restored);
  EXPECT_EQ(restored.tree, source::describe(lab.source().path()));
  EXPECT_TRUE(restored.result.failures.empty());
}

TEST(BadInput, A200GbSparseFileIsSmallInTheRepositoryAndOnTheDisk) {
  Lab lab(1000);
  constexpr std::uint64_t kBytes = 200'000'000'000;
  lab.source().write("disk", "");
  const int file = ::open(lab.source().path("disk").c_str(), O_WRONLY);
  ASSERT_EQ(::ftruncate(file, kBytes), 0);
  ASSERT_EQ(::pwrite(file, "middle", 6, kBytes / 2), 6);
  ::close(file);
  const auto made = lab.back_up();
  ASSERT_TRUE(made.ok()) << to_string(made.error());
  EXPECT_LT(made->read_bytes, 1'000'000u);
  EXPECT_LT(made->added_stored_bytes, 100'000u);
  Restored restored;
  restore_latest(lab, restored);
  const std::string path = restored.target.path(lab.source().path("disk").substr(1));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), kBytes);
  EXPECT_LT(info.st_blocks * 512, 1 << 20);
  char bytes[6];
  const int back = ::open(path.c_str(), O_RDONLY);
  ASSERT_EQ(::pread(back, bytes, 6, kBytes / 2), 6);
  ::close(back);
  EXPECT_EQ(std::string_view(bytes, 6), "middle");
}

TEST(BadInput, FilesWithoutPermissionAreNamedAndTheRestIsSaved) {
  Lab lab(1000);
  lab.source().write("secret", "cannot be read");
  lab.source().write("closed/inside", "cannot be reached");
  ::chmod(lab.source().path().c_str(), 0755);
  for (const char* folder : {"folder0", "folder1", "folder2"}) {
    ::chmod(lab.source().path(folder).c_str(), 0755);
  }
  ::chmod(lab.source().path("secret").c_str(), 0000);
  ::chmod(lab.source().path("closed").c_str(), 0000);
  source::as_nobody([&] {
    const auto repository = lab.open();
    ASSERT_TRUE(repository.ok());
    BackupOptions options;
    options.walk.roots = {lab.source().path()};
    options.threads = 1;  // the others would still be root
    BackupProgress progress;
    const auto result = backup(**repository, options, progress);
    ASSERT_TRUE(result.ok()) << to_string(result.error());
    std::set<std::string> paths;
    for (const auto& problem : result->problems) {
      paths.insert(problem.path);
      EXPECT_THAT(problem.what, HasSubstr("Permission denied"));
    }
    EXPECT_EQ(paths, (std::set{lab.source().path("secret"), lab.source().path("closed")}));
    EXPECT_EQ(result->snapshot.problems, 2u);
  });
  ::chmod(lab.source().path("closed").c_str(), 0755);
  Restored restored;
  restore_latest(lab, restored);
  EXPECT_TRUE(restored.tree.contains("/large"));
  EXPECT_TRUE(restored.tree.contains("/closed"));
  EXPECT_FALSE(restored.tree.contains("/secret")) << "an empty stand-in would look like the file";
}

// Files come, go and grow while they are read: the backup ends, says what it could not save, and
// whatever it did save restores.
TEST(BadInput, ASourceThatChangesUnderTheBackupIsSurvived) {
  Lab lab(200'000);
  std::atomic<bool> stop{false};
  std::thread meddler([&] {
    for (std::uint64_t round = 0; !stop; ++round) {
      const std::string name = fmt::format("churn/f{}", round % 20);
      lab.source().write(name, random_bytes(round, round % 50'000));
      if (round % 3 == 0) std::filesystem::remove(lab.source().path(name));
      if (round % 7 == 0) {
        std::error_code ignored;
        std::filesystem::remove_all(lab.source().path("gone"), ignored);
        lab.source().write("gone/deep/file", "x");
      }
      if (round % 5 == 0) std::filesystem::resize_file(lab.source().path("large"), round % 150'000);
    }
  });
  std::vector<Id> made;
  for (int i = 0; i < 20; ++i) {
    const auto repository = lab.open();
    BackupOptions options;
    options.walk.roots = {lab.source().path()};
    options.threads = 2;
    BackupProgress progress;
    const auto result = backup(**repository, options, progress);
    EXPECT_TRUE(result.ok()) << to_string(result.error());
    if (result.ok()) made.push_back(result->snapshot.id);
  }
  stop = true;
  meddler.join();
  for (const Id& id : made)
    EXPECT_TRUE(lab.content_of(id).ok()) << to_string(lab.content_of(id).error());
  EXPECT_EQ(lab.verify("after the churn").size(), made.size());
}

TEST(BadInput, APlaceWithoutARepositoryIsNamedAndNothingIsMade) {
  env::FaultEnv env;
  OpenOptions options;
  options.passphrase = [] { return Result<SecretText>("x"); };
  for (const char* path : {"/nowhere", "/empty"}) {
    if (path[1] == 'e') env.set_bytes("/empty/x", "");
    const auto opened = Repository::open(env, path, options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Errc::kNoRepository);
    EXPECT_THAT(to_string(opened.error()), HasSubstr(path));
  }
  // And init does not take a folder that holds something of somebody's.
  const auto made = Repository::create(env, "/empty", Keys::generate(), "p", kStretchingFloor);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::kBadInput);
  EXPECT_EQ(env.files().size(), 1u);
}

TEST(BadInput, AWrongPassphraseAndAForeignWriterKeyAreRefused) {
  Lab lab(1000);
  OpenOptions options;
  options.read_data = true;
  options.passphrase = [] { return Result<SecretText>("wrong"); };
  auto opened = Repository::open(lab.env(), Lab::kPath, options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::kWrongKey);
  options = {};
  options.writer = *parse_writer_key(writer_key_text(Keys::generate()));
  opened = Repository::open(lab.env(), Lab::kPath, options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::kWrongKey);
}

TEST(BadInput, ANewerFormatIsNotGuessedAt) {
  Lab lab(1000);
  lab.commit();
  const std::string config = lab.env().bytes("/repository/config");
  std::string newer = config;
  const auto at = newer.find("\"format\": 1");
  ASSERT_NE(at, std::string::npos) << config;
  newer.replace(at, 11, "\"format\": 2");
  lab.env().set_bytes("/repository/config", newer);
  const auto opened = lab.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(to_string(opened.error()), HasSubstr("newer"));
  lab.env().set_bytes("/repository/config", config);
  // The same for one object: byte 4 of its header is the format.
  for (const std::string& name : lab.env().files()) {
    if (name.find("/snapshots/") == std::string::npos) continue;
    std::string bytes = lab.env().bytes(name);
    bytes[4] = 2;
    lab.env().set_bytes(name, bytes);
  }
  const auto snapshots = load_snapshots(**lab.open());
  ASSERT_FALSE(snapshots.ok());
  EXPECT_THAT(to_string(snapshots.error()), HasSubstr("newer"));
}

// restic issue 22057 and its kin: no clock within ten years either way, and no snapshot that such
// a clock stamps, makes a policy let go of what it would have kept.
TEST(BadInput, NoClockBetweenTenYearsAgoAndTenYearsAheadPushesOutWhatIsKept) {
  const auto policies = {"restic: --keep-last 2", "restic: --keep-daily 3",
                         "restic: --keep-within 30d", "borg: --keep-daily 3"};
  std::mt19937_64 random(1);
  for (int round = 0; round < (thorough() ? 200 : 12); ++round) {
    Lab lab(500);
    // An honest week.
    std::vector<Id> honest;
    for (int day = 0; day < 5; ++day) {
      lab.write_source(static_cast<std::uint64_t>(day) % 3 + 1);
      honest.push_back(lab.commit());
      lab.env().advance(kDay);
    }
    const Instant today = lab.env().now();
    const auto text = *(policies.begin() + round % static_cast<int>(policies.size()));
    const auto kept = [&] {
      ForgetRequest request;
      request.policy = *policy::parse_policy(text);
      request.max_deletions = 1000;
      const auto plan = plan_forget(**lab.open(), request);
      EXPECT_TRUE(plan.ok()) << to_string(plan.error());
      std::set<Id> ids;
      for (const auto& verdict : plan->verdicts) {
        if (verdict.keep) ids.insert(verdict.snapshot.id);
      }
      return ids;
    };
    const auto kept_before = kept();
    ASSERT_FALSE(kept_before.empty());
    // Clients with clocks of their own claim any time; the store's clock stands.
    for (int i = 0; i < 3; ++i) {
      const auto repository = lab.open();
      BackupOptions options;
      options.walk.roots = {lab.source().path()};
      options.threads = 1;
      const auto skew = Duration(std::chrono::hours(static_cast<int>(random() % 175'200) - 87'600));
      options.time = today + skew;
      BackupProgress progress;
      ASSERT_TRUE(backup(**repository, options, progress).ok());
    }
    const auto kept_after = kept();
    // The newcomers are real snapshots received today: each may take the place of one in keep-last,
    // as an honest backup would, and no more; by day they are one day.
    std::size_t lost = 0;
    for (const Id& id : kept_before) lost += !kept_after.contains(id);
    const bool by_count = std::string_view(text).find("last") != std::string_view::npos;
    EXPECT_LE(lost, by_count ? 2u : 1u) << text;
    EXPECT_GE(kept_after.size(), std::min<std::size_t>(kept_before.size(), 2)) << text;
    // The store's clock itself jumps back ten years: nothing that was kept is let go.
    lab.env().set_now(today - 3650 * kDay);
    for (const Id& id : kept_after) EXPECT_TRUE(kept().contains(id)) << text << ", clock set back";
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace backcast::store
