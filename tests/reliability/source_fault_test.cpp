// Every call that a backup makes on its source and a restore on its target fails once, is cut short
// once, is interrupted once, and is the last one once. What is lost is told; what is not told is
// right; no file has its name before it is whole.
#include <gmock/gmock.h>

#include "engine/env/fault_tree.h"
#include "engine/store/packs/load_index.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using env::TreeFault;
using testing::HasSubstr;
using testing::IsEmpty;

struct Way {
  TreeFault fault;
  int error_number;
};
const Way kWays[] = {{TreeFault::kError, EIO},
                     {TreeFault::kError, ESTALE},
                     {TreeFault::kError, ENOENT},
                     {TreeFault::kShort, 0},
                     {TreeFault::kInterrupt, 0}};

class SourceFaults : public testing::Test {
 protected:
  SourceFaults() {
    source::Scratch& source = lab_.source();
    source.write("hole", "begin");
    ::truncate(source.path("hole").c_str(), 1 << 20);
    source.write("noted", "x");
    ::setxattr(source.path("noted").c_str(), "user.note", "value", 5, 0);
    ::mkfifo(source.path("fifo").c_str(), 0600);
    source.write("cached/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    source.write("cached/big", "left out");
    lab_.env().set_tree(tree_);
  }

  Result<BackupResult> back_up() {
    BACKCAST_TRY(const auto repository, lab_.open());
    BackupOptions options;
    options.walk.roots = {lab_.source().path(), lab_.source().path("hole")};
    options.walk.exclude_caches = true;
    options.threads = 1;
    BackupProgress progress;
    return backup(*repository, options, progress);
  }

  Result<RestoreResult> restore_to(const std::string& target, const Snapshot& snapshot,
                                   source::RestoreOptions writing = {},
                                   const std::string& path = "") {
    OpenOptions options;
    options.keys = lab_.keys();
    BACKCAST_TRY(const auto repository, Repository::open(lab_.env(), Lab::kPath, options));
    RestoreRequest request;
    request.target = target;
    request.selection = Selection(path);
    request.writing = writing;
    request.threads = 1;
    RestoreProgress progress;
    return restore(*repository, snapshot, request, progress);
  }

  // Every entry of the source with all its metadata and the ids of its content.
  std::map<std::string, std::string> entries_of(const Snapshot& snapshot) {
    std::map<std::string, std::string> entries;
    const auto repository = *lab_.open();
    const Index index = *load_index(*repository);
    PackFiles packs(*repository, index);
    const auto add = [&](const std::string& path, source::Node& node, Content& content) -> Status {
      if (('/' + path).starts_with(lab_.source().path())) {
        append_node(entries['/' + path], node);
        BACKCAST_TRY(const auto ids, content.take(content.chunks_left()));
        for (const Id& id : ids) entries['/' + path] += to_hex(id);
      }
      return kOk;
    };
    EXPECT_TRUE(browse(packs, snapshot, {nullptr, add}).ok());
    return entries;
  }

  // Files by their path beneath the target, temporary names left out.
  static std::map<std::string, std::string> files_of(const std::string& target) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(target)) {
      const std::string name = entry.path().filename();
      if (!entry.is_regular_file() || entry.is_symlink() || name.starts_with(".backcast-")) {
        continue;
      }
      std::ostringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files[entry.path().native().substr(target.size())] = bytes.str();
    }
    return files;
  }

  static std::map<std::string, std::string> description(const std::string& target) {
    auto lines = source::describe(target);
    lines.erase("");  // the target is the user's
    return lines;
  }

  Lab lab_{1000};
  env::FaultTree tree_;
};

bool is_beneath(const std::string& path, const std::string& folder) {
  return path == folder || folder == "/" || path.starts_with(folder + '/');
}

TEST_F(SourceFaults, ABackupTellsWhatItMissesAtWhicheverCallItFails) {
  tree_.clear();
  const auto whole = back_up();
  ASSERT_TRUE(whole.ok()) << to_string(whole.error());
  ASSERT_THAT(whole->problems, IsEmpty());
  const std::uint64_t calls = tree_.calls();
  const auto all = entries_of(whole->snapshot);
  ASSERT_GT(calls, 100u);
  std::uint64_t told = 0, refused = 0, unharmed = 0;
  for (const Way& way : kWays) {
    for (std::uint64_t call = 0; call < calls; ++call) {
      tree_.inject(call, way.fault, way.error_number);
      const auto result = back_up();
      const std::string when =
          fmt::format("call {} ({}), error {}", call, tree_.hit(), way.error_number);
      tree_.clear();
      if (!result.ok()) {
        ++refused;
        continue;
      }
      const auto saved = entries_of(result->snapshot);
      for (const auto& [path, entry] : saved) {
        if (all.contains(path) && result->problems.empty()) {
          EXPECT_EQ(entry, all.at(path)) << when;
        }
      }
      for (const auto& [path, entry] : all) {
        const bool is_told =
            std::any_of(result->problems.begin(), result->problems.end(),
                        [&](const auto& problem) { return is_beneath(path, problem.path); });
        EXPECT_TRUE(saved.contains(path) || is_told) << when << ": " << path << " is missing";
      }
      if (result->problems.empty()) {
        // "There is no tag" is an answer, not a failure: then more is saved.
        EXPECT_TRUE(saved.size() == all.size() || way.error_number == ENOENT) << when;
        ++unharmed;
      } else {
        ++told;
      }
    }
  }
  EXPECT_GT(told, calls);
  EXPECT_GT(refused, 0u);
  EXPECT_GT(unharmed, 0u);
}

