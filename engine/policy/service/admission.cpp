#include "engine/policy/service/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::policy {

Admission admit(const AdmissionRules& rules, const RunningJobs& running, Origin origin) {
  const auto refused = [](AdmissionReason reason) { return Admission{false, reason}; };
  if (origin != Origin::kManual) return {};
  if (rules.manual_waits_for_automatic && running.automatic > 0) {
    return refused(AdmissionReason::kAutomaticRuns);
  }
  if (running.manual >= rules.max_manual) return refused(AdmissionReason::kTooManyManual);
  return {};
}

std::string explain(const Admission& admission, const AdmissionRules& rules) {
  const char* text = "";
  switch (admission.reason) {
    case AdmissionReason::kFree:
      return "nothing runs that would stand in its way";
    case AdmissionReason::kAutomaticRuns:
      text = "an automatic backup is running";
      break;
    case AdmissionReason::kTooManyManual:
      text = "another backup started by hand is waiting or running";
      break;
  }
  return rules.refusal_code == 0 ? text : fmt::format("{} ({})", text, rules.refusal_code);
}

Duration job_duration(const JobSpeed& speed, const JobBytes& bytes, std::uint32_t collections) {
  const Duration moving = std::max(time_for(bytes.read, speed.rate_bytes_per_second),
                                   time_for(bytes.sent, speed.send_rate_bytes_per_second));
  if (collections <= speed.free_collections) return moving;
  return plus(moving, times(speed.per_further_collection, collections - speed.free_collections));
}

}  // namespace backcast::policy
