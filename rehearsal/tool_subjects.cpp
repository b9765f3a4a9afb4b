// restic and borg, put through the same rehearsal as our own engine.
#include <fmt/format.h>

#include <algorithm>

#include "histories/import.h"
#include "rehearsal/program.h"
#include "rehearsal/subject.h"

namespace backcast::sim {
namespace {

// The policy's own flags, if the tool speaks its dialect.
Result<std::vector<std::string>> flags(const policy::RetentionPolicy& policy,
                                       std::string_view tool) {
  const std::string text = policy::to_text(policy);
  const std::string prefix = std::string(tool) + ": ";
  if (!text.starts_with(prefix)) {
    return bad_input(fmt::format("{} cannot carry out the policy \"{}\"", tool, text),
                     fmt::format("give the service a policy \"{}: …\"", tool));
  }
  if (tool == "borg" && text.find("--keep-within") != std::string::npos) {
    return bad_input("borg measures --keep-within from the machine's clock, not a virtual one");
  }
  std::vector<std::string> out;
  std::string_view rest = std::string_view(text).substr(prefix.size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

// What both tools have in common: a repository folder, and growth of it as the bytes added.
class ToolSubject : public Subject {
 public:
  ToolSubject(std::string tool, std::string path) : tool_(std::move(tool)), path_(std::move(path)) {
    settings_ = {"TZ=UTC", "LC_ALL=C.UTF-8"};
  }

  Status open_folder() {
    BACKCAST_TRY(folder_, env::posix_env().open_folder(path_, true));
    return kOk;
  }
  Result<std::uint64_t> stored_bytes() override { return folder_bytes(*folder_, ""); }

  Result<std::uint64_t> backup(const RealBackup& wanted) override {
    BACKCAST_TRY(const std::uint64_t before_bytes, stored_bytes());
    BACKCAST_CHECK(save(wanted));
    BACKCAST_TRY(const std::uint64_t after_bytes, stored_bytes());
    return after_bytes > before_bytes ? after_bytes - before_bytes : 0;
  }

 protected:
  virtual Status save(const RealBackup& wanted) = 0;

  Result<std::string> run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), tool_);
    return run_program(arguments, settings_);
  }
  Result<std::vector<Instant>> imported(const std::string& text) const {
    BACKCAST_TRY(const policy::History history, policy::import_history(tool_, text, {tool_, {}}));
    std::vector<Instant> points;
    for (const policy::Snapshot& snapshot : history.snapshots) points.push_back(snapshot.time);
    std::sort(points.begin(), points.end());
    return points;
  }
  // "2026-01-31T08:00:00" in UTC, which TZ makes the tools' local time.
  static std::string stamp(Instant t, char separator) {
    std::string text = format_instant(std::chrono::floor<std::chrono::seconds>(t));
    text.pop_back();
    text[10] = separator;
    return text;
  }

  std::string tool_, path_;
  std::vector<std::string> settings_;
  std::unique_ptr<env::Folder> folder_;
};

class Restic final : public ToolSubject {
 public:
  explicit Restic(const std::string& path) : ToolSubject("restic", path) {
    settings_.insert(settings_.end(), {"RESTIC_PASSWORD=rehearsal", "RESTIC_REPOSITORY=" + path});
  }
  Status create() {
    BACKCAST_CHECK(open_folder());
    BACKCAST_TRY(const std::string printed, run({"init", "--no-cache"}));
    return kOk;
  }
  Status save(const RealBackup& wanted) override {
    std::vector<std::string> arguments{"backup",    "--no-cache",     "--host",
                                       "rehearsal", "--time",         stamp(wanted.born, ' '),
                                       "--force",   "--ignore-inode", wanted.folder};
    for (const std::string& tag : wanted.tags) {
      arguments.insert(arguments.end(), {"--tag", tag});
    }
    BACKCAST_TRY(const std::string printed, run(arguments));
    return kOk;
  }
  Status forget(const policy::RetentionPolicy& policy, const std::optional<std::string>&,
                Instant) override {
    BACKCAST_TRY(auto arguments, flags(policy, "restic"));
    arguments.insert(arguments.begin(), {"forget", "--no-cache", "--prune", "--max-unused", "0"});
    BACKCAST_TRY(const std::string printed, run(arguments));
    return kOk;
  }
  Result<std::vector<Instant>> restore_points() override {
    BACKCAST_TRY(const std::string text, run({"snapshots", "--no-cache", "--json"}));
    return imported(text);
  }
};

class Borg final : public ToolSubject {
 public:
  explicit Borg(const std::string& path) : ToolSubject("borg", path) {
    settings_.insert(settings_.end(),
                     {"BORG_PASSPHRASE=rehearsal", "BORG_REPO=" + path,
                      "BORG_BASE_DIR=" + path + "-home", "BORG_RELOCATED_REPO_ACCESS_IS_OK=yes"});
  }
  Status create() {
    BACKCAST_CHECK(open_folder());
    BACKCAST_TRY(const std::string printed, run({"init", "--encryption", "repokey-blake2"}));
    return kOk;
  }
  Status save(const RealBackup& wanted) override {
    const std::string name = "b" + std::to_string(unix_seconds(wanted.born));
    BACKCAST_TRY(const std::string printed,
                 run({"create", "--timestamp", stamp(wanted.born, 'T'), "--files-cache=disabled",
                      "::" + name, wanted.folder}));
    return kOk;
  }
  Status forget(const policy::RetentionPolicy& policy, const std::optional<std::string>&,
                Instant) override {
    BACKCAST_TRY(auto arguments, flags(policy, "borg"));
    arguments.insert(arguments.begin(), "prune");
    BACKCAST_TRY(const std::string pruned, run(arguments));
    BACKCAST_TRY(const std::string compacted, run({"compact", "--threshold", "0"}));
    return kOk;
  }
  Result<std::vector<Instant>> restore_points() override {
    BACKCAST_TRY(const std::string text, run({"list", "--json"}));
    return imported(text);
  }
};

}  // namespace

Result<std::unique_ptr<Subject>> restic_subject(const std::string& path) {
  auto subject = std::make_unique<Restic>(path);
  BACKCAST_CHECK(subject->create());
  return std::unique_ptr<Subject>(std::move(subject));
}

Result<std::unique_ptr<Subject>> borg_subject(const std::string& path) {
  auto subject = std::make_unique<Borg>(path);
  BACKCAST_CHECK(subject->create());
  return std::unique_ptr<Subject>(std::move(subject));
}

}  // namespace backcast::sim
