#include "rehearsal/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "rehearsal/generated_data.h"
#include "sim/model/workload.h"

namespace backcast::sim {
namespace {

// Beyond this the engine has nothing to hold against the simulation: services, projects, backups or
// storage are deleted from outside, the policy is another one, or a key is revoked.
Instant rehearsed_until(const Scenario& scenario) {
  Instant until = scenario.end;
  for (const ScheduledEvent& event : scenario.events) {
    if (event.kind == EventKind::kDeleteService || event.kind == EventKind::kDeleteProject ||
        event.kind == EventKind::kStorageLoss || event.kind == EventKind::kDeleteBackup ||
        event.kind == EventKind::kDeleteSchedule || event.kind == EventKind::kChangePolicy ||
        event.kind == EventKind::kChangePlan || event.kind == EventKind::kRevokeKey) {
      until = std::min(until, event.at);
    }
  }
  return until;
}

std::uint64_t scaled(std::uint64_t bytes, double scale) {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) * scale));
}

Instant end_of_day(Instant t) {
  return std::chrono::floor<std::chrono::days>(t) + std::chrono::days(1);
}

// What one service holds in one region: simulated, and in a repository of its own.
class Place {
 public:
  Place(const Scenario& scenario, const RunResult& simulated, std::uint32_t service,
        std::string region)
      : simulated_(simulated),
        service_(scenario.services[service]),
        number_(service),
        region_(std::move(region)) {
    result.service = service_.name + (is_home() ? "" : "@" + region_);
  }

  bool is_home() const { return region_ == service_.region; }
  const std::string& region() const { return region_; }

  void expect(const BackupRecord& backup) { expected_.push_back(&backup); }
  void moved(const BackupRecord& backup, std::uint64_t real_bytes) {
    ++result.backups;
    simulated_moved_ += scaled(backup.added_bytes, result.scale);
    real_moved_ += real_bytes;
  }

  Status close_day(Instant end) {
    BACKCAST_CHECK(expire(end));
    RehearsalDay day;
    std::vector<Instant> expected;
    for (const BackupRecord* b : expected_) {
      if (b->available <= end && b->deleted > end) expected.push_back(b->born);
    }
    std::sort(expected.begin(), expected.end());
    BACKCAST_TRY(const std::vector<Instant> found, subject->restore_points());
    BACKCAST_TRY(day.real_stored_bytes, subject->stored_bytes());
    day.end = end;
    day.simulated_points = static_cast<std::uint32_t>(expected.size());
    day.real_points = static_cast<std::uint32_t>(found.size());
    day.same_points = expected == found;
    day.simulated_stored_bytes = scaled(simulated_stored_at(end), result.scale);
    day.simulated_moved_bytes = std::exchange(simulated_moved_, 0);
    day.real_moved_bytes = std::exchange(real_moved_, 0);
    result.days.push_back(day);
    return kOk;
  }

  std::unique_ptr<Subject> subject;
  ServiceRehearsal result;

 private:
  // What has expired by now: policies that fix the end at birth.
  Status expire(Instant now) {
    if (!is_home()) return expire_copies(now);
    for (const ServiceSchedule& schedule : service_.schedules) {
      if (!schedule.retention || !schedule.is_from_the_start()) continue;
      BACKCAST_CHECK(subject->forget(*schedule.retention, schedule.name, now));
    }
    return kOk;
  }

  // A copy's age counts from its own creation; the program knows that of the original alone, so the
  // rule decides here and the program deletes.
  Status expire_copies(Instant now) {
    std::vector<Instant> gone;
    for (const BackupRecord* b : expected_) {
      const policy::RetentionPolicy* policy = copy_policy(b->schedule);
      if (policy == nullptr) continue;
      policy::Snapshot snapshot;
      snapshot.time = b->available;
      const policy::Point point = policy::to_point(*policy, snapshot);
      policy::Plan plan;
      policy::plan(*policy, {&point, 1}, {now, policy::Zone::utc()}, plan);
      if (!plan.verdicts[0].keep) gone.push_back(b->born);
    }
    return gone.empty() ? kOk : subject->drop(gone, now);
  }

  const policy::RetentionPolicy* copy_policy(const std::string& schedule) const {
    for (const ServiceSchedule& s : service_.schedules) {
      if (s.name != schedule || !s.is_from_the_start()) continue;
      for (const CopyRule& rule : s.copies) {
        if (rule.region == region_ && rule.retention) return &*rule.retention;
      }
    }
    return nullptr;
  }

  std::uint64_t simulated_stored_at(Instant t) const {
    for (const Series& series : simulated_.series) {
      if (series.kind != SeriesKind::kStoredBytes || series.service != number_) continue;
      if (series.region != region_) continue;
      std::uint64_t value = 0;
      for (const SeriesPoint& point : series.points) {
        if (point.at > t) break;
        value = point.value;
      }
      return value;
    }
    return 0;
  }

