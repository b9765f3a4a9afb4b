#include "sim/rehearsal/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/rehearsal/generated_data.h"
#include "sim/workload.h"

namespace backcast::sim {
namespace {

// Beyond this the engine has nothing to hold against the simulation: services, projects or storage
// are deleted from outside.
Instant rehearsed_until(const Scenario& scenario) {
  Instant until = scenario.end;
  for (const ScheduledEvent& event : scenario.events) {
    if (event.kind == EventKind::kDeleteService || event.kind == EventKind::kDeleteProject ||
        event.kind == EventKind::kStorageLoss) {
      until = std::min(until, event.at);
    }
  }
  return until;
}

struct Totals {
  std::uint64_t simulated = 0, real = 0;
};

std::uint64_t scaled(std::uint64_t bytes, double scale) {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) * scale));
}

Instant end_of_day(Instant t) {
  return std::chrono::floor<std::chrono::days>(t) + std::chrono::days(1);
}

// One service's rehearsal, in order of virtual time.
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
      if (b.available > until_) continue;
      if (b.service == service && b.kind != "copy" && b.region == service_.region && was_made) {
        backups_.push_back(&b);
      }
    }
    std::stable_sort(backups_.begin(), backups_.end(),
                     [](const auto* a, const auto* b) { return a->available < b->available; });
  }

  std::size_t backups() const { return backups_.size(); }

  Result<ServiceRehearsal> run(const std::function<Status()>& tick) {
    const std::string place = fmt::format("{}/service-{}", options_.work_folder, number_);
    BACKCAST_TRY(data_folder_, env::posix_env().open_folder(place + "/data", true));
    BACKCAST_TRY(subject_, options_.subject(place + "/repository"));
    result_.service = service_.name;
    result_.backups = static_cast<std::uint32_t>(backups_.size());
    Instant day = backups_.empty() ? until_ + kDay : end_of_day(backups_.front()->available);
    for (const BackupRecord* backup : backups_) {
      for (; day <= backup->available; day += kDay) BACKCAST_CHECK(close_day(day));
      BACKCAST_CHECK(make(*backup));
      BACKCAST_CHECK(tick());
    }
    for (; day <= until_; day += kDay) BACKCAST_CHECK(close_day(day));
    return std::move(result_);
  }

 private:
  Status make(const BackupRecord& backup) {
    const Generation generation =
        life_.at(moment_at(service_.workload, scenario_.start, backup.born));
    const std::uint64_t full_bytes = service_.delta.full_bytes(generation);
    if (!data_) {
      result_.scale = full_bytes == 0 ? 1
                                      : std::min(1.0, static_cast<double>(options_.real_bytes) /
                                                          static_cast<double>(full_bytes));
      data_.emplace(*data_folder_, service_.delta, Draws(scenario_.seed, 0), number_);
    }
    RealBackup wanted{data_folder_->path(), backup.born, backup.tags, backup.kind == "manual",
                      backup.schedule};
    if (options_.generations.empty()) {
      BACKCAST_CHECK(
          data_->advance(generation.operational_time, scaled(full_bytes, result_.scale)));
    } else {
      wanted.folder = options_.generations[std::min(made_, options_.generations.size() - 1)];
    }
    BACKCAST_TRY(const std::uint64_t added_bytes, subject_->backup(wanted));
    if (made_++ == 0 && !options_.generations.empty() && backup.added_bytes > 0) {
      result_.scale = static_cast<double>(added_bytes) / static_cast<double>(backup.added_bytes);
    }
    moved_.simulated += scaled(backup.added_bytes, result_.scale);
    moved_.real += added_bytes;
    if (service_.retention) {
      BACKCAST_CHECK(subject_->forget(*service_.retention, std::nullopt, backup.available));
    }
    return kOk;
  }

  // What has expired by now: policies that fix the end at birth.
  Status expire(Instant now) {
    for (const ServiceSchedule& schedule : service_.schedules) {
      if (!schedule.retention) continue;
      BACKCAST_CHECK(subject_->forget(*schedule.retention, schedule.name, now));
    }
    return kOk;
  }

  std::uint64_t simulated_stored_at(Instant t) const {
    for (const Series& series : simulated_.series) {
      if (series.kind != SeriesKind::kStoredBytes || series.service != number_) continue;
      if (series.region != service_.region) continue;
      std::uint64_t value = 0;
      for (const SeriesPoint& point : series.points) {
        if (point.at > t) break;
        value = point.value;
      }
      return value;
    }
    return 0;
  }

  Status close_day(Instant end) {
    BACKCAST_CHECK(expire(end));
    std::vector<Instant> expected;
    for (const BackupRecord* b : backups_) {
      if (b->available <= end && b->deleted > end) expected.push_back(b->born);
    }
    std::sort(expected.begin(), expected.end());
    BACKCAST_TRY(const std::vector<Instant> found, subject_->restore_points());
    BACKCAST_TRY(const std::uint64_t stored_bytes, subject_->stored_bytes());
    RehearsalDay day;
    day.end = end;
    day.simulated_points = static_cast<std::uint32_t>(expected.size());
    day.real_points = static_cast<std::uint32_t>(found.size());
    day.same_points = expected == found;
    day.simulated_stored_bytes = scaled(simulated_stored_at(end), result_.scale);
    day.real_stored_bytes = stored_bytes;
    day.simulated_moved_bytes = moved_.simulated;
    day.real_moved_bytes = moved_.real;
    moved_ = {};
    result_.days.push_back(day);
    return kOk;
  }

  const Scenario& scenario_;
  const RunResult& simulated_;
  const Service& service_;
  Life life_;
  std::uint32_t number_;
  const RehearsalOptions& options_;
  Instant until_;
  std::vector<const BackupRecord*> backups_;
  std::unique_ptr<env::Folder> data_folder_;
  std::unique_ptr<Subject> subject_;
  std::optional<GeneratedData> data_;
  ServiceRehearsal result_;
  std::size_t made_ = 0;
  Totals moved_;
};

