// What the driver leaves out for as long as it fails, each with its reason. To be switched on with
// the mend.
#pragma once

namespace backcast::model {

// A copy within one project of what was saved after the source's keys were rotated cannot be read.
inline constexpr bool kCopiesAcrossRotation = false;
// A snapshot that was copied, forgotten and copied again meets its own head: "File exists".
inline constexpr bool kCopiesForgottenOnes = true;
// Whoever loads the index before it lists the snapshots takes one that is published in between for
// damaged.
inline constexpr bool kAlarmsAreTrue = true;

// A backup relies on packs that are lost, prune deletes the last good copy, and nothing mends it.
inline constexpr bool kDamageIsMet = false;

}  // namespace backcast::model