TEST_F(SourceFaults, ARestoreTellsWhatItMissesAtWhicheverCallItFails) {
  tree_.clear();
  const Snapshot snapshot = back_up()->snapshot;
  std::map<std::string, std::string> all, files;
  std::uint64_t calls = 0;
  {
    const source::Scratch target(true);
    tree_.clear();
    const auto restored = restore_to(target.path(), snapshot);
    ASSERT_TRUE(restored.ok() && restored->failures.empty() && restored->notes.empty());
    calls = tree_.calls();
    all = description(target.path());
    files = files_of(target.path());
  }
  std::uint64_t told = 0, unharmed = 0;
  std::vector<Way> ways(std::begin(kWays), std::end(kWays));
  ways.push_back({TreeFault::kError, ENOSPC});
  ways.push_back(
      {TreeFault::kError, EINVAL});  // a file system that cannot rename without replacing
  for (const Way& way : ways) {
    for (std::uint64_t call = 0; call < calls; ++call) {
      const source::Scratch target(true);
      tree_.inject(call, way.fault, way.error_number);
      const auto restored = restore_to(target.path(), snapshot);
      const std::string when =
          fmt::format("call {} ({}), error {}", call, tree_.hit(), way.error_number);
      tree_.clear();
      const bool is_told = !restored.ok() || !restored->failures.empty() ||
                           !restored->notes.empty() || !restored->synced.ok();
      is_told ? ++told : ++unharmed;
      if (!is_told) {
        EXPECT_EQ(description(target.path()), all) << when;
      }
      for (const auto& [path, bytes] : files_of(target.path())) {
        EXPECT_TRUE(bytes == files[path]) << when << ": " << path << " is not whole";
      }
    }
  }
  EXPECT_GT(told, calls);
  EXPECT_GT(unharmed, 0u);
}

// Into an empty folder, and over a tree of other files.
TEST_F(SourceFaults, AKilledRestoreLeavesNoPartUnderItsNameAndTheNextOneCleansUp) {
  const Snapshot snapshot = back_up()->snapshot;
  const std::string below = lab_.source().path();
  for (const bool is_planted : {false, true}) {
    std::map<std::string, std::string> all, files;
    std::uint64_t calls = 1;
    for (std::uint64_t call = 0; call <= calls; ++call) {
      const source::Scratch target(true);
      if (is_planted) {
        target.write(below.substr(1) + "/large", "other bytes");
        target.write(below.substr(1) + "/folder0/file0", "other bytes");
      }
      const bool is_probe = call == 0;
      tree_.inject(is_probe ? UINT64_MAX : call - 1, TreeFault::kKill);
      const auto killed = restore_to(target.path(), snapshot);
      const std::string when = fmt::format("killed at {} ({})", call, tree_.hit());
      if (is_probe) {
        calls = tree_.calls();
        tree_.clear();
        all = description(target.path());
        files = files_of(target.path());
        continue;
      }
      tree_.clear();
      EXPECT_TRUE(!killed.ok() || !killed->failures.empty() || !killed->notes.empty()) << when;
      for (const auto& [path, bytes] : files_of(target.path())) {
        EXPECT_TRUE(bytes == files[path] || (is_planted && bytes == "other bytes"))
            << when << ": " << path << " is not whole";
      }
      source::RestoreOptions writing;
      if (!is_planted) writing.overwrite = source::Overwrite::kNever;
      const auto again = restore_to(target.path(), snapshot, writing);
      ASSERT_TRUE(again.ok()) << when << ": " << to_string(again.error());
      EXPECT_THAT(again->failures, IsEmpty()) << when;
      EXPECT_EQ(description(target.path()), all) << when;
    }
  }
}

TEST_F(SourceFaults, WhatAnotherRestoreIsAtWorkOnIsNoLeftover) {
  const Snapshot snapshot = back_up()->snapshot;
  const source::Scratch target(true);
  const auto at_work = *source::Restorer::open(lab_.env(), target.path(), {});
  const auto folder = *const_cast<source::Restorer&>(at_work).folder("");
  const std::string name = ".backcast-0123456789abcdef01234567";
  target.write(name, "half");
  ASSERT_TRUE(restore_to(target.path(), snapshot).ok());
  EXPECT_TRUE(std::filesystem::exists(target.path(name)));
}

