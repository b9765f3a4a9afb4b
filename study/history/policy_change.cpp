#include "study/history/policy_change.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast::study {
namespace {

using policy::Snapshot;

Instant newest_of(const std::vector<Snapshot>& history, Instant at_least) {
  for (const Snapshot& s : history) at_least = std::max(at_least, s.trusted_time());
  return at_least;
}

}  // namespace

std::vector<bool> kept_by(const policy::Plan& plan) {
  std::vector<bool> kept;
  for (const policy::Verdict& verdict : plan.verdicts) kept.push_back(verdict.keep);
  return kept;
}

KeptSum sum_of(const std::vector<Snapshot>& history, const policy::Plan& plan) {
  KeptSum sum{history.size()};
  for (std::size_t i = 0; i < history.size(); ++i) {
    sum.bytes += history[i].size_bytes;
    if (!plan.verdicts[i].keep) continue;
    ++sum.kept;
    sum.kept_bytes += history[i].size_bytes;
  }
  return sum;
}

Result<std::vector<Snapshot>> continued(const policy::RetentionPolicy& policy,
                                        std::vector<Snapshot> history,
                                        const policy::Schedule& schedule,
                                        std::optional<Instant> since,
                                        const policy::PlanContext& context) {
  Instant start = since.value_or(context.now);
  if (!since && !history.empty()) start = newest_of(history, history.front().trusted_time());
  if (start >= context.now) {
    return bad_input("--schedule continues the history until --now, but --now is not after its end",
                     "give a later --now, or --since where there is no history yet");
  }
  BACKCAST_TRY(Forecast future,
               forecast(policy, std::move(history), schedule, {start, context.zone}, context.now));
  return std::move(future.left);
}

Result<PolicyOutcome> outcome_of(const policy::RetentionPolicy& policy,
                                 const std::vector<Snapshot>& history,
                                 const policy::Schedule& schedule,
                                 const policy::PlanContext& context, Instant until) {
  BACKCAST_TRY(Forecast future, forecast(policy, history, schedule, context, until));
  return PolicyOutcome{plan(policy, history, context), std::move(future)};
}

Result<policy::Schedule> daily_like(const std::vector<Snapshot>& history,
                                    const policy::Zone& zone) {
  const policy::CivilTime civil = to_civil(newest_of(history, Instant{}), zone);
  return policy::parse_schedule(fmt::format("{} {} * * *", civil.minute, civil.hour));
}

}  // namespace backcast::study