std::vector<double> stored_errors(const ServiceRehearsal& service) {
  std::vector<double> errors;
  for (const RehearsalDay& day : service.days) {
    if (day.real_stored_bytes == 0) continue;
    const auto real = static_cast<double>(day.real_stored_bytes);
    errors.push_back(std::abs(static_cast<double>(day.simulated_stored_bytes) - real) / real);
  }
  std::sort(errors.begin(), errors.end());
  return errors;
}

std::vector<std::string> not_rehearsed(const Scenario& scenario) {
  std::vector<std::string> left_out;
  const auto copies = [](const ServiceSchedule& s) { return !s.copies.empty(); };
  bool any_copy = false;
  for (const Service& service : scenario.services) {
    any_copy |= std::any_of(service.schedules.begin(), service.schedules.end(), copies);
    // The engine always deduplicates: there is nothing of this kind to hold against it.
    if (service.delta.kind != DeltaModel::Kind::kLifetimes) {
      left_out.push_back(service.name +
                         ": its delta model is not deduplication, which is what the engine does; "
                         "its bytes cannot agree");
    }
  }
  for (const ScheduledEvent& event : scenario.events) {
    any_copy |= !event.copies.empty();
    if (event.kind == EventKind::kManualBackup && event.retention) {
      left_out.emplace_back("the expiry of manual backups");
    }
  }
  if (any_copy) left_out.emplace_back("copies to other regions");
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
  rehearsal.left_out = not_rehearsed(scenario);
  std::vector<ServiceStage> stages;
  std::uint64_t all = 0, done = 0;
  for (std::uint32_t i = 0; i < scenario.services.size(); ++i) {
    all += stages.emplace_back(scenario, simulated, i, options).backups();
  }
  const auto tick = [&]() -> Status {
    if (options.progress) options.progress(++done, all);
    if (options.stop && options.stop()) return Error{Errc::kInterrupted, "interrupted", {}, {}};
    return kOk;
  };
  for (ServiceStage& stage : stages) {
    BACKCAST_TRY(ServiceRehearsal service, stage.run(tick));
    rehearsal.services.push_back(std::move(service));
  }
  return rehearsal;
}

}  // namespace backcast::sim
