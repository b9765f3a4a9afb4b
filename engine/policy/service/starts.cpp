#include "engine/policy/service/starts.h"

namespace backcast::policy {

DueVerdict on_due(const AdmissionRules& rules, const DueFacts& facts) {
  DueVerdict verdict;
  const auto refused = [&](Code code, Because why) {
    verdict.starts = false;
    verdict.code = code;
    verdict.why = std::move(why);
    return verdict;
  };
  if (facts.why_not != Why::kNothing) {
    verdict.missed = facts.automatic;
    return refused(Code::kWindowMissed, facts.why_not);
  }
  const Origin origin = facts.automatic ? Origin::kAutomatic : Origin::kManual;
  if (const Admission admission = admit(rules, facts.running, origin); !admission.admitted) {
    return refused(Code::kBackupRefused, admission);
  }
  if (facts.overlap == Overlap::kSkip && facts.another) {
    verdict.overlaps = true;
    return refused(Code::kBackupRefused, Why::kSkipsOverlap);
  }
  return verdict;
}

AttemptVerdict on_turn(const AttemptFacts& facts) {
  using Then = AttemptVerdict::Then;
  const bool queues = facts.overlap == Overlap::kQueue && facts.runs;
  if (queues) return {Then::kWaits, {}, true, {}};
  if (facts.full != nullptr) return {Then::kWaits, {}, false, facts.full->wait_at_most};
  if (facts.why_not != Why::kNothing) return {Then::kFails, facts.why_not, false, {}};
  return {};
}

AttemptVerdict on_attempt(const AttemptFacts& facts) {
  if (facts.why_not == Why::kNothing) return on_turn(facts);
  return {AttemptVerdict::Then::kFails, facts.why_not, false, {}};
}

std::optional<Duration> on_failure(const Retries& retries, std::uint32_t attempt,
                                   bool service_deleted) {
  if (attempt > retries.count || service_deleted) return std::nullopt;
  return retries.after;
}

}  // namespace backcast::policy