  const RunResult& simulated_;
  const Service& service_;
  std::uint32_t number_;
  std::string region_;
  std::vector<const BackupRecord*> expected_;
  std::uint64_t simulated_moved_ = 0, real_moved_ = 0;
};

// One service's rehearsal, in order of virtual time: at home, and wherever copies go.
class ServiceStage {
 public:
  ServiceStage(const Scenario& scenario, const RunResult& simulated, std::uint32_t service,
               const RehearsalOptions& options)
      : scenario_(scenario),
        simulated_(simulated),
        service_(scenario.services[service]),
        number_(service),
        options_(options),
        until_(rehearsed_until(scenario)) {
    life_.begin(service_.workload, service_.delta.curve, scenario.start,
                Draws(scenario.seed, static_cast<std::uint32_t>(simulated.replication)),
                service_.entity);
    for (const BackupRecord& b : simulated.backups) {
      const bool was_made = b.state == BackupState::kAvailable || b.state == BackupState::kDeleted;
      if (b.service == service && was_made && b.available <= until_) backups_.push_back(&b);
    }
    // A copy that takes no time still comes after its original.
    std::stable_sort(backups_.begin(), backups_.end(), [](const auto* a, const auto* b) {
      return std::pair(a->available, a->kind == "copy") <
             std::pair(b->available, b->kind == "copy");
    });
  }

  std::size_t backups() const { return backups_.size(); }

  // Up to the backup after which `stopped` says so: then the days that are whole by then.
  Result<std::vector<ServiceRehearsal>> run(const std::function<void()>& made_one,
                                            const std::function<bool()>& stopped) {
    folder_ = fmt::format("{}/service-{}", options_.work_folder, number_);
    BACKCAST_TRY(data_folder_, env::posix_env().open_folder(folder_ + "/data", true));
    places_.push_back(std::make_unique<Place>(scenario_, simulated_, number_, service_.region));
    BACKCAST_TRY(home().subject, options_.subject(folder_ + "/repository"));
    Instant day = backups_.empty() ? until_ + kDay : end_of_day(backups_.front()->available);
    for (const BackupRecord* backup : backups_) {
      for (; day <= backup->available; day += kDay) BACKCAST_CHECK(close_day(day));
      const Status done = backup->kind == "copy" ? make_copy(*backup) : make(*backup);
      if (stopped()) break;  // which another program may have heard too, and failed
      BACKCAST_CHECK(done);
      made_one();
    }
    for (; day <= until_ && !stopped(); day += kDay) BACKCAST_CHECK(close_day(day));
    std::vector<ServiceRehearsal> results;
    for (auto& place : places_) results.push_back(std::move(place->result));
    return results;
  }

 private:
  Place& home() { return *places_.front(); }

  Status make(const BackupRecord& backup) {
    const Generation generation =
        life_.at(moment_at(service_.workload, scenario_.start, backup.born));
    const std::uint64_t full_bytes = service_.delta.full_bytes(generation);
    double& scale = home().result.scale;
    if (!data_) {
      scale = full_bytes == 0 ? 1
                              : std::min(1.0, static_cast<double>(options_.real_bytes) /
                                                  static_cast<double>(full_bytes));
      data_.emplace(*data_folder_, service_.delta, Draws(scenario_.seed, 0), number_);
    }
    RealBackup wanted{data_folder_->path(), backup.born, backup.tags, backup.kind == "manual",
                      backup.schedule};
    if (options_.generations.empty()) {
      BACKCAST_CHECK(data_->advance(generation.operational_time, scaled(full_bytes, scale)));
    } else {
      wanted.folder = options_.generations[std::min(made_, options_.generations.size() - 1)];
    }
    BACKCAST_TRY(const std::uint64_t added_bytes, home().subject->backup(wanted));
    if (made_++ == 0 && !options_.generations.empty() && backup.added_bytes > 0) {
      scale = static_cast<double>(added_bytes) / static_cast<double>(backup.added_bytes);
    }
    home().expect(backup);
    home().moved(backup, added_bytes);
    if (service_.retention) {
      BACKCAST_CHECK(home().subject->forget(*service_.retention, std::nullopt, backup.available));
    }
    return kOk;
  }

  // Where the program copies; a copy whose original is gone by then shows as a missing point.
  Status make_copy(const BackupRecord& backup) {
    BACKCAST_TRY(Place* const place, place_in(backup.region));
    if (place == nullptr) return kOk;
    place->expect(backup);
    const auto added = home().subject->copy(backup.born, backup.available, *place->subject);
    if (!added.ok() && added.error().code != Errc::kNotFound) return added.error();
    place->moved(backup, added.ok() ? *added : 0);
    return kOk;
  }

