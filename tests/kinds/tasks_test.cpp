// Jobs from end to end: a cluster into its repository and back, copies, deletion, keys, labels.
#include "engine/kinds/runner/tasks.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <thread>

#include "engine/kinds/keys/age.h"
#include "tests/kinds/folder_client.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Service {
  Scratch scratch{};
  ProjectKeys keys{env::posix_env(), scratch / "keys", "master passphrase",
                   store::kStretchingFloor};
  Tasks tasks{env::posix_env(), keys};

  DataPlace folder(const std::string& name) const {
    return {"folder", nlohmann::json{{"path", (scratch / name).string()}}.dump()};
  }
  BackupTask backup_of(const std::string& cluster, const std::string& backup) const {
    return {"shop",          backup,     cluster, scratch / "repository", scratch / "spool",
            folder(cluster), {"nightly"}};
  }
  Stored back_up(const std::string& cluster, const std::string& backup) {
    JobWatch watch;
    auto stored = tasks.back_up(backup_of(cluster, backup), watch);
    EXPECT_TRUE(stored.ok()) << to_string(stored.error());
    EXPECT_EQ(watch.percent, 100);
    return stored.ok() ? *stored : Stored{};
  }
  Status restore(const std::string& snapshot, const std::string& into,
                 const std::string& repository = "repository") {
    JobWatch watch;
    return tasks.restore(
        {"shop", snapshot, scratch / repository, scratch / "spool", folder(into), {}}, watch);
  }
  std::vector<Labelled> labelled() {
    std::vector<Error> damaged;
    auto all = tasks.labelled("shop", scratch / "repository", damaged);
    EXPECT_TRUE(all.ok() && damaged.empty());
    return all.ok() ? *std::move(all) : std::vector<Labelled>();
  }
  std::vector<std::string> spool() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(scratch / "spool", error)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
};

void fill(const std::filesystem::path& path) {
  FolderClient client(path);
  client.create("default", "docs");
  client.create("default", "more");
  for (int i = 0; i < 5; ++i) {
    client.insert({{"default", "docs"}, {"default", "more"}}, float(i));
  }
}

TEST(Tasks, ABackupComesBackAfterEverythingIsLost) {
  Service service;
  fill(service.scratch / "cluster");
  const auto rows = FolderClient(service.scratch / "cluster").rows("default", "docs");
  const Stored stored = service.back_up("cluster", "backup1");
  EXPECT_GT(stored.logical_bytes, 0u);
  EXPECT_GT(stored.added_bytes, 0u);
  EXPECT_THAT(stored.contents, HasSubstr("docs"));
  EXPECT_THAT(service.spool(), IsEmpty());
  std::filesystem::remove_all(service.scratch / "cluster");
  ASSERT_TRUE(service.restore(stored.snapshot, "cluster").ok());
  EXPECT_EQ(FolderClient(service.scratch / "cluster").rows("default", "docs"), rows);
  EXPECT_THAT(service.spool(), IsEmpty());
  EXPECT_LT(service.back_up("cluster", "backup2").added_bytes, stored.added_bytes);
}

TEST(Tasks, AJobThatRunsAgainTakesWhatItPublished) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored first = service.back_up("cluster", "backup1");
  JobWatch watch;
  const auto again = service.tasks.back_up(service.backup_of("cluster", "backup1"), watch);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->snapshot, first.snapshot);
  EXPECT_EQ(again->logical_bytes, first.logical_bytes);
  EXPECT_EQ(again->contents, first.contents);
  EXPECT_NE(service.back_up("cluster", "backup2").snapshot, first.snapshot);
}

TEST(Tasks, P_BAD_01_WhatFailsLeavesNoFileAndTheNextRunTriesAgain) {
  Service service;
  JobWatch watch;
  const auto missing = service.tasks.back_up(service.backup_of("cluster", "backup1"), watch);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(to_string(missing.error()), HasSubstr("cluster.json"));
  EXPECT_THAT(service.labelled(), IsEmpty());
  EXPECT_THAT(service.spool(), IsEmpty());
  fill(service.scratch / "cluster");
  JobWatch stopped;
  stopped.stopper.stop();
  EXPECT_EQ(service.tasks.back_up(service.backup_of("cluster", "backup1"), stopped).error().code,
            Errc::kInterrupted);
  EXPECT_THAT(service.labelled(), IsEmpty());
  service.back_up("cluster", "backup1");
  EXPECT_EQ(service.labelled().size(), 1u);
}