TEST_F(SourceFaults, AFolderWhoseEntryVanishedComesBackWithItsChildrenAndANote) {
  const std::string folder = lab_.source().path("folder1");
  bool found = false;
  for (std::uint64_t call = 0; !found; ++call) {
    ASSERT_LT(call, 1000u);
    tree_.inject(call, TreeFault::kError, ENOENT);
    const auto result = back_up();
    found = tree_.hit() == "stat folder1";
    tree_.clear();
    if (!found) continue;
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result->problems.size(), 1u);
    EXPECT_EQ(result->problems[0].path, folder);
    const source::Scratch target(true);
    const auto restored = restore_to(target.path(), result->snapshot);
    ASSERT_TRUE(restored.ok()) << to_string(restored.error());
    EXPECT_THAT(restored->failures, IsEmpty());
    ASSERT_EQ(restored->notes.size(), 1u);
    EXPECT_THAT(restored->notes[0], HasSubstr(folder));
    EXPECT_EQ(files_of(target.path() + folder), files_of(folder));
    lab_.verify("a folder without an entry");
  }
}

TEST_F(SourceFaults, FoldersThatOnlyLeadToWhatIsRestoredStayAsTheyAre) {
  lab_.source().write("a/b/file", "saved");
  const Snapshot snapshot = back_up()->snapshot;
  const source::Scratch target(true);
  const std::string a = target.path(lab_.source().path("a").substr(1));
  std::filesystem::create_directories(a + "/b");
  ::chmod(a.c_str(), 0751);
  ::chmod((a + "/b").c_str(), 01730);
  const timespec times[2] = {{5, 0}, {1'000'000'000, 7}};
  for (const std::string& path : {a + "/b", a}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  const auto before = source::describe(a);
  const auto restored = restore_to(target.path(), snapshot, {}, lab_.source().path("a/b/file"));
  ASSERT_TRUE(restored.ok() && restored->failures.empty());
  const auto after = source::describe(a);
  EXPECT_EQ(after.at(""), before.at(""));
  EXPECT_EQ(after.at("/b"), before.at("/b"));
  EXPECT_TRUE(after.contains("/b/file"));
}

TEST_F(SourceFaults, AMissingRootIsToldAndTheOthersAreSaved) {
  const auto repository = *lab_.open();
  BackupOptions options;
  options.walk.roots = {"/no/such/root", lab_.source().path("folder0")};
  BackupProgress progress;
  const auto result = backup(*repository, options, progress);
  ASSERT_TRUE(result.ok()) << to_string(result.error());
  ASSERT_EQ(result->problems.size(), 1u);
  EXPECT_EQ(result->problems[0].path, "/no/such/root");
  EXPECT_EQ(result->snapshot.problems, 1u);
  EXPECT_GT(result->snapshot.files, 0u);
  options.walk.roots = {"/no/such/root"};
  EXPECT_FALSE(backup(*repository, options, progress).ok()) << "nothing is left to save";
}

// Ends after three reads, and fails at the call with this number; the last one is close.
class FailingPipe final : public source::PipeSource {
 public:
  explicit FailingPipe(int call) : call_(call) {}
  Result<std::size_t> read(ByteSpan into) override {
    if (made_++ == call_) return failed("cannot read the pipe");
    if (made_ > 3) return std::size_t{0};
    std::fill(into.begin(), into.end(), static_cast<std::uint8_t>(made_));
    return into.size();
  }
  Status close() override { return call_ == kClose ? failed("the command failed") : Status(kOk); }
  static constexpr int kClose = 4;

 private:
  int call_, made_ = 0;
};

TEST_F(SourceFaults, APipeThatFailsAtAnyCallLeavesNoSnapshot) {
  const auto repository = *lab_.open();
  for (int call = 0; call <= FailingPipe::kClose + 1; ++call) {
    FailingPipe pipe(call);
    BackupOptions options;
    options.pipe = &pipe;
    options.threads = 1;
    BackupProgress progress;
    const auto result = backup(*repository, options, progress);
    const bool fails = call <= FailingPipe::kClose;
    EXPECT_EQ(result.ok(), !fails) << call;
    EXPECT_EQ(load_snapshots(*repository)->size(), fails ? 0u : 1u) << call;
  }
}

TEST_F(SourceFaults, DeviceNodesAreMadeOnRequestOnly) {
  if (::geteuid() != 0) return;  // nobody else can make one to be saved
  ASSERT_EQ(::mknod(lab_.source().path("null").c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
  const Snapshot snapshot = back_up()->snapshot;
  const std::string path = lab_.source().path("null");
  for (const bool wanted : {false, true}) {
    const source::Scratch target(true);
    const auto restored = restore_to(target.path(), snapshot, {.devices = wanted});
    ASSERT_TRUE(restored.ok() && restored->failures.empty());
    EXPECT_EQ(std::filesystem::exists(target.path() + path), wanted);
    EXPECT_EQ(restored->counts.devices_left_out, wanted ? 0u : 1u);
    EXPECT_EQ(restored->notes.size(), wanted ? 0u : 1u);
  }
}

}  // namespace
}  // namespace backcast::store