  Result<Place*> place_in(const std::string& region) {
    for (const auto& place : places_) {
      if (place->region() == region) return place.get();
    }
    const std::string path = fmt::format("{}/copies-{}", folder_, places_.size());
    BACKCAST_TRY(auto subject, home().subject->elsewhere(path));
    if (subject == nullptr) return nullptr;
    places_.push_back(std::make_unique<Place>(scenario_, simulated_, number_, region));
    places_.back()->subject = std::move(subject);
    places_.back()->result.scale = home().result.scale;
    return places_.back().get();
  }

  Status close_day(Instant end) {
    for (auto& place : places_) BACKCAST_CHECK(place->close_day(end));
    return kOk;
  }

  const Scenario& scenario_;
  const RunResult& simulated_;
  const Service& service_;
  Life life_;
  std::uint32_t number_;
  const RehearsalOptions& options_;
  Instant until_;
  std::string folder_;
  std::vector<const BackupRecord*> backups_;
  std::unique_ptr<env::Folder> data_folder_;
  std::vector<std::unique_ptr<Place>> places_;  // the home region first
  std::optional<GeneratedData> data_;
  std::size_t made_ = 0;
};

std::vector<double> stored_errors(const ServiceRehearsal& service) {
  std::vector<double> errors;
  for (const RehearsalDay& day : service.days) {
    if (day.real_stored_bytes == 0) continue;
    errors.push_back(std::abs(day.stored_error()));
  }
  std::sort(errors.begin(), errors.end());
  return errors;
}

std::vector<std::string> not_rehearsed(const Scenario& scenario, const RunResult& simulated,
                                       const Rehearsal& rehearsal) {
  std::vector<std::string> left_out;
  for (const Service& service : scenario.services) {
    // The engine always deduplicates: there is nothing of this kind to hold against it.
    if (service.delta.kind != DeltaModel::Kind::kLifetimes) {
      left_out.push_back(service.name +
                         ": its delta model is not deduplication, which is what the engine does; "
                         "its bytes cannot agree");
    }
  }
  for (const Repository& repository : scenario.repositories) {
    left_out.push_back("what services share in repository " + repository.name +
                       ": each has a repository of its own here; its bytes cannot agree");
  }
  for (const ScheduledEvent& event : scenario.events) {
    if (event.kind == EventKind::kManualBackup && event.retention) {
      left_out.emplace_back("the expiry of manual backups");
    }
  }
  const bool has_copies = std::any_of(simulated.backups.begin(), simulated.backups.end(),
                                      [](const BackupRecord& b) { return b.kind == "copy"; });
  if (has_copies && rehearsal.services.size() == scenario.services.size()) {
    left_out.emplace_back("copies to other regions, which this program is not asked for");
  }
  if (const Instant until = rehearsed_until(scenario); until < scenario.end) {
    left_out.push_back("everything from " + format_instant(until) +
                       " on, where backups are deleted or lost by other means than retention");
  }
  return left_out;
}

}  // namespace

bool ServiceRehearsal::same_points() const {
  return std::all_of(days.begin(), days.end(), [](const auto& day) { return day.same_points; });
}

double RehearsalDay::stored_error() const {
  if (real_stored_bytes == 0) return 0;
  const auto real = static_cast<double>(real_stored_bytes);
  return (static_cast<double>(simulated_stored_bytes) - real) / real;
}

double ServiceRehearsal::median_stored_error() const {
  const std::vector<double> errors = stored_errors(*this);
  return errors.empty() ? 0 : errors[errors.size() / 2];
}

double ServiceRehearsal::largest_stored_error() const {
  const std::vector<double> errors = stored_errors(*this);
  return errors.empty() ? 0 : errors.back();
}

Result<Rehearsal> rehearse(const Scenario& scenario, const RunResult& simulated,
                           const RehearsalOptions& options) {
  Rehearsal rehearsal;
  std::vector<ServiceStage> stages;
  std::uint64_t all = 0, done = 0;
  for (std::uint32_t i = 0; i < scenario.services.size(); ++i) {
    all += stages.emplace_back(scenario, simulated, i, options).backups();
  }
  const auto made_one = [&] {
    if (options.progress) options.progress(++done, all);
  };
  const auto stopped = [&] { return options.stop && options.stop(); };
  for (ServiceStage& stage : stages) {
    BACKCAST_TRY(auto services, stage.run(made_one, stopped));
    std::move(services.begin(), services.end(), std::back_inserter(rehearsal.services));
    rehearsal.partial = stopped();
    if (rehearsal.partial) break;
  }
  rehearsal.left_out = not_rehearsed(scenario, simulated, rehearsal);
  return rehearsal;
}

}  // namespace backcast::sim