TEST(Tasks, ChosenCollectionsAloneAreBackedUpAndTheContentsSaySo) {
  Service service;
  fill(service.scratch / "cluster");
  BackupTask task = service.backup_of("cluster", "backup1");
  task.contents = R"({"chosen": [{"database": "default", "name": "more"}]})";
  JobWatch watch;
  const auto stored = service.tasks.back_up(task, watch);
  ASSERT_TRUE(stored.ok()) << to_string(stored.error());
  const auto contents = nlohmann::json::parse(stored->contents);
  EXPECT_EQ(contents["chosen"][0]["name"], "more");
  EXPECT_EQ(contents["databases"][0]["collections"].size(), 1u);
  ASSERT_TRUE(service.restore(stored->snapshot, "new").ok());
  EXPECT_EQ(FolderClient(service.scratch / "new").rows("default", "more").size(), 5u);
  EXPECT_THAT(FolderClient(service.scratch / "new").catalog().dump(),
              testing::Not(HasSubstr("docs")));
  task.backup = "backup2";
  task.contents = R"({"chosen": [{"database": "default", "name": "nothing"}]})";
  EXPECT_EQ(service.tasks.back_up(task, watch).error().code, Errc::kNotFound);
  for (const char* none : {R"({"chosen": []})", "[]", "{"}) {
    task.contents = none;
    EXPECT_EQ(service.tasks.back_up(task, watch).error().code, Errc::kBadInput) << none;
  }
  task.contents = R"({"chosen": [{"database": "default", "name": "more"}]})";
  write_whole(service.scratch / "volume/file", "x");
  task.data = {"shared-storage",
               nlohmann::json{{"path", (service.scratch / "volume").string()}}.dump()};
  EXPECT_EQ(service.tasks.back_up(task, watch).error().code, Errc::kBadInput);
}

TEST(Tasks, CopiesLiveOnWhenTheOriginalIsGone) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored original = service.back_up("cluster", "backup1");
  JobWatch watch;
  const CopyTask task{"shop", original.snapshot, service.scratch / "repository",
                      service.scratch / "elsewhere"};
  const auto copy = service.tasks.copy(task, watch);
  ASSERT_TRUE(copy.ok()) << to_string(copy.error());
  EXPECT_EQ(copy->logical_bytes, original.logical_bytes);
  EXPECT_GT(copy->added_bytes, 0u);
  ASSERT_TRUE(service.tasks.remove("shop", service.scratch / "repository", original.snapshot).ok());
  ASSERT_TRUE(service.tasks.remove("shop", service.scratch / "repository", original.snapshot).ok());
  EXPECT_EQ(service.restore(original.snapshot, "new").error().code, Errc::kNotFound);
  ASSERT_TRUE(service.restore(copy->snapshot, "new", "elsewhere").ok());
  EXPECT_EQ(FolderClient(service.scratch / "new").rows("default", "more").size(), 5u);
}

TEST(Tasks, X_CORE_02_ARestoreThatWasDoneIsNotDoneAgain) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored stored = service.back_up("cluster", "backup1");
  RestoreTask task{"shop",
                   stored.snapshot,
                   service.scratch / "repository",
                   service.scratch / "spool",
                   service.folder("new"),
                   {}};
  task.note = service.scratch / "notes" / "7";
  JobWatch watch;
  ASSERT_TRUE(service.tasks.restore(task, watch).ok());
  // Killed before its end was noted, it is begun again.
  EXPECT_TRUE(service.tasks.restore(task, watch).ok());
  EXPECT_EQ(FolderClient(service.scratch / "new").rows("default", "docs").size(), 5u);
  // Another one finds the names taken, and so does one into a cluster that had them.
  task.note = service.scratch / "notes" / "8";
  EXPECT_EQ(service.tasks.restore(task, watch).error().code, Errc::kExists);
  EXPECT_EQ(service.tasks.restore(task, watch).error().code, Errc::kExists);
  // What has other rows may be somebody else's: that it came back is not known.
  task.note = service.scratch / "notes" / "7";
  FolderClient(service.scratch / "new").insert({{"default", "docs"}}, 9);
  EXPECT_EQ(service.tasks.restore(task, watch).error().code, Errc::kExists);
}

TEST(Tasks, TheCatalogueCanBeRebuiltFromTheRepository) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored one = service.back_up("cluster", "backup1");
  const Stored two = service.back_up("cluster", "backup2");
  const auto path = service.scratch / "repository";
  ASSERT_TRUE(service.tasks.label("shop", path, one.snapshot, "first").ok());
  ASSERT_TRUE(service.tasks.label("shop", path, one.snapshot, "retagged").ok());
  const auto all = service.labelled();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all.at(0).backup, "backup1");
  EXPECT_EQ(all.at(0).cluster, "cluster");
  EXPECT_EQ(all.at(0).label, "retagged");
  EXPECT_EQ(all.at(1).snapshot, two.snapshot);
  EXPECT_EQ(all.at(1).label, "");
}

