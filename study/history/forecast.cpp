#include "study/history/forecast.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast::study {
namespace {

using policy::Origin;
using policy::Plan;
using policy::PlanContext;
using policy::Reason;
using policy::RetentionPolicy;
using policy::Rule;
using policy::Schedule;
using policy::Snapshot;
using policy::Zone;

constexpr std::uint64_t kMaxDecisions = 50'000'000;
constexpr std::size_t kNew = std::numeric_limits<std::size_t>::max();

struct Source {
  Snapshot newest;  // the last of those with the newest time
  // What is due depends on what the schedule made, not on what somebody made between its runs.
  std::optional<Instant> newest_automatic = std::nullopt;
};

std::vector<Source> sources_of(const std::vector<Snapshot>& history) {
  std::vector<Source> sources;
  for (const Snapshot& s : history) {
    auto known = std::find_if(sources.begin(), sources.end(),
                              [&](const Source& other) { return is_same_source(s, other.newest); });
    if (known == sources.end()) {
      known = sources.insert(known, {s});
    } else if (known->newest.trusted_time() <= s.trusted_time()) {
      known->newest = s;
    }
    if (s.origin == Origin::kAutomatic) {
      auto& automatic = known->newest_automatic;
      automatic = std::max(automatic.value_or(s.trusted_time()), s.trusted_time());
    }
  }
  if (sources.empty()) sources.emplace_back();
  return sources;
}

Snapshot next_of(const Snapshot& source, Instant when, const Zone& zone) {
  Snapshot s;
  s.id = "run " + format_instant(when);
  s.time = when;
  s.offset = zone.offset_at(when);
  s.size_bytes = source.size_bytes;
  s.tags = source.tags;
  s.host = source.host;
  s.username = source.username;
  s.paths = source.paths;
  return s;
}

Instant expired_at(Instant now, std::int64_t seconds_ago) {
  return from_unix_seconds(
      std::max(unix_seconds(now) - seconds_ago, unix_seconds(Instant::min()) + 1));
}

// One decision, with the instant at which each deleted restore point goes.
class Rolling {
 public:
  Rolling(const RetentionPolicy& policy, std::vector<Snapshot> history, const Zone& zone)
      : policy_(policy), zone_(zone), alive_(std::move(history)), origin_(alive_.size()) {
    for (std::size_t i = 0; i < origin_.size(); ++i) origin_[i] = i;
    result_.gone_at.resize(alive_.size());
  }

  void add(Snapshot s) {
    alive_.push_back(std::move(s));
    origin_.push_back(kNew);
  }

  // What a run deletes; `expired_only`: what goes by itself.
  void prune(Instant now, bool expired_only = false) {
    decisions_ += alive_.size();
    const Plan p = plan(policy_, alive_, {now, zone_});
    std::size_t kept = 0;
    for (std::size_t i = 0; i < alive_.size(); ++i) {
      const Rule rule = p.verdicts[i].keep ? Rule::kNone : p.reasons_of(i).front().rule;
      if (p.verdicts[i].keep || (expired_only && rule != Rule::kExpiry)) {
        if (kept != i) alive_[kept] = std::move(alive_[i]);
        origin_[kept++] = origin_[i];
      } else if (origin_[i] != kNew) {
        const Reason& why = p.reasons_of(i).front();
        result_.gone_at[origin_[i]] = rule == Rule::kExpiry ? expired_at(now, why.detail) : now;
      }
    }
    alive_.resize(kept);
    origin_.resize(kept);
  }

  std::uint64_t decisions() const { return decisions_; }
  std::size_t alive() const { return alive_.size(); }
  Forecast finish() && {
    result_.left = std::move(alive_);
    return std::move(result_);
  }

 private:
  const RetentionPolicy& policy_;
  const Zone& zone_;
  std::vector<Snapshot> alive_;
  std::vector<std::size_t> origin_;  // index in the history, or kNew
  Forecast result_;
  std::uint64_t decisions_ = 0;
};

Error too_far(Instant until) {
  return bad_input(fmt::format("looking ahead until {} takes more than {} decisions",
                               format_instant(until), kMaxDecisions),
                   "look less far ahead, or plan fewer restore points");
}

// Whether so many restore points planned at every run would be too much; answers before any work.
bool is_too_far(std::size_t alive, const Schedule& schedule, const PlanContext& context,
                Instant until) {
  std::uint64_t decisions = 0;
  for (auto when = next(schedule, context.now, context.zone); when && *when <= until;
       when = next(schedule, *when, context.zone)) {
    decisions += alive + 1;
    if (decisions > kMaxDecisions) return true;
  }
  return false;
}

}  // namespace

Result<Forecast> forecast(const RetentionPolicy& policy, std::vector<Snapshot> history,
                          const Schedule& schedule, const PlanContext& context, Instant until) {
  std::vector<Source> sources = sources_of(history);
  Rolling rolling(policy, std::move(history), context.zone);
  rolling.prune(context.now);
  if (is_too_far(rolling.alive(), schedule, context, until)) return too_far(until);
  for (auto when = next(schedule, context.now, context.zone); when && *when <= until;
       when = next(schedule, *when, context.zone)) {
    for (Source& source : sources) {
      auto tags =
          tags_at_birth(policy, source.newest.tags, *when, source.newest_automatic, context.zone);
      if (!tags) continue;
      Snapshot made = next_of(source.newest, *when, context.zone);
      made.tags = std::move(*tags);
      source = {made, *when};
      rolling.add(std::move(made));
    }
    rolling.prune(*when);
    if (rolling.decisions() > kMaxDecisions) return too_far(until);
  }
  rolling.prune(until, true);
  return std::move(rolling).finish();
}

}  // namespace backcast::study
