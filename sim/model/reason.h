// The codes of the rule book, by which a run says what happened and why.
#pragma once

#include "engine/policy/service/decision.h"

namespace backcast::sim {

inline constexpr std::uint32_t kNone = policy::kNoIndex;

using policy::Due;
using policy::Orphaned;
using policy::PolicyPlace;
using policy::Ruled;
using policy::Why;
using LogKind = policy::Code;
using Reason = policy::Because;

}  // namespace backcast::sim