TEST(Tasks, P_SEC_01_NothingStoredShowsPlaintextAndOtherProjectsOpenNothing) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored stored = service.back_up("cluster", "backup1");
  for (const auto& [name, content] : tree_of(service.scratch / "repository")) {
    EXPECT_THAT(content, testing::Not(HasSubstr("value"))) << name;
    EXPECT_THAT(content, testing::Not(HasSubstr("docs"))) << name;
  }
  JobWatch watch;
  const RestoreTask foreign{"other",
                            stored.snapshot,
                            service.scratch / "repository",
                            service.scratch / "spool",
                            service.folder("new"),
                            {}};
  EXPECT_EQ(service.tasks.restore(foreign, watch).error().code, Errc::kWrongKey);
  ProjectKeys wrong(env::posix_env(), service.scratch / "keys", "another passphrase",
                    store::kStretchingFloor);
  EXPECT_EQ(wrong.of("shop").error().code, Errc::kWrongKey);
}

TEST(Tasks, P_SEC_02_ADownloadIsTheOriginalOrStaysEncryptedUnderTheProjectsKey) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored stored = service.back_up("cluster", "backup1");
  const auto path = service.scratch / "repository";
  std::string tar, sealed, opened;
  const auto into = [](std::string& text) {
    return [&text](ByteView bytes) -> Status {
      text += as_text(bytes);
      return kOk;
    };
  };
  ASSERT_TRUE(service.tasks.download({"shop", stored.snapshot, path, false}, into(tar)).ok());
  ASSERT_TRUE(service.tasks.download({"shop", stored.snapshot, path, true}, into(sealed)).ok());
  EXPECT_TRUE(sealed.starts_with("age-encryption.org/v1\n"));
  AgeReader age(service.keys.of("shop")->pairs, into(opened));
  ASSERT_TRUE(age.append(as_bytes(sealed)).ok());
  ASSERT_TRUE(age.finish().ok());
  EXPECT_EQ(opened, tar);
  write_whole(service.scratch / "download.tar", tar);
  const auto out = service.scratch.make("out");
  ASSERT_EQ(
      std::system(("tar xf " + (service.scratch / "download.tar").string() + " -C " + out.string())
                      .c_str()),
      0);
  EXPECT_EQ(FolderClient(out).rows("default", "docs").size(), 5u);
}

TEST(Tasks, P_SEC_03_ADestroyedKeyOpensNothingAnyMore) {
  Service service;
  fill(service.scratch / "cluster");
  const Stored stored = service.back_up("cluster", "backup1");
  const auto repository = service.scratch / "repository";
  std::filesystem::copy(repository / "packs", service.scratch / "kept aside");
  ASSERT_TRUE(service.keys.destroy("shop", {repository, service.scratch / "none"}).ok());
  ASSERT_TRUE(service.keys.destroy("shop", {repository}).ok());
  EXPECT_EQ(service.restore(stored.snapshot, "new").error().code, Errc::kWrongKey);
  // A new process, or whoever knows the passphrase, finds no key either.
  ProjectKeys again(env::posix_env(), service.scratch / "keys", "master passphrase",
                    store::kStretchingFloor);
  EXPECT_EQ(again.of("shop").error().code, Errc::kWrongKey);
  store::OpenOptions options;
  options.passphrase = []() -> Result<store::SecretText> {
    return store::SecretText("master passphrase");
  };
  options.read_data = true;
  EXPECT_EQ(store::Repository::open(env::posix_env(), repository.string(), options).error().code,
            Errc::kWrongKey);
}

TEST(Tasks, AStopEndsARunningJob) {
  Service service;
  const auto path = service.scratch / "volume";
  for (int i = 0; i < 40; ++i) {
    write_whole(path / std::to_string(i), std::string(4 << 20, static_cast<char>(i)));
  }
  BackupTask task = service.backup_of("volume", "backup1");
  task.data.kind = "shared-storage";
  JobWatch watch;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    watch.stopper.stop();
  });
  const auto stored = service.tasks.back_up(task, watch);
  stopper.join();
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code, Errc::kInterrupted);
  EXPECT_THAT(service.spool(), IsEmpty());
}

TEST(Tasks, WhatAKilledServiceLeftInTheSpoolGoes) {
  const Scratch scratch;
  write_whole(scratch / "spool/rdead/data/x", "half");
  EXPECT_TRUE(clear_spool(scratch / "spool").ok());
  EXPECT_TRUE(clear_spool(scratch / "none").ok());
  EXPECT_TRUE(std::filesystem::is_empty(scratch / "spool"));
}

}  // namespace
}  // namespace backcast::kinds
