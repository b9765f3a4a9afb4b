// Checks requirements against what a run did; one function a kind, in requirement_time.cpp (what
// is asked at every instant) and requirement_backups.cpp (what is asked of each backup). What it
// looks at is told by watched.cpp.
#pragma once

#include <string>
#include <vector>

#include "sim/requirements/newest_age.h"
#include "sim/requirements/requirements.h"
#include "sim/requirements/watched.h"

namespace backcast::sim {

// What one service, region or backup contributes to an outcome.
struct Finding {
  std::vector<Span> spans;
  std::uint32_t service = kNone;
  std::string region;
  std::uint32_t last_good = kNone;  // the restore point that was newest when it failed
  Instant causes_from{};
  std::string conclusion;
};

class Checker {
 public:
  Checker(const Scenario& scenario, const RunResult& result)
      : scenario_(scenario),
        result_(result),
        backups_of_(result.services.size()),
        protected_(protected_spans(result)) {
    for (std::uint32_t i = 0; i < result.backups.size(); ++i) {
      backups_of_[result.backups[i].service].push_back(i);
    }
  }

  RequirementTally check(const Requirement& requirement);
  Watched watch(const Requirement& requirement) const;

 private:
  const std::string& service_name(std::uint32_t service) const {
    return result_.services[service].name;
  }
  // "" in the requirement means each service's home.
  std::string region_of(const Requirement& r, std::uint32_t service) const {
    return r.region.empty() ? result_.services[service].region : r.region;
  }
  std::string place(const Requirement& r, std::uint32_t service) const {
    return r.region == "any" ? "anywhere" : "in " + region_of(r, service);
  }
  Span checked_span(const Requirement& r) const {
    return {std::max(r.from.value_or(result_.start), result_.start),
            std::min(r.until.value_or(result_.end), result_.end)};
  }
  // A requirement on a service that is deleted by the scenario ends with it.
  Span span_of(const Requirement& r, std::uint32_t service) const;
  std::vector<PointInTime> points(const Requirement& r, std::uint32_t service) const;
  // When a rung of a ladder can be asked for: once the service has been protected twice as long.
  // None: the run ends before.
  std::optional<Span> rung_span(const Requirement& r, std::uint32_t service, Duration rung) const;
  // Whether a quota counts these bytes.
  bool counts_for(const Requirement& r, const Series& series) const;
  // A backup that is to have a copy in the region, and when that was there (kNever: not).
  struct CopyWaited {
    std::uint32_t original = kNone;
    Instant there{};
  };
  std::vector<CopyWaited> copies_waited(const Requirement& r, Span checked) const;

  void check_rpo(const Requirement& r);
  void check_restore_points(const Requirement& r);
  void check_coverage(const Requirement& r);
  void check_protected(const Requirement& r);
  void check_quota(const Requirement& r);
  void check_copy_within(const Requirement& r);
  void check_restore_time(const Requirement& r);

  void watch_ages(const Requirement& r, Watched& seen) const;
  void watch_restore_points(const Requirement& r, Watched& seen) const;
  void watch_coverage(const Requirement& r, Watched& seen) const;
  void watch_protected(const Requirement& r, Watched& seen) const;
  void watch_bytes(const Requirement& r, Watched& seen) const;
  void watch_copies(const Requirement& r, Watched& seen) const;
  void watch_restores(const Requirement& r, Watched& seen) const;

  // Of a stretch of time that is judged, so much is not good.
  void judge(Span checked, const std::vector<Span>& broken);
  void note(Finding finding);
  RequirementTally conclude();

  const Scenario& scenario_;
  const RunResult& result_;
  std::vector<std::vector<std::uint32_t>> backups_of_;  // by service
  std::vector<Span> protected_;                         // by service
  RequirementTally tally_;
  std::vector<Finding> findings_;
};

constexpr std::uint64_t count_of(Duration d) {
  return static_cast<std::uint64_t>(d.count());
}

}  // namespace backcast::sim
