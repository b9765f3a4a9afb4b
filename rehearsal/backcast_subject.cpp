#include <algorithm>

#include "engine/store/upkeep/prune.h"
#include "engine/store/work/backup.h"
#include "engine/store/work/copy.h"
#include "engine/store/work/forget.h"
#include "rehearsal/subject.h"

namespace backcast::sim {
namespace {

// The engine sees this clock instead of the machine's.
struct VirtualClock {
  Instant now{};
  static Instant read(void* context) { return static_cast<VirtualClock*>(context)->now; }
};

std::string schedule_tag(const std::string& schedule) {
  return "schedule:" + schedule;
}

class BackcastSubject final : public Subject {
 public:
  explicit BackcastSubject(store::Keys keys) : keys_(std::move(keys)) {}

  Status create(const std::string& path) {
    env_ = env::with_clock(env::posix_env(), &VirtualClock::read, &clock_);
    BACKCAST_TRY(repository_, store::Repository::create(*env_, path, keys_, "rehearsal",
                                                        store::kStretchingFloor));
    return kOk;
  }

  Result<std::uint64_t> backup(const RealBackup& wanted) override {
    clock_.now = wanted.born;
    store::BackupOptions options;
    options.walk.roots = {wanted.folder};
    options.host = "rehearsal";
    options.tags = wanted.tags;
    if (wanted.manual) options.tags.emplace_back(store::kManualTag);
    options.tags.push_back(schedule_tag(wanted.schedule));
    options.time = wanted.born;
    store::BackupProgress progress;
    BACKCAST_TRY(const auto result, store::backup(*repository_, options, progress));
    if (!result.problems.empty()) return failed("the engine left out " + result.problems[0].path);
    return result.snapshot.added_stored_bytes;
  }

  Status forget(const policy::RetentionPolicy& policy, const std::optional<std::string>& schedule,
                Instant now) override {
    clock_.now = now;
    store::ForgetRequest request;
    request.policy = policy;
    if (schedule) request.tags = {schedule_tag(*schedule)};
    return forget(std::move(request));
  }

  Status drop(const std::vector<Instant>& born, Instant now) override {
    clock_.now = now;
    BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository_));
    store::ForgetRequest request;
    for (const store::Snapshot& snapshot : snapshots) {
      const bool goes = std::find(born.begin(), born.end(), snapshot.time) != born.end();
      if (goes) request.snapshots.push_back(store::to_hex(snapshot.id));
    }
    return request.snapshots.empty() ? kOk : forget(std::move(request));
  }

  Result<std::vector<Instant>> restore_points() override {
    BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository_));
    std::vector<Instant> points;
    for (const auto& snapshot : snapshots) points.push_back(snapshot.time);
    std::sort(points.begin(), points.end());
    return points;
  }

  Result<std::uint64_t> stored_bytes() override {
    return folder_bytes(repository_->folder(), "packs");
  }

  Result<std::unique_ptr<Subject>> elsewhere(const std::string& path) override {
    auto sibling = std::make_unique<BackcastSubject>(keys_);
    BACKCAST_CHECK(sibling->create(path));
    return std::unique_ptr<Subject>(std::move(sibling));
  }

  Result<std::uint64_t> copy(Instant born, Instant now, Subject& target) override {
    auto& sibling = static_cast<BackcastSubject&>(target);  // elsewhere() makes no others
    clock_.now = sibling.clock_.now = now;
    BACKCAST_TRY(auto snapshots, store::load_snapshots(*repository_));
    std::erase_if(snapshots, [&](const store::Snapshot& s) { return s.time != born; });
    if (snapshots.empty()) {
      return Error{Errc::kNotFound, "no restore point of " + format_instant(born), {}, {}};
    }
    store::CopyProgress progress;
    BACKCAST_TRY(const auto done,
                 store::copy_snapshots(*repository_, *sibling.repository_, snapshots, progress));
    return done.stored_bytes;
  }

 private:
  Status forget(store::ForgetRequest request) {
    request.max_deletions = UINT64_MAX;
    BACKCAST_TRY(const auto plan, store::plan_forget(*repository_, request));
    if (plan.deletions == 0) return kOk;
    BACKCAST_CHECK(store::apply_forget(*repository_, plan));
    store::PruneProgress progress;
    // Twice: what the first marks, the second deletes.
    for (int phase = 0; phase < 2; ++phase) {
      const store::PruneOptions options{.grace = Duration{0}, .max_unused_percent = 0};
      BACKCAST_CHECK(store::prune(*repository_, options, progress));
    }
    return kOk;
  }

  store::Keys keys_;
  VirtualClock clock_;
  std::unique_ptr<env::Env> env_;
  std::unique_ptr<store::Repository> repository_;
};

}  // namespace

Result<std::unique_ptr<Subject>> backcast_subject(const std::string& path) {
  auto subject = std::make_unique<BackcastSubject>(store::Keys::generate());
  BACKCAST_CHECK(subject->create(path));
  return std::unique_ptr<Subject>(std::move(subject));
}

}  // namespace backcast::sim
